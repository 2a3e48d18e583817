from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support_sandbox import SCHEMAS, WAN, open_stage, write_model

from runcomfy_sandbox import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = Path(sysconfig.get_path("scripts")) / "runcomfy-sandbox"


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The real command, and the variables it says to export."""
    process = subprocess.Popen(
        [COMMAND, "--schemas", str(SCHEMAS), "--port", "0", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    exports = {}
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            name, _, value = line.strip().removeprefix("export ").partition("=")
            exports[name] = value
            if name == "RUNCOMFY_API_TOKEN":
                break
        try:
            yield process, exports
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command(stop: signal.Signals) -> None:
    with _running() as (process, exports):
        request = urllib.request.Request(  # noqa: S310 - it is http
            f"{exports['RUNCOMFY_MODEL_API_BASE']}/models/{WAN}",
            headers={"authorization": f"Bearer {exports['RUNCOMFY_API_TOKEN']}"},
        )
        with urllib.request.urlopen(request, timeout=5) as reply:  # noqa: S310 - it is http
            assert json.load(reply)["model_id"] == WAN
        process.send_signal(stop)
        out, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert (out, err) == ("", "")


class Stopped:
    """Stands in for the event that the command waits for: Ctrl-C comes at once."""

    def wait(self) -> None:
        raise KeyboardInterrupt


@pytest.fixture(name="at_once")
def stop_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(cli, "_forever", Stopped().wait)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.usefixtures("at_once")
def test_what_it_says(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_model(tmp_path)
    assert cli.main(["--schemas", str(tmp_path), "--port", "0"]) == 0
    said = capsys.readouterr().out
    assert "with 1 model. Ctrl-C stops it." in said
    assert "Nobody but this machine reaches it" in said
    assert "export RUNCOMFY_MODEL_API_BASE=http://127.0.0.1:" in said
    assert "export RUNCOMFY_API_TOKEN=any-text" in said
    assert "WARNING" not in said


@pytest.mark.usefixtures("at_once")
def test_the_token_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--schemas", str(SCHEMAS), "--port", "0", "--token", "s3cret"]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert "s3cret" not in said
    assert "RUNCOMFY_API_TOKEN=<the --token>" in said


def test_a_host_that_others_reach_is_warned_of(capsys: pytest.CaptureFixture[str]) -> None:
    for host, origin, base in (
        ("0.0.0.0", "http://0.0.0.0:80", "http://127.0.0.1:80/v1"),  # noqa: S104 - it is the case
        ("::", "http://[::]:80", "http://[::1]:80/v1"),
        ("192.0.2.1", "http://192.0.2.1:80", "http://192.0.2.1:80/v1"),
    ):
        cli._introduce(origin, 2, cli._parser().parse_args(["--host", host]))
        said = capsys.readouterr().out
        assert f"WARNING: {host} is not a loopback address" in said
        assert "Nobody but this machine" not in said
        assert f"export RUNCOMFY_MODEL_API_BASE={base}\n" in said


@pytest.mark.usefixtures("at_once")
def test_a_port_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with open_stage() as stage:
        port = stage.sandbox.origin.rpartition(":")[2]
        assert cli.main(["--schemas", str(SCHEMAS), "--port", port]) == 1
    expected = (
        f"runcomfy-sandbox: port {port} on 127.0.0.1 is in use; "
        "name another with --port (0 takes a free one)\n"
    )
    assert capsys.readouterr() == ("", expected)


@pytest.mark.usefixtures("at_once")
def test_a_host_that_is_not_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--schemas", str(SCHEMAS), "--host", "192.0.2.1"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("runcomfy-sandbox: cannot listen on 192.0.2.1 port 8787: ")
    assert err.count("\n") == 1


@pytest.mark.usefixtures("at_once")
def test_a_broken_document(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    assert cli.main(["--schemas", str(tmp_path)]) == 1
    err = capsys.readouterr().err
    assert err.startswith(f"runcomfy-sandbox: {tmp_path / 'broken.json'}: not readable as JSON")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "65536"], "argument --port: not a port (0 to 65535): '65536'\n"),
        (["--port", "-1"], "argument --port: not a port (0 to 65535): '-1'\n"),
        (["--port", "http"], "argument --port: not a port (0 to 65535): 'http'\n"),
        (["--queue-seconds", "-1"], "--queue-seconds: not a number of seconds: '-1'\n"),
        (["--run-seconds", "inf"], "--run-seconds: not a number of seconds: 'inf'\n"),
        (["--run-seconds", "soon"], "--run-seconds: not a number of seconds: 'soon'\n"),
        (["--token", "s3 cret"], "argument --token: no client sends such a token: "),
        (["--token", "s3cret\n"], "argument --token: no client sends such a token: "),
        (["--token", "s3crét"], "argument --token: no client sends such a token: "),
        (["--token", ""], "argument --token: no client sends such a token: it is empty, or "),
        (["--tokens", "x"], "unrecognized arguments: --tokens x\n"),
    ],
)
def test_wrong_arguments(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert "usage: runcomfy-sandbox" in said
    assert words in said
    assert "s3" not in said


def test_sigterm_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt):
        cli._interrupt(signal.SIGTERM, None)


def test_a_missing_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [one for one in sys.modules if one.startswith("runcomfy_sandbox.")]:
        if name != "runcomfy_sandbox.cli":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert cli.main([]) == 1
    assert capsys.readouterr().err == (
        "runcomfy-sandbox: the extra 'sandbox' is not installed (jsonschema is missing): "
        "pip install 'runcomfy-models[sandbox]', or '.[sandbox]' in a clone\n"
    )
