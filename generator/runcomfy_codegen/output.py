"""The only writer: bring the output folder to a map of path to bytes, or say where it differs.

Rules:

- Only what changed is written, each file through a temporary name, so that no file is ever half.
- Nothing is written through a symbolic link; a file that is one is replaced.
- What was just read there, and found as it should be, is not read again.
- A package folder is output only: a file in it that isn't in the map is an orphan and goes. A
  folder that the generator did not write is refused, so that a wrong ``--out`` costs nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from .errors import GeneratorError
from .folders import files_below

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

#: Every generated package holds this file.
_MARK = "_binding.py"


class Difference(NamedTuple):
    """A file that is not as it should be.

    Attributes:
        path: Below the output folder, with forward slashes.
        kind: ``missing``, ``changed``, or ``orphan`` for one that should not be there.
    """

    path: str
    kind: Literal["missing", "changed", "orphan"]


def compare(files: Mapping[str, bytes], out: Path, kept: Collection[str] = ()) -> list[Difference]:
    """Say where the folder *out* differs from *files*, sorted by path.

    Those of *files* that are *kept* were read there, and are not read again.
    """
    differences = [
        Difference(path, "changed" if (out / path).exists() else "missing")
        for path, data in files.items()
        if path not in kept and _read(out / path) != data
    ]
    orphans = (path for path in _present(files, out) if path not in files)
    differences += [Difference(path, "orphan") for path in orphans]
    return sorted(differences, key=lambda one: one.path)


def write(files: Mapping[str, bytes], out: Path, kept: Collection[str] = ()) -> list[Difference]:
    """Bring the folder *out* to *files*; return what had to be changed.

    Those of *files* that are *kept* were read there, and are not read again.

    Raises:
        GeneratorError: It can't be written, or holds a package that is not ours.
    """
    for package in _packages(files):
        folder = out / package
        if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
            raise GeneratorError(
                f"{folder.as_posix()} was not written by runcomfy-codegen; "
                "name another folder with --out, or remove it"
            )
    differences = compare(files, out, kept)
    for difference in differences:
        _refuse_links(out, difference.path)
    try:
        for difference in differences:
            target = out / difference.path
            if difference.kind == "orphan":
                target.unlink()
                _remove_empty(target.parent, out)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, files[difference.path])
    except OSError as error:
        raise GeneratorError(f"{error.filename}: can't be written: {error.strerror}") from None
    return differences


def _refuse_links(out: Path, path: str) -> None:
    """Refuse to write through a symbolic link below *out*: it may lead anywhere."""
    for folder in Path(path).parents:
        if (out / folder).is_symlink() and folder != Path():
            raise GeneratorError(
                f"{(out / folder).as_posix()}: is a symbolic link, and nothing is written through "
                "one; remove it, or name where it leads to with --out"
            )


def _packages(files: Mapping[str, bytes]) -> list[str]:
    return sorted({path.split("/")[0] for path in files})


def _present(files: Mapping[str, bytes], out: Path) -> Iterator[str]:
    """Yield the files that stand in the packages of *files*, but for Python's own caches."""
    for package in _packages(files):
        for path in files_below(f"{out}/{package}"):
            yield f"{package}/{path}"


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None


def replace_file(target: Path, data: bytes) -> None:
    """Write *data* to *target* through a temporary name: it holds all of it or none.

    Raises:
        OSError: It can't be written; *target* is as it was.
    """
    # Here and not above: most runs change nothing, and it is large.
    import tempfile  # noqa: PLC0415

    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        # mkstemp makes a private file; source code is readable by those who may read the folder.
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remove_empty(folder: Path, out: Path) -> None:
    while folder != out and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
