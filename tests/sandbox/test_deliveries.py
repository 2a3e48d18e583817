from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from runcomfy_sandbox.deliveries import (
    WHOLE,
    Broken,
    Chunked,
    Dripping,
    Ending,
    Mismeasured,
    Unanswered,
)

if TYPE_CHECKING:
    from runcomfy_sandbox.deliveries import Delivery

BODY = b"0123456789"


@pytest.mark.parametrize(
    ("delivery", "length", "pieces", "ending"),
    [
        (WHOLE, 10, [BODY], Ending.COMPLETE),
        (Chunked(), None, [BODY], Ending.COMPLETE),
        (Broken(Ending.CLOSED), 10, [b"01234"], Ending.CLOSED),
        (Broken(Ending.SILENT, 3), 10, [b"012"], Ending.SILENT),
        (Broken(Ending.CLOSED, 0), 10, [b""], Ending.CLOSED),
        (Broken(Ending.CLOSED, 99), 10, [BODY], Ending.CLOSED),
        (Mismeasured(5), 15, [BODY], Ending.CLOSED),
        (Mismeasured(-4), 6, [b"012345"], Ending.COMPLETE),
        (Mismeasured(-99), 0, [b""], Ending.COMPLETE),
    ],
    ids=str,
)
def test_what_is_sent(
    delivery: Delivery, length: int | None, pieces: list[bytes], ending: Ending
) -> None:
    assert delivery.begins
    assert delivery.pause == 0
    assert delivery.length(BODY) == length
    assert list(delivery.pieces(BODY)) == pieces
    assert delivery.ending is ending


@pytest.mark.parametrize("ending", [Ending.CLOSED, Ending.SILENT])
def test_nothing_is_sent(ending: Ending) -> None:
    assert not Unanswered(ending).begins
    assert Unanswered(ending).ending is ending


def test_chunks_are_the_body_in_pieces() -> None:
    body = bytes(100_000)
    pieces = list(Chunked().pieces(body))
    assert len(pieces) == 7
    assert b"".join(pieces) == body
    assert list(Chunked().pieces(b"")) == []


def test_a_drip_never_ends() -> None:
    assert Dripping().pause > 0
    assert b"".join(itertools.islice(Dripping().pieces(b"ab"), 5)) == b"abbbb"
