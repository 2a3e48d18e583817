from __future__ import annotations

import pytest

from runcomfy_core.download.content import check_content
from runcomfy_core.web.faults import Refused

PNG = b"\x89PNG\r\n\x1a\n"
PAGE = b"<!doctype html><title>Please wait</title>"
S3 = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>"


@pytest.mark.parametrize(
    ("head", "path", "content_type", "words"),
    [
        (PAGE, "/a.png", "image/png", "a web page titled 'Please wait'"),
        (PAGE, "/a", "", "a web page titled 'Please wait'"),
        (b"<html><p>Sign in", "/a.bin", "", "a web page"),
        (b"<title>Robot Check</title>", "/a.png", "", "a web page that keeps programs out"),
        (b'{"message": "link expired"}', "/a.MP4", "", 'a JSON text ("link expired")'),
        (b"{}", "/a", "Image/PNG; x=y", "a JSON text"),
        (S3, "/a.jpeg", "", "an XML text"),
        (b"Not found\n", "/a.wav", "text/plain", 'a text ("Not found")'),
    ],
)
def test_a_page_in_place_of_a_file(head: bytes, path: str, content_type: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        check_content(head, path, content_type)
    assert str(caught.value).startswith(f"what came is {words}")
    assert str(caught.value).endswith(", not a file of the job")


@pytest.mark.parametrize(
    ("head", "path", "content_type"),
    [
        (PNG, "/a.png", "image/png"),
        (PNG, "/a.mp4", "text/html"),  # of another kind, and still a file
        (b"\x00\x01\x02", "/a.png", "image/png"),
        (b"", "/a.png", "image/png"),
        (b'{"asset": {"version": "2.0"}}', "/a.gltf", "model/gltf+json"),
        (b'{"text": "hello"}', "/a.json", "application/json"),
        (b"hello", "/a.txt", "text/plain"),
        (b"hello", "/a", ""),
        (b"<a/>", "/a.xml", ""),
        (b"<svg/>", "/a.svg", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- long", "/a.svg", ""),
        (b"<?xml version='1.0'?><!-- long", "/a", "image/svg+xml; charset=utf-8"),
    ],
)
def test_a_file(head: bytes, path: str, content_type: str) -> None:
    check_content(head, path, content_type)
