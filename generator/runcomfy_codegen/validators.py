"""Straight-line validators: the statements that hold one field against its shape.

Rules:

- One rule of the schema is one test, in the schema's own terms, so that a reader can hold the two
  side by side.
- The common path is bare Python: a call into the runtime is made where it costs little or where
  something is wrong.
- Schema text appears as literals only; never inside an f-string, where a brace would be code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .jsontext import pointer
from .text import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .ir import Choice, Constraint, Field, Shape

_INDENT = "    "

#: JSON type → what a value of it passes. A text that can't be encoded is no JSON string.
_TYPE_TESTS = {
    "string": "isinstance({0}, str) and ({0}.isascii() or is_text({0}))",
    "integer": "is_integer({0})",
    "number": "is_number({0})",
    "boolean": "isinstance({0}, bool)",
    "array": "is_array({0})",
    "null": "{0} is None",
}

#: Keyword → (the type that it is about, what breaks it).
_BREAKS = {
    "minLength": ("string", "len({0}) < {1}"),
    "maxLength": ("string", "len({0}) > {1}"),
    "minimum": ("number", "{0} < {1}"),
    "exclusiveMinimum": ("number", "{0} <= {1}"),
    "maximum": ("number", "{0} > {1}"),
    "exclusiveMaximum": ("number", "{0} >= {1}"),
    "minItems": ("array", "len({0}) < {1}"),
    "maxItems": ("array", "len({0}) > {1}"),
    "uniqueItems": ("array", "not is_unique({0})"),
}


@attrs.frozen
class _Place:
    """A value in the validator: the expression that names it, and that of its JSON pointer."""

    value: str
    path: str
    depth: int = 0

    def item(self) -> _Place:
        suffix = f"_{self.depth + 1}" if self.depth else ""
        path = f"at({self.path}, index{suffix})"
        return _Place(f"item{suffix}", path, self.depth + 1)


def choice_constant(choice: Choice) -> str:
    """Return the name of the tuple of *choice*'s members: ``_ImageSize`` for ``ImageSize``."""
    return f"_{choice.name}"


def field_check(field: Field) -> str:
    """Return the statements that check *field*, unindented."""
    place = _Place(field.name, literal(pointer(field.wire)))
    body = list(_value_check(place, field.shape))
    if field.required:
        missing = [
            f"if {field.name} is UNSET:",
            f"{_INDENT}problems.append(missing({place.path}))",
        ]
        return "\n".join([*missing, *_else(body)])
    given = f"{field.name} is not {'UNSET' if field.nullable else 'None'}"
    return "\n".join(_when(given, body))


def _value_check(place: _Place, shape: Shape) -> Iterator[str]:
    """Yield the statements that check one value: its type or choice first, then the rest."""
    rest = [_constraint_check(place, shape, one) for one in shape.constraints if _bites(one)]
    if shape.items is not None:
        rest += _items_check(place, shape)
    test = _shape_test(place, shape)
    if test is None:
        for statements in rest:
            yield from statements
        return
    condition, report = test
    yield f"if {condition}:"
    yield f"{_INDENT}problems.append({report})"
    if len(rest) == 1 and rest[0][0].startswith("if "):
        yield from _else(rest[0])
    elif rest:
        yield "else:"
        for statements in rest:
            yield from _indented(statements)


def _bites(constraint: Constraint) -> bool:
    return constraint.limit is not False and (constraint.rule, constraint.limit) not in (
        ("minItems", 0),
        ("minLength", 0),
    )


def _shape_test(place: _Place, shape: Shape) -> tuple[str, str] | None:
    """Return the condition that a wrong type or choice meets, and the problem to report."""
    if shape.choice is not None:
        constant = choice_constant(shape.choice)
        if all(isinstance(member, str) for member in shape.choice.members):
            fits = f"isinstance({place.value}, str) and {place.value} in {constant}"
        else:
            fits = f"is_member({place.value}, {constant})"
        report = f'broken({place.path}, "enum", {constant}, {place.value})'
        return _negated(fits), report
    if not shape.types:
        return None
    tests = [_TYPE_TESTS[name].format(place.value) for name in shape.types]
    fits = tests[0] if len(tests) == 1 else " or ".join(_grouped(test) for test in tests)
    limit = literal(shape.types[0] if len(shape.types) == 1 else shape.types)
    return _negated(fits), f'broken({place.path}, "type", {limit}, {place.value})'


def _constraint_check(place: _Place, shape: Shape, constraint: Constraint) -> list[str]:
    about, breaks = _BREAKS[constraint.rule]
    limit = literal(constraint.limit)
    condition = breaks.format(place.value, limit)
    guard = _guard(place, shape, about)
    rule = literal(constraint.rule)
    return [
        f"if {guard}{condition}:",
        f"{_INDENT}problems.append(broken({place.path}, {rule}, {limit}, {place.value}))",
    ]


def _items_check(place: _Place, shape: Shape) -> list[list[str]]:
    assert shape.items is not None  # noqa: S101 - the caller asked
    item = place.item()
    body = list(_value_check(item, shape.items))
    if not body:
        return []
    index = item.path.rpartition(", ")[2].rstrip(")")
    loop = [f"for {index}, {item.value} in enumerate({place.value}):", *_indented(body)]
    guard = _guard(place, shape, "array").removesuffix(" and ")
    return [_when(guard, loop) if guard else loop]


def _guard(place: _Place, shape: Shape, about: str) -> str:
    """Return the type test that a constraint needs before it, where several types are allowed."""
    kinds = {"integer": "number"}
    if {kinds.get(name, name) for name in shape.types} == {about}:
        return ""
    return f"{_grouped(_TYPE_TESTS[about].format(place.value))} and "


def _grouped(test: str) -> str:
    return f"({test})" if " and " in test else test


def _negated(test: str) -> str:
    joined = any(word in test for word in (" and ", " or ", " is "))
    return f"not ({test})" if joined else f"not {test}"


def _when(condition: str, body: list[str]) -> list[str]:
    """Put *body* under *condition*; a body that is one bare test joins it."""
    if not body:
        return []
    alone = body[0].startswith("if ") and all(line.startswith(_INDENT) for line in body[1:])
    if alone:
        inner = body[0].removeprefix("if ").removesuffix(":")
        return [f"if {condition} and {inner}:", *body[1:]]
    return [f"if {condition}:", *_indented(body)]


def _else(body: list[str]) -> list[str]:
    """Continue an ``if`` with *body*, whose own first ``if`` becomes an ``elif``."""
    return [f"el{body[0]}", *body[1:]] if body else []


def _indented(lines: list[str]) -> list[str]:
    return [f"{_INDENT}{line}" for line in lines]
