from __future__ import annotations

import errno
import http.client
import socket

import pytest
from support_sandbox import SOUND, WAN, open_stage

from runcomfy_sandbox.server import bind


def test_bind_listens_at_once() -> None:
    with bind("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP
        with socket.create_connection(listener.getsockname(), timeout=5):
            pass


def test_bind_to_a_port_in_use() -> None:
    with bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(OSError, match="in use") as caught:
            bind("127.0.0.1", port)
    assert caught.value.errno == errno.EADDRINUSE


def test_connections_are_counted() -> None:
    with open_stage() as stage:
        assert stage.sandbox.connections == 0
        for _ in range(3):
            stage.get("/v1/models")
        assert stage.sandbox.connections == 1  # kept alive
        port = int(stage.sandbox.origin.rpartition(":")[2])
        other = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        other.request("GET", "/sandbox/faults")
        assert other.getresponse().read()
        other.close()
        assert stage.sandbox.connections == 2


def test_a_connection_survives_an_error_but_not_a_drop() -> None:
    with open_stage() as stage:
        stage.sandbox.arm("submit", "server-error")
        stage.post(f"/v1/models/{WAN}", SOUND)
        stage.post(f"/v1/models/{WAN}", SOUND)
        assert stage.sandbox.connections == 1
        stage.sandbox.arm("submit", "drop")
        with pytest.raises(Exception, match="closed connection without response"):
            stage.post(f"/v1/models/{WAN}", SOUND)
        stage.post(f"/v1/models/{WAN}", SOUND)
        assert stage.sandbox.connections == 2


def test_a_caller_that_leaves_in_the_middle_of_a_request(
    capfd: pytest.CaptureFixture[str],
) -> None:
    head = f"POST /v1/models/{WAN} HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{{"
    with open_stage() as stage:
        port = int(stage.sandbox.origin.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as left:
            left.sendall(head.encode())
        assert stage.submit()
        assert len(stage.sandbox.requests) == 1  # the other never came whole
    assert capfd.readouterr().err == ""


def test_stopping_cuts_off_whoever_is_stalled(capfd: pytest.CaptureFixture[str]) -> None:
    with open_stage() as stage:
        port = int(stage.sandbox.origin.rpartition(":")[2])
        stage.sandbox.arm("status", "stall")
        stalled = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        stalled.request("GET", "/v1/requests/r/status")
        stage.get("/v1/models")  # answered after the other arrived
    with pytest.raises(ConnectionError):
        stalled.getresponse()
    stalled.close()
    assert capfd.readouterr().err == ""
