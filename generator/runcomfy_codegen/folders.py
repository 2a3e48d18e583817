"""Fast listing and reading of files, which is most of the work of a run with nothing to do.

Paths are strings here, because creating a Path for each file would take as long as reading it.
"""

from __future__ import annotations

import contextlib
import os


def names_in(folder: str) -> list[str]:
    """Return the names in *folder*: none if it can't be read or is not a folder."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [entry.name for entry in entries]
    return []


def files_below(folder: str) -> list[str]:
    """Return the paths of the files below *folder*, sorted, with forward slashes.

    Python's caches are left out. A symbolic link to a folder is neither followed nor returned; any
    other link counts as a file. A folder that can't be read counts as empty.
    """
    found: list[str] = []
    pending = [(folder, "")]
    for place, prefix in pending:  # the loop itself appends to the list
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
    """Return the content of *file*.

    Raises:
        OSError: The file can't be read.
    """
    with open(file, "rb", buffering=0) as opened:  # noqa: PTH123 - a Path would be slower
        return opened.read()
