"""Replace a folder by a new version of itself: at any moment it is the old one or the new one.

Rules:

- The new tree is made whole beside the old one (``.schemas.pull-new``), on the same file system.
  Then the two change places in one step: ``renameat2`` with RENAME_EXCHANGE on Linux,
  ``renamex_np`` with RENAME_SWAP on macOS.
- Where the system has no such step (Windows, some network file systems), two renames do it. A run
  that dies between them leaves no folder; the old tree then stands whole beside its place
  (``.schemas.pull-old``), and the next run puts it back before it does anything else.
- Files that don't change are linked, not written: content, mode and times stay. Symbolic links
  are kept as links, and never followed.
- One run at a time. What a killed run left is cleared away by the next.
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

# Of <fcntl.h> and <linux/fs.h>; RENAME_SWAP of macOS's <stdio.h> has the same value.
_AT_FDCWD = -100
_EXCHANGE = 2

# What a kernel or a file system without the exchange answers.
_UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})


@contextlib.contextmanager
def claim(folder: Path) -> Iterator[Path]:
    """Hold the tree at *folder* alone, recovered from a run that was killed.

    Yields:
        The real folder, which may not exist yet: a link that *folder* itself is, is followed.

    Raises:
        GeneratorError: Another run holds it, it is no folder, or a file operation inside the
            ``with`` block failed.
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
    """Bring the claimed tree at *root* to a new version of itself.

    Args:
        root: What :func:`claim` gave; it is made if it doesn't exist.
        writes: Content by path below *root*, with forward slashes.
        removals: Paths of files that go; a folder that this empties goes with them.

    Raises:
        GeneratorError: The current folder lies inside, or a path leads through a link.
        OSError: A file operation failed. The tree is the old one.
    """
    if Path.cwd().is_relative_to(root):
        # Whoever stands in it, such as a shell, would stand in the old tree, which is deleted.
        raise GeneratorError(f"{root.as_posix()}: is replaced as a whole; run from outside of it")
    staged = _new(root)
    try:
        _stage(root, staged, writes, removals)
        _put_in_place(staged, root)
    finally:
        # By now it holds the old tree, or half of a new one. What stays, the next run clears.
        with contextlib.suppress(OSError):
            _remove(staged)
            # Interrupted between two renames, this is the only tree there is.
            if root.exists():
                _remove(_old(root))


def _new(root: Path) -> Path:
    return root.with_name(f".{root.name}.pull-new")


def _old(root: Path) -> Path:
    return root.with_name(f".{root.name}.pull-old")


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Lock *folder* where the system can; the lock ends with the process, however that ends."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
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
            # Some network file systems lock no folder.
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
    # Last, for a folder may be read-only, and innermost first.
    for folder, old in reversed(folders.items()):
        if folder.exists():
            _liken(folder, old)


def _clone(
    source: Path, target: Path, leave: Collection[str]
) -> Iterator[tuple[Path, os.stat_result]]:
    """Make *target* a tree of links to *source*'s files, but for those to *leave* out.

    Yields:
        Each folder that was made, and what it is to be like, outermost first.
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
        # Not every file system has links, and not every user may link another's file.
        shutil.copy2(source, target, follow_symlinks=False)


def _write(staged: Path, path: str, data: bytes) -> None:
    target = staged / path
    for folder in target.relative_to(staged).parents:
        if (staged / folder).is_symlink():
            raise GeneratorError(f"{path}: leads through a symbolic link; nothing is written there")
    target.parent.mkdir(parents=True, exist_ok=True)
    # x: a new file always, for an existing one may be linked to the old tree's.
    with target.open("xb") as file:
        file.write(data)
        file.flush()
        # Else a power cut after the exchange could leave empty files.
        os.fsync(file.fileno())


def _liken(new: Path, old: os.stat_result) -> None:
    """Give *new* the owner, where that is allowed, and the mode of what it replaces."""
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
    """Let two folders change places in one step; say False, and do nothing, where none can."""
    paths = os.fsencode(one), os.fsencode(other)
    calls: dict[str, tuple[str, tuple[int | bytes, ...]]] = {
        "linux": ("renameat2", (_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _EXCHANGE)),
        "darwin": ("renamex_np", (*paths, _EXCHANGE)),
    }
    if sys.platform not in calls:
        return False
    name, arguments = calls[sys.platform]
    # An old C library has the kernel's call without a name for it.
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
    # A folder that is read-only can't be emptied.
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)
