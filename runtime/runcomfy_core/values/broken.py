"""Making the problems of an input that breaks a schema's rules.

Rules:

- A problem names the rule as the schema does. The message says what is required and what was found.
- Only a short part of a value is shown.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from runcomfy_core.numbers import remedy
from runcomfy_core.problem import Draft, Problem
from runcomfy_core.text import cut, shown, some
from runcomfy_core.unset import UNSET

from .checks import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .checks import Check

# The most alternatives, and the most problems of each, that a message lists, and the most
# characters of each problem. The problem of one alternative may list alternatives, too.
_LISTED: Final = 5
_LONGEST_LACK: Final = 300

# The most characters of an unknown name that are compared with the names of fields.
_LONGEST_NAME: Final = 200

# The most characters of a schema's text, such as a pattern, that a message quotes.
_LONGEST_QUOTE: Final = 200


def pointer(name: str) -> str:
    """Return the JSON pointer (RFC 6901) of a field of the input."""
    return f"/{name.replace('~', '~0').replace('/', '~1')}"


def at(path: str, part: int | str) -> str:
    """Return the JSON pointer of an array's item or an object's field."""
    return f"{path}/{part}" if isinstance(part, int) else path + pointer(part)


def missing(path: str) -> Problem:
    """Return the problem of a required field that is left out."""
    return Problem(
        path,
        "required",
        limit=True,
        actual=None,
        message="is required",
    )


def broken(path: str, rule: str, limit: object, value: object, message: str = "") -> Problem:
    """Return the problem of a *value* at *path* that breaks *rule*, a schema's keyword.

    Args:
        path: The value's JSON pointer.
        rule: The keyword.
        limit: The rule's limit in the schema.
        value: The value. The problem of a rule about an amount, such as ``maxItems``, holds the
            amount instead.
        message: The message to use instead of the rule's usual words; "" for the usual words.
    """
    words = _WORDS.get(rule)
    if words is None:
        words = _AMOUNT_WORDS[rule]
        # A file has no length in characters, so it stays itself.
        if isinstance(value, str) or is_array(value) or is_object(value):
            value = len(value)
    # Any: its class changes from Draft to Problem.
    problem: Any = Draft()
    problem.path = path
    problem.rule = rule
    problem.limit = limit
    problem.actual = value
    problem.message = message or words(limit, value)
    problem.__class__ = Problem
    made: Problem = problem
    return made


def unknown_names(unknown: Iterable[object], names: Sequence[str]) -> list[Problem]:
    """Return a problem for each name that is no field, with the field that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - needed only for a problem

    problems: list[Problem] = []
    for name in unknown:
        text = cut(str(name), _LONGEST_NAME)
        near = get_close_matches(text, names, n=1)
        there = f"there are {some(names)}" if names else "it has none"
        hint = f"did you mean {near[0]!r}?" if near else there
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


def any_of(value: object, path: str, problems: list[Problem], *checks: Check) -> None:
    """Add a problem unless *value* fits at least one of *checks*."""
    tried = _tried(value, path, checks)
    if all(tried):
        problems.append(Problem(path, "anyOf", len(checks), 0, _alternatives(tried)))


def one_of(value: object, path: str, problems: list[Problem], *checks: Check) -> None:
    """Add a problem unless *value* fits exactly one of *checks*."""
    tried = _tried(value, path, checks)
    fitting = tried.count([])
    if fitting == 0:
        problems.append(Problem(path, "oneOf", 1, 0, _alternatives(tried)))
    elif fitting > 1:
        message = f"fits {fitting} of {len(checks)} alternatives, and may fit only one"
        problems.append(Problem(path, "oneOf", 1, fitting, message))


def _tried(value: object, path: str, checks: Iterable[Check]) -> list[list[Problem]]:
    """Return what each of *checks* finds wrong with *value*."""
    tried: list[list[Problem]] = []
    for check in checks:
        tried.append([])
        check(value, path, tried[-1])
    return tried


def _alternatives(tried: list[list[Problem]]) -> str:
    """Return words for what is wrong by each alternative, so that a user can choose one."""
    words = "; or ".join(
        ", ".join(cut(str(one), _LONGEST_LACK) for one in found[:_LISTED])
        for found in tried[:_LISTED]
    )
    rest = len(tried) - _LISTED
    more = f"; and {rest:,} more" if rest > 0 else ""
    return f"fits none of {len(tried)} alternatives: {words}{more}"


def unknown_name(path: str, name: str) -> Problem:
    """Return the problem of a field that an object inside the input may not have."""
    message = "is no field of this object"
    return Problem(path, "additionalProperties", limit=False, actual=name, message=message)


def null(path: str) -> Problem:
    """Return the problem of a null where the schema allows none."""
    message = "may not be null; leave the field out for the server's default"
    return Problem(path, "type", "not null", None, message)


def _type_words(limit: str | tuple[str, ...], actual: object) -> str:
    wanted = limit if isinstance(limit, str) else " or ".join(limit)
    if isinstance(actual, str) and "string" in wanted:
        return "must be text that UTF-8 can encode; it holds a lone surrogate"
    there = _shown(actual)
    hint = f"; pass a list: [{there}]" if limit == "array" and _is_single(actual) else ""
    hint = hint or remedy(actual)
    return f"must be of type {wanted}, not {there}{hint}"


# Any: a list of values of any type.
def _enum_words(limit: tuple[Any, ...], actual: object) -> str:
    from .choices import offered  # noqa: PLC0415 - only where a value is wrong

    return f"{_shown(actual)} is not allowed; {offered(actual, limit)}"


def _is_single(value: object) -> bool:
    """Return whether a value is a text or a file, which the user may have meant to list."""
    return isinstance(value, str | bytes | bytearray | memoryview | os.PathLike) or hasattr(
        value, "read"
    )


def _under(unit: str) -> Callable[[Any, Any], str]:
    return lambda limit, has: f"has {has} {unit}, fewer than the minimum of {shown(limit)}"


def _over(unit: str) -> Callable[[Any, Any], str]:
    return lambda limit, has: f"has {has} {unit}, more than the maximum of {shown(limit)}"


def _shown(value: object) -> str:
    if value is UNSET:
        return "left out"
    return shown(value)


#: For each keyword, a function from limit and value to the message.
_WORDS: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "type": _type_words,
    "enum": _enum_words,
    "const": lambda limit, has: f"is {_shown(has)}; only {shown(limit)} is allowed",
    "pattern": lambda limit, has: (
        f"is {shown(has)}, which {cut(limit, _LONGEST_QUOTE)} does not match"
    ),
    "format": lambda limit, has: f"is {shown(has)}, which is no {limit}",
    "multipleOf": lambda limit, has: f"is {shown(has)}, which is no multiple of {shown(limit)}",
    "minContains": lambda limit, has: f"holds {has} of the items that it needs {shown(limit)} of",
    "maxContains": lambda limit, has: (
        f"holds {has} of the items that it may hold {shown(limit)} of"
    ),
    "not": lambda _limit, _has: "is what the schema rules out",
    "false": lambda _limit, _has: "may not be there",
    "uniqueItems": lambda _limit, _has: "holds an item twice; each may stand once",
    "minimum": lambda limit, has: f"is {shown(has)}, below the minimum of {shown(limit)}",
    "maximum": lambda limit, has: f"is {shown(has)}, above the maximum of {shown(limit)}",
    "exclusiveMinimum": lambda limit, has: f"is {shown(has)}; it must be over {shown(limit)}",
    "exclusiveMaximum": lambda limit, has: f"is {shown(has)}; it must be under {shown(limit)}",
}

#: For each keyword about an amount, a function from limit and amount to the message.
_AMOUNT_WORDS: Final[Mapping[str, Callable[[Any, Any], str]]] = {
    "minLength": _under("characters"),
    "maxLength": _over("characters"),
    "minItems": _under("items"),
    "maxItems": _over("items"),
    "minProperties": _under("fields"),
    "maxProperties": _over("fields"),
}
