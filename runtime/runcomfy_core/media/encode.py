"""Encoding an input as a request's body: JSON text, and the files in it.

Rules:

- A value that can't be sent as JSON is an :class:`InvalidInput` that says where, before anything is
  sent.
- Values are not converted silently. A number as a key is refused, not made a string. NaN is
  refused, because JSON has no NaN. A number of another library is sent as the same number
  (``numbers.py``). Only a file is converted, to a ``data:`` URI (docs/contract.md, "Media"); it is
  read here, once and whole.
- No body is larger than the API accepts.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeGuard

from runcomfy_core.errors import InvalidInput
from runcomfy_core.files.body import Body
from runcomfy_core.numbers import as_number, remedy
from runcomfy_core.problem import Problem
from runcomfy_core.text import shown
from runcomfy_core.values.broken import at
from runcomfy_core.values.checks import is_array, is_text

from .values import instead, is_local

if TYPE_CHECKING:
    from runcomfy_core.files.local import Content

# Keys and items may be anything; the walk finds those that are not JSON.
_Container = Mapping[object, object] | Sequence[object]

#: The most bytes of a request (docs/contract.md, "Media").
MAX_REQUEST: Final = 64 * 1024 * 1024

#: The deepest nesting: deeper than any schema, and well below the interpreter's recursion limit.
_MAX_DEPTH: Final = 100

#: The length in bits of the longest integer that a JSON parser can be expected to accept.
_MAX_BITS: Final = 1024

#: A mark that stands for a file in the JSON text until the text is split into parts. No text of a
#: user's can contain it, because half a surrogate pair is refused.
_FILE: Final = "\udcff"


def encode(model_id: str, body: Mapping[str, object]) -> Body:
    """Return the body, with all its files in memory.

    Raises:
        InvalidInput: A value is not JSON, a file can't be read, or the body has over 64 MiB. All
            problems are listed.
    """
    walk = _Walk()
    plain: object = None
    if isinstance(body, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers vary
        plain = walk.plain(body, "", ())
    else:
        message = "must be a mapping of field to value; for an Input, call its own model's submit"
        walk.problems.append(_problem("", "type", "object", body, message))
    if walk.problems:
        raise InvalidInput(model_id, walk.problems)
    encoded = Body(tuple(_parts(plain, walk.files)), walk.files)
    if encoded.length > MAX_REQUEST:
        message = f"has {encoded.length:,} bytes as JSON; a request may have 64 MiB"
        raise InvalidInput(
            model_id, [_problem("", "maxBytes", MAX_REQUEST, encoded.length, message)]
        )
    return encoded


def _parts(plain: object, files: Mapping[str, Content]) -> list[bytes | Content]:
    """Return the JSON text in parts, with the files in their places between them."""
    text = json.dumps(plain, allow_nan=False, ensure_ascii=False)
    first, *others = text.split(_FILE)
    parts: list[bytes | Content] = [first.encode()]
    # Dicts keep their order, so the files are in the order of their marks.
    for file, rest in zip(files.values(), others, strict=True):
        parts += [file, rest.encode()]
    return parts


class _Walk:
    """One pass over an input.

    Attributes:
        problems: The problems that were found.
        files: The files that were read, by their JSON pointers.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.files: dict[str, Content] = {}
        self._room = MAX_REQUEST

    def plain(self, value: object, path: str, parents: tuple[int, ...]) -> object:
        """Return ``value`` with dicts and lists as its only containers."""
        if _is_container(value):
            if id(value) in parents:
                self._refuse(path, "type", "JSON", "a cycle", "holds itself")
            elif len(parents) >= _MAX_DEPTH:
                self._refuse(path, "depth", _MAX_DEPTH, "more", "is nested too deeply")
            else:
                return self._container(value, path, (*parents, id(value)))
            return None
        value = as_number(value)
        if is_local(value):
            return self._file(value, path)
        problem = _leaf_problem(value, path)
        if problem is not None:
            self.problems.append(problem)
        return value

    def _container(self, value: _Container, path: str, parents: tuple[int, ...]) -> object:
        if not isinstance(value, Mapping):
            return [self.plain(item, at(path, index), parents) for index, item in enumerate(value)]
        plain: dict[str, object] = {}
        for key, item in value.items():
            if not isinstance(key, str) or not is_text(key):
                message = f"has the key {shown(key)}, and a key must be a text"
                self._refuse(path, "type", "string", key, message)
                continue
            plain[key] = self.plain(item, at(path, key), parents)
        return plain

    def _file(self, value: object, path: str) -> object:
        """Read a file, if the request has room for it, and return its mark."""
        from runcomfy_core.files.data import encoded_size  # noqa: PLC0415 - only where there are files
        from runcomfy_core.files.local import UnreadableFile, load, named  # noqa: PLC0415 - for files

        try:
            # In base64, three bytes become four characters.
            content = load(value, self._room // 4 * 3)
        except UnreadableFile as error:
            self._refuse(path, "readable", "a file", named(value), str(error))
            return None
        if not content.size:
            self._refuse(path, "readable", "a file", named(value), "is empty")
        self._room -= min(self._room, encoded_size(content.size, content.type))
        self.files[path] = content
        return _FILE

    def _refuse(self, path: str, rule: str, limit: object, actual: object, message: str) -> None:
        self.problems.append(_problem(path, rule, limit, actual, message))


def _is_container(value: object) -> TypeGuard[_Container]:
    return isinstance(value, Mapping) or is_array(value)


def _leaf_problem(value: object, path: str) -> Problem | None:
    """Return the problem of a single value that is not JSON, or None."""
    if isinstance(value, str):
        if is_text(value):
            return None
        return _problem(path, "encoding", "UTF-8", value, "has half a surrogate pair in it")
    if isinstance(value, float) and not math.isfinite(value):
        return _problem(path, "type", "number", value, f"{value!r} is not JSON")
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        # The number itself is not shown, because it may be too long.
        return _problem(path, "type", "number", "an integer of over 300 digits", "is too long")
    if value is None or isinstance(value, int | float):  # a bool is an int
        return None
    message = f"a {type(value).__name__} is not JSON{_hint(value)}"
    return _problem(path, "type", "JSON", value, message)


def _problem(path: str, rule: str, limit: object, actual: object, message: str) -> Problem:
    return Problem(path=path, rule=rule, limit=limit, actual=actual, message=message)


def _hint(value: object) -> str:
    """Return what to pass instead of a value of a type that users are likely to pass."""
    if file := instead(value):
        return f"; it {file}"
    if hasattr(value, "isoformat"):
        return "; pass a text, such as value.isoformat()"
    if isinstance(value, set | frozenset):
        return "; pass a list"
    return remedy(value)
