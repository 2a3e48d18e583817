from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runcomfy
from runcomfy.errors import ConfigurationError
from runcomfy_core.map.many import MapProgress
from runcomfy_core.map.progress import check_progress, telling

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = MapProgress(total=10, begun=7, done=3, failed=1)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def open_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Put a terminal in the place of the standard error."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("TERM", "xterm")
    return terminal


def test_a_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    seen: list[MapProgress] = []
    with telling(seen.append, "a/[b]", progress=True) as tell:
        assert tell is not None
        tell(STATE)
    assert seen == [STATE]
    shown = terminal.getvalue()
    assert "a/[b]" in shown
    assert "4/10" in shown
    assert "3 in flight, 1 failed" in shown


def test_a_line_without_a_total_or_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = open_terminal(monkeypatch)
    with telling(None, "a/b", progress=True) as tell:
        assert tell is not None
        tell(MapProgress(total=None, begun=1, done=0, failed=0))
    assert "0/?" in terminal.getvalue()


@pytest.mark.parametrize("own", [None, print])
def test_no_line_where_none_is_wanted_or_none_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, own: Callable[[MapProgress], object] | None
) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    with telling(own, "a/b", progress=True) as tell:
        assert tell is own
    monkeypatch.setattr(sys, "stderr", Terminal())
    with telling(own, "a/b", progress=False) as tell:
        assert tell is own
    assert file.getvalue() == ""


class NoTerminal:
    """What some programs put in the place of the standard error: it can be written to."""

    def write(self, text: str) -> int:
        return len(text)


def closed() -> io.StringIO:
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize("make", [lambda: None, closed, NoTerminal])
def test_without_a_standard_error(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], object]
) -> None:
    monkeypatch.setattr(sys, "stderr", make())
    with telling(print, "a/b", progress=True) as tell:
        assert tell is print


class Gone(Terminal):
    """A terminal whose window is closed."""

    def write(self, text: str, /) -> int:
        raise OSError(5, "Input/output error", text)

    def flush(self) -> None:
        raise OSError(5, "Input/output error")


def test_a_terminal_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    open_terminal(monkeypatch)
    monkeypatch.setattr(sys, "stderr", Gone())
    seen: list[MapProgress] = []
    with telling(seen.append, "a/b", progress=True) as tell:
        assert tell is not None
        tell(STATE)
    assert seen == [STATE]


def test_a_map_of_a_program_whose_standard_error_is_closed() -> None:
    source = """
import sys
from runcomfy import Client
from runcomfy_sandbox import Sandbox, Timeline

assert sys.stderr is None
with Sandbox("schemas", timeline=Timeline(0, 0)) as sandbox:
    with Client("token", base_url=sandbox.base_url) as client:
        outcomes = client.map("wan-ai/wan-3.0/text-to-video", [{"prompt": "p"}], progress=True)
        print([outcome.output for _, outcome in outcomes])
"""
    command = f'exec "{sys.executable}" - 2>&-'
    done = subprocess.run(
        ["sh", "-c", command],  # noqa: S607 - the system's own shell, which can close a file
        input=source.encode(),
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    assert b"/files/" in done.stdout


def test_without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    check_progress(progress=True)
    monkeypatch.setattr("runcomfy_core.map.progress.find_spec", lambda _: None)
    check_progress(progress=False)
    with pytest.raises(ConfigurationError) as caught:
        check_progress(progress=True)
    assert str(caught.value) == "progress=True needs rich: pip install 'runcomfy-models[progress]'"
    assert caught.value.__cause__ is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_line_on_a_pseudo_terminal() -> None:
    import pty  # noqa: PLC0415 - not everywhere

    ours, theirs = pty.openpty()
    source = """
from runcomfy_core.map.many import MapProgress
from runcomfy_core.map.progress import telling

with telling(None, "a/b", progress=True) as tell:
    tell(MapProgress(2, 2, 2, 0))
"""
    done = subprocess.run(
        [sys.executable, "-c", source],
        cwd=Path(runcomfy.__file__).parent.parent,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
        stderr=theirs,
        stdout=subprocess.PIPE,
        timeout=30,
        check=True,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # on Linux, the end
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert b"2/2" in shown
    assert done.stdout == b""
