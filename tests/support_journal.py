"""Helpers for tests of the journal: entries, processes that write them, and faults."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runcomfy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runcomfy_core.journal import Journal

#: The id of the user nobody, to which only the superuser can switch.
NOBODY = 65534

ORIGIN = "https://h/v1"
MODEL = "a/b"
INPUT = {"prompt": "x"}


def begin(journal: Journal, key: str | None = None, **fields: object) -> str:
    return journal.begin(MODEL, {**INPUT, **fields}, origin=ORIGIN, key=key)


def script(source: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a process that runs *source*, which finds the client on its path."""
    return subprocess.Popen(
        [sys.executable, "-c", source, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(runcomfy.__file__).parent.parent,
    )


def output(process: subprocess.Popen[str]) -> str:
    """Return the output of a process, which must end successfully."""
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert complaints == ""
    return said


def integrity(path: Path) -> str:
    """Return what SQLite's own check finds wrong with a file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        found: str = connection.execute("PRAGMA integrity_check").fetchone()[0]
        return found


@contextlib.contextmanager
def unprivileged(prepare: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """Switch to a user who is subject to file modes; yield a folder that this user can only read.

    Args:
        prepare: Called with the folder while it is still writable.
    """
    if sys.platform == "win32":
        pytest.skip("needs POSIX modes")
    # pytest's own folder can't be used, because only its user can read it.
    with tempfile.TemporaryDirectory(prefix="runcomfy-tests-") as name:
        folder = Path(name)
        prepare(folder)
        folder.chmod(0o555)
        user = os.geteuid()
        if user == 0:
            os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(user)
            folder.chmod(0o755)
