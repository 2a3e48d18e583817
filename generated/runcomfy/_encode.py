"""A request's body as JSON text.

Rules:

- What can't be sent as JSON is an :class:`InvalidInput` that says where, before any network.
- Nothing is turned into something else on the way: a number as a key is refused, not made a text;
  NaN is refused, not written into a JSON that is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Final, TypeGuard

from ._broken import at
from ._checks import is_text
from ._problem import Problem
from .errors import InvalidInput

# What of it is not JSON is found on the way: keys and items may be anything.
_Container = Mapping[object, object] | list[object] | tuple[object, ...]

#: Deeper than any schema, and well below where the interpreter gives up.
_MAX_DEPTH: Final = 100

#: The longest integer that a JSON reader can be expected to take, in bits.
_MAX_BITS: Final = 1024


def encode(model_id: str, body: Mapping[str, object]) -> bytes:
    """The body in UTF-8.

    Raises:
        InvalidInput: Part of it is not JSON; all such parts are named.
    """
    problems: list[Problem] = []
    if isinstance(body, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers vary
        plain = _plain(body, "", (), problems)
    else:
        problems.append(
            _problem(
                "",
                "type",
                "object",
                body,
                "must be a mapping of field to value; for an Input, call its own model's submit",
            )
        )
        plain = None
    if problems:
        raise InvalidInput(model_id, problems)
    return json.dumps(plain, allow_nan=False, ensure_ascii=False).encode()


def _plain(value: object, path: str, parents: tuple[int, ...], problems: list[Problem]) -> object:
    """``value`` in dicts and lists alone, noting on the way what is not JSON."""
    if _is_container(value):
        if id(value) in parents:
            problems.append(_problem(path, "type", "JSON", "a cycle", "holds itself"))
        elif len(parents) >= _MAX_DEPTH:
            problems.append(_problem(path, "depth", _MAX_DEPTH, "more", "is nested too deeply"))
        else:
            inside = (*parents, id(value))
            return _container(value, path, inside, problems)
        return None
    problem = _leaf_problem(value, path)
    if problem is not None:
        problems.append(problem)
    return value


def _is_container(value: object) -> TypeGuard[_Container]:
    return isinstance(value, Mapping | list | tuple)


def _leaf_problem(value: object, path: str) -> Problem | None:
    """Why a single value is not JSON, or None."""
    if isinstance(value, str):
        if is_text(value):
            return None
        return _problem(path, "encoding", "UTF-8", value, "has half a surrogate pair in it")
    if isinstance(value, float) and not math.isfinite(value):
        return _problem(path, "type", "number", value, f"{value!r} is not JSON")
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        # Not the number itself, which may be too long to be shown.
        return _problem(path, "type", "number", "an integer of over 300 digits", "is too long")
    if value is None or isinstance(value, int | float):  # a bool is an int
        return None
    message = f"a {type(value).__name__} is not JSON{_hint(value)}"
    return _problem(path, "type", "JSON", value, message)


def _container(
    value: _Container, path: str, parents: tuple[int, ...], problems: list[Problem]
) -> object:
    if not isinstance(value, Mapping):
        return [
            _plain(item, at(path, index), parents, problems) for index, item in enumerate(value)
        ]
    plain: dict[str, object] = {}
    for key, item in value.items():
        if not isinstance(key, str) or not is_text(key):
            message = f"has the key {key!r}, and a key must be a text"
            problems.append(_problem(path, "type", "string", key, message))
            continue
        plain[key] = _plain(item, at(path, key), parents, problems)
    return plain


def _problem(path: str, rule: str, limit: object, actual: object, message: str) -> Problem:
    return Problem(path=path, rule=rule, limit=limit, actual=actual, message=message)


def _hint(value: object) -> str:
    """What is meant instead, for the types that people do pass."""
    if isinstance(value, bytes | bytearray | memoryview):
        return "; media is passed as a URL"
    if hasattr(value, "__fspath__"):
        return "; a file is passed as a URL"
    if hasattr(value, "isoformat"):
        return "; pass a text, such as value.isoformat()"
    if isinstance(value, set | frozenset):
        return "; pass a list"
    return ""
