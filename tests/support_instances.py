"""Random values near a schema, and random schemas near another one, from a seeded generator.

The method is simple: a value is made near the limits of the schema, and half of the time a part of
it is then replaced.
"""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

_TEXTS = ("", "a", "ab", "abc", "b", "ba", "7", "2024-01-01", "x" * 9, "1.2.3.4", "-")
_PLAIN: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    1.0,
    2,
    3,
    -1,
    0.5,
    1.5,
    7,
    *_TEXTS,
    [],
    [1],
    ["a", "a"],
    {},
)
_NAMES = ("a", "b", "xa", "new")
_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)


def instance(random: Random, schema: Any, whole: Any, depth: int = 3) -> Any:
    """Return a value that probably fits *schema*, whose references point into *whole*."""
    if not isinstance(schema, dict) or depth < 0 or random.random() < 0.1:
        return random.choice(_PLAIN)
    merged = dict(schema)
    for key in ("$ref", "allOf", "anyOf", "oneOf", "then", "else", "not", "if"):
        if key in merged and random.random() < 0.9:
            value = merged.pop(key)
            if key == "$ref":
                parts = [value_at(whole, value)]
            elif key == "allOf":
                parts = value
            else:
                parts = [random.choice(value) if isinstance(value, list) else value]
            for part in parts:
                merged |= part if isinstance(part, dict) else {}
    if "const" in merged:
        return merged["const"]
    if "enum" in merged:
        return random.choice(merged["enum"])
    kind = merged.get("type") or random.choice([_kind(key) for key in merged] or ["null"])
    kind = random.choice(kind) if isinstance(kind, list) else kind
    return _MAKERS[kind](random, merged, whole, depth - 1)


def value_at(whole: Any, reference: str) -> Any:
    for part in reference.split("/")[1:]:
        whole = whole[part]
    return whole


def _kind(keyword: str) -> str:
    if keyword in {"minLength", "maxLength", "pattern", "format"}:
        return "string"
    if keyword in {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
        return "number"
    if "tems" in keyword or "ontains" in keyword:
        return "array"
    if "ropert" in keyword or "equired" in keyword or keyword == "dependentSchemas":
        return "object"
    return "string"


def _number(random: Random, schema: Any, _whole: Any, _depth: int) -> Any:
    limits = [schema[key] for key in _LIMITS[:4] if key in schema] or [0]
    step = schema.get("multipleOf", random.choice([1, 0.5, 0.25]))
    near = random.choice(limits) + random.choice([-2, -1, 0, 0, 1, 2]) * step
    if "multipleOf" in schema and random.random() < 0.7:
        near = round(near / step) * step
    if schema.get("type") == "integer" and random.random() < 0.8:
        return int(near)
    return near


def _string(random: Random, schema: Any, _whole: Any, _depth: int) -> Any:
    if "maxLength" in schema or "minLength" in schema:
        size = random.choice([schema.get("maxLength", 5), schema.get("minLength", 0)])
        return random.choice("ab7") * max(0, size + random.choice([-1, 0, 0, 1]))
    return random.choice(_TEXTS)


def _array(random: Random, schema: Any, whole: Any, depth: int) -> Any:
    sizes = [
        schema[key]
        for key in ("minItems", "maxItems", "minContains", "maxContains")
        if key in schema
    ]
    size = random.choice([*sizes, 0, 1, 2, 3]) + random.choice([-1, 0, 0, 0, 1])
    prefix = schema.get("prefixItems", [])
    return [
        instance(
            random,
            schema["contains"]
            if "contains" in schema and random.random() < 0.5
            else prefix[i]
            if i < len(prefix)
            else schema.get("items", True),
            whole,
            depth,
        )
        for i in range(max(0, min(size, 5)))
    ]


def _object(random: Random, schema: Any, whole: Any, depth: int) -> Any:
    properties = schema.get("properties", {})
    dependent = schema.get("dependentSchemas", {})
    names = [*properties, *dependent, *schema.get("required", ()), *random.sample(_NAMES, 1)]
    required = schema.get("required", ())
    others = schema.get("additionalProperties", True)
    patterns = list(schema.get("patternProperties", {}).values())
    return {
        name: instance(
            random, properties.get(name, random.choice([others, *patterns])), whole, depth
        )
        for name in names
        if random.random() < (0.9 if name in required else 0.5)
    }


_MAKERS: dict[str, Any] = {
    "null": lambda *_: None,
    "boolean": lambda random, *_: random.choice([True, False]),
    "number": _number,
    "integer": _number,
    "string": _string,
    "array": _array,
    "object": _object,
}


def schema(random: Random, depth: int = 2) -> Any:
    """Return a small schema that may use any keyword that the generator accepts."""
    if depth < 0 or random.random() < 0.1:
        return random.choice(
            [True, {}, {"type": "string"}, {"type": "integer"}, {"enum": [1, "a"]}]
        )
    made: dict[str, Any] = {}
    if random.random() < 0.7:
        kinds = ["string", "integer", "number", "array", "object", "boolean", "null"]
        made["type"] = random.choice([*kinds, random.sample(kinds, 2)])
    stated = made.get("type", [])
    kinds = stated if isinstance(stated, list) else [stated]
    for _ in range(random.choice([0, 1, 1, 2, 2])):
        made |= _keyword(random, random.choice([*kinds, *kinds, "any"]), depth - 1)
    return made


def _keyword(random: Random, kind: str, depth: int) -> dict[str, Any]:
    count = random.randrange(4)
    choices: dict[str, Any] = {
        "string": [
            lambda: {"minLength": count},
            lambda: {"maxLength": count},
            lambda: {"pattern": random.choice(["^a", "b", "a$"])},
            lambda: {"format": random.choice(["date", "ipv4"])},
        ],
        "integer": [
            lambda: {random.choice(_LIMITS[:4]): random.choice([0, 1, 1.5, 3, 0.5])},
            lambda: {"multipleOf": random.choice([1, 2, 3, 0.5, 1.5])},
        ],
        "array": [
            lambda: {"minItems": count},
            lambda: {"maxItems": count},
            lambda: {"uniqueItems": random.choice([True, False])},
            lambda: {"items": schema(random, depth)},
            lambda: {"prefixItems": [schema(random, depth) for _ in range(count or 1)]},
            lambda: {"contains": schema(random, depth), "maxContains": count + 1},
            lambda: {"contains": schema(random, depth), "minContains": count},
        ],
        "object": [
            lambda: {"minProperties": count},
            lambda: {"maxProperties": count},
            lambda: {
                "properties": {name: schema(random, depth) for name in random.sample(_NAMES, 2)}
            },
            lambda: {"required": random.sample(_NAMES, 1)},
            lambda: {"patternProperties": {"^x": schema(random, depth)}},
            lambda: {"additionalProperties": random.choice([False, schema(random, depth)])},
            lambda: {"propertyNames": {"maxLength": count}},
            lambda: {"dependentRequired": {"a": random.sample(_NAMES, 1)}},
            lambda: {"dependentSchemas": {"a": schema(random, depth)}},
        ],
        "any": [
            lambda: {"enum": random.sample([1, 2, "a", "b", None, True, [1]], count + 1)},
            lambda: {"const": random.choice([1, "a", None])},
            lambda: {"anyOf": [schema(random, depth) for _ in range(count or 1)]},
            lambda: {"oneOf": [schema(random, depth) for _ in range(count or 1)]},
            lambda: {"allOf": [schema(random, depth) for _ in range(count or 1)]},
            lambda: {"not": schema(random, depth)},
            lambda: {"if": schema(random, depth), "then": schema(random, depth)},
            lambda: {"if": schema(random, depth), "else": schema(random, depth)},
            lambda: {"$ref": random.choice(["#/$defs/one", "#/$defs/two"])},
        ],
    }
    own = {"number": "integer", "boolean": "any", "null": "any"}.get(kind, kind)
    made: dict[str, Any] = random.choice(choices[own])()
    return made


def mutated(random: Random, old: Any) -> Any:
    """Return a copy of the schema *old* with one or two changes, which often widen it."""
    new = copy.deepcopy(old)
    for _ in range(random.choice([1, 1, 2])):
        inner = [one for one in _below(new) if isinstance(one, dict)]
        if inner:
            _edit(random, random.choice(inner))
    return new


def _edit(random: Random, one: dict[str, Any]) -> None:
    limits = [key for key in one if isinstance(one[key], int) and not isinstance(one[key], bool)]
    if limits and random.random() < 0.4:
        key = random.choice(limits)
        one[key] = max(1 if key == "multipleOf" else 0, one[key] + random.choice([-1, 1]))
    elif one and random.random() < 0.5:
        key = random.choice(list(one))
        if isinstance(one[key], list) and len(one[key]) > 1 and random.random() < 0.7:
            one[key].remove(random.choice(one[key]))
        else:
            del one[key]
    elif isinstance(one.get("type"), str) and random.random() < 0.5:
        one["type"] = [one["type"], random.choice(["null", "string", "integer", "number"])]
        one["type"] = list(dict.fromkeys(one["type"]))
    elif lists := [key for key in ("enum", "anyOf", "allOf") if key in one]:
        key = random.choice(lists)
        one[key].append(random.choice([3, "c"]) if key == "enum" else schema(random, 1))
    else:
        more = schema(random, 1)
        one.update(more if isinstance(more, dict) else {})


def _below(one: Any) -> Any:
    """Return the schema and every schema inside it."""
    if not isinstance(one, dict):
        return [one]
    found = [one]
    for key, value in one.items():
        if key in {"properties", "patternProperties", "dependentSchemas", "$defs"}:
            found += itertools.chain.from_iterable(map(_below, value.values()))
        elif key in {"anyOf", "oneOf", "allOf", "prefixItems"}:
            found += itertools.chain.from_iterable(map(_below, value))
        elif key not in {"enum", "const", "default", "type"} and isinstance(value, dict | bool):
            found += _below(value)
    return found
