from __future__ import annotations

import gzip
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from support_media_server import MediaServer, head, raw, whole

from runcomfy_core.http.deadline import Deadline
from runcomfy_core.web.faults import Unreadable
from runcomfy_core.web.fetch import Fetcher

if TYPE_CHECKING:
    from support_media_server import Page


def fault(page: Page, offset: int = 0) -> Unreadable:
    def read(url: str) -> None:
        with closing(Fetcher(Deadline(10.0), allow_private=True).fetch(url)) as remote:
            remote.read(offset, 10)

    with MediaServer({"/a": page}) as server, pytest.raises(Unreadable) as caught:
        read(f"{server.origin}/a")
    return caught.value


@pytest.mark.parametrize(
    ("coding", "content", "words"),
    [
        ("br", b"content", "its body is packed as 'br', and was asked for as it is"),
        ("gzip, br", b"content", "its body is packed as 'gzip, br', and was"),
        ("gzip", b"content", "its body is not the gzip that it claims to be, and"),
        ("deflate", b"content", "its body is not the deflate that it claims to be, and"),
        # A flushed block is five bytes that hold nothing.
        ("gzip", gzip.compress(b"")[:10] + b"\x00\x00\x00\xff\xff" * 30_000, "with nothing in it"),
    ],
)
def test_a_body_that_cannot_be_unpacked(coding: str, content: bytes, words: str) -> None:
    error = fault(whole(content, f"Content-Encoding: {coding}"))
    assert words in error.message
    assert (error.rule, error.limit, error.actual) == ("readable", "identity", coding)


def test_what_is_packed_may_be_long() -> None:
    """Stored blocks with empty ones between them: less than half of the body is content."""
    packer = zlib.compressobj(0, wbits=31)
    packed = b"".join(packer.compress(b"x") + packer.flush(zlib.Z_SYNC_FLUSH) for _ in range(2000))
    with MediaServer({"/a": whole(packed + packer.flush(), "Content-Encoding: gzip")}) as server:
        remote = Fetcher(Deadline(10.0), allow_private=True).fetch(f"{server.origin}/a")
        assert remote.read(0, 5000) == b"x" * 2000
        remote.close()


def test_a_connection_that_is_reset() -> None:
    page = raw(head(200, "Transfer-Encoding: chunked") + b"5\r\nabcde\r\nZZ\r\n")
    error = fault(page, 5)
    assert (error.rule, error.actual) == ("complete", 5)
    assert error.message.endswith("/a breaks off after 5 bytes")
