"""Straight-line validators: the statements that hold an input against its schema.

Rules:

- One rule of the schema is one test, in the schema's own terms, so that a reader can hold the two
  side by side.
- The common path is bare Python: a call into the runtime is made where it costs little or where
  something is wrong.
- What applies a schema to part of a value, or asks whether a value fits it, is a function of its
  own, numbered in the order of the schema.
- Schema text appears as literals only; never inside an f-string, where a brace would be code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from .ir import Shape, Text
from .jsontext import pointer
from .nesting import nested_in
from .patterns import to_python
from .references import resolve
from .statements import INDENT, grouped, indented, negated, otherwise, when
from .text import literal

if TYPE_CHECKING:
    from .ir import Choice, Condition, Constraint, Field, Model

#: JSON type → what a value of it passes. A text that can't be encoded is no JSON string.
_TYPE_TESTS = {
    "string": "isinstance({0}, str) and ({0}.isascii() or is_text({0}))",
    "integer": "type({0}) is int or is_integer({0})",
    "number": "is_number({0})",
    "boolean": "isinstance({0}, bool) or is_boolean({0})",
    "array": "is_array({0})",
    "object": "is_object({0})",
    "null": "{0} is None",
}
#: What a value that names media passes: files themselves are texts on the wire only.
_MEDIA_TEST = "is_media({0})"

#: Keyword → (the type that it is about, what breaks it).
_BREAKS = {
    "minLength": ("string", "len({0}) < {1}"),
    "maxLength": ("string", "len({0}) > {1}"),
    "pattern": ("string", "not matches({1}, {0})"),
    "format": ("string", "not has_format({1}, {0})"),
    "minimum": ("number", "{0} < {1}"),
    "exclusiveMinimum": ("number", "{0} <= {1}"),
    "maximum": ("number", "{0} > {1}"),
    "exclusiveMaximum": ("number", "{0} >= {1}"),
    "multipleOf": ("number", "not is_multiple({0}, {1})"),
    "minItems": ("array", "len({0}) < {1}"),
    "maxItems": ("array", "len({0}) > {1}"),
    "uniqueItems": ("array", "not is_unique({0})"),
    "minProperties": ("object", "len({0}) < {1}"),
    "maxProperties": ("object", "len({0}) > {1}"),
    "const": ("", "not is_member({0}, ({1},))"),
}


#: How many loops stand inside each other; what is deeper is a function of its own. Python takes no
#: more than twenty.
_LOOPS = 4


@attrs.frozen
class Place:
    """A value in the validator: the expression that names it, and that of its JSON pointer."""

    value: str
    path: str
    depth: int = 0
    #: Whether it is a field in the body of ``_check``, whose names are the caller's.
    inline: bool = False

    def item(self) -> Place:
        """Return the place of an item, as a loop over this value names it."""
        suffix = f"_{self.depth + 1}" if self.depth else ""
        path = f"at({self.path}, index{suffix})"
        return Place(f"item{suffix}", path, self.depth + 1, self.inline)


@attrs.frozen
class Function:
    """A function of the validator.

    Attributes:
        at: The pointer of its schema below the input's, for the reader.
        body: Its statements, for a ``value`` at a ``path``.
    """

    at: Text
    body: str


class Validator:
    """The validator of one model, as source text.

    Attributes:
        checks: The statements for each field, by its name.
        together: The statements for the input as a whole, which they call ``value``.
        functions: The functions that these call, by name.
    """

    def __init__(self, model: Model) -> None:
        self.functions: dict[str, Function] = {}
        self._at = ""  # the pointer of the schema at hand
        self._count = 0
        self._references = dict(model.references)
        self._names: dict[str, str] = {}
        self._pending: list[str] = []
        self.checks = {field.name: self._field(field) for field in model.input.fields}
        self._at = ""
        whole = Place("value", '""', inline=True)
        self.together = "\n".join(self._rest(whole, model.together, known="object"))
        # One after the other: a chain of references may be longer than Python's stack is deep.
        for reference in self._pending:
            self._define(
                self._names[reference], self._references[reference], resolve(reference, "")
            )

    def _field(self, field: Field) -> str:
        place = Place(field.name, literal(pointer(field.wire)), inline=True)
        self._at = pointer("properties", field.wire)
        body = self._value(place, field.shape)
        if nested_in(field.type):
            # The rules are about JSON: instances become objects first.
            body = [f"{field.name} = plain({field.name})", *body]
        if field.required:
            missing = [
                f"if {field.name} is {'UNSET' if field.nullable else 'None'}:",
                f"{INDENT}problems.append(missing({place.path}))",
            ]
            return "\n".join([*missing, *otherwise(body)])
        given = f"{field.name} is not {'UNSET' if field.nullable else 'None'}"
        return "\n".join(when(given, body))

    def _value(self, place: Place, shape: Shape) -> list[str]:
        """Return the statements that check one value: its type or choice first, then the rest."""
        if shape.never:
            return [f'problems.append(broken({place.path}, "false", None, {place.value}))']
        test = _shape_test(place, shape)
        known = shape.types[0] if len(shape.types) == 1 and shape.choice is None else ""
        if shape.media is not None:
            known = ""  # a text, or a file that becomes one
        rest = self._rest(place, shape, known="number" if known == "integer" else known)
        if test is None:
            return [*_as_number(place, shape), *rest]
        condition, report = test
        statements = [f"if {condition}:", f"{INDENT}problems.append({report})"]
        return [*_as_number(place, shape), *statements, *otherwise(rest)]

    def _rest(self, place: Place, shape: Shape, known: str) -> list[str]:
        """Return what is checked beside the type, which is *known*, or any if that is empty."""
        rest: list[str] = []
        for constraint in shape.constraints:
            if _bites(constraint) and _concerns(shape, _BREAKS[constraint.rule][0]):
                rest += _constraint(place, constraint, known)
        apart = _apart(shape) if place.inline else None
        if apart is not None and (call := self._call(apart, place.value, place.path, "")):
            rest.append(call)
            if shape.items is not None and not (shape.prefix or shape.contains):
                rest += _guarded("array", place, known, self._items(place, shape.items, 0))
        else:
            if _concerns(shape, "array"):
                rest += _guarded("array", place, known, self._array(place, shape))
            if _concerns(shape, "object"):
                rest += _guarded("object", place, known, self._object(place, shape))
        rest += self._in_place(place, shape)
        return rest

    def _array(self, place: Place, shape: Shape) -> list[str]:
        body: list[str] = []
        for i, one in enumerate(shape.prefix):
            item = f"{place.value}[{i}]"
            if call := self._call(one, item, f"at({place.path}, {i})", pointer("prefixItems", i)):
                body += [f"if len({place.value}) > {i}:", f"{INDENT}{call}"]
        if shape.items is not None:
            body += self._items(place, shape.items, len(shape.prefix))
        if (contains := shape.contains) is not None:
            test = self._function(contains.shape, "/contains")
            body.append(f"count = sum(fits({test}, item) for item in {place.value})")
            least = literal(contains.least)
            body += [
                f"if count < {least}:",
                f'{INDENT}problems.append(broken({place.path}, "minContains", {least}, count))',
            ]
            if contains.most is not None:
                most = literal(contains.most)
                body += [
                    f"if count > {most}:",
                    f'{INDENT}problems.append(broken({place.path}, "maxContains", {most}, count))',
                ]
        return body

    def _items(self, place: Place, shape: Shape, skipped: int) -> list[str]:
        item = place.item()
        index = item.path.rpartition(", ")[2].rstrip(")")
        if item.depth > _LOOPS:
            body = list(filter(None, [self._call(shape, item.value, item.path, "/items")]))
        else:
            body = self._value(item, shape)
        if not body:
            return []
        items = place.value if not skipped else f"{place.value}[{skipped}:]"
        start = f", {skipped}" if skipped else ""
        return [f"for {index}, {item.value} in enumerate({items}{start}):", *indented(body)]

    def _object(self, place: Place, shape: Shape) -> list[str]:
        value, path = place.value, place.path
        body: list[str] = []
        properties = dict(shape.properties)
        for name in dict.fromkeys((*shape.required, *properties)):
            call = ""
            if name in properties:
                item = f"{value}[{literal(name)}]"
                where = pointer("properties", name)
                call = self._call(properties[name], item, _below(path, name), where)
            if call:
                body += [f"if {literal(name)} in {value}:", f"{INDENT}{call}"]
            if name in shape.required:
                body += ["else:"] if call else [f"if {literal(name)} not in {value}:"]
                body.append(f"{INDENT}problems.append(missing({_below(path, name)}))")
        for name, needed in shape.dependent_required:
            inner = [
                line
                for other in needed
                for line in (
                    f"if {literal(other)} not in {value}:",
                    f"{INDENT}problems.append(missing({_below(path, other)}))",
                )
            ]
            body += when(f"{literal(name)} in {value}", inner)
        for name, one in shape.dependent:
            if call := self._call(one, value, path, pointer("dependentSchemas", name)):
                body += [f"if {literal(name)} in {value}:", f"{INDENT}{call}"]
        return body + self._each_property(place, shape)

    def _each_property(self, place: Place, shape: Shape) -> list[str]:
        """Return the loop over an object's fields, for what holds for names that aren't known."""
        inner: list[str] = []
        path = f"at({place.path}, name)"
        if shape.names is not None:
            inner += filter(None, [self._call(shape.names, "name", path, "/propertyNames")])
        for pattern, one in shape.patterns:
            if call := self._call(one, "one", path, pointer("patternProperties", pattern)):
                inner += [f"if matches({literal(pattern)}, name):", f"{INDENT}{call}"]
        if shape.additional is not None:
            if shape.additional.never:
                call = f"problems.append(unknown_name({path}, name))"
            else:
                call = self._call(shape.additional, "one", path, "/additionalProperties")
            known = tuple(name for name, _ in shape.properties)
            others = [f"name not in {literal(known)}"] if known else []
            others += [f"not matches({literal(pattern)}, name)" for pattern, _ in shape.patterns]
            if call:
                test = " and ".join(others)
                inner += [f"if {test}:", f"{INDENT}{call}"] if test else [call]
        if not inner:
            return []
        uses_one = any("one" in line.replace("(", " ").replace(",", " ").split() for line in inner)
        loop = (
            f"for name, one in {place.value}.items():"
            if uses_one
            else f"for name in {place.value}:"
        )
        return [loop, *indented(inner)]

    def _in_place(self, place: Place, shape: Shape) -> list[str]:
        """Return the checks of schemas that are applied to the same value."""
        value, path = place.value, place.path
        body: list[str] = []
        if shape.reference is not None:
            body.append(f"{self._reference(shape.reference)}({value}, {path}, problems)")
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
                body.append(f"{function}({value}, {path}, problems, {', '.join(checks)})")
        if shape.negated is not None:
            report = f'broken({path}, "not", None, {value})'
            test = f"fits({self._function(shape.negated, '/not')}, {value})"
            body += [f"if {test}:", f"{INDENT}problems.append({report})"]
        if shape.condition is not None:
            body += self._condition(place, shape.condition)
        return body

    def _condition(self, place: Place, condition: Condition) -> list[str]:
        value, path = place.value, place.path
        test = f"fits({self._function(condition.test, '/if')}, {value})"
        then = condition.then and self._call(condition.then, value, path, "/then")
        other = condition.otherwise and self._call(condition.otherwise, value, path, "/else")
        if then:
            body = [f"if {test}:", f"{INDENT}{then}"]
            return [*body, "else:", f"{INDENT}{other}"] if other else body
        return [f"if not {test}:", f"{INDENT}{other}"] if other else []

    def _call(self, shape: Shape, value: str, path: str, where: str) -> str:
        """Return the call that checks *value* against *shape*; empty where anything fits."""
        name = self._function(shape, where)
        if self.functions[name].body:
            return f"{name}({value}, {path}, problems)"
        del self.functions[name]
        return ""

    def _function(self, shape: Shape, where: str) -> str:
        """Make a function of *shape*, which stands at *where* in the schema at hand."""
        self._count += 1
        name = f"_check_{self._count}"
        self._define(name, shape, self._at + where)
        return name

    def _define(self, name: str, shape: Shape, at: str) -> None:
        self.functions[name] = Function(Text(at), "")  # in its place, before what it calls
        outer, self._at = self._at, at
        body = "\n".join(self._value(Place("value", "path"), shape))
        self._at = outer
        self.functions[name] = Function(Text(at), body)

    def _reference(self, reference: str) -> str:
        """Return the name of the function for a ``$ref``; made once, so that it may recur."""
        if reference not in self._names:
            name = f"_check_ref_{len(self._names) + 1}"
            self._names[reference] = name
            self._pending.append(reference)
        return self._names[reference]


def choice_constant(choice: Choice) -> str:
    """Return the name of the tuple of *choice*'s members: ``_ImageSize`` for ``ImageSize``."""
    return f"_{choice.name}"


def _concerns(shape: Shape, about: str) -> bool:
    """Tell whether a rule about one type can concern a value of *shape*."""
    types = {"number" if name == "integer" else name for name in shape.types}
    return not about or not types or about in types


def _bites(constraint: Constraint) -> bool:
    return constraint.limit is not False and (constraint.rule, constraint.limit) not in (
        ("minItems", 0),
        ("minLength", 0),
        ("minProperties", 0),
    )


def _shape_test(place: Place, shape: Shape) -> tuple[str, str] | None:
    """Return the condition that a wrong type or choice meets, and the problem to report."""
    if shape.choice is not None:
        return _choice_test(place, shape.choice)
    if shape.media is not None and set(shape.types) <= {"string"}:
        return _media_test(place, shape)
    if not shape.types:
        return None
    tests = [_type_test(name, shape).format(place.value) for name in shape.types]
    fits = tests[0] if len(tests) == 1 else " or ".join(grouped(test) for test in tests)
    limit = literal(shape.types[0] if len(shape.types) == 1 else shape.types)
    return negated(fits), f'broken({place.path}, "type", {limit}, {place.value})'


def _media_test(place: Place, shape: Shape) -> tuple[str, str]:
    breaks = negated(_MEDIA_TEST.format(place.value))
    if not shape.types:  # the format is about texts alone
        breaks = f"isinstance({place.value}, str) and {breaks}"
    return breaks, f"broken_media({place.path}, {literal(shape.media)}, {place.value})"


def _type_test(name: str, shape: Shape) -> str:
    return _MEDIA_TEST if name == "string" and shape.media is not None else _TYPE_TESTS[name]


def _choice_test(place: Place, choice: Choice) -> tuple[str, str]:
    # The choices of a field and of its items have a constant.
    members = choice_constant(choice) if place.inline else literal(choice.members)
    if len(choice.members) == 1 and isinstance(choice.members[0], str) and not place.inline:
        fits = f"isinstance({place.value}, str) and {place.value} == {literal(choice.members[0])}"
    elif all(isinstance(member, str) for member in choice.members):
        fits = f"isinstance({place.value}, str) and {place.value} in {members}"
    else:
        fits = f"is_member({place.value}, {members})"
    return negated(fits), f'broken({place.path}, "enum", {members}, {place.value})'


def _as_number(place: Place, shape: Shape) -> list[str]:
    """Return the statements that make a number of another library a plain one, to compare it."""
    about = {_BREAKS[one.rule][0] for one in shape.constraints if _bites(one)}
    if "number" not in about or not _concerns(shape, "number"):
        return []
    usual = "int" if "integer" in shape.types else "float"
    return [
        f"if type({place.value}) is not {usual}:",
        f"{INDENT}{place.value} = as_number({place.value})",
    ]


def _constraint(place: Place, constraint: Constraint, known: str) -> list[str]:
    about, breaks = _BREAKS[constraint.rule]
    limit, rule = literal(constraint.limit), literal(constraint.rule)
    # What is matched is in Python's dialect; what is reported is what the schema says.
    pattern = constraint.rule == "pattern" and to_python(str(constraint.limit))
    asked = literal(pattern) if pattern else limit
    condition = breaks.format(place.value, asked)
    if about and about != known:
        condition = f"{grouped(_TYPE_TESTS[about].format(place.value))} and {condition}"
    report = f"broken({place.path}, {rule}, {limit}, {place.value})"
    return [f"if {condition}:", f"{INDENT}problems.append({report})"]


def _guarded(about: str, place: Place, known: str, body: list[str]) -> list[str]:
    """Put *body*, which is about one type, under a test for it where the type isn't known."""
    return body if about == known else when(_TYPE_TESTS[about].format(place.value), body)


def _apart(shape: Shape) -> Shape | None:
    """Return what of a field's *shape* goes to a function: its loops have names of their own."""
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


def _below(path: str, name: str) -> str:
    return f"at({path}, {literal(name)})"
