"""What a file is, by its content: names and Content-Type headers are only what someone said.

Rules:

- A signature decides, and more than two letters of it where a text could begin the same way.
- What is no media has a type as well: a server that sends a page instead of a picture is found out
  by it.
- A file is called cut off only where that is certain: many that are whole have odd ends.
- Nothing here raises, whatever the bytes, and all of it takes linear time.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final

from .._text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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

#: A RIFF file that was written as a stream states no size, or one from here on.
_UNKNOWN_SIZE: Final = 0x7FFF0000
#: A JPEG's marker, after any number of fill bytes, and those that no length follows.
_MARKER = re.compile(rb"\xff++([^\xff])", re.DOTALL)
_LONE_MARKERS: Final = b"\x01\xd0\xd1\xd2\xd3\xd4\xd5\xd6\xd7\xd8"
_BOX_HEADER: Final = 8
_BOX_NAME = re.compile(rb"[ -~]{4}")
#: No file has more chunks, segments, frames or boxes; one that was made to hold us up may.
_MOST_PARTS: Final = 100_000

#: Containers that may hold sound alone, and pictures that may move.
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
_TITLE = re.compile(rb"<title(?=[\s>])", re.IGNORECASE)

#: Words that stand on the pages of bot walls alone.
_WALL_WORDS: Final = (
    b"_cf_chl_opt",  # Cloudflare
    b"_incapsula_resource",  # Imperva
    b"attention required! | cloudflare",
    b"captcha-delivery.com",  # DataDome
    b"checking your browser before",
    b"ddos protection by",
    b"enable javascript and cookies",
    b"errors.edgesuite.net",  # Akamai
    b"px-captcha",  # HUMAN
    b"reference&#32;&#35;",  # Akamai
    b"verify you are human",
    b"verify you are a human",
    b"verifying you are human",
)
#: Words that a common page may hold, too: they count in a title, or on a page that is a refusal.
_WEAK_WALL_WORDS: Final = (
    b"are you a robot",
    b"captcha",
    b"human verification",
    b"just a moment",
    b"robot check",
    b"unusual traffic",
)
_WALL_STATUSES: Final = frozenset({403, 405, 429, 503})
_WALL_HEADERS: Final = {
    "cf-mitigated": {"challenge"},
    "x-amzn-waf-action": {"challenge", "captcha"},
}


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


def title(head: bytes) -> str:
    """Return the title of an HTML page as one short line, or ""."""
    tag = _TITLE.search(head)
    if tag is None:
        return ""
    begin = head.find(b">", tag.end()) + 1
    text = head[begin:].partition(b"<")[0] if begin else b""
    from html import unescape  # noqa: PLC0415 - only where a page came for a file

    # One line of 100 characters comes out, so the rest of an endless title is not looked at.
    return one_line(unescape(text[:2000].decode("utf-8", "replace")), 100)


def is_bot_wall(head: bytes, headers: Mapping[str, str], status: int) -> bool:
    """Tell whether an answer shows signs of a wall against programs: a challenge, a captcha.

    Args:
        head: The body, as far as it was read.
        headers: The answer's, under names in any case.
        status: The HTTP status.
    """
    for name, value in headers.items():
        if value.strip().lower() in _WALL_HEADERS.get(name.lower(), ()):
            return True
    if kind(media_type(head)):
        return False
    page = head.lower()
    if any(words in page for words in _WALL_WORDS):
        return True
    place = page if status in _WALL_STATUSES else title(page).encode()
    return any(words in place for words in _WEAK_WALL_WORDS)


def truncated(media_type: str, content: bytes) -> bool:
    """Tell whether a whole file surely ends too early.

    Args:
        media_type: What it is, as :func:`media_type` says.
        content: All of the file.
    """
    is_cut = _CUTS.get(media_type)
    return is_cut is not None and is_cut(content)


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


def _png_is_cut(content: bytes) -> bool:
    """Whether the chunks run out before IEND."""
    at = 8
    for _ in range(_MOST_PARTS):
        if at + 8 > len(content):
            return True
        name = content[at + 4 : at + 8]
        if name == b"IEND" or not name.isalpha():
            break
        at += 12 + int.from_bytes(content[at : at + 4])
    return False


def _jpeg_is_cut(content: bytes) -> bool:
    """Whether there is no end marker after the first scan begins.

    The segments before it are walked: a thumbnail in one of them has an end marker, too.
    """
    at = 2
    for _ in range(_MOST_PARTS):
        match = _MARKER.match(content, at)
        if match is None:
            return content[at : at + 1] in {b"", b"\xff"}
        marker, at = match[1], match.end()
        if marker == b"\xd9":  # end of picture
            break
        if marker == b"\xda":  # start of scan
            return content.find(b"\xff\xd9", at) < 0
        if marker not in _LONE_MARKERS:
            at += max(2, int.from_bytes(content[at : at + 2]))
    return False


def _gif_is_cut(content: bytes) -> bool:
    """Whether the blocks run out before the trailer."""
    at = 13 + _palette(content[10:11])
    for _ in range(_MOST_PARTS):
        if at >= len(content):
            return True
        mark = content[at : at + 1]
        if mark == b"!":  # extension
            at += 2
        elif mark == b",":  # picture
            at += 11 + _palette(content[at + 9 : at + 10])
        else:
            break  # the trailer, or nothing of GIF's
        while at < len(content) and content[at]:
            at += 1 + content[at]
        at += 1
    return False


def _palette(flags: bytes) -> int:
    """The length of the colour table that a GIF's flags announce."""
    bits = flags[0] if flags else 0
    return 3 << (bits & 7) + 1 if bits & 0x80 else 0


def _riff_is_cut(content: bytes) -> bool:
    """Whether the stated size is larger than the file.

    That size lacks the first eight bytes, which some programs don't know: so those are not missed.
    """
    size = int.from_bytes(content[4:8], "little")
    return len(content) < size < _UNKNOWN_SIZE


def _boxes_are_cut(content: bytes) -> bool:
    """Whether a box of an ISO base media file runs over its end."""
    at = 0
    for _ in range(_MOST_PARTS):
        size, name = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16])
        # Zero is "to the end"; and what no box can be is something appended.
        if size < _BOX_HEADER or not _BOX_NAME.fullmatch(name):
            break
        at += size
        if at > len(content):
            return name not in {b"free", b"skip"}
    return False


_CUTS: Final[dict[str, Callable[[bytes], bool]]] = {
    "image/png": _png_is_cut,
    "image/jpeg": _jpeg_is_cut,
    "image/gif": _gif_is_cut,
    "image/webp": _riff_is_cut,
    "video/x-msvideo": _riff_is_cut,
    "audio/wav": _riff_is_cut,
    "image/avif": _boxes_are_cut,
    "image/heic": _boxes_are_cut,
    "image/heif": _boxes_are_cut,
    "image/jp2": _boxes_are_cut,
    "video/mp4": _boxes_are_cut,
    "video/quicktime": _boxes_are_cut,
    "audio/mp4": _boxes_are_cut,
}
