"""Each file under ``examples/``, run as it stands."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbclient
import nbformat
import pytest
import urllib3

from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"


def _run(sandbox: Sandbox, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=_environment(sandbox, **variables),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _environment(sandbox: Sandbox, **variables: str) -> dict[str, str]:
    own = {
        "RUNCOMFY_MODEL_API_BASE": sandbox.base_url,
        "RUNCOMFY_API_TOKEN": "any-text",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    return {**os.environ, **own, **variables}


def _submissions(sandbox: Sandbox) -> int:
    return sum(one.path.startswith("/v1/models/") for one in sandbox.requests)


@pytest.fixture(name="sandbox")
def running_sandbox() -> Iterator[Sandbox]:
    with Sandbox(ROOT / "schemas", timeline=Timeline(0, 0)) as sandbox:
        yield sandbox


def test_every_example_is_run_here() -> None:
    named = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    here = Path(__file__).read_text(encoding="utf-8")
    for example in EXAMPLES.iterdir():
        if example.suffix in {".py", ".ipynb"}:
            assert f"]({example.name})" in named
            assert example.name in here


def test_the_batch_restarts_without_paying_twice(sandbox: Sandbox, tmp_path: Path) -> None:
    table = tmp_path / "prompts.csv"
    table.write_text("name,prompt\nharbour,A quiet harbour\nstorm,A storm\n", encoding="utf-8")
    command = [str(EXAMPLES / "batch.py"), str(table), str(tmp_path / "pictures")]
    first = _run(sandbox, *command)
    assert first.returncode == 0, first.stderr
    files = sorted(one.name for one in (tmp_path / "pictures").glob("*.png"))
    assert files == ["harbour.png", "storm.png"]
    with table.open("a", encoding="utf-8") as file:
        file.write("dawn,A harbour at dawn\n")
    again = _run(sandbox, *command)
    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == 3
    assert _submissions(sandbox) == 3


def test_the_batch_goes_on_past_an_error(sandbox: Sandbox, tmp_path: Path) -> None:
    table = tmp_path / "prompts.csv"
    table.write_text("name,prompt\nharbour,A quiet harbour\nstorm,A storm\n", encoding="utf-8")
    sandbox.arm("submit", "no-balance")
    done = _run(sandbox, str(EXAMPLES / "batch.py"), str(table), str(tmp_path / "pictures"))
    assert done.returncode == 1
    assert "balance" in done.stderr
    assert len(done.stdout.splitlines()) == 1


@contextlib.contextmanager
def _served(sandbox: Sandbox, folder: Path) -> Iterator[str]:
    """The web application, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = ["-m", "uvicorn", "--app-dir", str(EXAMPLES), "--log-level", "warning"]
        command += ["--fd", str(listener.fileno()), "web_app:app"]
        with subprocess.Popen(
            [sys.executable, *command],
            env=_environment(sandbox, PICTURES=str(folder)),
            pass_fds=[listener.fileno()],
        ) as server:
            try:
                yield f"http://127.0.0.1:{port}"
            finally:
                server.terminate()


def _ask(method: str, url: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
    with urllib3.PoolManager() as pool:
        reply = pool.request(method, url, json=body, retries=False, timeout=60)
        return reply.status, reply.json()


@pytest.mark.skipif(os.name != "posix", reason="hands a listening socket to a process")
def test_the_web_app_and_its_worker(tmp_path: Path) -> None:
    # web_app.py: jobs queue for long enough to be cancelled, and are over for the worker.
    with Sandbox(ROOT / "schemas", timeline=Timeline(1.5, 0)) as sandbox:
        with _served(sandbox, tmp_path) as origin:
            status, wrong = _ask("POST", f"{origin}/pictures", {"prompt": ""})
            sandbox.arm("submit", "no-balance")
            refused, _ = _ask("POST", f"{origin}/pictures", {"prompt": "A storm"})
            assert refused == 502
            _, kept = _ask("POST", f"{origin}/pictures", {"prompt": "A quiet harbour"})
            _, dropped = _ask("POST", f"{origin}/pictures", {"prompt": "A storm"})
            url = f"{origin}/pictures/{dropped['request_id']}"
            assert _ask("DELETE", url) == (200, {"cancelled": True})
            assert _ask("GET", url) == (200, {"state": "cancelled"})
        assert status in (202, 422), wrong
        worker = _run(sandbox, str(EXAMPLES / "web_app.py"), PICTURES=str(tmp_path))
        assert worker.returncode == 0, worker.stderr
        assert f"{kept['request_id']} {tmp_path}" in worker.stdout


def test_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))  # whoever runs the tests has none
    # first_picture.ipynb
    # nbformat has no types.
    notebook = nbformat.read(EXAMPLES / "first_picture.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": str(EXAMPLES)}}
    ).execute()
    shown = json.dumps(notebook.cells)
    assert "image/png" in shown
    assert "did you mean 'prompt'" in shown
    assert "A storm -> InvalidInput" in shown


def test_the_tests_with_the_sandbox(sandbox: Sandbox) -> None:
    done = _run(sandbox, "-m", "pytest", "-q", str(EXAMPLES / "test_with_sandbox.py"))
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_client_of_somebody_elses_schemas(tmp_path: Path) -> None:
    script = EXAMPLES / "own_schemas.py"
    document = tmp_path / "schemas" / "acme" / "posters" / "text-to-image.json"
    document.parent.mkdir(parents=True)
    found: dict[str, Any] = {}
    exec(  # noqa: S102 - the document stands in the script
        compile(script.read_text(encoding="utf-8"), str(script), "exec"), found
    )
    document.write_text(json.dumps(found["DOCUMENT"]), encoding="utf-8")
    with Sandbox(tmp_path / "schemas", timeline=Timeline(0, 0)) as sandbox:
        done = _run(sandbox, str(script), str(tmp_path / "acme"))
    assert done.returncode == 0, done.stderr
    assert "/paper: " in done.stdout
    assert "http://127.0.0.1" in done.stdout
