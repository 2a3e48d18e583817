"""Inputs and results as the texts that are stored.

Rules:

- A file is stored as its type, SHA-256 and size, ``data:image/png;sha256=...;bytes=...``, whether
  the caller passed it as bytes, a path or a ``data:`` URI. So the journal stays small, and the same
  input has the same digest however its files were given.
- Stored JSON is ASCII: half a surrogate pair in a server's answer is none of SQLite's business.
- Every text goes through a mask before it is stored; the caller's takes the token out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from .._media.data import decode, is_data
from .._media.local import Content

if TYPE_CHECKING:
    from .._body import Body

Mask: TypeAlias = Callable[[str], str]

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

    It is that of the model id and the input as JSON without spaces, keys in order, with files
    replaced. ``1`` and ``1.0`` are different: different texts are sent.

    Args:
        model_id: To what.
        input: In wire form; see :func:`wire_input` for one with files.

    Raises:
        TypeError: Part of it is not JSON.
        ValueError: Likewise.
    """
    text = json.dumps(
        [model_id, condensed(input)], sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


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

    # In the text, not on the way down: a server chooses how deep its answer is.
    return _STRING.sub(masked, json.dumps(value, separators=(",", ":")))
