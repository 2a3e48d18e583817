"""Replace a folder atomically by a new version: at any moment it is the old one or the new one.

Rules:

- The new tree is completed beside the old one (``.schemas.pull-new``), on the same file system.
  Then the two are exchanged in one step: ``renameat2`` with RENAME_EXCHANGE on Linux,
  ``renamex_np`` with RENAME_SWAP on macOS.
- Systems without such a call (Windows, some network file systems) use two renames. A run that dies
  between them leaves no folder. The old tree is then complete beside it (``.schemas.pull-old``),
  and the next run first puts it back.
- Unchanged files are hard-linked, not written, so their content, mode and times stay. Symbolic
  links are kept as links and never followed.
- Only one run at a time works on a folder. It removes whatever a killed run left.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GeneratorError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# Constants of <fcntl.h> and <linux/fs.h>. macOS's RENAME_SWAP in <stdio.h> has the same value.
_AT_FDCWD = -100
_EXCHANGE = 2

# The errors of a kernel or file system that doesn't support the exchange.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[Path]:
    """Lock the tree at *folder* for this run, and recover it first if an earlier run was killed.

    Yields:
        The real folder, which may not exist yet. If *folder* is a symbolic link, it is followed.

    Raises:
        GeneratorError: Another run has the lock, *folder* is not a folder, or a file operation
            inside the ``with`` block failed.
    """
    root = folder.resolve()
    try:
        with _lock(root.parent):
            if not os.path.lexists(root) and _old(root).is_dir():
                _old(root).rename(root)
            _remove(_new(root))
            _remove(_old(root))
            if os.path.lexists(root) and not root.is_dir():
                raise GeneratorError(f"{folder.as_posix()}: is not a folder")
            yield root
    except OSError as error:
        place = folder if error.filename is None else error.filename
        raise GeneratorError(f"{place}: {error.strerror or error}") from None


def replace(root: Path, writes: Mapping[str, bytes], removals: Collection[str]) -> None:
    """Replace the claimed tree at *root* by a new version.

    Args:
        root: The folder that :func:`claim` returned. It is created if it doesn't exist.
        writes: The new content of files, by path below *root*, with forward slashes.
        removals: Paths of files to remove. Folders that become empty are removed too.

    Raises:
        GeneratorError: The current folder is inside *root*, or a path leads through a link.
        OSError: A file operation failed. The tree is unchanged.
    """
    if Path.cwd().is_relative_to(root):
        # The working directory, perhaps a shell's, would be in the old tree, which is deleted.
        raise GeneratorError(f"{root.as_posix()}: is replaced as a whole; run from outside of it")
    staged = _new(root)
    try:
        _stage(root, staged, writes, removals)
        _put_in_place(staged, root)
    finally:
        # The staging folder now has the old tree, or an incomplete new one. If removing it fails,
        # the next run will do it.
        with contextlib.suppress(OSError):
            _remove(staged)
            # After an interruption between two renames, the old tree is the only one.
            if root.exists():
                _remove(_old(root))


def _new(root: Path) -> Path:
    return root.with_name(f".{root.name}.pull-new")


def _old(root: Path) -> Path:
    return root.with_name(f".{root.name}.pull-old")


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Lock *folder* if the system can; the lock ends with the process, even if that is killed."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has no fcntl
    except ImportError:
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise GeneratorError(f"{folder.as_posix()}: another pull is at work here") from None
        except OSError:
            # Some network file systems can't lock a folder.
            pass
        yield
    finally:
        os.close(descriptor)


def _stage(
    root: Path, staged: Path, writes: Mapping[str, bytes], removals: Collection[str]
) -> None:
    if not root.exists():
        staged.mkdir()
    folders = dict(_clone(root, staged, {*writes, *removals})) if root.exists() else {}
    for path, data in writes.items():
        _write(staged, path, data)
        if (root / path).exists():
            _liken(staged / path, (root / path).stat())
    for path in removals:
        folder = (staged / path).parent
        while folder != staged and folder.exists() and not any(folder.iterdir()):
            folder.rmdir()
            folder = folder.parent
    # Modes are set last, because a folder may be read-only, and on inner folders first.
    for folder, old in reversed(folders.items()):
        if folder.exists():
            _liken(folder, old)


def _clone(
    source: Path, target: Path, leave: Collection[str]
) -> Iterator[tuple[Path, os.stat_result]]:
    """Make *target* a tree of hard links to the files in *source*, except those in *leave*.

    Yields:
        Each folder that was made, with the stat result of its original, outermost first.
    """
    todo = [("", source.stat())]
    while todo:
        place, old = todo.pop()
        (target / place).mkdir(mode=0o700)
        yield target / place, old
        with os.scandir(source / place) as found:
            for one in sorted(found, key=lambda one: one.name):
                path = f"{place}/{one.name}".lstrip("/")
                if one.is_dir(follow_symlinks=False):
                    todo.append((path, one.stat(follow_symlinks=False)))
                elif path not in leave:
                    _link(source / path, target / path)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        # Some file systems have no hard links, and some systems forbid links to others' files.
        shutil.copy2(source, target, follow_symlinks=False)


def _write(staged: Path, path: str, data: bytes) -> None:
    target = staged / path
    for folder in target.relative_to(staged).parents:
        if (staged / folder).is_symlink():
            raise GeneratorError(f"{path}: leads through a symbolic link; nothing is written there")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Mode x always makes a new file. An existing one may be a hard link into the old tree.
    with target.open("xb") as file:
        file.write(data)
        file.flush()
        # Without this, a power failure after the exchange could leave empty files.
        os.fsync(file.fileno())


def _liken(new: Path, old: os.stat_result) -> None:
    """Give *new* the mode of the file it replaces, and also the owner if that is allowed."""
    with contextlib.suppress(AttributeError, OSError):
        os.chown(new, old.st_uid, old.st_gid)
    new.chmod(stat.S_IMODE(old.st_mode))


def _put_in_place(staged: Path, root: Path) -> None:
    if not root.exists():
        staged.rename(root)
    elif not _exchange(staged, root):
        root.rename(_old(root))
        try:
            staged.rename(root)
        except BaseException:
            _old(root).rename(root)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; return False and do nothing if the system can't."""
    paths = os.fsencode(one), os.fsencode(other)
    calls: dict[str, tuple[str, tuple[int | bytes, ...]]] = {
        "linux": ("renameat2", (_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE)),
        "darwin": ("renamex_np", (*paths, _EXCHANGE)),
    }
    if sys.platform not in calls:
        return False
    name, arguments = calls[sys.platform]
    # An old C library has no function for the kernel's call.
    call = getattr(ctypes.CDLL(None, use_errno=True), name, None)
    if call is None:
        return False
    if call(*arguments) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _remove(path: Path) -> None:
    if not os.path.lexists(path):
        return
    # A read-only folder can't be emptied, so all folders are made writable first.
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)
