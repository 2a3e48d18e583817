from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NoReturn

import pytest
import urllib3
from support_sandbox import SCHEMAS, open_stage, write_model

from runcomfy_sandbox import DocumentError, LoggedRequest, Sandbox
from runcomfy_sandbox.server import SandboxServer

if TYPE_CHECKING:
    from pathlib import Path


def _status(sandbox: Sandbox) -> int:
    with urllib3.PoolManager(retries=False, timeout=5) as http:
        return http.request("GET", f"{sandbox.origin}/sandbox/faults").status


def test_it_listens_inside_its_block_and_leaves_nothing_behind() -> None:
    before = set(threading.enumerate())
    sandbox = Sandbox(schemas=SCHEMAS)
    with sandbox as entered:
        assert entered is sandbox
        assert sandbox.base_url == f"{sandbox.origin}/v1"
        assert _status(sandbox) == 200
    assert set(threading.enumerate()) <= before  # threads of earlier tests may have ended
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        _status(sandbox)


def test_it_stops_when_its_block_fails() -> None:
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), Sandbox(str(SCHEMAS)):
        _ = 1 / 0
    assert set(threading.enumerate()) <= before


def test_several_at_once_share_nothing() -> None:
    with open_stage() as one, open_stage() as two:
        assert one.sandbox.origin != two.sandbox.origin
        job = one.submit()
        assert two.get(f"/v1/requests/{job['request_id']}/status").status == 404


def test_it_runs_once() -> None:
    sandbox = Sandbox(SCHEMAS)
    with sandbox, pytest.raises(RuntimeError, match="a sandbox runs once"):
        sandbox.__enter__()


def test_ipv6() -> None:
    try:
        sandbox = Sandbox(SCHEMAS, host="::1").__enter__()
    except OSError:
        pytest.skip("this machine has no IPv6")
    assert _status(sandbox) == 200
    assert sandbox.origin.startswith("http://[::1]:")
    sandbox.__exit__(None, None, None)


def test_a_port_in_use() -> None:
    with open_stage() as stage:
        port = int(stage.sandbox.origin.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"), Sandbox(SCHEMAS, port=port):
            pass


def test_a_server_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    async def startup(*_: object, **__: object) -> NoReturn:
        raise ValueError("no")

    monkeypatch.setattr(SandboxServer, "startup", startup)
    with pytest.raises(RuntimeError, match="did not start") as caught, Sandbox(SCHEMAS):
        pass
    assert isinstance(caught.value.__cause__, ValueError)


def test_models_are_read_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        Sandbox(tmp_path)
    write_model(tmp_path)
    assert Sandbox(tmp_path).model_count == 1


def test_the_url_of_a_sample() -> None:
    with open_stage() as stage:
        url = stage.sandbox.sample("good.png")
        assert url == f"{stage.sandbox.origin}/samples/good.png"
        assert stage.get(url, token=None).status == 200
        with pytest.raises(
            ValueError, match=r"no sample 'god.png'; known are good.png, .*wall.png"
        ):
            stage.sandbox.sample("god.png")


def test_arm_disarm_requests_forget() -> None:
    with open_stage() as stage:
        with pytest.raises(ValueError, match="there is no fault 'dorp'"):
            stage.sandbox.arm("catalog", "dorp")
        stage.sandbox.arm("catalog", "rate-limited", 2, retry_after=3)
        assert stage.get("/v1/models").status == 429
        stage.sandbox.disarm()
        assert stage.get("/v1/models").status == 200
        assert stage.sandbox.requests == [LoggedRequest("GET", "/v1/models", bearer=True)] * 2
        stage.sandbox.forget()
        assert stage.sandbox.requests == []
