from __future__ import annotations

import pytest
from runcomfy._download.faults import Dropped, Refused
from runcomfy._download.ranges import Body, Known, ask, read

DATES = {
    "last-modified": "Tue, 01 Sep 2026 10:00:00 GMT",
    "date": "Tue, 01 Sep 2026 10:00:05 GMT",
}
HALF = Known(50, 100, '"v1"')


@pytest.mark.parametrize(
    ("known", "headers"),
    [
        (Known(), {}),
        (Known(0, 100, '"v1"'), {}),
        (Known(50, 100, None), {}),
        (Known(50, 100, '"v1"'), {"Range": "bytes=50-", "If-Range": '"v1"'}),
        (Known(50, None, "a date"), {"Range": "bytes=50-", "If-Range": "a date"}),
    ],
)
def test_what_is_asked_for(known: Known, headers: dict[str, str]) -> None:
    assert ask(known) == headers


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        ({"etag": '"v1"'}, '"v1"'),
        ({"etag": '"v1"', **DATES}, '"v1"'),
        ({"etag": 'W/"v1"'}, None),
        ({"etag": "v1"}, None),
        ({"etag": '"a"b"'}, None),
        ({"etag": '""'}, None),
        ({"etag": 'W/"v1"', **DATES}, DATES["last-modified"]),
        (DATES, DATES["last-modified"]),
        ({"last-modified": DATES["last-modified"]}, None),
        ({"last-modified": DATES["date"], "date": DATES["date"]}, None),
        ({"last-modified": "yesterday", "date": DATES["date"]}, None),
        ({}, None),
    ],
)
def test_what_stands_for_the_very_bytes(headers: dict[str, str], validator: str | None) -> None:
    for known in (Known(), HALF):
        answer = read(200, {"content-length": "9", **headers}, known)
        assert answer == Body(0, 9, validator)


def test_a_length_does_not_count_beside_chunks() -> None:
    headers = {"content-length": "9", "transfer-encoding": "Chunked"}
    assert read(200, headers, Known()) == Body(0, None, None)


@pytest.mark.parametrize("length", [None, "", "5, 5", "-1", "x", "٣", "1" * 19])
def test_an_answer_that_just_ends_is_refused(length: str | None) -> None:
    headers = {} if length is None else {"content-length": length}
    with pytest.raises(Refused, match="the server doesn't say how long it is"):
        read(200, headers, Known())


@pytest.mark.parametrize(
    ("known", "headers", "body"),
    [
        (HALF, {"content-range": "bytes 50-99/100"}, Body(50, 100, '"v1"')),
        (HALF, {"content-range": "bytes 50-69/100"}, Body(50, 100, '"v1"')),
        (HALF, {"content-range": " bytes 50-99/* ", "etag": '"v1"'}, Body(50, 100, '"v1"')),
        (Known(50, None, '"v1"'), {"content-range": "bytes 50-99/100"}, Body(50, 100, '"v1"')),
        (Known(50, None, '"v1"'), {"content-range": "bytes 50-99/*"}, Body(50, None, '"v1"')),
        (
            Known(50, 100, DATES["last-modified"]),
            {"content-range": "bytes 50-99/100", "etag": '"v1"', **DATES},
            Body(50, 100, DATES["last-modified"]),
        ),
    ],
)
def test_the_rest_goes_on_where_we_are(known: Known, headers: dict[str, str], body: Body) -> None:
    assert read(206, headers, known) == body


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "the rest from byte 50 was asked for, and the server sent ''"),
        ({"content-range": "bytes 49-99/100"}, "the server sent 'bytes 49-99/100'"),
        ({"content-range": "bytes 0-99/100"}, "the server sent 'bytes 0-99/100'"),
        ({"content-range": "bytes */100"}, "the server sent 'bytes */100'"),
        ({"content-range": "items 50-99/100"}, "the server sent 'items 50-99/100'"),
        ({"content-type": "multipart/byteranges; boundary=x"}, "the server sent ''"),
        ({"content-range": "bytes 50-99/101"}, "the file changed on the server meanwhile"),
        ({"content-range": "bytes 50-99/100", "etag": '"v2"'}, "the file changed"),
        ({"content-range": "bytes 50-99/100", "etag": 'W/"v1"'}, "the file changed"),
    ],
)
def test_a_rest_that_does_not_fit_starts_over(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(Dropped) as caught:
        read(206, headers, HALF)
    assert reason in str(caught.value)
    assert caught.value.restart


def test_a_rest_of_another_date_starts_over() -> None:
    known = Known(50, 100, DATES["last-modified"])
    headers = {"content-range": "bytes 50-99/100", "last-modified": DATES["date"]}
    with pytest.raises(Dropped, match="the file changed"):
        read(206, headers, known)


def test_nothing_left_of_a_file_of_unknown_length() -> None:
    known = Known(50, None, '"v1"')
    assert read(416, {"content-range": "bytes */50"}, known) == Body(50, 50, '"v1"')


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        (HALF, "bytes */50"),
        (HALF, "bytes */100"),
        (Known(50, None, '"v1"'), "bytes */49"),
        (Known(50, None, '"v1"'), ""),
    ],
)
def test_nothing_left_of_another_file(known: Known, shown: str) -> None:
    with pytest.raises(Dropped, match="the server has no rest of the file") as caught:
        read(416, {"content-range": shown}, known)
    assert caught.value.restart


@pytest.mark.parametrize(("status", "known"), [(200, Known()), (206, HALF)])
@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", True), ("BR", True), ("identity", False)]
)
def test_a_packed_answer_is_refused(
    status: int, known: Known, encoding: str, *, packed: bool
) -> None:
    headers = {
        "content-encoding": encoding,
        "content-length": "100",
        "content-range": "bytes 50-99/100",
    }
    if not packed:
        assert read(status, headers, known).total == 100
        return
    with pytest.raises(Refused, match=f"it came packed as '{encoding.lower()}', which was not"):
        read(status, headers, known)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (204, "the server answers HTTP 204 No Content"),
        (206, "the server answers HTTP 206 Partial Content"),
        (302, "the server answers HTTP 302 Found"),
        (400, "the server answers HTTP 400 Bad Request"),
        (
            404,
            (
                "the server answers HTTP 404 Not Found; its address may have expired: ask for "
                "the job's result again, with its model's job(client, request_id).wait()"
            ),
        ),
        (403, "the server answers HTTP 403 Forbidden; its address may have expired: ask for the"),
        (416, "the server answers HTTP 416 "),
        (499, "the server answers HTTP 499"),
    ],
)
def test_statuses_that_are_final(status: int, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        read(status, {}, Known())
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_statuses_that_may_pass(status: int) -> None:
    with pytest.raises(Dropped, match=f"the server answers HTTP {status}") as caught:
        read(status, {"retry-after": "7"}, HALF)
    assert caught.value.retry_after == 7
    assert not caught.value.restart
