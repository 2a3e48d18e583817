"""Names for downloaded files: functions without I/O from a URL to a name that is safe anywhere.

Rules:

- A name comes from the URL's last path segment, decoded once. After cleaning, it never leads out of
  its directory, is never hidden, is no reserved name on Windows, and never looks like an option in
  a shell.
- A character that is a separator on any system, or is invisible, becomes ``_``.
- A name has at most 255 bytes of UTF-8, as file systems require. The extension is kept.
- Names that differ only in case count as the same, because some file systems treat them so.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

#: The name of a file whose URL has none.
UNNAMED: Final = "output"

_MAX_BYTES: Final = 255

#: The most bytes of a number with its dash.
_ROOM: Final = 10

# Undecodable bytes become the replacement character.
_FORBIDDEN: Final = frozenset('/\\:*?"<>|\N{REPLACEMENT CHARACTER}')
_RESERVED: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "0123456789¹²³"]
)

#: An extension has a letter in it, so that the 2 in "v1.2" is none.
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,10}")

# This is a table of our own, because the one of `mimetypes` differs between machines.
_EXTENSIONS: Final = {
    "application/json": ".json",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "audio/aac": ".aac",
    "audio/flac": ".flac",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/wave": ".wav",
    "audio/webm": ".weba",
    "audio/x-flac": ".flac",
    "audio/x-wav": ".wav",
    "image/avif": ".avif",
    "image/bmp": ".bmp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/jxl": ".jxl",
    "image/png": ".png",
    "image/svg+xml": ".svg",
    "image/tiff": ".tif",
    "image/webp": ".webp",
    "model/gltf+json": ".gltf",
    "model/gltf-binary": ".glb",
    "model/obj": ".obj",
    "text/plain": ".txt",
    "video/mp4": ".mp4",
    "video/mpeg": ".mpg",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "video/x-matroska": ".mkv",
}
_TYPES: Final = {extension: media_type for media_type, extension in _EXTENSIONS.items()} | {
    ".jpeg": "image/jpeg",
    ".tiff": "image/tiff",
}


class Names:
    """The names of one directory's new files, all different.

    If many files want the same name, each still gets one at once, because the next free number is
    remembered.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        #: The next number for names with the same stem and extension.
        self._next: dict[tuple[str, str], int] = {}

    def take(self, name: str) -> str:
        """Return *name*, with ``-1``, ``-2``, … before its extension if the name is taken."""
        stem, extension = _split(name)
        # The stem is cut to what fits beside any number, so that long stems that are cut to the
        # same beginning share their numbers.
        common = (_key(_fit(stem, " " * _ROOM + extension)), extension.lower())
        free = name
        while _key(free) in self._taken:
            number = self._next.get(common, 1)
            self._next[common] = number + 1
            free = _fit(stem, f"-{number}{extension}")
        self._taken.add(_key(free))
        return free

    def extended(self, name: str, content_type: str) -> str:
        """Return *name*, with the extension of a media type if it has none."""
        longer = with_extension(name, content_type)
        return name if longer == name else self.take(longer)


def name_of(path: str, prefix: str = "") -> str:
    """Return a name for the file at a URL.

    Args:
        path: The URL's path, percent-encoded.
        prefix: A prefix for the name, with a dash between; "" for none.
    """
    name = _clean(unquote(path.rpartition("/")[2])) or UNNAMED
    if prefix:
        name = _clean(f"{prefix}-{name}")
    if name.partition(".")[0].rstrip().upper() in _RESERVED:
        name = f"_{name}"
    return _fit(*_split(name))


def with_extension(name: str, content_type: str) -> str:
    """Return *name*, with a ``Content-Type``'s extension if it has none and the type is known."""
    stem, extension = _split(name)
    media_type = content_type.partition(";")[0].strip().lower()
    return name if extension else _fit(stem, _EXTENSIONS.get(media_type, ""))


def type_of(name: str) -> str:
    """Return the media type that a name's extension stands for, or ""."""
    return _TYPES.get(_split(name)[1].lower(), "")


def has_extension(name: str) -> bool:
    """Return whether a name has an extension, so that a ``Content-Type`` can't add one."""
    return _split(name)[1] != ""


def _clean(text: str) -> str:
    """Return *text* without characters that a name must not have. It may be empty."""
    # Normalizing comes first, because it turns some characters into others.
    safe = (
        char if char.isprintable() and char not in _FORBIDDEN else "_"
        for char in unicodedata.normalize("NFC", text)
    )
    return "".join(safe).lstrip(" .-").rstrip(" .")


def _split(name: str) -> tuple[str, str]:
    """Return a name's stem, and its extension with the dot."""
    stem, dot, rest = name.rpartition(".")
    if stem and _EXTENSION.fullmatch(dot + rest):
        return stem, dot + rest
    return name, ""


def _fit(stem: str, ending: str) -> str:
    """Return the stem and the ending as one name, with the stem cut if it is too long."""
    room = _MAX_BYTES - len(ending.encode())
    content = stem.encode()
    if len(content) <= room:
        return stem + ending
    # "ignore" drops the rest of a character that the cut divided.
    return content[:room].decode(errors="ignore").rstrip(" .") + ending


def _key(name: str) -> str:
    """Return a key that is equal for names that a file system may treat as the same."""
    return unicodedata.normalize("NFC", name.casefold())
