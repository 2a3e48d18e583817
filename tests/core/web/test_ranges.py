from __future__ import annotations

import attrs
import pytest

from runcomfy_core.web.faults import Dropped, Refused
from runcomfy_core.web.ranges import Body, Known, ask, read

DATES = {
    "last-modified": "Tue, 01 Sep 2026 10:00:00 GMT",
    "date": "Tue, 01 Sep 2026 10:00:05 GMT",
}
HALF = Known(50, 100, '"v1"')
V1 = {"etag": '"v1"'}
CHUNKED = {"transfer-encoding": "chunked"}


@attrs.define
class Head:
    status: int
    fields: dict[str, str]
    length: int | None = None
    doubt: str | None = None


def whole(headers: dict[str, str], length: int | None = 9) -> Head:
    return Head(200, headers, length)


def part(content_range: str, length: int | None = 50, /, **headers: str) -> Head:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Head(206, {"content-range": content_range, **named}, length)


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
        assert read(whole(headers), known) == Body(0, 9, 9, validator)


def test_a_length_that_is_not_known() -> None:
    assert read(whole(CHUNKED, None), Known()) == Body(0, None, None, None)


def test_an_answer_that_just_ends_is_refused() -> None:
    with pytest.raises(Refused, match="the server doesn't say how long it is"):
        read(whole({}, None), Known())


@pytest.mark.parametrize("status", [200, 206])
def test_an_end_in_doubt_is_refused(status: int) -> None:
    head = Head(status, {"content-range": "bytes 50-99/100", **V1}, 50, "it announces two things")
    with pytest.raises(Refused, match="where the server's answer ends is in doubt: it announces"):
        read(head, HALF)


def test_all_of_it_may_say_so() -> None:
    head = whole({"content-range": "bytes 0-8/9"})
    assert read(head, Known()) == Body(0, 9, 9, None)


@pytest.mark.parametrize(
    "shown", ["bytes 0-8/10", "bytes 1-9/10", "bytes 0-8/*", "bytes 0-7/8", "bytes */9", "x"]
)
def test_a_part_that_poses_as_all_of_it_is_refused(shown: str) -> None:
    with pytest.raises(Refused, match="the server sent a part of it as if it were all"):
        read(whole({"content-range": shown}), Known())


@pytest.mark.parametrize(
    ("known", "head", "body"),
    [
        (HALF, part("bytes 50-99/100", etag='"v1"'), Body(50, 100, 100, '"v1"')),
        (HALF, part("Bytes  50-69/100", 20, etag='"v1"'), Body(50, 70, 100, '"v1"')),
        (
            HALF,
            part("bytes 50-99/100", None, etag='"v1"', transfer_encoding="chunked"),
            Body(50, 100, 100, '"v1"'),
        ),
        (Known(50, None, '"v1"'), part("bytes 50-99/100", etag='"v1"'), Body(50, 100, 100, '"v1"')),
        (Known(50, None, '"v1"'), part("bytes 50-99/*", etag='"v1"'), Body(50, 100, None, '"v1"')),
        (
            Known(50, 100, DATES["last-modified"]),
            part("bytes 50-99/100", etag='"v1"', last_modified=DATES["last-modified"]),
            Body(50, 100, 100, DATES["last-modified"]),
        ),
    ],
)
def test_the_rest_goes_on_where_we_are(known: Known, head: Head, body: Body) -> None:
    assert read(head, known) == body


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (Head(206, V1, 50), "the rest from byte 50 was asked for, and the server sent ''"),
        (part("bytes 49-99/100", 51, etag='"v1"'), "the server sent 'bytes 49-99/100'"),
        (part("bytes 0-99/100", 100, etag='"v1"'), "the server sent 'bytes 0-99/100'"),
        (part("bytes */100", etag='"v1"'), "the server sent 'bytes */100'"),
        (part("items 50-99/100", etag='"v1"'), "the server sent 'items 50-99/100'"),
        (
            Head(206, {"content-type": "multipart/byteranges; boundary=x", **V1}, 300),
            "the server sent ''",
        ),
        # what the header says of itself does not fit
        (part("bytes 50-99/100", 49, etag='"v1"'), "the server sent 'bytes 50-99/100'"),
        (part("bytes 50-49/100", 0, etag='"v1"'), "the server sent 'bytes 50-49/100'"),
        (part("bytes 50-100/100", 51, etag='"v1"'), "the server sent 'bytes 50-100/100'"),
        (
            part("bytes 50-99/100, bytes 0-9/100", etag='"v1"'),
            "the server sent 'bytes 50-99/100, bytes 0-9/100'",
        ),
        # another version, or none that is named
        (part("bytes 50-99/100"), "the file changed on the server meanwhile"),
        (part("bytes 50-99/101", etag='"v1"'), "the file changed"),
        (part("bytes 50-99/*", etag='"v1"'), "the file changed"),
        (part("bytes 50-99/100", etag='"v2"'), "the file changed"),
        (part("bytes 50-99/100", etag='W/"v1"'), "the file changed"),
        (part("bytes 50-99/100", etag='"v1", "v2"'), "the file changed"),
    ],
)
def test_a_rest_that_does_not_fit_starts_over(head: Head, reason: str) -> None:
    with pytest.raises(Dropped) as caught:
        read(head, HALF)
    assert reason in str(caught.value)
    assert caught.value.restart


@pytest.mark.parametrize("date", ["", DATES["date"]])
def test_a_rest_of_another_date_or_of_none_starts_over(date: str) -> None:
    known = Known(50, 100, DATES["last-modified"])
    head = part("bytes 50-99/100", etag='"v1"', **({"last_modified": date} if date else {}))
    with pytest.raises(Dropped, match="the file changed") as caught:
        read(head, known)
    assert caught.value.restart


def test_nothing_left_of_a_file_of_unknown_length() -> None:
    known = Known(50, None, '"v1"')
    head = Head(416, {"content-range": "bytes */50", **V1})
    assert read(head, known) == Body(50, 50, 50, '"v1"')


@pytest.mark.parametrize(
    ("known", "headers"),
    [
        (HALF, {"content-range": "bytes */50", **V1}),
        (HALF, {"content-range": "bytes */100", **V1}),
        (Known(50, None, '"v1"'), {"content-range": "bytes */49", **V1}),
        (Known(50, None, '"v1"'), V1),
    ],
)
def test_nothing_left_of_another_file(known: Known, headers: dict[str, str]) -> None:
    with pytest.raises(Dropped, match="the server has no rest of the file") as caught:
        read(Head(416, headers), known)
    assert caught.value.restart


@pytest.mark.parametrize("etag", ["", '"v2"'])
def test_nothing_left_of_what_may_be_a_shorter_version(etag: str) -> None:
    """We have half of a file, and the server has another that is as long as our half."""
    headers = {"content-range": "bytes */50"} | ({"etag": etag} if etag else {})
    with pytest.raises(Dropped, match="the file changed") as caught:
        read(Head(416, headers), Known(50, None, '"v1"'))
    assert caught.value.restart


@pytest.mark.parametrize(("status", "known"), [(200, Known()), (206, HALF)])
@pytest.mark.parametrize(
    ("encoding", "packed"),
    [("gzip", True), ("BR", True), ("identity", False), ("identity, gzip", True), ("x", True)],
)
def test_a_packed_answer_is_refused(
    status: int, known: Known, encoding: str, *, packed: bool
) -> None:
    headers = {"content-encoding": encoding, **V1}
    if status == 206:
        headers["content-range"] = "bytes 50-99/100"
    if not packed:
        assert read(Head(status, headers, 50), known).end == (50 if status == 200 else 100)
        return
    with pytest.raises(Refused, match=f"it came packed as '{encoding.lower()}', which was not"):
        read(Head(status, headers, 50), known)


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
        read(Head(status, {}), Known())
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599, 600, 999])
def test_statuses_that_may_pass(status: int) -> None:
    with pytest.raises(Dropped, match=f"the server answers HTTP {status}") as caught:
        read(Head(status, {"retry-after": "7"}), HALF)
    assert caught.value.retry_after == 7
    assert not caught.value.restart
