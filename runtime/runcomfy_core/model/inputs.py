"""What a model gives its ``Input`` and its functions: a constructor that checks, and help.

Rules:

- All of it is made when somebody asks for it: it would take longer than all else that a module
  does while it is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs

from runcomfy_core.unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from inspect import Signature

    from runcomfy_core.problem import Problem

    # The number of fields differs from model to model, and each takes any object.
    Check = Callable[..., list[Problem]]
    Refuse = Callable[[list[Problem], Mapping[str, object]], None]


class Function:
    """A function of a model, with the fields of its ``Input`` in its signature and its help."""

    # Any: the signature is the module's.
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

    # Any: as above.
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it."""
        return self._call(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        # A class with this method makes routines, as inspect and pydoc see it: help() shows a
        # function.
        return self

    @property
    def __doc__(self) -> str:  # type: ignore[override] # made when it is asked for
        from .help import function_doc  # noqa: PLC0415 - only where somebody asks

        return function_doc(self.__name__, self._input_type)

    @property
    def __signature__(self) -> Signature:
        from .help import function_signature  # noqa: PLC0415 - only where somebody asks

        return function_signature(self.__name__, self._input_type, self._media)

    def __reduce__(self) -> str:
        return self.__name__  # pickled by name, as a function is

    def __repr__(self) -> str:
        return f"<function {self.__module__}.{self.__name__}>"


def equip(input_type: type[attrs.AttrsInstance], check: Check, refuse: Refuse) -> None:
    """Give an ``Input`` its constructor, its signature and its help.

    Args:
        input_type: The class.
        check: The validator of its fields.
        refuse: Raises for problems, and for names that are no fields.
    """
    words = input_type.__doc__
    # Any: what is set here is declared nowhere.
    own: Any = input_type

    # Any: fields of any type; what is no field is refused.
    def first(self: Any, /, **fields: Any) -> None:
        """Make the input of its fields, and check them."""
        own.__init__ = _constructor(input_type, check, refuse)
        own.__init__(self, **fields)

    first.__name__ = "__init__"
    first.__qualname__ = f"{input_type.__qualname__}.__init__"

    def doc() -> str:
        from .help import input_doc  # noqa: PLC0415 - only where somebody asks

        return input_doc(input_type, words)

    def signature() -> Signature:
        from .help import input_signature  # noqa: PLC0415 - only where somebody asks

        return input_signature(input_type)

    own.__init__ = first
    own.__doc__ = _Told(doc, input_type)
    own.__signature__ = _Told(signature, input_type)


class _Told:
    """An attribute of one class that is worked out when somebody asks for it."""

    def __init__(self, tell: Callable[[], object], owner: type) -> None:
        self._tell = tell
        self._owner = owner

    def __get__(self, instance: object, owner: type) -> object:
        if owner is not self._owner:
            raise AttributeError  # a class that is derived has its own
        return self._tell()


# Any: a constructor of whatever fields.
def _constructor(
    input_type: type[attrs.AttrsInstance], check: Check, refuse: Refuse
) -> Callable[..., None]:
    """Return the constructor of an ``Input``: a field that is missing or misspelt is a problem.

    It is compiled, as those of attrs are, since to go through the fields one by one takes half as
    long again. Field names are identifiers that begin with a letter.
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
    # Any: what is compiled has no type.
    scope: dict[str, Any] = {"_check": check, "_refuse": refuse, "_UNSET": UNSET}
    exec(compile("\n".join(lines), f"<constructor of {input_type.__module__}>", "exec"), scope)  # noqa: S102 - of names alone, as said
    constructor: Callable[..., None] = scope["__init__"]
    constructor.__doc__ = "Make the input of its fields, and check them."
    constructor.__qualname__ = f"{input_type.__qualname__}.__init__"
    constructor.__module__ = input_type.__module__
    return constructor
