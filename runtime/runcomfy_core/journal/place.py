"""The path of a journal: a file that the user names, or a default."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.interrupts import pass_on

VARIABLE: Final = "RUNCOMFY_JOURNAL"
_NAME: Final = Path("runcomfy", "journal.sqlite3")


def as_file(path: str | os.PathLike[str]) -> Path:
    """Return the path of a journal, which need not exist.

    Raises:
        ConfigurationError: The path names no file.
    """
    # To SQLite, these names mean a temporary database, which is gone when the process ends.
    if os.fspath(path) in {"", ":memory:"}:
        raise ConfigurationError(f"a journal is a file, not {os.fspath(path)!r}")
    return Path(path).expanduser()


def default_path() -> Path:
    """Return ``$RUNCOMFY_JOURNAL``, or a file in the system's directory for a user's state.

    That directory is ``%LOCALAPPDATA%`` on Windows, and ``$XDG_STATE_HOME`` or ``~/.local/state``
    elsewhere.

    Raises:
        ConfigurationError: ``$RUNCOMFY_JOURNAL`` is not an absolute path, or the user has no home
            directory.
    """
    if own := os.environ.get(VARIABLE):
        path = Path(own).expanduser()
        if not path.is_absolute():
            # A relative path would be another journal in each directory, and jobs would be lost.
            raise ConfigurationError(f"{VARIABLE} must be an absolute path, not {own!r}")
        return path
    state = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME", "")
    # The XDG specification says that a relative path must be ignored.
    if Path(state).is_absolute():
        return Path(state) / _NAME
    try:
        return Path.home() / ".local" / "state" / _NAME
    except RuntimeError as error:  # the user has no home directory
        pass_on(error)
        raise ConfigurationError(
            f"there is no place for the journal: set the environment variable {VARIABLE} to a "
            "file, or pass its path"
        ) from None
