"""The values that a media field accepts: a URL, a ``data:`` URI, or a file.

Rules:

- A value is judged without reading the network or the disk.
- Every model with media imports this module, so it imports next to nothing.
"""

from __future__ import annotations

import io
import os
from typing import IO, Literal, TypeAlias

from runcomfy_core.files.data import data_fault, is_data
from runcomfy_core.interrupts import pass_on
from runcomfy_core.problem import Problem
from runcomfy_core.values.broken import broken
from runcomfy_core.values.items import Items
from runcomfy_core.web.urls import is_url, url_fault

#: One file: an http(s) URL or a ``data:`` URI, a path, its content, or a file opened for reading in
#: binary. All but the URLs are sent as ``data:`` URIs (docs/contract.md, "Media").
Media: TypeAlias = str | bytes | bytearray | memoryview | os.PathLike[str] | IO[bytes]

#: What to do before a submission: refuse files that are unusable or break a rule ("check"), refuse
#: only such local files and fetch no URL ("local"), only warn ("warn"), or check nothing ("skip").
MediaMode: TypeAlias = Literal["check", "local", "warn", "skip"]


#: Several files, in any mix.
MediaList: TypeAlias = Items[Media]


_RESPONSE = "is an HTTP response; pass its content: response.content"


def is_media(value: object) -> bool:
    """Return whether *value* can name or contain a file."""
    if isinstance(value, str):
        return is_url(value) or (is_data(value) and data_fault(value) is None)
    return is_local(value)


def is_local(value: object) -> bool:
    """Return whether *value* is a local file or its content."""
    if isinstance(value, (bytes, bytearray, memoryview, os.PathLike)):
        return True
    return callable(_attribute(value, "read")) and not instead(value)


def instead(value: object) -> str:
    """Return what to pass instead of a *value* that contains a file, but can't be read as one.

    Returns:
        Words that follow the value's name, such as "is a file opened as text; …"; "" for any other
        value.
    """
    if isinstance(value, io.TextIOBase):
        return 'is a file opened as text; open it in binary: open(name, "rb")'
    read = _attribute(value, "read")
    if read is None:
        return _instead_of_content(value)
    if _is_asynchronous(read):
        upload = ", or pass its .file" if _attribute(value, "file") is not None else ""
        return f"is read by awaiting: await its read() first and pass the bytes{upload}"
    return _RESPONSE if _is_response(value) else ""


def _instead_of_content(value: object) -> str:
    """Return what to pass instead of an object with a file's content in another form, or ""."""
    kind: type = type(value)
    if hasattr(kind, "__await__"):
        return "is to be awaited; pass what comes of that"
    if _is_response(value):
        return _RESPONSE
    if hasattr(kind, "read_bytes"):
        return "is no file of this machine; pass what its read_bytes() gives"
    if hasattr(kind, "save") and hasattr(kind, "tobytes"):
        return "is a picture in memory; save it to an io.BytesIO, in a format, and pass that"
    return ""


def _is_response(value: object) -> bool:
    # The class is asked for its content, because a response's property may raise before it is read.
    kind: type = type(value)
    return hasattr(kind, "content") and _attribute(value, "status_code") is not None


def broken_media(path: str, kind: str | None, value: object) -> Problem:
    """Return the problem of a *value* that can't be media.

    Args:
        path: The value's JSON pointer.
        kind: The kind that the field accepts: image, video or audio.
        value: The value.
    """
    wanted = f"{kind or 'media'}_uri"
    if isinstance(value, str):
        fault = data_fault(value) if is_data(value) else url_fault(value)
        return broken(path, "format", wanted, value, fault or "is not a URL")
    message = instead(value) or (
        "takes a URL, a data: URI, a pathlib.Path, bytes, or a file opened in binary, "
        f"not a value of type {type(value).__name__}"
    )
    return Problem(path, "type", "string", value, message)


def _attribute(value: object, name: str) -> object:
    """Return an attribute of an instance, or None if there is none or its getter raises."""
    if isinstance(value, type):
        return None
    try:
        return getattr(value, name, None)
    except Exception as error:  # noqa: BLE001 - a user's class may raise anything
        pass_on(error)
        return None


def _is_asynchronous(function: object) -> bool:
    from inspect import iscoroutinefunction  # noqa: PLC0415 - only where there is a file

    return iscoroutinefunction(function)
