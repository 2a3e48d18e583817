"""The only writer: make the output folder match a map of path to bytes, or report differences.

Rules:

- Only files that changed are written, each through a temporary name, so no file is ever incomplete.
- A file is overwritten or removed only if it is exactly as an earlier run wrote it, which its
  checksum or the manifest proves (:mod:`runcomfy_codegen.checksums`). Any other file may be
  somebody's work: the run refuses it by name and writes nothing at all.
- Nothing is written through a symbolic link.
- Files that this run has read and found unchanged are not read again.
- Files that editors, file managers and Python leave in the folder are ignored and stay.
"""

from __future__ import annotations

import functools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from .checksums import is_as_written
from .digests import digest
from .errors import GeneratorError
from .folders import files_below

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

#: The end of a file's name while it is written. The next run removes such files of a killed run.
_HALF = ".runcomfy-codegen"

#: The ends of names of backups, swap files and caches. Names that begin with a dot are ignored too.
_LEFTOVER = ("~", ".pyc", ".swp", ".bak", ".orig", ".rej", "Thumbs.db", "desktop.ini")

#: How many files of a foreign folder a message names.
_NAMED = 3


class Difference(NamedTuple):
    """A file that differs from what this run would write.

    Attributes:
        path: The path below the output folder, with forward slashes.
        kind: ``missing``; ``changed`` for a file that an earlier run wrote from other input;
            ``orphan`` for a file that an earlier run wrote and this one doesn't; ``edited`` for a
            file at the path of a generated one whose content no run wrote; ``foreign`` for any
            other file in the package.
    """

    path: str
    kind: Literal["missing", "changed", "orphan", "edited", "foreign"]

    @property
    def is_refused(self) -> bool:
        """Whether the file may be somebody's work, which stops the run from writing anything."""
        return self.kind in ("edited", "foreign")


def _none_noted() -> Mapping[str, str]:
    return {}


def compare(
    files: Mapping[str, bytes],
    out: Path,
    kept: Collection[str] = (),
    noted: Callable[[], Mapping[str, str]] = _none_noted,
) -> list[Difference]:
    """Return the differences between the folder *out* and *files*, sorted by path.

    Args:
        files: The content of each file, by path below *out*.
        out: The folder.
        kept: The paths in *files* whose content was read from *out*, and is not read again.
        noted: Returns the digests of the files that the last run wrote, by path. It is called only
            if a file that differs has no checksum of its own.
    """
    differing = [
        path for path, data in files.items() if path not in kept and _read(out / path) != data
    ]
    strange = [path for path in _present(files, out) if path not in files]
    noted = functools.cache(noted)
    ours = {path for path in (*differing, *strange) if _is_ours(path, out, noted)}
    found = [Difference(path, "orphan" if path in ours else "foreign") for path in strange]
    for path in differing:
        if not os.path.lexists(out / path):
            found.append(Difference(path, "missing"))
        else:
            found.append(Difference(path, "changed" if path in ours else "edited"))
    return sorted(found, key=lambda one: one.path)


def write(
    files: Mapping[str, bytes],
    out: Path,
    kept: Collection[str] = (),
    noted: Callable[[], Mapping[str, str]] = _none_noted,
) -> list[Difference]:
    """Make the folder *out* match *files*; return the differences that were removed.

    The parameters are the same as for :func:`compare`.

    Raises:
        GeneratorError: A file can't be written, or the folder has a package or file that no
            earlier run wrote.
    """
    differences = compare(files, out, kept, noted)
    refused = refusals(differences, files, out) or list(_blocked(differences, out))
    if refused:
        raise GeneratorError("\n".join([*refused, "nothing was written"]))
    target = out
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
        place = target.as_posix() if error.filename is None else error.filename
        raise GeneratorError(f"{place}: can't be written: {error.strerror}") from None
    return differences


def refusals(
    differences: Collection[Difference], files: Mapping[str, bytes], out: Path
) -> list[str]:
    """Return what to do about each of *differences* that may be somebody's work.

    Args:
        differences: The result of :func:`compare`.
        files: The content of each file, by path below *out*.
        out: The folder.

    Returns:
        A line for each file, or a single line for a package in which no file is generated.
    """
    said: list[str] = []
    for package in _packages(files):
        inside = [one for one in differences if one.path.startswith(f"{package}/")]
        refused = {one.path: one for one in inside if one.is_refused}
        if not refused:
            continue
        present = _present({f"{package}/": b""}, out)
        if all(path in refused or not files.get(path) for path in present):
            said.append(_refused_package(out / package, list(refused)))
        else:
            said += [_refused_file(one, out) for one in refused.values()]
    return said


def _refused_package(folder: Path, paths: list[str]) -> str:
    held = [path.partition("/")[2] for path in paths]
    more = f" and {len(held) - _NAMED} more" if len(held) > _NAMED else ""
    return (
        f"{folder.as_posix()}: holds {', '.join(held[:_NAMED])}{more}, and nothing as "
        "runcomfy-codegen writes it; name another folder with --out, or remove it"
    )


def _refused_file(refused: Difference, out: Path) -> str:
    place = (out / refused.path).as_posix()
    if refused.kind == "foreign":
        package = refused.path.partition("/")[0]
        return (
            f"{place}: is none of the generated files, or was edited; move it out of {package}, "
            "which runcomfy-codegen writes alone"
        )
    return (
        f"{place}: is not as runcomfy-codegen wrote it; save elsewhere what you need of it, delete "
        "it, and generate again"
    )


def _blocked(differences: Collection[Difference], out: Path) -> Iterator[str]:
    """Yield why files can't be written: a link leads to their folder, or a file is in the way."""
    folders = {folder for one in differences for folder in Path(one.path).parents}
    for folder in sorted(folders):
        place = (out / folder).as_posix()
        if folder != Path() and (out / folder).is_symlink():
            yield (
                f"{place}: is a symbolic link, and nothing is written through one; remove it, or "
                "name where it leads to with --out"
            )
        elif os.path.lexists(out / folder) and not (out / folder).is_dir():
            yield f"{place}: is a file, where a folder must be; move it elsewhere"


def _is_ours(path: str, out: Path, noted: Callable[[], Mapping[str, str]]) -> bool:
    """Tell whether the file at *path* is exactly as an earlier run wrote it."""
    file = out / path
    if _is_half(path):
        return True
    data = None if file.is_symlink() else _read(file)
    if data is None:
        return False
    return is_as_written(path.partition("/")[2], data) or noted().get(path) == digest(data)


def _packages(files: Mapping[str, bytes]) -> list[str]:
    return sorted({path.split("/")[0] for path in files})


def _present(files: Mapping[str, bytes], out: Path) -> Iterator[str]:
    """Yield the files in the packages of *files*, except those that editors and tools leave."""
    for package in _packages(files):
        for path in files_below(f"{out}/{package}"):
            if _is_half(path) or not _is_leftover(path):
                yield f"{package}/{path}"


def _is_half(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith(".") and name.endswith(_HALF)


def _is_leftover(path: str) -> bool:
    hidden = path.startswith(".") or "/." in path
    return hidden or path.endswith(_LEFTOVER)


def _read(file: Path) -> bytes | None:
    """Return the content of *file*; None if it can't be read or is not a plain file."""
    try:
        return file.read_bytes() if stat.S_ISREG(file.stat().st_mode) else None
    except OSError:
        return None


def replace_file(target: Path, data: bytes) -> None:
    """Write *data* to *target* through a temporary name, so that *target* is never incomplete.

    Raises:
        OSError: The file can't be written; *target* is unchanged.
    """
    # Imported here because it is slow to import, and most runs change nothing.
    import tempfile  # noqa: PLC0415

    descriptor, name = tempfile.mkstemp(_HALF, f".{target.name}.", target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        # mkstemp makes a private file, but everyone who can read the folder may read source code.
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _remove_empty(folder: Path, out: Path) -> None:
    while folder != out and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
