from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_files import FILES, HEADS, box, branded, riff
from support_time import little_time

from runcomfy_core.files import sniff


@pytest.mark.parametrize("name", FILES)
def test_a_real_file(name: str) -> None:
    content, media_type = FILES[name]
    assert sniff.media_type(content) == media_type
    assert sniff.media_type(content[:512]) == media_type


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


@given(st.sampled_from([b"", *HEADS]), st.binary(max_size=300))
@example(b"\x1a\x45\xdf\xa3", b"\x42\x82")
def test_no_bytes_raise(head: bytes, rest: bytes) -> None:
    found = sniff.media_type(head + rest)
    assert sniff.kind(found) in {"image", "video", "audio", ""}


@pytest.mark.parametrize(
    "pattern",
    [
        b"<!--",
        b"<?",
        b"<!doctype ",
        b"[ ",
        b" ",
        b"<a:",
    ],
)
def test_a_hostile_head_costs_little(pattern: bytes) -> None:
    head = pattern * (1024 * 1024 // len(pattern))
    with little_time():
        sniff.media_type(head)
