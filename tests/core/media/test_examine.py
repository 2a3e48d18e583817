from __future__ import annotations

import pytest
from support_client import picture

from runcomfy_core.files.local import Content
from runcomfy_core.media import examine as module
from runcomfy_core.media.examine import Fault, Needs, examine
from runcomfy_core.media.measures import Measures
from runcomfy_core.web.faults import TooMuch

IMAGE = Needs(frozenset({"image"}), size=None, header=True)


class Endless:
    """A file whose size nobody tells, and of which little may be read."""

    size = None
    bytes_read = 64

    def read(self, offset: int, size: int, /) -> bytes:
        if offset + size > 64 * 1024:
            raise TooMuch("2,000,000 bytes of it would have to be read")
        return picture()[offset : offset + size]

    def count(self, limit: int, /) -> int:
        return limit + 1


def test_a_size_that_nobody_tells_is_counted_only_if_a_rule_asks() -> None:
    assert examine(Endless(), IMAGE).size is None
    needs = Needs(frozenset({"image"}), size=100, header=False)
    assert examine(Endless(), needs).size == 101


def test_a_header_that_lies_too_far_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(*_: object) -> Measures:
        raise TooMuch("2,000,000 bytes of it would have to be read")

    monkeypatch.setattr(module, "measure", measure)
    facts = examine(Endless(), IMAGE)
    assert facts.fault is None
    assert facts.measures == Measures(
        missing="its header can't be read: 2,000,000 bytes of it would have to be read"
    )


@pytest.mark.parametrize(
    ("kinds", "wanted"), [(["video", "image"], "image or video"), ([], "media")]
)
def test_a_broken_header_is_a_fault(kinds: list[str], wanted: str) -> None:
    broken = picture()[:16] + bytes(8) + picture()[24:]  # no pixels by no pixels
    facts = examine(Content(broken), Needs(frozenset(kinds), size=None, header=True))
    assert facts.fault == Fault("format", wanted, "image/png", "its header claims 0 pixels by 0")


def test_nothing_and_half_of_something() -> None:
    assert examine(Content(b""), IMAGE).fault == Fault("readable", "a file", "no bytes", "is empty")
    half = picture()[:-20]
    assert examine(Content(half), IMAGE).fault == Fault(
        "complete", "a whole file", len(half), f"ends too early, after {len(half):,} bytes"
    )
    assert examine(Content(b"\x00\x01", 6), IMAGE).hint.startswith("; it was read from where")
    assert examine(Content(b"a text", 6), IMAGE).hint == ""
