"""Inputs and results as the texts that are stored.

Rules:

- A file is replaced by a stand-in with its type, SHA-256 and size,
  ``data:image/png;sha256=...;bytes=...``, whether the user passed it as bytes, a path or a
  ``data:`` URI. So the journal stays small, and the same input always has the same digest.
- Inputs that JSON Schema calls equal have the same digest: 1 and 1.0 are one number, and so are 0
  and -0.0, or 1e3 and 1000. All digits of an integer count, however long it is. True is no number.
- Stored JSON is ASCII, because SQLite can't store half of a surrogate pair, and a server may send
  one.
- Every text goes through a mask before it is stored. The client's mask removes the token.
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
from runcomfy_core.interrupts import pass_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from runcomfy_core.files.body import Body

Mask: TypeAlias = Callable[[str], str]

#: The most ways to spell an input's numbers that :func:`first_format_digests` tries.
MOST_SPELLINGS: Final = 64

#: A text in JSON, with its quotes.
_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')


def wire_input(body: Body) -> dict[str, Any]:
    """Return the input in a request's body, with files replaced by their stand-ins."""
    text = b"".join(
        part if isinstance(part, bytes) else _stand_in(part.type, part.data).encode()
        for part in body.parts
    )
    # Any, because this is an input that no schema vouches for here.
    document: dict[str, Any] = json.loads(text)
    return document


def digest(model_id: str, input: Mapping[str, object]) -> str:  # noqa: A002 - as in the API
    """Return the SHA-256 of a model id and an input, in hexadecimal; equal inputs have the same.

    It is the hash of both as JSON without spaces, with sorted keys, with files replaced by their
    stand-ins, and with whole numbers written as integers.

    Args:
        model_id: The model.
        input: The input in wire form; see :func:`wire_input` for one with files.

    Raises:
        TypeError: A value in the input is not JSON.
        ValueError: A number in the input is not JSON, or the input contains itself.
    """
    return _digest(model_id, _respelt(condensed(input), _integer))


def first_format_digest(model_id: str, input: Mapping[str, object]) -> str:  # noqa: A002 - as in the API
    """Return the digest of an input in format 1 of the journal, which took numbers as spelled.

    Raises:
        TypeError: A value in the input is not JSON.
        ValueError: A number in the input is not JSON, or the input contains itself.
    """
    return _digest(model_id, condensed(input))


def first_format_digests(model_id: str, input: Mapping[str, object]) -> tuple[str, ...]:  # noqa: A002 - as in the API
    """Return the digests that format 1 gave to an input and to all inputs equal to it.

    They cover every way to spell the input's numbers, up to :data:`MOST_SPELLINGS` ways. If there
    are more, they cover the input's own spelling, and the two spellings in which all whole numbers
    have one type.

    Raises:
        TypeError: A value in the input is not JSON.
        ValueError: A number in the input is not JSON, or the input contains itself.
    """
    plain = condensed(input)
    numbers: list[float] = []
    _respelt(plain, numbers.append)
    choices = [_spellings(number) for number in numbers]
    if math.prod(map(len, choices)) <= MOST_SPELLINGS:
        ways: Iterable[Sequence[float]] = itertools.product(*choices)
    else:
        ways = (numbers, [one[0] for one in choices], [one[-1] for one in choices])
    # Every pass meets the numbers in the same order, so each way lines up with them.
    spelt = (iter(way) for way in ways)
    found = {_digest(model_id, _respelt(plain, partial(_next, way))) for way in spelt}
    return tuple(sorted(found))


def _digest(model_id: str, plain: object) -> str:
    text = json.dumps([model_id, plain], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _respelt(value: object, number: Callable[[float], object]) -> object:
    """Return condensed JSON with each number replaced by what *number* returns for it."""
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
    """Return a number as an integer, if it is whole."""
    # int() also strips subclasses of int, which may have a text of their own.
    return int(number) if isinstance(number, int) or number.is_integer() else number


def _spellings(number: float) -> list[float]:
    """Return the ways to spell a number in JSON; if it is whole, the integer comes first."""
    whole = _integer(number)
    if not isinstance(whole, int):
        return [number]
    if whole == 0:
        return [0, -0.0, 0.0]
    try:
        spelt = float(whole)
    except OverflowError:
        return [whole]
    # Most integers above 2**53 are not equal to any float.
    return [whole, spelt] if spelt == whole else [whole]


def condensed(value: object) -> object:
    """Return JSON as dicts and lists, with bytes and ``data:`` URIs replaced by their stand-ins."""
    if isinstance(value, str):
        return _condensed_text(value)
    if isinstance(value, Mapping):
        fields = cast("Mapping[object, object]", value)
        return {key: condensed(item) for key, item in fields.items()}
    if isinstance(value, list | tuple):
        return [condensed(item) for item in cast("list[object]", value)]
    if isinstance(value, bytes | bytearray | memoryview):
        value = Content(bytes(value))  # pyright: ignore[reportUnknownArgumentType]  # a memoryview has any format
    if isinstance(value, Content):
        return _stand_in(value.type, value.data)
    return value


def _condensed_text(text: str) -> str:
    if not is_data(text):
        return text
    try:
        return _stand_in(*decode(text))
    except ValueError as error:  # this is prose that begins with "data:"
        pass_on(error)
        return text


def _stand_in(media_type: str, content: bytes) -> str:
    checksum = hashlib.sha256(content).hexdigest()
    return f"data:{media_type};sha256={checksum};bytes={len(content)}"


def plain(text: str, mask: Mask) -> str:
    """Return a text, masked, in a form that SQLite can store."""
    return mask(text).encode(errors="replace").decode()


def json_text(value: object, mask: Mask) -> str:
    """Return JSON as it is stored, with every key and text masked.

    Raises:
        TypeError: Part of *value* is not JSON.
        ValueError: *value* contains itself.
        RecursionError: *value* is nested too deeply.
    """

    def masked(found: re.Match[str]) -> str:
        text: str = json.loads(found.group())
        clean = mask(text)
        return found.group() if clean == text else json.dumps(clean)

    stored = json.dumps(value, separators=(",", ":"))
    # The mask is applied to the encoded text, without recursion, because a server chooses how
    # deeply its answer is nested.
    return stored if is_clean(value, mask) else _STRING.sub(masked, stored)


def is_clean(value: object, mask: Mask) -> bool:
    """Return whether a mask leaves every key and text of some JSON as it is."""
    # This is no recursion, because a server chooses the depth. It copies nothing, because an answer
    # may be large.
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
