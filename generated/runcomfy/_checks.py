"""What the validators of the generated modules call: tests of JSON values, and problems.

Rules:

- A value is what JSON says it is: true is no integer, 1.0 is one, NaN is no number.
- A text that UTF-8 can't encode (a lone surrogate) is no JSON string.
- Whatever is passed, the answer is a problem and never another exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, TypeGuard

import attrs

from ._problem import Problem
from ._unset import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

# A value in a message is shortened to this many characters.
_SHOWN = 80


def is_text(value: str) -> bool:
    """Tell whether *value* can be sent: lone surrogates can't be encoded."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_integer(value: object) -> TypeGuard[int]:
    """Tell whether *value* is a JSON integer; 1.0 is one, true is none."""
    if isinstance(value, int):
        return not isinstance(value, bool)
    return isinstance(value, float) and value.is_integer()


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether *value* is a JSON number; NaN, the infinities and true are none."""
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, int) and not isinstance(value, bool)


def is_array(value: object) -> TypeGuard[Sequence[object]]:
    """Tell whether *value* is a list or a tuple."""
    return isinstance(value, (list, tuple))


def is_member(value: object, members: Iterable[object]) -> bool:
    """Tell whether *value* is one of *members*, as JSON compares: true is not 1, 1.0 is."""
    key = _key(value)
    return any(key == _key(member) for member in members)


def is_unique(values: Sequence[object]) -> bool:
    """Tell whether no two *values* are equal, as JSON compares."""
    return len({_key(value) for value in values}) == len(values)


def _key(value: object) -> Hashable:
    """Return what is equal for two values exactly where JSON calls them equal."""
    if isinstance(value, (str, bool)) or value is None:
        return type(value), value
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (list, tuple)):
        items: Sequence[object] = value
        return list, tuple(_key(item) for item in items)
    if isinstance(value, dict):
        pairs: Mapping[object, object] = value
        return dict, frozenset((_key(name), _key(one)) for name, one in pairs.items())
    return type(value), id(value)


def pointer(name: str) -> str:
    """Return the JSON pointer (RFC 6901) of a field of the input."""
    return f"/{name.replace('~', '~0').replace('/', '~1')}"


def at(path: str, index: int) -> str:
    """Return the JSON pointer of an array's item."""
    return f"{path}/{index}"


def missing(path: str) -> Problem:
    """Return the problem of a required field that is left out."""
    return Problem(
        path,
        "required",
        limit=True,
        actual=None,
        message="is required, and has no default that is sent",
    )


def broken(path: str, rule: str, limit: object, value: object) -> Problem:
    """Return the problem of a *value* at *path* that breaks *rule*, a schema's keyword."""
    measure, words = _RULES[rule]
    actual = measure(value)
    return Problem(path, rule, limit, actual, words(limit, actual))


def refuse(
    model_id: str,
    input_type: type[attrs.AttrsInstance],
    problems: list[Problem],
    unknown: Mapping[str, object],
) -> NoReturn:
    """Raise :class:`~.errors.InvalidInput` for *problems* and for names that are no fields."""
    from .errors import InvalidInput  # noqa: PLC0415 - only where something is wrong

    names = [field.name for field in attrs.fields(input_type)]
    raise InvalidInput(model_id, [*problems, *unknown_names(unknown, names)])


def unknown_names(unknown: Iterable[object], names: Sequence[str]) -> list[Problem]:
    """Return a problem for each name that is no field, with the field that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    problems: list[Problem] = []
    for name in unknown:
        near = get_close_matches(str(name), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
        message = f"is no field of this model; {hint}"
        problems.append(
            Problem(
                pointer(str(name)),
                "additionalProperties",
                limit=False,
                actual=name,
                message=message,
            )
        )
    return problems


def null(path: str) -> Problem:
    """Return the problem of a null where the schema allows none."""
    message = "may not be null; leave the field out for the server's default"
    return Problem(path, "type", "not null", None, message)


def _itself(value: object) -> object:
    return value


def _size(value: object) -> object:
    return len(value) if isinstance(value, (str, list, tuple)) else value


def _type_words(limit: object, actual: object) -> str:
    wanted = " or ".join(limit) if isinstance(limit, tuple) else limit
    if isinstance(actual, str) and "string" in str(wanted):
        return "must be text that UTF-8 can encode; it holds a lone surrogate"
    return f"must be of type {wanted}, not {_shown(actual)}"


def _enum_words(limit: object, actual: object) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    members = limit if isinstance(limit, tuple) else ()
    texts = [member for member in members if isinstance(member, str)]
    near = get_close_matches(actual, texts, n=1) if isinstance(actual, str) else []
    hint = f"did you mean {near[0]!r}? " if near else ""
    allowed = ", ".join(repr(member) for member in members)
    return f"{_shown(actual)} is not allowed; {hint}allowed are {allowed}"


def _under(unit: str) -> Callable[[object, object], str]:
    return lambda limit, has: f"has {has} {unit}, fewer than the minimum of {limit}"


def _over(unit: str) -> Callable[[object, object], str]:
    return lambda limit, has: f"has {has} {unit}, more than the maximum of {limit}"


def _shown(value: object) -> str:
    if value is UNSET:
        return "left out"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


#: Keyword → what is measured of the value, and the words for (limit, measured).
_RULES: Mapping[str, tuple[Callable[[object], object], Callable[[object, object], str]]] = {
    "type": (_itself, _type_words),
    "enum": (_itself, _enum_words),
    "minLength": (_size, _under("characters")),
    "maxLength": (_size, _over("characters")),
    "minItems": (_size, _under("items")),
    "maxItems": (_size, _over("items")),
    "uniqueItems": (_itself, lambda _limit, _has: "holds an item twice; each may stand once"),
    "minimum": (_itself, lambda limit, has: f"is {_shown(has)}, below the minimum of {limit}"),
    "maximum": (_itself, lambda limit, has: f"is {_shown(has)}, above the maximum of {limit}"),
    "exclusiveMinimum": (_itself, lambda limit, has: f"is {_shown(has)}; it must be over {limit}"),
    "exclusiveMaximum": (_itself, lambda limit, has: f"is {_shown(has)}; it must be under {limit}"),
}
