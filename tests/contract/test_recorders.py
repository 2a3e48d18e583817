"""What vcrpy records of the client, it can play back without a network."""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN
from support_schemas import ROOT
from support_server import CERTIFICATE, FaultServer, Proxy, says
from support_transport import asking, paying, transport_to

from runcomfy import AsyncClient, Client, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_core.wire.answer import Answer
from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from pathlib import Path

#: Any, as it has no types.
vcr: Any = importlib.import_module("vcr")


def sandbox() -> Sandbox:
    return Sandbox(ROOT / "schemas", timeline=Timeline(0, 0))


def tape(folder: Path, mode: str = "once") -> Any:
    """Where what is said is recorded; with the mode "none", it is played back."""
    path = str(folder / "tape.yaml")
    return vcr.use_cassette(path, record_mode=mode, filter_headers=["authorization"])


def whole_run(base_url: str, folder: Path) -> list[object]:
    """A picture is checked, a job is run, and its file is saved."""
    picture = base_url.replace("/v1", "/samples/good.png")
    with Client(TOKEN, base_url=base_url, allow_private_media=True) as client:
        result = model.run(client, prompt="p", image_urls=[picture])
    (saved,) = result.download(folder)
    return [result.raw, saved.read_bytes()]


async def whole_run_awaited(base_url: str) -> object:
    picture = base_url.replace("/v1", "/samples/good.png")
    async with AsyncClient(TOKEN, base_url=base_url, allow_private_media=True) as client:
        return (await model.run(client, prompt="p", image_urls=[picture])).raw


def test_a_whole_run(tmp_path: Path) -> None:
    with sandbox() as server, tape(tmp_path):
        recorded = whole_run(server.base_url, tmp_path / "recorded")
    with tape(tmp_path, "none") as playing:
        assert whole_run(server.base_url, tmp_path / "played") == recorded
        assert playing.all_played
        methods = [request.method for request in playing.requests]
    assert methods.count("POST") == 1
    assert len(methods) == 5, "the picture, the submission, its status and result, the file"
    written = (tmp_path / "tape.yaml").read_text()
    assert TOKEN not in written
    assert "!!python" not in written, "what is written down is plain"


def test_a_whole_run_awaited(tmp_path: Path) -> None:
    with sandbox() as server, tape(tmp_path):
        recorded = asyncio.run(whole_run_awaited(server.base_url))
    with tape(tmp_path, "none"):
        assert asyncio.run(whole_run_awaited(server.base_url)) == recorded


PROGRAM = """
import json, sys, vcr
folder, base_url, token, model_id, wire = sys.argv[1:]
with vcr.use_cassette(f"{folder}/tape.yaml", record_mode="none"):
    from runcomfy import Client, errors
    with Client(token, base_url=base_url) as client:
        print(json.dumps(client.submit(model_id, json.loads(wire)).wait().raw))
with Client(token, base_url=base_url) as client:
    try:
        client.submit(model_id, json.loads(wire))
    except errors.ConnectionFailed:
        print("over")
"""


def test_a_client_that_is_loaded_while_a_tape_is_played(tmp_path: Path) -> None:
    """Afterwards, it speaks to servers as ever."""
    wire = {"prompt": "p", "image_urls": ["https://example.com/a.png"]}
    with sandbox() as server, tape(tmp_path), Client(TOKEN, base_url=server.base_url) as client:
        recorded = client.submit(model.MODEL_ID, wire).wait().raw
    arguments = [str(tmp_path), server.base_url, TOKEN, model.MODEL_ID, json.dumps(wire)]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT / "generated",
    )
    played, after = done.stdout.splitlines()
    assert (json.loads(played), after) == (recorded, "over")


def test_what_is_not_on_the_tape_is_the_recorder_s_error(tmp_path: Path) -> None:
    with FaultServer(says({"request_id": "r-1"})) as server:
        with tape(tmp_path), Client(TOKEN, base_url=server.base_url) as client:
            client.submit("a/b", {})
        missing = pytest.raises(vcr.errors.CannotOverwriteExistingCassetteException)
        with tape(tmp_path, "none"), Client(TOKEN, base_url=server.base_url) as client, missing:
            client.submit("c/d", {})
        assert len(server.requests) == 1


def test_connections_from_before_wait_until_the_tape_is_over(tmp_path: Path) -> None:
    with (
        FaultServer(*[says({"n": n}) for n in range(4)]) as server,
        closing(transport_to(server)) as transport,
    ):
        transport.send(asking())
        with tape(tmp_path):
            transport.send(asking())
            transport.send(paying())
        last = transport.send(asking())
        assert isinstance(last, Answer)
        assert last.body == b'{"n": 3}'
        assert [one.connection for one in server.requests] == [1, 2, 3, 1]


@pytest.mark.parametrize("proxied", [False, True])
def test_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, proxied: bool) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    with (
        FaultServer(*[says({"n": n}) for n in range(2)], tls=True) as server,
        Proxy(server.port) as proxy,
    ):
        if proxied:
            monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with tape(tmp_path), closing(transport_to(server)) as transport:
            recorded = [transport.send(send()) for send in (asking, paying)]
        assert len(proxy.asked) == (2 if proxied else 0)
    with tape(tmp_path, "none"), closing(transport_to(server)) as transport:
        played = [transport.send(send()) for send in (asking, paying)]
    assert [one.body for one in recorded if isinstance(one, Answer)] == [b'{"n": 0}', b'{"n": 1}']
    assert [one.body for one in played if isinstance(one, Answer)] == [b'{"n": 0}', b'{"n": 1}']


TAPE = """
version: 1
interactions:
- request: {method: GET, uri: 'https://files.example.com/a.png', body: null, headers: {}}
  response:
    status: {code: 200, message: OK}
    headers: {Content-Type: [text/plain], Content-Length: ['11'], Transfer-Encoding: [chunked]}
    body: {string: no picture!}
"""


def test_media_are_played_back_without_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their hosts are looked up, to see that they are public; for a tape there is no need."""

    def offline(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    value = {"prompt": "p", "image_urls": ["https://files.example.com/a.png"]}
    with pytest.raises(errors.ConnectionFailed, match=r"can't look up files\.example\.com"):
        model.check_media(value)
    (tmp_path / "tape.yaml").write_text(TAPE)
    with tape(tmp_path, "none"):
        report = model.check_media(value)
    [problem] = report.problems
    assert "a text" in problem.message
