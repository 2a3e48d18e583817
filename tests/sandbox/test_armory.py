from __future__ import annotations

from typing import Any

import pytest

from runcomfy_sandbox.answers import Answer, Call
from runcomfy_sandbox.armory import Armory

CALL = Call("http://127.0.0.1:1", "http://127.0.0.1:1/v1", path={"request_id": "r"})
GOOD = Answer(200, {"request_id": "r", "status": "in_queue"})


class Server:
    def __init__(self) -> None:
        self.armory = Armory()
        self.worked = 0

    def _work(self) -> Answer:
        self.worked += 1
        return GOOD

    def status(self, on: str = "status") -> int:
        return self.armory.answer(on, CALL, self._work).status


@pytest.fixture(name="server")
def idle_server() -> Server:
    return Server()


def test_nothing_armed(server: Server) -> None:
    assert server.status() == 200
    assert server.worked == 1


def test_first_armed_first_served_for_each_endpoint(server: Server) -> None:
    server.armory.arm("status", "rate-limited", 2, {})
    server.armory.arm("result", "bad-token-401", 1, {})
    server.armory.arm("status", "unavailable", 1, {})
    assert [server.status() for _ in range(4)] == [429, 429, 503, 200]
    assert [server.status("result") for _ in range(2)] == [401, 200]
    assert server.worked == 2


def test_a_fault_that_waits_keeps_its_place_and_the_work_is_done_once(server: Server) -> None:
    server.armory.arm("result", "failed", 1, {})
    assert server.status("result") == 200
    assert server.worked == 1
    (armed,) = server.armory.armed()
    assert (armed.fault, armed.times) == ("failed", 1)


def test_armed_and_disarm(server: Server) -> None:
    server.armory.arm("status", "rate-limited", 2, {"retry_after": 3})
    server.status()
    (armed,) = server.armory.armed()
    assert (armed.on, armed.times, armed.parameters) == ("status", 1, {"retry_after": 3})
    armed.times = 100  # a copy: the armory does not notice
    assert server.armory.armed()[0].times == 1
    server.armory.disarm()
    assert server.armory.armed() == []
    assert server.status() == 200


@pytest.mark.parametrize(
    ("on", "fault", "times", "parameters", "message"),
    [
        ("start", "drop", 1, {}, "on must be one of submit, status, result, cancel, catalog, file"),
        ("submit", "dorp", 1, {}, "there is no fault 'dorp'; known are .*drop"),
        ("submit", "failed", 1, {}, "failed can be armed on result"),
        ("submit", "drop", 0, {}, "times must be"),
        ("submit", "drop", True, {}, "times must be"),
        ("submit", "drop", "1", {}, "times must be"),
        ("submit", "drop", 1, {"state": "x"}, "drop takes no 'state'; it takes status, headers"),
        ("result", "failed", 1, {"taken": False}, "failed takes no 'taken'"),
        ("submit", "respond", 1, {"status": 100}, "status must be"),
        ("submit", "respond", 1, {"status": 600}, "status must be"),
        ("submit", "respond", 1, {"status": "200"}, "status must be"),
        ("submit", "respond", 1, {"taken": 1}, "taken must be true or false"),
        ("submit", "respond", 1, {"headers": []}, "headers must be an object"),
        ("submit", "respond", 1, {"headers": {"a": 1}}, "'a': 1 is no HTTP header"),
        ("submit", "respond", 1, {"headers": {"a": "b\r\nc: d"}}, "is no HTTP header"),
        ("submit", "respond", 1, {"headers": {"a b": "c"}}, "is no HTTP header"),
        ("submit", "respond", 1, {"headers": {"Content-Length": "9"}}, "computes Content-Length"),
        ("submit", "redirect", 1, {"location": 7}, "location must be a string"),
        ("submit", "redirect", 1, {"location": "a\nb"}, "location must fit into a header"),
        ("submit", "rate-limited", 1, {"retry_after": "a\nb"}, "retry_after must fit"),
        ("file", "drop", 1, {"offset": 1}, "drop takes no 'offset'"),
        ("file", "truncated-body", 1, {"offset": -1}, "offset must be a whole number from 0"),
        ("file", "stalled-body", 1, {"offset": "9"}, "offset must be a whole number from 0"),
        ("file", "wrong-length", 1, {"surplus": 0.5}, "surplus must be a whole number"),
        ("file", "failed", 1, {}, "failed can be armed on result"),
        ("submit", "changed-file", 1, {}, "changed-file can be armed on file"),
        ("status", "unknown-state", 1, {"state": 7}, "state must be a string"),
        ("status", "error-message-variants", 1, {"key": None}, "key must be a string"),
    ],
)
def test_what_cannot_be_armed(
    server: Server, *, on: str, fault: str, times: Any, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        server.armory.arm(on, fault, times, parameters)
    assert server.armory.armed() == []
