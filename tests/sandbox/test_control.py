from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support_sandbox import SOUND, WAN, open_stage

from runcomfy_sandbox.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support_sandbox import Stage

FAULTS_PATH = "/sandbox/faults"


@pytest.fixture(name="running", scope="module")
def running_stage() -> Iterator[Stage]:
    with open_stage() as stage:
        yield stage


@pytest.fixture(name="stage")
def fresh_stage(running: Stage) -> Stage:
    return running.reset()


def test_faults_are_armed_listed_and_fired(stage: Stage) -> None:
    wanted = {"on": "submit", "fault": "rate-limited", "times": 2, "retry_after": 5}
    reply = stage.post(FAULTS_PATH, wanted, token=None)
    assert reply.status == 201
    armed = {
        "on": "submit",
        "fault": "rate-limited",
        "times": 2,
        "parameters": {"retry_after": 5},
    }
    assert reply.body == {"armed": [armed]}
    assert stage.post(f"/v1/models/{WAN}", SOUND).headers["retry-after"] == "5"
    listed = stage.get(FAULTS_PATH, token=None).body
    assert listed["armed"] == [{**armed, "times": 1}]
    assert stage.post(f"/v1/models/{WAN}", SOUND).status == 429
    assert stage.post(f"/v1/models/{WAN}", SOUND).status == 200


def test_every_known_fault_is_told(stage: Stage) -> None:
    known = stage.get(FAULTS_PATH).body["known"]
    assert known.keys() == FAULTS.keys()
    assert known["rate-limited"] == {
        "description": "HTTP 429 with Retry-After: retry_after (1 if not given)",
        "on": ["submit", "status", "result", "cancel", "catalog", "file"],
        "parameters": ["retry_after"],
        "taken": False,
    }
    assert known["html"]["taken"]


def test_disarm(stage: Stage) -> None:
    stage.post(FAULTS_PATH, {"on": "submit", "fault": "drop"})
    assert stage.call("DELETE", FAULTS_PATH).body == {"armed": []}
    assert stage.post(f"/v1/models/{WAN}", SOUND).status == 200


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        ({"on": "submit", "fault": "dorp"}, "known are error-in-200, no-balance"),
        ({"on": "submit"}, "on and fault must be strings"),
        ({"on": ["submit"], "fault": "drop"}, "on and fault must be strings"),
        ({"on": "submit", "fault": "drop", "times": None}, "times must be"),
        ({"on": "submit", "fault": "drop", "tmies": 2}, "drop takes no 'tmies'"),
    ],
)
def test_what_cannot_be_armed_is_told(stage: Stage, body: object, message: str) -> None:
    reply = stage.post(FAULTS_PATH, body)
    assert reply.status == 422
    assert reply.body["error_code"] == 422001
    assert message in reply.body["error_message"]
    assert stage.get(FAULTS_PATH).body["armed"] == []


@pytest.mark.parametrize("path", ["/", "/sandbox"])
def test_what_can_be_asked_is_told(stage: Stage, path: str) -> None:
    reply = stage.get(path, token=None)
    assert reply.status == 200
    assert reply.body["base_url"] == stage.sandbox.base_url
    assert len(reply.body["ask"]) == 6
    for line in reply.body["ask"]:
        method, asked = line.split()
        if method != "POST":  # without a body it arms nothing
            assert stage.call(method, asked, token=None).status == 200


def test_the_log(stage: Stage) -> None:
    stage.post(f"/v1/models/{WAN}", SOUND)
    stage.get("/v1/models", token=None)
    logged = [
        {"method": "POST", "path": f"/v1/models/{WAN}", "bearer": True},
        {"method": "GET", "path": "/v1/models", "bearer": False},
    ]
    reply = stage.get("/sandbox/requests", token=None)
    assert reply.body == {"requests": logged}
    assert b"a-token" not in reply.data
    assert stage.call("DELETE", "/sandbox/requests").body == {"requests": []}
    assert stage.sandbox.requests == []
