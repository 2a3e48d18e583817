"""The problems that a server finds in an input: pure functions, no I/O.

Servers report them in several forms (docs/contract.md, "Errors"): as a list of texts, as a list of
objects with a path and a text each, or as an object of fields with one or more texts for each.

Rules:

- Everything is bounded, because the server chooses how much there is.
- The token is masked in every text that is taken from an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from runcomfy_core.problem import Problem
from runcomfy_core.text import one_line, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from runcomfy_core.text import Mask

#: Keys of an answer that may hold the list of problems.
_LISTS: Final = ("detail", "details", "errors", "validation_errors", "invalid-params", "error")

#: Keys of a problem that may hold its field, its rule, and its text.
_PLACES: Final = ("loc", "path", "pointer", "instancePath", "field", "param", "name")
_RULES: Final = ("type", "rule", "keyword", "code")
_WORDS: Final = ("msg", "message", "error_message", "detail", "reason", "error")

#: What some frameworks put before a field's path to say that the field is in the body.
_BODY: Final = "body"

#: The most problems of one answer that are read.
_MOST: Final = 100


def complaints(body: Mapping[str, Any], message: str, mask: Mask) -> tuple[Problem, ...]:
    """Return the problems that an answer lists, or a single one, *message*, where it lists none.

    Args:
        body: The answer.
        message: The answer's message as a whole, without the token.
        mask: Removes the token from a text.
    """
    found: list[Problem] = []
    for name in _LISTS:
        for problem in _entries(body.get(name), "", mask):
            if len(found) == _MOST:
                break
            found.append(problem)
        if found:
            return tuple(found)
    return (_problem("", "", message),)


def _entries(value: object, path: str, mask: Mask) -> Iterator[Problem]:
    """Yield the problems in a list or in an object of fields; *path* is the field so far."""
    if isinstance(value, list):
        for entry in cast("list[object]", value):
            if isinstance(entry, str) and entry.strip():
                yield _problem(path, "", _line(entry, mask))
            elif isinstance(entry, dict):
                yield _entry(cast("dict[str, Any]", entry), path, mask)
    elif isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        if any(isinstance(fields.get(name), str) for name in _WORDS):
            yield _entry(fields, path, mask)
        elif not path:
            for name, said in fields.items():
                several = cast("list[object]", said) if isinstance(said, list) else [said]
                yield from _entries(several, f"/{name}", mask)


def _entry(fields: dict[str, Any], path: str, mask: Mask) -> Problem:
    source = fields.get("source")
    places = [fields.get(name) for name in _PLACES]
    if isinstance(source, dict):
        places.append(cast("dict[str, Any]", source).get("pointer"))
    place = next((made for one in places if (made := _pointer(one))), path)
    rule = next((one for name in _RULES if isinstance(one := fields.get(name), str)), "")
    context = fields.get("ctx")
    limits = list(cast("dict[str, Any]", context).values()) if isinstance(context, dict) else []
    said = next((text for name in _WORDS if (text := _said(fields.get(name), mask))), "")
    return _problem(
        _line(place, mask),
        _line(rule, mask),
        said,
        limit=_plain(limits[0], mask) if len(limits) == 1 else None,
        actual=_plain(fields.get("input"), mask),
    )


def _problem(
    path: str, rule: str, message: str, *, limit: object = None, actual: object = None
) -> Problem:
    return Problem(
        path,
        rule or "refused",
        limit,
        actual,
        message or "is refused, and the API does not say why",
    )


def _pointer(place: object) -> str:
    """Return a place as a JSON pointer into the input, or "" if it can't be read."""
    if isinstance(place, str):
        parts: list[object] = list(place.removeprefix("#").removeprefix("/").split("/"))
        if not place.startswith(("/", "#")):
            parts = list(place.split("."))
    elif isinstance(place, list):
        parts = cast("list[object]", place)
    else:
        return ""
    # A text is a field's name, and a number is a position in a list; other values have no meaning.
    steps = [str(one) for one in parts[:10] if isinstance(one, str | int)]
    if steps[:1] == [_BODY]:
        steps = steps[1:]
    return "".join(f"/{step}" for step in steps if step)


def _plain(value: object, mask: Mask) -> object:
    """Return a text or a short number that an answer repeats, or None for any other value."""
    if isinstance(value, str):
        return _line(value, mask)
    is_number = isinstance(value, int | float) and abs(value) < 10**18
    return value if is_number else None


def _said(value: object, mask: Mask) -> str:
    return words(value, mask=mask)


def _line(text: str, mask: Mask) -> str:
    return one_line(text, mask=mask)
