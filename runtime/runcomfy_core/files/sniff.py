"""Telling a file's type from its content. File names and Content-Type headers may be wrong.

Rules:

- The signature decides. Where a text could begin the same way, two letters are not enough.
- Files that are no media have a type, too. By it, a web page that a server sends instead of an
  image is recognized (``web/pages.py``).
- Nothing here raises, whatever the bytes are, and everything takes linear time.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

from runcomfy_core.interrupts import pass_on

#: The number of bytes of a file, local or remote, that are read first. Most headers are within.
BEGINNING: Final = 64 * 1024

#: The number of bytes that are read to tell whether a file is text.
_TEXT_HEAD: Final = 4096

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00\x08\x00\x00\x00", "image/tiff"),  # BigTIFF
    (b"MM\x00+\x00\x08\x00\x00", "image/tiff"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),  # the bare codestream
    (b"8BPS\x00", "image/vnd.adobe.photoshop"),
    (b"\x00\x00\x01\xba", "video/mpeg"),  # program stream
    (b"\x00\x00\x01\xb3", "video/mpeg"),  # bare video
    (b"FLV\x01", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "video/x-ms-asf"),
    (b"ID3", "audio/mpeg"),
    (b"fLaC", "audio/flac"),
    (b"#!AMR", "audio/amr"),
    (b"MThd\x00\x00\x00\x06", "audio/midi"),
    (b"%PDF-", "application/pdf"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),  # an empty one
    (b"\x1f\x8b\x08", "application/gzip"),
)

#: The types of RIFF and IFF files, by their first four bytes and bytes 8 to 12.
_FORMS: Final = {
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RF64", b"WAVE"): "audio/wav",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"FORM", b"AIFC"): "audio/aiff",
}

#: Brands of ISO base media files. Most other brands are MP4's.
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4P ": "audio/mp4",
}
#: Major brands of image files whose compatible brands tell the type.
_IMAGE_BRANDS: Final = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
#: The first boxes of QuickTime files that are older than brands.
_OLD_QUICKTIME: Final = frozenset({b"moov", b"mdat", b"wide", b"pnot"})

#: The lengths of a BMP's second header, one for each version of it.
_BITMAP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

#: Where the packets of an MPEG transport stream begin: without and with a time stamp before each.
_TRANSPORT: Final = ((0, 188, 376), (4, 196, 388))

# Audio frames: a sync word, version and layer, then rates that are neither reserved nor free.
_ADTS = re.compile(rb"\xff[\xf0\xf1\xf8\xf9][\x00-\x33\x40-\x73\x80-\xb3\xc0-\xf3]")
_MPEG_AUDIO = re.compile(
    rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd]["
    + re.escape(bytes(rates for rates in range(0x10, 0xF0) if ~rates & 0x0C))
    + rb"]"
)

#: Video containers that may hold audio alone, and image types that may be animated. A still GIF or
#: WebP is accepted as a video, too: its header does not tell whether it is animated, and the API
#: may accept it.
_ALSO: Final = {
    "audio": frozenset(
        {
            "video/mp4",
            "video/quicktime",
            "video/webm",
            "video/x-matroska",
            "video/ogg",
            "video/mp2t",
            "video/x-ms-asf",
        }
    ),
    "video": frozenset({"image/gif", "image/webp"}),
}

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_JSON = re.compile(r"\{\s*+(?:[\"}]|$)|\[\s*+(?:[\[\]{\"0-9tfn-]|$)")
_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*+:)?([A-Za-z_][\w.-]*+)")
_DOCTYPE = re.compile(r"<!doctype\s++(\w++)", re.IGNORECASE)
_PROLOG = re.compile(r"\s++|<\?.*?\?>|<!--.*?-->", re.DOTALL)
_HTML_TAGS: Final = frozenset(
    {"html", "head", "body", "title", "meta", "link", "script", "style", "div", "p", "h1", "center"}
)


def media_type(head: bytes) -> str | None:
    """Return the media type of a file.

    Args:
        head: Its first bytes. 64 are enough for most types; text is told from the first 4,096.
    """
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    return (
        _FORMS.get((head[:4], head[8:12]))
        or _iso_media(head)
        or _matroska(head)
        or _ogg(head)
        or _bitmap(head)
        or _mpeg(head)
        or _text(head)
    )


def kind(media_type: str | None) -> str:
    """Return ``image``, ``video`` or ``audio``, or "" for what is none of them."""
    before = (media_type or "").partition("/")[0]
    return before if before in {"image", "video", "audio"} else ""


def may_be(media_type: str, kind: str) -> bool:
    """Return whether a file of a type can serve as a *kind* (image, video, audio).

    A video container may hold audio alone, and a GIF or WebP may be animated.
    """
    return media_type.startswith(f"{kind}/") or media_type in _ALSO.get(kind, ())


def _iso_media(head: bytes) -> str | None:
    """Recognize MP4, QuickTime, HEIC and AVIF, whose first box names brands."""
    box = head[4:8]
    # A text never begins with a zero byte, but a box usually does. Only the size of mdat, which is
    # large, may begin with any byte.
    if box in _OLD_QUICKTIME and (head[:1] == b"\x00" or box == b"mdat"):
        return "video/quicktime"
    if box != b"ftyp":
        return None
    major = head[8:12]
    if major not in _IMAGE_BRANDS:
        return _BRANDS.get(major, "video/mp4")
    end = min(int.from_bytes(head[:4]), 256)
    compatible = (_BRANDS.get(head[at : at + 4], "") for at in range(16, end, 4))
    return next((found for found in compatible if kind(found) == "image"), "image/heif")


def _matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1a\x45\xdf\xa3"):
        return None
    # The header's element DocType: its id, its length, its text.
    at = head.find(b"\x42\x82", 4, 64)
    return "video/webm" if head[at + 3 : at + 7] == b"webm" else "video/x-matroska"


def _ogg(head: bytes) -> str | None:
    if not head.startswith(b"OggS"):
        return None
    # The first page of each stream comes before any content.
    return "video/ogg" if b"\x80theora" in head[:_TEXT_HEAD] else "audio/ogg"


def _bitmap(head: bytes) -> str | None:
    """Recognize BMP and ICO, whose signatures are too short to be trusted alone."""
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "image/bmp"
    # An ICO has at least one image, and a byte of its first entry is always zero.
    if head.startswith(b"\x00\x00\x01\x00") and any(head[4:6]) and head[9:10] == b"\x00":
        return "image/vnd.microsoft.icon"
    return None


def _mpeg(head: bytes) -> str | None:
    """Recognize streams without a header: MPEG transport streams and audio frames."""
    for places in _TRANSPORT:
        if {head[at : at + 1] for at in places} == {b"G"}:
            return "video/mp2t"
    if _ADTS.match(head):
        return "audio/aac"
    return "audio/mpeg" if _MPEG_AUDIO.match(head) else None


def _text(head: bytes) -> str | None:
    """Recognize HTML, XML, SVG, JSON and other text."""
    text, is_unicode = _decoded(head[:_TEXT_HEAD])
    if not text or _CONTROL.search(text):
        return None
    text = text.lstrip()
    if text.startswith("<") and (found := _markup(text)):
        return found
    if not is_unicode:
        return None
    return "application/json" if _JSON.match(text) else "text/plain"


def _decoded(head: bytes) -> tuple[str, bool]:
    """Return a text, and whether it is Unicode. If it is not, it is decoded as Latin-1."""
    bom, encoding = next((one for one in _BOMS if head.startswith(one[0])), (b"", "utf-8"))
    try:
        # To an incremental decoder, a character that is cut at the end is no error.
        return codecs.getincrementaldecoder(encoding)().decode(head[len(bom) :]), True
    except UnicodeDecodeError as error:
        pass_on(error)
        return head.decode("latin-1"), False


def _markup(text: str) -> str | None:
    """Return the type of a text that begins with <, by the first element after the prolog."""
    at = 0
    while skipped := _PROLOG.match(text, at):
        at = skipped.end()
    found = _DOCTYPE.match(text, at) or _ROOT.match(text, at)
    if found is None:
        # A comment or declaration goes on beyond the bytes that were read.
        return {"<!": "text/html", "<?": "application/xml"}.get(text[:2])
    name = found[1].lower()
    if name == "svg":
        return "image/svg+xml"
    return "text/html" if name in _HTML_TAGS else "application/xml"
