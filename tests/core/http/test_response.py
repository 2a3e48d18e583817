"""Where an answer ends, and which one it is; that it comes in time, the transport's tests show."""

from __future__ import annotations

from contextlib import closing

import pytest
from support_server import FaultServer, Step, answer, says
from support_transport import paying, transport_to

from runcomfy_core.wire.answer import Answer, NoAnswer

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
CHUNKS = b"2\r\n{}\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("send", "status"),
    [
        (answer({}) + answer({"request_id": "of-another"}, 429), 200),
        (answer({}, length=1), 200),
        (CHUNKED + b"\r\n" + CHUNKS + b"HTTP/1.1 408 Request Timeout\r\n\r\n", 200),
        (CHUNKED + b"Content-Length: 2\r\n\r\n" + CHUNKS, 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 2\r\n\r\n{}", 200),
        (answer({}, 204), 204),
        (answer({}, 304), 304),
        (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", 101),
    ],
)
def test_what_follows_an_answer_is_never_the_next_one(send: bytes, status: int) -> None:
    with (
        FaultServer(Step(send), says({"n": 2})) as server,
        closing(transport_to(server)) as transport,
    ):
        reply = transport.send(paying())
        assert isinstance(reply, Answer)
        assert (reply.status, reply.fault) == (status, None)
        reply = transport.send(paying())
        assert isinstance(reply, Answer)
        assert reply.body == b'{"n": 2}'
        assert [one.connection for one in server.requests] == [1, 2]


@pytest.mark.parametrize("statuses", [(100,), (102,), (103,), (103, 100, 103)])
def test_an_interim_answer_is_not_the_answer(statuses: tuple[int, ...]) -> None:
    """Or what is the answer would be left to the next request, which may cost money."""
    interim = b"".join(b"HTTP/1.1 %d Wait\r\nX: y\r\n\r\n" % status for status in statuses)
    with (
        FaultServer(Step(interim + answer({"n": 1})), says({"n": 2})) as server,
        closing(transport_to(server)) as transport,
    ):
        replies = [transport.send(paying()) for _ in range(2)]
        assert [isinstance(reply, Answer) and reply.body for reply in replies] == [
            b'{"n": 1}',
            b'{"n": 2}',
        ]
        assert server.connections == 1


@pytest.mark.parametrize("lengths", ["2, 2", "2\r\nContent-Length: 2"])
def test_a_length_may_be_said_twice(lengths: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {lengths}\r\n\r\n"
    with FaultServer(Step(head.encode() + b"{}")) as server, closing(transport_to(server)) as one:
        reply = one.send(paying())
    assert isinstance(reply, Answer)
    assert (reply.body, reply.fault) == (b"{}", None)


@pytest.mark.parametrize("lengths", ["2, 1", "2\r\nContent-Length: 1", "2,", "-2, -2"])
def test_lengths_that_differ_are_no_answer(lengths: str) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {lengths}\r\n\r\n"
    with (
        FaultServer(Step(head.encode() + b"{}"), says({"n": 2})) as server,
        closing(transport_to(server)) as transport,
    ):
        reason = "the answer announces more than one length"
        assert transport.send(paying()) == NoAnswer(reason, left=True)
        assert isinstance(transport.send(paying()), Answer)
        assert server.connections == 2
