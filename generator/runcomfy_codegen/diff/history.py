"""Schema folders as they were at a git revision, read from the repository's objects.

Nothing is checked out, and git attributes (``export-ignore``, filters) don't change the content.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ..errors import GeneratorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# The start of git's mode for a regular file. Other modes are links and submodules.
_FILE = "100"


def restore(schemas: Path, revision: str, target: Path) -> None:
    """Write the JSON files of the folder *schemas*, as they were at *revision*, under *target*.

    Raises:
        GeneratorError: git is missing, the folder is in no repository, the revision is unknown or
            has no such folder.
    """
    if not schemas.is_dir():
        raise GeneratorError(f"{schemas.as_posix()}: no such folder; name one with --schemas")
    try:
        _git(schemas, "rev-parse", "--git-dir")
    except _GitError as error:
        raise GeneratorError(f"{schemas.as_posix()}: is in no git repository: {error}") from None
    name = f"{revision}^{{commit}}"
    try:
        commit = _git(schemas, "rev-parse", "--verify", "--end-of-options", name).decode().strip()
    except _GitError:
        raise GeneratorError(f"git knows no revision {revision!r}") from None
    try:
        files = dict(_files(_git(schemas, "ls-tree", "-r", "-z", commit)))
        contents = _contents(_git(schemas, "cat-file", "--batch", given=list(files.values())))
        restored = dict(zip(files, contents, strict=True))
    except _GitError as error:
        raise GeneratorError(f"git can't read revision {revision!r}: {error}") from None
    if not restored:
        where = f"{schemas.as_posix()} at {revision}"
        raise GeneratorError(f"{where}: holds no model document (<model_id>.json)")
    for path, content in restored.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


class _GitError(Exception):
    """A git command failed; the message is git's own."""


def _git(folder: Path, *arguments: str, given: Sequence[str] = ()) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - runs git, with arguments that can't be taken for options
            ["git", *arguments],  # noqa: S607 - the user's own git, found on PATH
            cwd=folder,
            input="".join(f"{one}\n" for one in given).encode(),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise GeneratorError("git is not installed; compare two folders instead") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["it failed"]
        raise _GitError(said[0])
    return done.stdout


def _files(listed: bytes) -> Iterator[tuple[str, str]]:
    """Yield the path and object id of each JSON file that ``ls-tree -z`` lists."""
    for line in listed.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.decode().split()
        parts = PurePosixPath(os.fsdecode(path))
        # The content of a link is a path, and a submodule has none. A path with ".." would lead
        # out of the target folder; git itself refuses to check one out.
        if mode.startswith(_FILE) and parts.suffix == ".json" and ".." not in parts.parts:
            yield str(parts), name


def _contents(batch: bytes) -> Iterator[bytes]:
    """Yield the objects in the output of ``cat-file --batch``, each after a line with its size."""
    while batch:
        head, _, batch = batch.partition(b"\n")
        size = int(head.split()[2])
        yield batch[:size]
        batch = batch[size + 1 :]
