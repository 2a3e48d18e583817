"""A JSON Schema and the schemas in it, gone through and changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Callable

# Any: JSON nests without end, which no type says well.
Schema: TypeAlias = dict[str, Any]

#: Keywords whose value is a schema, a list of schemas, or an object of named ones.
_ONE: Final = (
    *("items", "contains", "additionalProperties", "propertyNames"),
    *("not", "if", "then", "else"),
)
_MANY: Final = ("prefixItems", "allOf", "anyOf", "oneOf")
_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "$defs")


# Any: a schema may be true or false, and stays what it is.
def changed(schema: Any, change: Callable[[Schema], Schema]) -> Any:
    """Return *schema* with *change* made to it, and to every schema in it."""
    if not isinstance(schema, dict):
        return schema
    made = cast("Schema", schema).copy()
    for key in _ONE:
        if key in made:
            made[key] = changed(made[key], change)
    for key in _MANY:
        if key in made:
            made[key] = [changed(one, change) for one in made[key]]
    for key in _NAMED:
        if key in made:
            made[key] = {name: changed(one, change) for name, one in made[key].items()}
    return change(made)


def references(schema: Schema) -> list[str]:
    """Return where the references of *schema* lead, and those of the schemas in it."""
    found: list[str] = []

    def note(one: Schema) -> Schema:
        if "$ref" in one:
            found.append(one["$ref"])
        return one

    changed(schema, note)
    return found
