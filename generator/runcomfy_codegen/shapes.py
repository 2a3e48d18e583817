"""Turn standard JSON Schema into :class:`~runcomfy_codegen.ir.Shape`, keyword by keyword."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from . import names
from .ir import Choice, Condition, Constraint, Contains, Shape
from .jsontext import unescaped
from .keywords import MEDIA_FORMATS
from .patterns import to_python
from .references import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ir import MediaKind
    from .jsontext import JsonObject, JsonValue

#: Constraints in the order in which a validator checks them.
_CONSTRAINTS = (
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)


def shape_of(schema: JsonValue, name: str) -> Shape:
    """Return the shape of the standard *schema*; a choice in it is named after *name*."""
    if not isinstance(schema, dict):
        return Shape(never=schema is False)
    stated = schema.get("type", ())
    return Shape(
        types=(stated,) if isinstance(stated, str) else tuple(stated),
        choice=_choice(schema, name),
        constraints=tuple(_constraints(schema)),
        media=cast("MediaKind | None", MEDIA_FORMATS.get(schema.get("format", ""))),
        prefix=_list(schema, "prefixItems", name),
        items=_optional(schema, "items", f"{name}_item"),
        contains=_contains(schema, name),
        properties=_named(schema, "properties"),
        patterns=tuple(
            (to_python(pattern), shape) for pattern, shape in _named(schema, "patternProperties")
        ),
        additional=_optional(schema, "additionalProperties", name),
        names=_optional(schema, "propertyNames", name),
        required=tuple(schema.get("required", ())),
        dependent_required=tuple(
            (name, tuple(needed)) for name, needed in schema.get("dependentRequired", {}).items()
        ),
        dependent=_named(schema, "dependentSchemas"),
        all_of=_list(schema, "allOf", name),
        any_of=_list(schema, "anyOf", name),
        one_of=_list(schema, "oneOf", name),
        negated=_optional(schema, "not", name),
        condition=_condition(schema, name),
        reference=schema.get("$ref"),
    )


def references_in(shape: Shape) -> Iterator[str]:
    """Yield every reference in *shape*, at any depth."""
    if shape.reference is not None:
        yield shape.reference
    for part in attrs.asdict(shape, recurse=False).values():
        yield from _references_below(part)


def _references_below(part: object) -> Iterator[str]:
    if isinstance(part, Shape):
        yield from references_in(part)
    elif isinstance(part, Contains):
        yield from references_in(part.shape)
    elif isinstance(part, Condition):
        yield from _references_below((part.test, part.then, part.otherwise))
    elif isinstance(part, tuple):
        for one in cast("tuple[object, ...]", part):
            yield from _references_below(one)


def at_pointer(schema: JsonObject, reference: str) -> JsonValue:
    """Return the target of the local *reference* in *schema*; it was checked before."""
    node: JsonValue = schema
    for part in resolve(reference, "").split("/")[1:]:
        key = unescaped(part)
        node = node[int(key)] if isinstance(node, list) else cast("JsonObject", node)[key]
    return node


def _choice(schema: JsonObject, name: str) -> Choice | None:
    if "enum" not in schema and "const" not in schema:
        return None
    members = list(schema["enum"]) if "enum" in schema else [schema["const"]]
    return Choice(names.class_name(name), tuple(members))


def _constraints(schema: JsonObject) -> Iterator[Constraint]:
    for rule in _CONSTRAINTS:
        if rule in schema and not (rule == "format" and schema[rule] in MEDIA_FORMATS):
            yield Constraint(rule, schema[rule])
    # If a schema has both enum and const, the enum becomes the choice and the const a constraint.
    if "enum" in schema and "const" in schema:
        yield Constraint("const", schema["const"])


def _contains(schema: JsonObject, name: str) -> Contains | None:
    shape = _optional(schema, "contains", name)
    if shape is None:
        return None
    return Contains(shape, schema.get("minContains", 1), schema.get("maxContains"))


def _condition(schema: JsonObject, name: str) -> Condition | None:
    test = _optional(schema, "if", name)
    then, otherwise = _optional(schema, "then", name), _optional(schema, "else", name)
    if test is None or (then is None and otherwise is None):
        return None
    return Condition(test, then, otherwise)


def _optional(schema: JsonObject, key: str, name: str) -> Shape | None:
    return shape_of(schema[key], name) if key in schema else None


def _list(schema: JsonObject, key: str, name: str) -> tuple[Shape, ...]:
    return tuple(shape_of(one, name) for one in schema.get(key, ()))


def _named(schema: JsonObject, key: str) -> tuple[tuple[str, Shape], ...]:
    return tuple((name, shape_of(one, name)) for name, one in schema.get(key, {}).items())
