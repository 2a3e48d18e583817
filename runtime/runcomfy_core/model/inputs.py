"""A model's functions, and its ``Input`` beside the fields: constructor, JSON, signatures and help.

Rules:

- A dict in wire form has the fields' names in JSON, and no field that was left out. A file in it
  stays a file, which is read when it is submitted.
- Nothing here imports pydantic. Whoever calls its hooks has it.
- All of this is made on first use. Making it when a module is imported would take longer than the
  rest of the import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import attrs

from runcomfy_core.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from inspect import Signature
    from typing import ClassVar, Protocol

    from runcomfy_core.problem import Problem

    # The number of fields differs from model to model, and each takes any object.
    Check = Callable[..., list[Problem]]
    Refuse = Callable[[list[Problem], Mapping[str, object]], None]

    class Owner(Protocol):
        """The model of an ``Input``, as its methods ask it."""

        @property
        def model_id(self) -> str: ...  # noqa: D102 - as the model documents it
        def arguments(self, wire: Mapping[str, object]) -> dict[str, object]: ...  # noqa: D102
        def json_schema(self) -> dict[str, Any]: ...  # noqa: D102


class BaseInput:
    """The base of every model's ``Input``."""

    __slots__ = ()

    if TYPE_CHECKING:
        # The model sets it when it is made.
        _model: ClassVar[Owner]

    @classmethod
    def from_dict(cls, wire: Mapping[str, object]) -> Self:
        """Make an input of a dict in wire form.

        Raises:
            errors.InvalidInput: Anything is wrong with it; ``problems`` lists all.
        """
        return cls(**cls._model.arguments(wire))

    @classmethod
    def from_json(cls, text: str | bytes | bytearray) -> Self:
        """Make an input of a JSON text; bytes are UTF-8.

        Raises:
            errors.InvalidInput: It is not JSON, or anything is wrong with the input that it holds;
                ``problems`` lists all.
        """
        from .wire_json import read  # noqa: PLC0415 - only where somebody asks

        return cls.from_dict(read(cls._model.model_id, text))

    def to_dict(self) -> dict[str, object]:
        """Return the input in wire form, without the fields that were left out."""
        from runcomfy_core.values.convert import to_wire  # noqa: PLC0415 - cattrs is for this only

        return to_wire(cast("attrs.AttrsInstance", self))

    # Any: pydantic's types, which are not there where it is not installed.
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from .for_pydantic import core_schema  # noqa: PLC0415 - it imports what pydantic brings

        return core_schema(cls, cls._model.model_id, cls.from_dict, cls.to_dict)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        from .schemas import embedded  # noqa: PLC0415 - only where somebody asks

        return embedded(cls._model.model_id, cls._model.json_schema())


class Function:
    """A function of a model, with the fields of its ``Input`` in its signature and its help."""

    # Any: the module declares the signature.
    def __init__(
        self,
        name: str,
        call: Callable[..., Any],
        input_type: type[attrs.AttrsInstance],
        media: str,
    ) -> None:
        self.__name__ = self.__qualname__ = name
        self.__module__ = input_type.__module__
        self._call = call
        self._input_type = input_type
        self._media = media

    # Any: the module declares the signature.
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        return self._call(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        # inspect and pydoc take instances of a class with this method for functions, so help()
        # shows them as such.
        return self

    @property
    def __doc__(self) -> str:  # type: ignore[override] # it is made on first use
        from .help import function_doc  # noqa: PLC0415 - needed only for help

        return function_doc(self.__name__, self._input_type)

    @property
    def __signature__(self) -> Signature:
        from .help import function_signature  # noqa: PLC0415 - needed only for help

        return function_signature(self.__name__, self._input_type, self._media)

    def __reduce__(self) -> str:
        return self.__name__  # like a function, it is pickled by its name

    def __repr__(self) -> str:
        return f"<function {self.__module__}.{self.__name__}>"


def equip(
    input_type: type[attrs.AttrsInstance], model: Owner, check: Check, refuse: Refuse
) -> None:
    """Give an ``Input`` its model, its constructor, its signature and its help.

    Args:
        input_type: The class.
        model: What its methods ask.
        check: The validator of its fields.
        refuse: A function that raises for problems, and for names that are no fields.
    """
    words = input_type.__doc__
    # Any: the attributes that are set here are declared nowhere.
    own: Any = input_type

    # Any: fields have any types.
    def first(self: Any, /, **fields: Any) -> None:
        """Make an input from its fields, and check them."""
        own.__init__ = _constructor(input_type, check, refuse)
        own.__init__(self, **fields)

    first.__name__ = "__init__"
    first.__qualname__ = f"{input_type.__qualname__}.__init__"

    def doc() -> str:
        from .help import input_doc  # noqa: PLC0415 - needed only for help

        return input_doc(input_type, words)

    def signature() -> Signature:
        from .help import input_signature  # noqa: PLC0415 - needed only for help

        return input_signature(input_type)

    own._model = model  # noqa: SLF001 - as its base declares it
    own.__init__ = first
    own.__doc__ = _Told(doc, input_type)
    own.__signature__ = _Told(signature, input_type)


class _Told:
    """An attribute of a class that is computed when it is read."""

    def __init__(self, tell: Callable[[], object], owner: type) -> None:
        self._tell = tell
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> object:
        if owner is not self._owner:
            raise AttributeError  # a subclass does not inherit it
        return self._tell()


# Any: fields have any types.
def _constructor(
    input_type: type[attrs.AttrsInstance], check: Check, refuse: Refuse
) -> Callable[..., None]:
    """Return the constructor of an ``Input``, to which a missing or misspelt field is a problem.

    The constructor is compiled, like the constructors of attrs. Setting the fields in a loop would
    take half as long again. Field names are identifiers that begin with a letter.
    """
    fields = attrs.fields(input_type)
    names = [field.name for field in fields]
    parameters = ["self", "/", *(["*"] if names else [])]
    for field in fields:
        left_out = "_UNSET" if field.metadata.get("nullable") else "None"
        parameters.append(f"{field.name}={left_out}")
    lines = [
        f"def __init__({', '.join(parameters)}, **_unknown):",
        *(f"    self.{name} = {name}" for name in names),
        f"    _problems = _check({', '.join(names)})",
        "    if _problems or _unknown:",
        "        _refuse(_problems, _unknown)",
    ]
    # Any: a compiled function has no type.
    scope: dict[str, Any] = {"_check": check, "_refuse": refuse, "_UNSET": UNSET}
    exec(compile("\n".join(lines), f"<constructor of {input_type.__module__}>", "exec"), scope)  # noqa: S102 - the code holds only field names
    constructor: Callable[..., None] = scope["__init__"]
    constructor.__doc__ = "Make an input from its fields, and check them."
    constructor.__qualname__ = f"{input_type.__qualname__}.__init__"
    constructor.__module__ = input_type.__module__
    return constructor
