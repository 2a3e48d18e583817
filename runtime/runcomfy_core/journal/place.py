"""Which file a journal is: the one that is named, or the user's own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from runcomfy_core.errors import ConfigurationError

VARIABLE: Final = "RUNCOMFY_JOURNAL"
_NAME: Final = Path("runcomfy", "journal.sqlite3")


def as_file(path: str | os.PathLike[str]) -> Path:
    """A journal's path; it need not exist.

    Raises:
        ConfigurationError: It names no file.
    """
    # SQLite takes these for databases that are gone with their process.
    if os.fspath(path) in {"", ":memory:"}:
        raise ConfigurationError(f"a journal is a file, not {os.fspath(path)!r}")
    return Path(path).expanduser()


def default_path() -> Path:
    """``$RUNCOMFY_JOURNAL``, else a file in the place that the system has for a user's state.

    That is ``%LOCALAPPDATA%`` on Windows; elsewhere ``$XDG_STATE_HOME``, or ``~/.local/state``.

    Raises:
        ConfigurationError: There is no such place.
    """
    if own := os.environ.get(VARIABLE):
        path = Path(own).expanduser()
        if not path.is_absolute():
            # Or it would be another one in each directory, and its jobs not be found again.
            raise ConfigurationError(f"{VARIABLE} must be an absolute path, not {own!r}")
        return path
    state = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME", "")
    # The XDG specification: a relative path is to be ignored.
    if Path(state).is_absolute():
        return Path(state) / _NAME
    try:
        return Path.home() / ".local" / "state" / _NAME
    except RuntimeError:  # a user without a home directory
        raise ConfigurationError(
            f"there is no place for the journal: set the environment variable {VARIABLE} to a "
            "file, or pass its path"
        ) from None
