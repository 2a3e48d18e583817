"""The statements of validators, which check an input against its schema.

Rules:

- Each rule of the schema is one test, in the schema's own terms, so that a reader can compare the
  two.
- The common path is plain Python. The runtime is called only where that costs little, or if
  something is wrong.
- A schema that is applied to part of a value, or used to test a value, becomes a function. The
  functions are numbered in the order of the schema.
- Schema text appears only as literals, and never inside an f-string, where a brace would be code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .contradictions import PAIRS
from .ir import Shape, Text
from .jsontext import pointer
from .nesting import nested_in
from .patterns import to_python
from .references import resolve
from .statements import (
    INDENT,
    Code,
    call,
    code,
    grouped,
    indented,
    joined,
    named,
    negated,
    otherwise,
    when,
)
from .text import literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .ir import Choice, Condition, Constraint, Field, Model

#: The test for each JSON type. A Python string that can't be encoded is not a JSON string.
_TYPE_TESTS: dict[str, Callable[[str], Code]] = {
    "string": lambda value: code(
        "isinstance({0}, str) and ({0}.isascii() or {1})", value, call("is_text", value)
    ),
    "integer": lambda value: code("type({}) is int or {}", value, call("is_integer", value)),
    "number": lambda value: call("is_number", value),
    "boolean": lambda value: call("is_boolean", value),
    "array": lambda value: call("is_array", value),
    "object": lambda value: call("is_object", value),
    "null": lambda value: code("{} is None", value),
}

#: For each keyword, the type that it applies to, and the test that finds a value breaking it.
_BREAKS: dict[str, tuple[str, Callable[[str, str], Code]]] = {
    "minLength": ("string", lambda value, limit: code("len({}) < {}", value, limit)),
    "maxLength": ("string", lambda value, limit: code("len({}) > {}", value, limit)),
    "pattern": ("string", lambda value, limit: code("not {}", call("matches", limit, value))),
    "format": ("string", lambda value, limit: code("not {}", call("has_format", limit, value))),
    "minimum": ("number", lambda value, limit: code("{} < {}", value, limit)),
    "exclusiveMinimum": ("number", lambda value, limit: code("{} <= {}", value, limit)),
    "maximum": ("number", lambda value, limit: code("{} > {}", value, limit)),
    "exclusiveMaximum": ("number", lambda value, limit: code("{} >= {}", value, limit)),
    "multipleOf": (
        "number",
        lambda value, limit: code("not {}", call("is_multiple", value, limit)),
    ),
    "minItems": ("array", lambda value, limit: code("len({}) < {}", value, limit)),
    "maxItems": ("array", lambda value, limit: code("len({}) > {}", value, limit)),
    "uniqueItems": ("array", lambda value, _: code("not {}", call("is_unique", value))),
    "minProperties": ("object", lambda value, limit: code("len({}) < {}", value, limit)),
    "maxProperties": ("object", lambda value, limit: code("len({}) > {}", value, limit)),
    "const": ("", lambda value, limit: code("not {}", call("is_member", value, f"({limit},)"))),
}


#: Pairs of a lower and an upper limit. A value can break only one of the two.
_EXCLUSIVE = frozenset((low, high) for low, high, *_ in PAIRS)

#: The deepest nesting of loops; deeper ones become functions. Python allows at most twenty.
_LOOPS = 4


@attrs.frozen
class Place:
    """A value in the validator: the expression for it, and the expression for its JSON pointer."""

    value: str
    path: Code
    depth: int = 0
    #: Whether the value is a field in the body of ``_check``, where each field is a variable.
    inline: bool = False

    def item(self) -> Place:
        """Return the place of an item in a loop over this value."""
        suffix = f"_{self.depth + 1}" if self.depth else ""
        path = call("at", self.path, f"index{suffix}")
        return Place(f"item{suffix}", path, self.depth + 1, self.inline)

    @property
    def index(self) -> str:
        """The loop variable for the item's index."""
        return self.value.replace("item", "index")


@attrs.frozen
class Function:
    """A function of the validator.

    Attributes:
        at: The pointer of the function's schema below the input's, for the reader.
        body: The statements, which check ``value`` at ``path``.
    """

    at: Text
    body: Code


class Validator:
    """The validator of one model, as source text.

    Attributes:
        checks: The statements for each field, by the field's name.
        together: The statements for the input as a whole, which is named ``value`` there.
        functions: The functions that these statements call, by name.
        uses: The names of the runtime that the statements and functions use.
    """

    def __init__(self, model: Model) -> None:
        self.functions: dict[str, Function] = {}
        self._at = ""  # the pointer of the schema whose function is being made
        self._count = 0
        self._references = dict(model.references)
        self._names: dict[str, str] = {}
        self._pending: list[str] = []
        self.checks = {field.name: self._field(field) for field in model.input.fields}
        self._at = ""
        whole = Place("value", Code('""'), inline=True)
        self.together = joined("\n", self._rest(whole, model.together, known="object"))
        # A loop instead of recursion: a chain of references may be longer than Python's stack.
        for reference in self._pending:
            self._define(
                self._names[reference], self._references[reference], resolve(reference, "")
            )
        bodies = (one.body for one in self.functions.values())
        self.uses = frozenset().union(
            *(one.uses for one in (*self.checks.values(), self.together, *bodies))
        )

    def _field(self, field: Field) -> Code:
        place = Place(field.name, Code(literal(pointer(field.wire))), inline=True)
        self._at = pointer("properties", field.wire)
        body = self._value(place, field.shape)
        if nested_in(field.type):
            # The rules are about JSON, so instances of classes become objects first.
            body = [code("{} = {}", field.name, call("plain", field.name)), *body]
        left_out = named("UNSET") if field.nullable else Code("None")
        if field.required:
            missing = [
                code("if {} is {}:", field.name, left_out),
                _report(call("missing", place.path)),
            ]
            return joined("\n", [*missing, *otherwise(body)])
        return joined("\n", when(code("{} is not {}", field.name, left_out), body))

    def _value(self, place: Place, shape: Shape) -> list[Code]:
        """Return the statements that check one value: its type or choice first, then the rest."""
        if shape.never:
            return [_append(_broken(place, "false", "None"))]
        test = _shape_test(place, shape)
        known = shape.types[0] if len(shape.types) == 1 and shape.choice is None else ""
        if shape.media is not None:
            known = ""  # a string, or a file that becomes one
        rest = self._rest(place, shape, known="number" if known == "integer" else known)
        if test is None:
            return [*_as_number(place, shape), *rest]
        condition, problem = test
        statements = [code("if {}:", condition), _report(problem), *otherwise(rest)]
        return [*_as_number(place, shape), *statements]

    def _rest(self, place: Place, shape: Shape, known: str) -> list[Code]:
        """Return all checks except the type's; *known* is the type, or empty if it may be any."""
        rest: list[Code] = []
        before = ""
        for constraint in shape.constraints:
            if _bites(constraint) and _concerns(shape, _BREAKS[constraint.rule][0]):
                test = _constraint(place, constraint, known)
                rest += otherwise(test) if (before, constraint.rule) in _EXCLUSIVE else test
                before = constraint.rule
        apart = _apart(shape) if place.inline else None
        if apart is not None and (check := self._call(apart, place.value, place.path, "")):
            rest.append(check)
            if shape.items is not None and not (shape.prefix or shape.contains):
                rest += _guarded("array", place, known, self._items(place, shape.items, 0))
        else:
            if _concerns(shape, "array"):
                rest += _guarded("array", place, known, self._array(place, shape))
            if _concerns(shape, "object"):
                rest += _guarded("object", place, known, self._object(place, shape))
        rest += self._in_place(place, shape)
        return rest

    def _array(self, place: Place, shape: Shape) -> list[Code]:
        body: list[Code] = []
        for i, one in enumerate(shape.prefix):
            item = f"{place.value}[{i}]"
            path = call("at", place.path, str(i))
            if check := self._call(one, item, path, pointer("prefixItems", i)):
                body += when(code("len({}) > {}", place.value, str(i)), [check])
        if shape.items is not None:
            body += self._items(place, shape.items, len(shape.prefix))
        if (contains := shape.contains) is not None:
            test = self._function(contains.shape, "/contains")
            fitting = call("fits", test, "item")
            body.append(code("count = sum({} for item in {})", fitting, place.value))
            body += _bound(place, "<", "minContains", contains.least)
            if contains.most is not None:
                body += _bound(place, ">", "maxContains", contains.most)
        return body

    def _items(self, place: Place, shape: Shape, skipped: int) -> list[Code]:
        item = place.item()
        if item.depth > _LOOPS:
            body = list(filter(None, [self._call(shape, item.value, item.path, "/items")]))
        else:
            body = self._value(item, shape)
        if not body:
            return []
        # Not every sequence can be sliced.
        items = place.value if not skipped else f"list({place.value})[{skipped}:], {skipped}"
        loop = code("for {}, {} in enumerate({}):", item.index, item.value, items)
        return [loop, *indented(body)]

    def _object(self, place: Place, shape: Shape) -> list[Code]:
        value, path = place.value, place.path
        body: list[Code] = []
        properties = dict(shape.properties)
        for name in dict.fromkeys((*shape.required, *properties)):
            check = Code("")
            if name in properties:
                item = f"{value}[{literal(name)}]"
                where = pointer("properties", name)
                check = self._call(properties[name], item, _below(path, name), where)
            if check:
                body += when(_has(value, name), [check])
            if name in shape.required:
                body.append(Code("else:") if check else _lacks(value, name))
                body.append(_report(call("missing", _below(path, name))))
        for name, needed in shape.dependent_required:
            inner = [
                line
                for other in needed
                for line in (
                    _lacks(value, other),
                    _report(call("missing", _below(path, other))),
                )
            ]
            body += when(_has(value, name), inner)
        for name, one in shape.dependent:
            if check := self._call(one, value, path, pointer("dependentSchemas", name)):
                body += when(_has(value, name), [check])
        return body + self._each_property(place, shape)

    def _each_property(self, place: Place, shape: Shape) -> list[Code]:
        """Return the loop that checks those fields of an object whose names aren't listed."""
        inner: list[Code] = []
        path = call("at", place.path, "name")
        takes_value = False
        if shape.names is not None:
            inner += filter(None, [self._call(shape.names, "name", path, "/propertyNames")])
        for pattern, one in shape.patterns:
            if check := self._call(one, "one", path, pointer("patternProperties", pattern)):
                inner += when(call("matches", literal(pattern), "name"), [check])
                takes_value = True
        if shape.additional is not None:
            if shape.additional.never:
                check = _append(call("unknown_name", path, "name"))
            else:
                check = self._call(shape.additional, "one", path, "/additionalProperties")
                takes_value = takes_value or bool(check)
            known = tuple(name for name, _ in shape.properties)
            others = [Code(f"name not in {literal(known)}")] if known else []
            for pattern, _ in shape.patterns:
                others.append(code("not {}", call("matches", literal(pattern), "name")))
            if check:
                test = joined(" and ", others)
                inner += when(test, [check]) if test else [check]
        if not inner:
            return []
        items = f"name, one in {place.value}.items()" if takes_value else f"name in {place.value}"
        return [Code(f"for {items}:"), *indented(inner)]

    def _in_place(self, place: Place, shape: Shape) -> list[Code]:
        """Return the checks of schemas that apply to the same value."""
        value, path = place.value, place.path
        body: list[Code] = []
        if shape.reference is not None:
            function = self._reference(shape.reference)
            body.append(code("{}({}, {}, problems)", function, value, path))
        for i, one in enumerate(shape.all_of):
            body += filter(None, [self._call(one, value, path, pointer("allOf", i))])
        for keyword, function, alternatives in (
            ("anyOf", "any_of", shape.any_of),
            ("oneOf", "one_of", shape.one_of),
        ):
            if alternatives:
                checks = [
                    self._function(one, pointer(keyword, i)) for i, one in enumerate(alternatives)
                ]
                body.append(call(function, value, path, "problems", *checks))
        if shape.negated is not None:
            test = call("fits", self._function(shape.negated, "/not"), value)
            body += [code("if {}:", test), _report(_broken(place, "not", "None"))]
        if shape.condition is not None:
            body += self._condition(place, shape.condition)
        return body

    def _condition(self, place: Place, condition: Condition) -> list[Code]:
        value, path = place.value, place.path
        test = call("fits", self._function(condition.test, "/if"), value)
        then = other = Code("")
        if condition.then is not None:
            then = self._call(condition.then, value, path, "/then")
        if condition.otherwise is not None:
            other = self._call(condition.otherwise, value, path, "/else")
        if then:
            body = when(test, [then])
            return [*body, Code("else:"), *indented([other])] if other else body
        return when(code("not {}", test), [other]) if other else []

    def _call(self, shape: Shape, value: str, path: Code, where: str) -> Code:
        """Return the call that checks *value* against *shape*; empty if every value fits."""
        name = self._function(shape, where)
        if self.functions[name].body:
            return code("{}({}, {}, problems)", name, value, path)
        del self.functions[name]
        return Code("")

    def _function(self, shape: Shape, where: str) -> str:
        """Make a function for *shape*, whose pointer in the current schema is *where*."""
        self._count += 1
        name = f"_check_{self._count}"
        self._define(name, shape, self._at + where)
        return name

    def _define(self, name: str, shape: Shape, at: str) -> None:
        self.functions[name] = Function(Text(at), Code(""))  # before the functions that it calls
        outer, self._at = self._at, at
        body = joined("\n", self._value(Place("value", Code("path")), shape))
        self._at = outer
        self.functions[name] = Function(Text(at), body)

    def _reference(self, reference: str) -> str:
        """Return the name of the function for a ``$ref``; it is made once and may recurse."""
        if reference not in self._names:
            name = f"_check_ref_{len(self._names) + 1}"
            self._names[reference] = name
            self._pending.append(reference)
        return self._names[reference]


def choice_constant(choice: Choice) -> str:
    """Return the name of the tuple of *choice*'s members: ``_ImageSize`` for ``ImageSize``."""
    return f"_{choice.name}"


def constants(shape: Shape) -> Iterator[Choice]:
    """Yield the choices of a field and of its items, for which the module has constants."""
    if shape.choice is not None:
        yield shape.choice
    if shape.items is not None:
        yield from constants(shape.items)


def _concerns(shape: Shape, about: str) -> bool:
    """Tell whether a rule about the type *about* can matter for a value of *shape*."""
    types = {"number" if name == "integer" else name for name in shape.types}
    return not about or not types or about in types


def _bites(constraint: Constraint) -> bool:
    return constraint.limit is not False and (constraint.rule, constraint.limit) not in (
        ("minItems", 0),
        ("minLength", 0),
        ("minProperties", 0),
    )


def _shape_test(place: Place, shape: Shape) -> tuple[Code, Code] | None:
    """Return the test that finds a wrong type or choice, and the problem to report."""
    if shape.choice is not None:
        return _choice_test(place, shape.choice)
    if shape.media is not None and set(shape.types) <= {"string"}:
        return _media_test(place, shape)
    if not shape.types:
        return None
    tests = [_type_test(name, shape)(place.value) for name in shape.types]
    fits = tests[0] if len(tests) == 1 else joined(" or ", map(grouped, tests))
    limit = literal(shape.types[0] if len(shape.types) == 1 else shape.types)
    return negated(fits), _broken(place, "type", limit)


def _media_test(place: Place, shape: Shape) -> tuple[Code, Code]:
    breaks = negated(_is_media(place.value))
    if not shape.types:  # the format concerns only strings
        breaks = code("isinstance({}, str) and {}", place.value, breaks)
    return breaks, call("broken_media", place.path, literal(shape.media), place.value)


def _is_media(value: str) -> Code:
    """Return the test whether a value names media; a file becomes a string only when it is sent."""
    return call("is_media", value)


def _type_test(name: str, shape: Shape) -> Callable[[str], Code]:
    return _is_media if name == "string" and shape.media is not None else _TYPE_TESTS[name]


def _choice_test(place: Place, choice: Choice) -> tuple[Code, Code]:
    # The module has a constant for the choices of a field and of its items.
    members = choice_constant(choice) if place.inline else literal(choice.members)
    value = place.value
    if len(choice.members) == 1 and isinstance(choice.members[0], str) and not place.inline:
        only = literal(choice.members[0])
        fits = code("isinstance({0}, str) and {0} == {1}", value, only)
    elif all(isinstance(member, str) for member in choice.members):
        fits = code("isinstance({0}, str) and {0} in {1}", value, members)
    else:
        fits = call("is_member", value, members)
    return negated(fits), _broken(place, "enum", members)


def _as_number(place: Place, shape: Shape) -> list[Code]:
    """Return the statements that convert a number of another library to Python's own type."""
    about = {_BREAKS[one.rule][0] for one in shape.constraints if _bites(one)}
    if "number" not in about or not _concerns(shape, "number"):
        return []
    usual = "int" if "integer" in shape.types else "float"
    plain = call("as_number", place.value)
    return [code("{0} = {0} if type({0}) is {1} else {2}", place.value, usual, plain)]


def _constraint(place: Place, constraint: Constraint, known: str) -> list[Code]:
    about, breaks = _BREAKS[constraint.rule]
    limit = literal(constraint.limit)
    # The pattern is matched in Python's dialect and reported as the schema states it.
    pattern = constraint.rule == "pattern" and to_python(str(constraint.limit))
    condition = breaks(place.value, literal(pattern) if pattern else limit)
    if about and about != known:
        condition = code("{} and {}", grouped(_TYPE_TESTS[about](place.value)), condition)
    return [code("if {}:", condition), _report(_broken(place, constraint.rule, limit))]


def _bound(place: Place, comparison: str, rule: str, limit: int) -> list[Code]:
    """Return the test of the number of items that fit ``contains``."""
    problem = call("broken", place.path, literal(rule), literal(limit), "count")
    return [Code(f"if count {comparison} {limit}:"), _report(problem)]


def _broken(place: Place, rule: str, limit: str) -> Code:
    """Return the problem for a value that breaks *rule*."""
    return call("broken", place.path, literal(rule), limit, place.value)


def _append(problem: Code) -> Code:
    return code("problems.append({})", problem)


def _report(problem: Code) -> Code:
    """Return the statement that reports *problem*, indented by one level."""
    return code(f"{INDENT}problems.append({{}})", problem)


def _has(value: str, name: str) -> Code:
    return Code(f"{literal(name)} in {value}")


def _lacks(value: str, name: str) -> Code:
    return Code(f"if {literal(name)} not in {value}:")


def _guarded(about: str, place: Place, known: str, body: list[Code]) -> list[Code]:
    """Put *body*, which is about one type, under a test for that type unless it is known."""
    return body if about == known else when(_TYPE_TESTS[about](place.value), body)


def _apart(shape: Shape) -> Shape | None:
    """Return the part of a field's *shape* that becomes a function with its own loop variables."""
    has_array = bool(shape.prefix or shape.contains)
    apart = Shape(
        prefix=shape.prefix,
        items=shape.items if has_array else None,
        contains=shape.contains,
        properties=shape.properties,
        patterns=shape.patterns,
        additional=shape.additional,
        names=shape.names,
        required=shape.required,
        dependent_required=shape.dependent_required,
        dependent=shape.dependent,
    )
    return None if apart == Shape() else apart


def _below(path: Code, name: str) -> Code:
    return call("at", path, literal(name))
