"""What urllib3 keeps to itself: used in one file, with the lowest and the newest that we allow."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from support_schemas import ROOT

from runcomfy_core import http as _http

#: Filled when the project sets itself up, so that the tests need no network.
WHEELS = Path(sys.prefix) / "wheels"
RUNTIME = Path(_http.__file__ or "").parent.parent

#: Connections of all kinds: with TLS, through proxies, to addresses, of a recorder.
TESTS = (
    "core/http/test_connections.py",
    "core/http/test_transport.py",
    "core/web/test_line.py",
)
RECORDED = ("contract/test_recorders.py::test_a_whole_run", "contract/test_recorders.py::test_tls")


@pytest.mark.parametrize("folder", [WHEELS / "lowest", WHEELS], ids=["lowest", "newest"])
def test_connections_work_with(folder: Path, tmp_path: Path) -> None:
    found = sorted(folder.glob("urllib3-*.whl"))
    if not found:
        pytest.skip("make downloads the wheels, and has not done so here")
    wheel = found[-1]
    if wheel.name.startswith(f"urllib3-{version('urllib3')}-"):
        return  # it is what all tests run with
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        + [f"--basetemp={tmp_path / 'tests'}"]
        + [str(ROOT / "tests" / name) for name in (*TESTS, *RECORDED)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(wheel)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE)


def uses(pattern: str) -> set[str]:
    """The files of the runtime in which a pattern is found."""
    return {
        path.relative_to(RUNTIME).as_posix()
        for path in RUNTIME.rglob("*.py")
        if re.search(pattern, path.read_text("utf-8"), re.MULTILINE)
    }


def test_what_is_private_is_used_in_one_file() -> None:
    assert uses(r"\._new_conn|\._tunnel|urllib3\._|urllib3\.connection|_dns_host") == {
        "http/connection.py"
    }
    assert uses(r"^\s*(import|from) urllib3") == {
        "http/connection.py",  # all that opens a connection
        "http/faults.py",  # the errors, which are public
        "http/proxies.py",  # reads a proxy's URL as urllib3 will
    }
    assert uses(r"^\s*(import|from) http\.client") == {
        "http/faults.py",
        "http/response.py",
        "web/trouble.py",
    }
