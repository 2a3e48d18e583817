"""What a downloaded file is called: pure functions from a URL to a name that is safe anywhere.

Rules:

- A name comes from the URL's last path segment, decoded once. What is left of it after cleaning
  never leads out of a directory, hides, or means something to Windows or to a shell's options.
- A character that is a separator somewhere, or that can't be seen, becomes ``_``.
- At most 255 bytes of UTF-8, which is what file systems allow; the extension is kept.
- Names that differ in case alone count as one, since on some file systems they are.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote

#: What a file is called when its URL doesn't say.
UNNAMED: Final = "output"

_MAX_BYTES: Final = 255

#: Bytes that any number takes, with its dash.
_ROOM: Final = 10

# The last is what undecodable bytes become.
_FORBIDDEN: Final = frozenset('/\\:*?"<>|\N{REPLACEMENT CHARACTER}')
_RESERVED: Final = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "0123456789¹²³"]
)

#: With a letter in it, so that the 2 in "v1.2" is none.
_EXTENSION = re.compile(r"\.(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,10}")

# A table of our own: that of `mimetypes` differs from one machine to the next.
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
    """The names of one directory's new files, no two alike.

    However many files want one name, each is named at once: where its numbers go on is remembered.
    """

    def __init__(self) -> None:
        self._taken: set[str] = set()
        #: The next number, for the names that a stem and an extension have in common.
        self._next: dict[tuple[str, str], int] = {}

    def take(self, name: str) -> str:
        """*name*, or with ``-1``, ``-2``, … before its extension when it is taken."""
        stem, extension = _split(name)
        # As much of a stem as is left beside any number, so that long stems of which only the
        # beginning fits share their numbers.
        common = (_key(_fit(stem, " " * _ROOM + extension)), extension.lower())
        free = name
        while _key(free) in self._taken:
            number = self._next.get(common, 1)
            self._next[common] = number + 1
            free = _fit(stem, f"-{number}{extension}")
        self._taken.add(_key(free))
        return free

    def extended(self, name: str, content_type: str) -> str:
        """*name* with the extension of its media type, for one that has none."""
        longer = with_extension(name, content_type)
        return name if longer == name else self.take(longer)


def name_of(path: str, prefix: str = "") -> str:
    """A name for the file at a URL.

    Args:
        path: The URL's path, percent-encoded.
        prefix: What to put in front, with a dash between.
    """
    name = _clean(unquote(path.rpartition("/")[2])) or UNNAMED
    if prefix:
        name = _clean(f"{prefix}-{name}")
    if name.partition(".")[0].rstrip().upper() in _RESERVED:
        name = f"_{name}"
    return _fit(*_split(name))


def with_extension(name: str, content_type: str) -> str:
    """*name*, with the extension of a ``Content-Type`` if it has none and the type is known."""
    stem, extension = _split(name)
    media_type = content_type.partition(";")[0].strip().lower()
    return name if extension else _fit(stem, _EXTENSIONS.get(media_type, ""))


def type_of(name: str) -> str:
    """The media type that a name's extension stands for, or ""."""
    return _TYPES.get(_split(name)[1].lower(), "")


def has_extension(name: str) -> bool:
    """Whether a name is whole, so that no ``Content-Type`` can add to it."""
    return _split(name)[1] != ""


def _clean(text: str) -> str:
    """*text* without what a name must not have; may be empty."""
    # NFC before the rest, for it turns some characters into others.
    safe = (
        char if char.isprintable() and char not in _FORBIDDEN else "_"
        for char in unicodedata.normalize("NFC", text)
    )
    return "".join(safe).lstrip(" .-").rstrip(" .")


def _split(name: str) -> tuple[str, str]:
    """A name's stem, and its extension with the dot."""
    stem, dot, rest = name.rpartition(".")
    if stem and _EXTENSION.fullmatch(dot + rest):
        return stem, dot + rest
    return name, ""


def _fit(stem: str, ending: str) -> str:
    """Both together, with the stem cut so that they fit."""
    room = _MAX_BYTES - len(ending.encode())
    content = stem.encode()
    if len(content) <= room:
        return stem + ending
    # "ignore" drops the rest of a character that the cut went through.
    return content[:room].decode(errors="ignore").rstrip(" .") + ending


def _key(name: str) -> str:
    """What two names have in common that some file system takes for one."""
    return unicodedata.normalize("NFC", name.casefold())
