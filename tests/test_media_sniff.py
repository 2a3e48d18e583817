from __future__ import annotations

import io
import struct
import time

import av
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from runcomfy._media import sniff


def picture(form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image = Image.linear_gradient("L").convert("RGB").resize((48, 32))
    image.save(file, form, **options)
    return file.getvalue()


def moving_picture(form: str) -> bytes:
    frames = [Image.new("RGB", (48, 32), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:])
    return file.getvalue()


def video(form: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def sound(form: str, codec: str, rate: int = 48000) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        samples = stream.codec_context.frame_size or 1024
        for index in range(12):
            frame = av.AudioFrame(stream.format.name, "mono", samples)
            frame.sample_rate, frame.pts = rate, index * samples
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def branded(major: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", major + bytes(4) + b"".join(compatible)) + box(b"mdat", bytes(20))


def riff(form: bytes, size: int, content: bytes = bytes(88), *, name: bytes = b"RIFF") -> bytes:
    return name + struct.pack("<I", size) + form + content


PNG = picture("PNG")
JPEG = picture("JPEG")
PROGRESSIVE = picture("JPEG", progressive=True)
GIF = moving_picture("GIF")
WEBP = moving_picture("WEBP")
AVIF = picture("AVIF")
JP2 = picture("JPEG2000")
BMP = picture("BMP")
MP4 = video("mp4", "mpeg4")
AVI = video("avi", "mpeg4")
WAV = sound("wav", "pcm_s16le")

PICTURES = {
    "png": (PNG, "image/png"),
    "jpeg": (JPEG, "image/jpeg"),
    "progressive jpeg": (PROGRESSIVE, "image/jpeg"),
    "gif": (GIF, "image/gif"),
    "webp": (WEBP, "image/webp"),
    "webp, lossless": (picture("WEBP", lossless=True), "image/webp"),
    "bmp": (BMP, "image/bmp"),
    "tiff": (picture("TIFF"), "image/tiff"),
    "big tiff": (picture("TIFF", big_tiff=True), "image/tiff"),
    "avif": (AVIF, "image/avif"),
    "moving avif": (moving_picture("AVIF"), "image/avif"),
    "jp2": (JP2, "image/jp2"),
    "ico": (picture("ICO"), "image/vnd.microsoft.icon"),
}
FILMS = {
    "mp4": (MP4, "video/mp4"),
    "3gp": (video("3gp", "mpeg4"), "video/mp4"),
    "mov": (video("mov", "mpeg4"), "video/quicktime"),
    "webm": (video("webm", "libvpx"), "video/webm"),
    "matroska": (video("matroska", "mpeg4"), "video/x-matroska"),
    "avi": (AVI, "video/x-msvideo"),
    "mpeg": (video("mpeg", "mpeg1video"), "video/mpeg"),
    "bare mpeg": (video("mpeg1video", "mpeg1video"), "video/mpeg"),
    "mpegts": (video("mpegts", "mpeg1video"), "video/mp2t"),
    "flv": (video("flv", "flv"), "video/x-flv"),
    "asf": (video("asf", "mpeg4"), "video/x-ms-asf"),
}
SOUNDS = {
    "mp3": (sound("mp3", "libmp3lame"), "audio/mpeg"),
    "bare mp3": (sound("mp3", "libmp3lame")[45:], "audio/mpeg"),
    "mp2": (sound("mp2", "mp2"), "audio/mpeg"),
    "wav": (WAV, "audio/wav"),
    "flac": (sound("flac", "flac"), "audio/flac"),
    "opus": (sound("ogg", "libopus"), "audio/ogg"),
    "flac in ogg": (sound("ogg", "flac"), "audio/ogg"),
    "m4a": (sound("ipod", "aac"), "audio/mp4"),
    "aac in mp4": (sound("mp4", "aac"), "video/mp4"),
    "opus in webm": (sound("webm", "libopus"), "video/webm"),
    "adts": (sound("adts", "aac"), "audio/aac"),
    "aiff": (sound("aiff", "pcm_s16be"), "audio/aiff"),
    "amr": (sound("amr", "libopencore_amrnb", 8000), "audio/amr"),
}
FILES = PICTURES | FILMS | SOUNDS


@pytest.mark.parametrize("name", FILES)
def test_a_real_file(name: str) -> None:
    content, media_type = FILES[name]
    assert sniff.media_type(content) == media_type
    assert sniff.media_type(content[:512]) == media_type
    assert not sniff.truncated(media_type, content)


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"II*\x00\x08\x00\x00\x00", "image/tiff"),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"MM\x00+\x00\x08\x00\x00", "image/tiff"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
        (b"\xff\x0a\xfa\x1f", "image/jxl"),
        (b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
        (branded(b"heic", b"mif1", b"heic"), "image/heic"),
        (branded(b"mif1", b"mif1", b"heic"), "image/heic"),
        (branded(b"mif1", b"mif1", b"miaf", b"avif"), "image/avif"),
        (branded(b"mif1", b"mif1", b"miaf"), "image/heif"),
        (branded(b"msf1", b"hevc"), "image/heic"),
        (branded(b"M4V ", b"mp42"), "video/mp4"),
        (branded(b"M4B ", b"mp42"), "audio/mp4"),
        (branded(b"what", b"isom"), "video/mp4"),
        (box(b"moov", bytes(20)), "video/quicktime"),
        (box(b"wide") + box(b"mdat"), "video/quicktime"),
        (b"\x12\x34\x56\x78mdat", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x80", "video/x-matroska"),
        (b"OggS" + bytes(22) + b"\x01\x2a\x80theora", "video/ogg"),
        (b"OggS" + bytes(22) + b"\x01\x1e\x01vorbis", "audio/ogg"),
        (riff(b"WAVE", 0xFFFFFFFF, name=b"RF64"), "audio/wav"),
        (b"FORM\x00\x00\x00\x2eAIFCFVER", "audio/aiff"),
        (b"#!AMR-WB\n", "audio/amr"),
        (b"MThd\x00\x00\x00\x06\x00\x01", "audio/midi"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"\xff\xf3\x40\xc4", "audio/mpeg"),
        (b"\xff\xf9\x50\x80", "audio/aac"),
        ((b"\x00\x00\x00\x00G" + bytes(187)) * 3, "video/mp2t"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"PK\x03\x04\x14\x00", "application/zip"),
        (b"PK\x05\x06", "application/zip"),
        (b"\x1f\x8b\x08\x00", "application/gzip"),
    ],
)
def test_a_signature(head: bytes, media_type: str) -> None:
    assert sniff.media_type(head) == media_type


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ("<!DOCTYPE html><html>", "text/html"),
        ("\n\n  <!doctype HTML PUBLIC '-//W3C'>", "text/html"),
        ("<html lang=ko>", "text/html"),
        ("<HEAD><TITLE>", "text/html"),
        ("<!-- saved --><body>", "text/html"),
        ("<!-- never ends", "text/html"),
        ('<?xml version="1.0"?>\n<html xmlns="…">', "text/html"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        ('<?xml version="1.0"?><!-- made by --><svg width="1">', "image/svg+xml"),
        ('<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "…" [<!ENTITY a "b">]>', "image/svg+xml"),
        ("<s:svg xmlns:s='…'>", "image/svg+xml"),
        ("<Error><Code>AccessDenied</Code></Error>", "application/xml"),
        ('<?xml version="1.0"?><Error>', "application/xml"),
        ('<?xml version="1.0"?><!-- never ends', "application/xml"),
        ("<!DOCTYPE note>", "application/xml"),
        ('{"error": "not found"}', "application/json"),
        ('\n[ {"a": 1}]', "application/json"),
        ("{}", "application/json"),
        ("[", "application/json"),
        ("{not json}", "text/plain"),
        ("Not found", "text/plain"),
        ("두 괴물", "text/plain"),
        ("two\tmonsters\r\n\x0c", "text/plain"),
        ("< 5 apples", "text/plain"),
        ("<", "text/plain"),
        ("<?php echo 1;", "application/xml"),
        ("BM is a car maker's first letters", "text/plain"),
        ("The wide and the free", "text/plain"),
        ("RIFF is a form of file", "text/plain"),
        ("Great" * 100, "text/plain"),
        (" ", "text/plain"),
    ],
)
def test_a_text(text: str, media_type: str) -> None:
    assert sniff.media_type(text.encode()) == media_type
    assert sniff.media_type(b"\xef\xbb\xbf" + text.encode()) == media_type
    assert sniff.media_type(b"\xff\xfe" + text.encode("utf-16-le")) == media_type
    assert sniff.media_type(b"\xfe\xff" + text.encode("utf-16-be")) == media_type


def test_a_text_that_is_cut_inside_a_character() -> None:
    text = "두 괴물이 이야기합니다".encode()
    assert all(sniff.media_type(text[:end]) == "text/plain" for end in range(3, len(text)))
    assert sniff.media_type(b"x" + "두".encode() * 3000) == "text/plain"


def test_a_page_in_an_old_encoding() -> None:
    page = "<html><title>두 괴물</title>".encode("euc-kr")
    assert sniff.media_type(page) == "text/html"
    assert sniff.media_type("두 괴물".encode("euc-kr")) is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\x00",
        bytes(100),
        b"\x00\x01\x02\x03",
        b"text\x00",
        b"\x1b[31mred",
        b"\x89PNG\r\n\x1a",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xfe\x00\xd8\x00\x00",
        b"\xff\xe0\x90\x64",
        b"\xff\xfb\x00\x64",  # a bit rate of its own
        b"\xff\xfb\xf0\x64",
        b"\xff\xfb\x9c\x64",
        b"\xff\xf1\x7c\x80",  # a reserved sampling rate
        b"BM" + bytes(60),
        b"\x00\x00\x01\x00\x00\x00" + bytes(20),
        b"RIFF\x24\x00\x00\x00ACON",
        b"G" + bytes(187) + b"G" + bytes(187),
    ],
)
def test_what_is_not_known(head: bytes) -> None:
    assert sniff.media_type(head) is None


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [
        ("image/png", "image"),
        ("video/mp4", "video"),
        ("audio/mpeg", "audio"),
        ("text/html", ""),
        ("application/pdf", ""),
        ("image", "image"),
        ("", ""),
        (None, ""),
    ],
)
def test_kinds(media_type: str | None, kind: str) -> None:
    assert sniff.kind(media_type) == kind


@pytest.mark.parametrize(
    ("media_type", "kinds"),
    [
        ("image/png", {"image"}),
        ("image/gif", {"image", "video"}),
        ("image/webp", {"image", "video"}),
        ("video/mp4", {"video", "audio"}),
        ("video/webm", {"video", "audio"}),
        ("video/quicktime", {"video", "audio"}),
        ("video/ogg", {"video", "audio"}),
        ("video/x-msvideo", {"video"}),
        ("audio/mp4", {"audio"}),
        ("audio/ogg", {"audio"}),
        ("text/html", set()),
    ],
)
def test_what_serves_for_what(media_type: str, kinds: set[str]) -> None:
    asked = {"image", "video", "audio", "text", ""}
    assert {kind for kind in asked if sniff.may_be(media_type, kind)} - {"text"} == kinds


@pytest.mark.parametrize(
    ("page", "title"),
    [
        (b"<html><head><title>Log in</title>", "Log in"),
        (b"<TITLE lang='en'>\n  Log\t in </TITLE>", "Log in"),
        ("<title>로그인</title>".encode(), "로그인"),
        (b"<title>A &amp; B&#33;</title>", "A & B!"),
        (b"<title>never ends", "never ends"),
        (b"<title>" + b"x" * 200, "x" * 100 + "…"),
        (b"<title>half \xeb\x91", "half �"),
        (b"<titlebar>no</titlebar>", ""),
        (b"<title", ""),
        (b"<title lang", ""),
        (b"<title></title>", ""),
        (b"no page", ""),
        (b"", ""),
    ],
)
def test_the_title_of_a_page(page: bytes, title: str) -> None:
    assert sniff.title(page) == title


AKAMAI = (
    b"<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n"
    b"You don't have permission to access this server.<P>\nReference&#32;&#35;18&#46;2d351ab8"
)
S3 = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message>"


@pytest.mark.parametrize(
    ("page", "headers", "status"),
    [
        (b"", {"CF-Mitigated": "challenge"}, 403),
        (PNG, {"cf-mitigated": " Challenge "}, 200),
        (b"", {"x-amzn-waf-action": "captcha"}, 405),
        (b"<title>Just a moment...</title>", {}, 503),
        (b"<title>Just a moment...</title>", {}, 200),
        (b"<title>Attention Required! | Cloudflare</title>", {}, 403),
        (b"<p>Enable JavaScript and cookies to continue</p>", {}, 200),
        (b"<p>Please verify you are human</p>", {}, 200),
        (b"<title>Robot Check</title>", {}, 200),
        (b"<div class='captcha'>", {}, 403),
        (b'{"url": "https://geo.captcha-delivery.com/captcha/"}', {}, 403),
        (AKAMAI, {}, 403),
    ],
)
def test_a_bot_wall(page: bytes, headers: dict[str, str], status: int) -> None:
    assert sniff.is_bot_wall(page, headers, status)


@pytest.mark.parametrize(
    ("page", "headers", "status"),
    [
        (b"", {}, 403),
        (b"<title>Log in</title><div class='g-recaptcha'>", {"server": "cloudflare"}, 200),
        (b"<title>Log in</title><div class='g-recaptcha'>", {}, 401),
        (b"<title>Not found</title>", {"cf-ray": "1"}, 404),
        (b"<title>403 Forbidden</title>", {}, 403),
        (PNG + b"captcha, verify you are human", {}, 403),
        (S3, {}, 403),
        (b"", {"cf-mitigated": ""}, 403),
    ],
)
def test_no_bot_wall(page: bytes, headers: dict[str, str], status: int) -> None:
    assert not sniff.is_bot_wall(page, headers, status)


def with_thumbnail() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    thumbnail = picture("JPEG")
    return picture("JPEG", exif=exif.tobytes() + thumbnail)


@pytest.mark.parametrize(
    ("media_type", "content", "ends"),
    [
        ("image/png", PNG, range(8, len(PNG) - 11)),
        ("image/jpeg", JPEG, range(3, len(JPEG) - 2)),
        ("image/jpeg", PROGRESSIVE, range(3, len(PROGRESSIVE) - 2)),
        ("image/jpeg", with_thumbnail(), range(3, len(with_thumbnail()) - 2)),
        ("image/gif", GIF, range(6, len(GIF))),
        ("image/webp", WEBP, range(12, len(WEBP) - 8)),
        ("audio/wav", WAV, range(12, len(WAV) - 8, 97)),
        ("video/x-msvideo", AVI, range(12, len(AVI) - 8, 23)),
        ("image/avif", AVIF, range(300, len(AVIF))),
        ("image/jp2", JP2, range(86, len(JP2))),
    ],
    ids=["png", "jpeg", "progressive", "thumbnail", "gif", "webp", "wav", "avi", "avif", "jp2"],
)
def test_a_file_that_was_cut_off(media_type: str, content: bytes, ends: range) -> None:
    assert sniff.media_type(content) == media_type
    assert [end for end in ends if not sniff.truncated(media_type, content[:end])] == []
    assert not sniff.truncated(media_type, content)
    assert not sniff.truncated(media_type, content + b"\x00")
    assert not sniff.truncated(media_type, content + b"\x00" * 5000)


def test_a_film_that_was_cut_off() -> None:
    whole = [end for end in range(len(MP4)) if not sniff.truncated("video/mp4", MP4[:end])]
    # Its boxes begin at these places; what has not begun to say its length and name may be whole.
    begins = [0, *(MP4.index(name) - 4 for name in (b"free", b"mdat", b"moov"))]
    assert whole == [end for begin in begins for end in range(begin, begin + 8)]


@pytest.mark.parametrize(
    ("media_type", "content", "cut"),
    [
        ("image/png", PNG[:8] + b"\x00\x00\x00\x01\x00\x00\x00\x00", False),  # no chunk's name
        ("image/png", PNG[:8] + b"\xff\xff\xff\xffIDAT", True),
        ("image/jpeg", b"\xff\xd8\xff\xff\xff\xda\x00\x02\xff\xd9", False),  # fill bytes
        ("image/jpeg", b"\xff\xd8\xff\x01\xff\xd0\xff\xda\x00\x02\x00\x00", True),  # lone markers
        ("image/jpeg", b"\xff\xd8\x00\x00\x00\x00", False),  # no marker
        ("image/jpeg", b"\xff\xd8\xff\xd9\x00\x00", False),  # no picture
        ("image/jpeg", JPEG + b"appended\xff", False),
        ("image/gif", b"GIF89a" + bytes(7) + b"x", False),  # no block
        ("image/gif", b"GIF89a" + bytes(4) + b"\x80\x00\x00" + bytes(6) + b";", False),
        ("image/gif", b"GIF89a" + bytes(4) + b"\x80\x00\x00" + b";", True),
        ("audio/wav", riff(b"WAVE", 0), False),
        ("audio/wav", riff(b"WAVE", 0xFFFFFFFF), False),
        ("audio/wav", riff(b"WAVE", 0x7FFFFFFF), False),
        ("audio/wav", riff(b"WAVE", 92), False),
        ("audio/wav", riff(b"WAVE", 100), False),  # counts the eight bytes before, too
        ("audio/wav", riff(b"WAVE", 101), True),
        ("audio/wav", b"RIFF", False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x00\x00mdat" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x00\x07mdat" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00\x00\x01\x02\x03" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mda\xff" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00free" + bytes(9), False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mda", False),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mdat" + bytes(9), True),
        ("video/mp4", box(b"ftyp") + b"\x00\x00\x10\x00mdat", True),
        ("video/mp4", b"\x00\x00\x00\x01mdat" + struct.pack(">Q", 24) + bytes(8), False),
        ("video/mp4", b"\x00\x00\x00\x01mdat" + struct.pack(">Q", 25) + bytes(8), True),
        ("audio/mpeg", b"ID3", False),
        ("text/html", b"<html>", False),
    ],
)
def test_only_what_is_certain_is_cut_off(
    media_type: str,
    content: bytes,
    cut: bool,  # noqa: FBT001 - a table's column
) -> None:
    assert sniff.truncated(media_type, content) is cut


HEADS = [content[:40] for content, _ in FILES.values()]
TYPES = sorted({media_type for _, media_type in FILES.values()})


@given(st.sampled_from([b"", *HEADS]), st.binary(max_size=300), st.sampled_from(TYPES))
@example(b"\x1a\x45\xdf\xa3", b"\x42\x82", "image/gif")
@example(b"", b"<title", "image/gif")
def test_no_bytes_raise(head: bytes, rest: bytes, media_type: str) -> None:
    content = head + rest
    found = sniff.media_type(content)
    assert sniff.kind(found) in {"image", "video", "audio", ""}
    assert sniff.title(content).isprintable()
    sniff.is_bot_wall(content, {}, 403)
    for one in {found or "", media_type}:
        sniff.truncated(one, content)


@pytest.mark.parametrize(
    "pattern",
    [
        b"<title",
        b"<title>",
        b"<!--",
        b"<?",
        b"<!doctype ",
        b"[ ",
        b" ",
        b"<a:",
        b"captch",
        b"&amp;",
    ],
)
def test_a_hostile_head_costs_little(pattern: bytes) -> None:
    head = pattern * (1024 * 1024 // len(pattern))
    begin = time.perf_counter()
    sniff.media_type(head)
    sniff.title(head)
    sniff.is_bot_wall(head, {}, 403)
    assert time.perf_counter() - begin < 1.0  # quadratic time would take far longer


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("image/png", PNG[:8] + b"\x00\x00\x00\x00IDAT\x00\x00\x00\x00" * 500_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * 6_000_000),
        ("image/jpeg", b"\xff\xd8" + b"\xff\xd0" * 3_000_000),
        ("image/jpeg", b"\xff\xd8\xff\xda" + b"\xff" * 6_000_000),
        ("image/gif", b"GIF89a" + bytes(7) + b"!\x01\x00" * 2_000_000),
        ("video/mp4", box(b"free") * 750_000),
    ],
    ids=["chunks", "fill bytes", "markers", "scan", "extensions", "boxes"],
)
def test_a_hostile_file_costs_little(media_type: str, content: bytes) -> None:
    begin = time.perf_counter()
    sniff.truncated(media_type, content)
    assert time.perf_counter() - begin < 1.0  # quadratic time would take far longer
