"""What a file is, by its content: names and Content-Type headers are only what someone said.

Rules:

- A signature decides, and more than two letters of it where a text could begin the same way.
- What is no media has a type as well: a server that sends a page instead of a picture is found out
  by it (``_web/pages.py``).
- Nothing here raises, whatever the bytes, and all of it takes linear time.
"""

from __future__ import annotations

import codecs
import re
from typing import Final

#: Bytes of any file, here or remote, that are looked at first; the header of most is within.
BEGINNING: Final = 64 * 1024

#: How much of a head is looked at for whether it is text.
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

#: The form of a RIFF or IFF file, its bytes 8 to 12.
_FORMS: Final = {
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"RIFF", b"WAVE"): "audio/wav",
    (b"RF64", b"WAVE"): "audio/wav",
    (b"FORM", b"AIFF"): "audio/aiff",
    (b"FORM", b"AIFC"): "audio/aiff",
}

#: Brands of ISO base media files; most others are MP4's many.
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
#: Major brands that leave it to the compatible ones to say what is inside.
_IMAGE_BRANDS: Final = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
#: What a QuickTime file of the time before brands begins with.
_OLD_QUICKTIME: Final = frozenset({b"moov", b"mdat", b"wide", b"pnot"})

#: The lengths of a bitmap's second header, which tell its versions apart.
_BITMAP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})

#: Where packets of an MPEG transport stream begin: plain, and with a time stamp before each.
_TRANSPORT: Final = ((0, 188, 376), (4, 196, 388))

# Frames of sound: a sync word, version and layer, then rates that are neither reserved nor free.
_ADTS = re.compile(rb"\xff[\xf0\xf1\xf8\xf9][\x00-\x33\x40-\x73\x80-\xb3\xc0-\xf3]")
_MPEG_AUDIO = re.compile(
    rb"\xff[\xe2-\xe5\xf2-\xf5\xfa-\xfd]["
    + re.escape(bytes(rates for rates in range(0x10, 0xF0) if ~rates & 0x0C))
    + rb"]"
)

#: Containers that may hold sound alone, and pictures that may move. A GIF or WebP that stands
#: still passes for a video too: whether it moves stands behind its header, and the API may take
#: it, so what can't be told is not refused.
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
        head: Its first bytes. 64 are enough for most types; text is told from up to 4,096.
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
    """Tell whether a file of a type can serve where a *kind* (image, video, audio) is asked for.

    A container of video may hold sound alone, and a GIF or WebP may move.
    """
    return media_type.startswith(f"{kind}/") or media_type in _ALSO.get(kind, ())


def _iso_media(head: bytes) -> str | None:
    """MP4, QuickTime, HEIC, AVIF: boxes, of which the first names the brands of what is inside."""
    box = head[4:8]
    # A movie's data is large, so its size may begin with any byte; a text's never with a zero.
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
    # The header's element DocType, its length, its text.
    at = head.find(b"\x42\x82", 4, 64)
    return "video/webm" if head[at + 3 : at + 7] == b"webm" else "video/x-matroska"


def _ogg(head: bytes) -> str | None:
    if not head.startswith(b"OggS"):
        return None
    # Each stream's first page comes before any content.
    return "video/ogg" if b"\x80theora" in head[:_TEXT_HEAD] else "audio/ogg"


def _bitmap(head: bytes) -> str | None:
    """BMP and ICO, whose signatures are too short to be trusted alone."""
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS:
        return "image/bmp"
    # At least one picture, and a byte of its entry that is always zero.
    if head.startswith(b"\x00\x00\x01\x00") and any(head[4:6]) and head[9:10] == b"\x00":
        return "image/vnd.microsoft.icon"
    return None


def _mpeg(head: bytes) -> str | None:
    """Streams without a header of their own: a transport stream's packets, frames of sound."""
    for places in _TRANSPORT:
        if {head[at : at + 1] for at in places} == {b"G"}:
            return "video/mp2t"
    if _ADTS.match(head):
        return "audio/aac"
    return "audio/mpeg" if _MPEG_AUDIO.match(head) else None


def _text(head: bytes) -> str | None:
    """HTML, XML, SVG, JSON, or any text."""
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
    """A text, and whether it is Unicode; if not, at least its ASCII can be read."""
    bom, encoding = next((one for one in _BOMS if head.startswith(one[0])), (b"", "utf-8"))
    try:
        # Incremental: a character that is cut at the end is no error.
        return codecs.getincrementaldecoder(encoding)().decode(head[len(bom) :]), True
    except UnicodeDecodeError:
        return head.decode("latin-1"), False


def _markup(text: str) -> str | None:
    """What a text that begins with < is, by the first element after the prolog."""
    at = 0
    while skipped := _PROLOG.match(text, at):
        at = skipped.end()
    found = _DOCTYPE.match(text, at) or _ROOT.match(text, at)
    if found is None:
        # A comment or declaration without an end in what was read.
        return {"<!": "text/html", "<?": "application/xml"}.get(text[:2])
    name = found[1].lower()
    if name == "svg":
        return "image/svg+xml"
    return "text/html" if name in _HTML_TAGS else "application/xml"
