"""The check of an input against its model's schema, by the jsonschema library.

It shares no code with the generated validators, so each confirms the other if they agree. Some of
RunComfy's conventions differ from plain JSON Schema:

- ``type: "float"`` means number;
- ``required`` may name a property that the schema doesn't have, which has no effect;
- formats such as ``image_uri`` inform people and are not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST_MESSAGE = 300  # messages quote the value, which may be a data: URI of megabytes


@attrs.frozen
class Violation:
    """A place where an input breaks its schema.

    Attributes:
        path: The path to the value: property names and indexes.
        rule: The JSON Schema keyword.
        message: What is wrong.
    """

    path: tuple[str | int, ...]
    rule: str
    message: str

    def __str__(self) -> str:
        return f"/{'/'.join(map(str, self.path))}: {self.message}"


class Checker:
    """A checker of inputs against one schema.

    Args:
        schema: The ``input_schema`` of a document.

    Raises:
        ValueError: *schema* is not a JSON Schema.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            Draft202012Validator.check_schema(_without_float(schema))
        except SchemaError as exc:
            raise ValueError(f"{exc.json_path}: {exc.message}") from exc
        # With an empty registry, a reference that leads out of the document is never fetched.
        self._validator = _Validator(schema, registry=Registry())

    def violations(self, value: object) -> list[Violation]:
        """Return every place where `value` breaks the schema; none if it is valid."""
        found = [
            Violation(
                path=tuple(error.absolute_path),
                rule=str(error.validator),
                message=_shortened(error.message),
            )
            for error in self._validator.iter_errors(value)
        ]
        return sorted(found, key=lambda violation: [str(step) for step in violation.path])


def _required(
    _validator: object, required: list[str], instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """Check the keyword ``required``, only for properties that the schema has."""
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", required)
    for name in required:
        if name in known and name not in instance:
            yield ValidationError(f"{name!r} is a required property")


def _is_float(_checker: object, instance: object) -> bool:
    return isinstance(instance, int | float) and not isinstance(instance, bool)


_Validator = extend(  # type: ignore[no-untyped-call] # the stubs don't annotate it
    Draft202012Validator,
    validators={"required": _required},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("float", _is_float),
)


def _without_float(value: object) -> Any:
    """Return a copy with ``type: "number"`` for "float", to validate it as a JSON Schema."""
    if isinstance(value, dict):
        copy = {key: _without_float(item) for key, item in value.items()}
        named = copy.get("type")
        if named == "float":
            copy["type"] = "number"
        elif isinstance(named, list):
            copy["type"] = ["number" if item == "float" else item for item in named]
        return copy
    return [_without_float(item) for item in value] if isinstance(value, list) else value


def _shortened(message: str) -> str:
    if len(message) <= _LONGEST_MESSAGE:
        return message
    half = _LONGEST_MESSAGE // 2
    return f"{message[:half]} … {message[-half:]}"
