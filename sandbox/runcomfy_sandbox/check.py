"""An input against the schema of its model document, by the jsonschema library.

Nothing is shared with the generated validators: when both agree, they agree for two reasons.
RunComfy's customs that the plain draft would trip over:

- ``type: "float"`` means number;
- a ``required`` may name a property that the schema does not have, and then asks for nothing;
- formats such as ``image_uri`` are notes to people, not rules.
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

_LONGEST_MESSAGE = 300  # a message quotes the value, and a value may be a data: URI of megabytes


@attrs.frozen
class Violation:
    """One place where an input breaks its schema.

    Attributes:
        path: The steps to the value: property names and indexes.
        rule: The JSON Schema keyword.
        message: What is wrong.
    """

    path: tuple[str | int, ...]
    rule: str
    message: str

    def __str__(self) -> str:
        return f"/{'/'.join(map(str, self.path))}: {self.message}"


class Checker:
    """Checks inputs against one schema.

    Args:
        schema: The ``input_schema`` of a document.

    Raises:
        ValueError: It is not a JSON Schema.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            Draft202012Validator.check_schema(_without_float(schema))
        except SchemaError as exc:
            raise ValueError(f"{exc.json_path}: {exc.message}") from exc
        # An empty registry: a reference that leads out of the document is never fetched.
        self._validator = _Validator(schema, registry=Registry())

    def violations(self, value: object) -> list[Violation]:
        """Every place where `value` breaks the schema; none if it is sound."""
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
    """The keyword ``required``, for the properties that the schema has."""
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", required)
    for name in required:
        if name in known and name not in instance:
            yield ValidationError(f"{name!r} is a required property")


def _is_float(_checker: object, instance: object) -> bool:
    return isinstance(instance, int | float) and not isinstance(instance, bool)


_Validator = extend(  # type: ignore[no-untyped-call] # the stubs leave it bare
    Draft202012Validator,
    validators={"required": _required},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("float", _is_float),
)


def _without_float(value: object) -> Any:
    """A copy in which every ``type: "float"`` reads number, as the draft's own schema wants it."""
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
