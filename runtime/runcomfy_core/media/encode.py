"""An input as the body that is sent: JSON text, and the files in it.

Rules:

- What can't be sent as JSON is an :class:`InvalidInput` that says where, before any network.
- Nothing is turned into something else on the way: a number as a key is refused, not made a text;
  NaN is refused, not written into a JSON that is none. A number of another library is the same
  number (``_numbers.py``). Only a file becomes a ``data:`` URI
  (docs/contract.md, "Media"); it is read here, whole and once.
- No body is larger than the API takes.
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

# What of it is not JSON is found on the way: keys and items may be anything.
_Container = Mapping[object, object] | Sequence[object]

#: Bytes that a request may have (docs/contract.md, "Media").
MAX_REQUEST: Final = 64 * 1024 * 1024

#: Deeper than any schema, and well below where the interpreter gives up.
_MAX_DEPTH: Final = 100

#: The longest integer that a JSON reader can be expected to take, in bits.
_MAX_BITS: Final = 1024

#: Stands for a file in the JSON text until that is cut into parts. No text that a caller passes
#: can be the same: half a surrogate pair is refused.
_FILE: Final = "\udcff"


def encode(model_id: str, body: Mapping[str, object]) -> Body:
    """The body, with every file in it read.

    Raises:
        InvalidInput: Part of it is not JSON, can't be read, or makes it larger than 64 MiB; all
            such parts are named.
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
    """The JSON text in parts, with the files where they stand."""
    text = json.dumps(plain, allow_nan=False, ensure_ascii=False)
    first, *others = text.split(_FILE)
    parts: list[bytes | Content] = [first.encode()]
    # Dicts keep their order, so the files come in the order in which they were found.
    for file, rest in zip(files.values(), others, strict=True):
        parts += [file, rest.encode()]
    return parts


class _Walk:
    """One pass over an input.

    Attributes:
        problems: What can't be sent.
        files: The files that were read, by their pointers.
    """

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.files: dict[str, Content] = {}
        self._room = MAX_REQUEST

    def plain(self, value: object, path: str, parents: tuple[int, ...]) -> object:
        """``value`` in dicts and lists alone."""
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
        """Read a file, if there is room for it, and leave its mark."""
        from runcomfy_core.files.data import encoded_size  # noqa: PLC0415 - only where there are files
        from runcomfy_core.files.local import UnreadableFile, load, named  # noqa: PLC0415 - likewise

        try:
            # Three bytes become four characters.
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


def _problem(path: str, rule: str, limit: object, actual: object, message: str) -> Problem:
    return Problem(path=path, rule=rule, limit=limit, actual=actual, message=message)


def _hint(value: object) -> str:
    """What is meant instead, for the types that people do pass."""
    if file := instead(value):
        return f"; it {file}"
    if hasattr(value, "isoformat"):
        return "; pass a text, such as value.isoformat()"
    if isinstance(value, set | frozenset):
        return "; pass a list"
    return remedy(value)
