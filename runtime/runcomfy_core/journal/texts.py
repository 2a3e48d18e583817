"""Inputs and results as the texts that are stored.

Rules:

- A file is stored as its type, SHA-256 and size, ``data:image/png;sha256=...;bytes=...``, whether
  the caller passed it as bytes, a path or a ``data:`` URI. So the journal stays small, and the same
  input has the same digest however its files were given.
- Inputs that JSON Schema calls equal have one digest: 1 and 1.0 are one number, 0 and -0.0, 1e3 and
  1000. An integer is compared in all its digits, however long; True is no number.
- Stored JSON is ASCII: half a surrogate pair in a server's answer is none of SQLite's business.
- Every text goes through a mask before it is stored; the caller's takes the token out.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from runcomfy_core.files.data import decode, is_data
from runcomfy_core.files.local import Content

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runcomfy_core.files.body import Body

Mask: TypeAlias = Callable[[str], str]

#: See :func:`first_format_digests`.
MOST_SPELLINGS: Final = 64

#: A text in JSON, with its quotes.
_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def wire_input(body: Body) -> dict[str, Any]:
    """The input that a request's body holds, its files replaced by their stand-ins."""
    text = b"".join(
        part if isinstance(part, bytes) else _stand_in(part.type, part.data).encode()
        for part in body.parts
    )
    # Any, because this is an input that no schema vouches for here.
    document: dict[str, Any] = json.loads(text)
    return document


def digest(model_id: str, input: Mapping[str, object]) -> str:  # noqa: A002 - as in the API
    """The SHA-256, in hexadecimal, of what is submitted: the same for the same submission.

    It is that of the model id and the input as JSON without spaces, keys in order, files replaced,
    and whole numbers written as integers.

    Args:
        model_id: To what.
        input: In wire form; see :func:`wire_input` for one with files.

    Raises:
        TypeError: Part of it is not JSON.
        ValueError: Likewise.
    """
    return _digest(model_id, _respelt(condensed(input), _integer))


def first_format_digest(model_id: str, input: Mapping[str, object]) -> str:  # noqa: A002 - as in the API
    """The same as format 1 of the journal had it: of each number as it is written.

    Raises:
        TypeError: Part of it is not JSON.
        ValueError: Likewise.
    """
    return _digest(model_id, condensed(input))


def first_format_digests(model_id: str, input: Mapping[str, object]) -> tuple[str, ...]:  # noqa: A002 - as in the API
    """The digests that format 1 had for an input and for those equal to it.

    Those of :data:`MOST_SPELLINGS` ways to write its numbers at most: of an input with more, the
    way in which it is written, and those in which all whole numbers are of one type.

    Raises:
        TypeError: Part of it is not JSON.
        ValueError: Likewise.
    """
    plain = condensed(input)
    numbers: list[float] = []
    _respelt(plain, numbers.append)
    choices = [_spellings(number) for number in numbers]
    if math.prod(map(len, choices)) <= MOST_SPELLINGS:
        ways: Iterable[Sequence[float]] = itertools.product(*choices)
    else:
        ways = (numbers, [one[0] for one in choices], [one[-1] for one in choices])
    # Numbers are met in the same order each time.
    spelt = (iter(way) for way in ways)
    found = {_digest(model_id, _respelt(plain, partial(_next, way))) for way in spelt}
    return tuple(sorted(found))


def _digest(model_id: str, plain: object) -> str:
    text = json.dumps([model_id, plain], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _respelt(value: object, number: Callable[[float], object]) -> object:
    """Condensed JSON, with what *number* makes of each number in its place."""
    if isinstance(value, dict):
        fields = cast("dict[object, object]", value)
        return {key: _respelt(item, number) for key, item in fields.items()}
    if isinstance(value, list):
        return [_respelt(item, number) for item in cast("list[object]", value)]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    return value


def _next(way: Iterator[float], _: float) -> float:
    return next(way)


def _integer(number: float) -> float:
    """A number as an integer, if it is whole."""
    # Of ints as well: what a subclass shows itself as is its own matter.
    return int(number) if isinstance(number, int) or number.is_integer() else number


def _spellings(number: float) -> list[float]:
    """A number as JSON may spell it: the integer first, if it is whole."""
    whole = _integer(number)
    if not isinstance(whole, int):
        return [number]
    if whole == 0:
        return [0, -0.0, 0.0]
    try:
        spelt = float(whole)
    except OverflowError:
        return [whole]
    # Most integers beyond 2**53 are equal to no float.
    return [whole, spelt] if spelt == whole else [whole]


def condensed(value: object) -> object:
    """JSON in dicts and lists, with all content and ``data:`` URIs replaced by their stand-ins."""
    if isinstance(value, str):
        return _condensed_text(value)
    if isinstance(value, Mapping):
        fields = cast("Mapping[object, object]", value)
        return {key: condensed(item) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        return [condensed(item) for item in cast("list[object]", value)]
    if isinstance(value, bytes | bytearray | memoryview):
        value = Content(bytes(value))  # pyright: ignore[reportUnknownArgumentType]  # of any format
    if isinstance(value, Content):
        return _stand_in(value.type, value.data)
    return value


def _condensed_text(text: str) -> str:
    if not is_data(text):
        return text
    try:
        return _stand_in(*decode(text))
    except ValueError:  # prose that begins with the same word
        return text


def _stand_in(media_type: str, content: bytes) -> str:
    checksum = hashlib.sha256(content).hexdigest()
    return f"data:{media_type};sha256={checksum};bytes={len(content)}"


def plain(text: str, mask: Mask) -> str:
    """A text as SQLite can store it."""
    return mask(text).encode(errors="replace").decode()


def json_text(value: object, mask: Mask) -> str:
    """JSON as it is stored, masked in every key and text.

    Raises:
        TypeError: Part of it is not JSON.
        ValueError: It holds itself.
        RecursionError: It is nested too deeply.
    """

    def masked(found: re.Match[str]) -> str:
        text: str = json.loads(found.group())
        clean = mask(text)
        return found.group() if clean == text else json.dumps(clean)

    stored = json.dumps(value, separators=(",", ":"))
    # In the text, not on the way down: a server chooses how deep its answer is.
    return stored if is_clean(value, mask) else _STRING.sub(masked, stored)


def is_clean(value: object, mask: Mask) -> bool:
    """Whether a mask leaves every key and text of some JSON as it is."""
    # A stack of its own, for the same reason; and nothing is copied, for an answer may be large.
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            if mask(part) != part:
                return False
        elif isinstance(part, Mapping):
            fields = cast("Mapping[object, object]", part)
            pending.extend(fields)
            pending.extend(fields.values())
        elif isinstance(part, list | tuple):
            pending.extend(cast("list[object]", part))
    return True
