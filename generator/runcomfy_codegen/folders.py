"""Folders and files by name: a generator that has nothing to do does little else than this.

Here paths are texts. An object for each would take as long as the reading does.
"""

from __future__ import annotations

import contextlib
import os


def names_in(folder: str) -> list[str]:
    """Return the names that stand in *folder*: none if it can't be read, or is none."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [entry.name for entry in entries]
    return []


def files_below(folder: str) -> list[str]:
    """Return the paths of the files below *folder*, sorted, with forward slashes.

    Python's caches are none of them. A symbolic link to a folder is not followed, nor returned; any
    other link counts as a file. A folder that can't be read has no files.
    """
    found: list[str] = []
    pending = [(folder, "")]
    for place, prefix in pending:  # it grows meanwhile
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if entry.name == "__pycache__":
                    continue
                if not entry.is_dir():
                    found.append(f"{prefix}{entry.name}")
                elif not entry.is_symlink():
                    pending.append((entry.path, f"{prefix}{entry.name}/"))
    return sorted(found)


def read(file: str) -> bytes:
    """Return what *file* holds.

    Raises:
        OSError: It can't be read.
    """
    with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - see above
        return opened.read()
