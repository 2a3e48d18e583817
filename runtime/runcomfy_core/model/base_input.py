"""What every ``Input`` has beside its fields: the ways from JSON and back, and pydantic's hooks.

Rules:

- A dict in wire form has the fields' names in JSON and leaves out what is not set; a file in it
  stays a file, which is read when it is submitted.
- Nothing here imports pydantic: whoever calls its hooks has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import ClassVar, Self

    from attrs import AttrsInstance

    from .model import Model


class BaseInput:
    """The base of every model's ``Input``."""

    __slots__ = ()

    if TYPE_CHECKING:
        # Any: every model has types of its own. The model sets it when it is made.
        _model: ClassVar[Model[Any, Any, Any, Any]]

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

        return to_wire(cast("AttrsInstance", self))

    # Any: pydantic's types, which are not there where it is not installed.
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from .for_pydantic import core_schema  # noqa: PLC0415 - it imports what pydantic brings

        return core_schema(cls, cls._model.model_id, cls.from_dict, cls.to_dict)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        from .schemas import embedded  # noqa: PLC0415 - only where somebody asks

        return embedded(cls._model.model_id, cls._model.json_schema())
