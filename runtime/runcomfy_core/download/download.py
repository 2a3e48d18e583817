"""Files of an output, from their URLs to disk.

Rules:

- A file stands under its name when it is whole, and never before. Nothing is ever replaced, but
  for a file of no bytes; and a server that sends one has sent no file.
- One file that fails doesn't keep the others: each is tried, then the first failure is raised.
- All of it can be done again, even after the process was killed: a file that is there already, and
  is equal to the byte, counts as saved.
- Whatever a progress callback raises, and Ctrl-C, ends the download at once.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import ConfigurationError, DownloadFailed
from runcomfy_core.text import shown
from runcomfy_core.web.faults import Refused
from runcomfy_core.web.hosts import Hosts
from runcomfy_core.web.stream import Streams

from .content import HEAD, check_content
from .fetch import Fetch, File
from .files import PartFile
from .names import Names, name_of
from .options import Options

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What an ending of a path means that is a directory's.
_SEPARATORS: Final = tuple({os.sep, os.altsep or os.sep})

_NAME_IT: Final = "name the file in it, or have it named by download(directory)"
_DIRECTORY: Final = "name a directory, or give the only file of an output a name with save(path)"


def download(
    urls: Sequence[str],
    directory: str | os.PathLike[str],
    options: Options | None = None,
    *,
    prefix: str = "",
) -> list[Path]:
    """Fetch files into a directory, under names made of their URLs.

    Args:
        urls: The files. One that is named twice is fetched once.
        directory: Is made, with those above it, if it is not there.
        options: How.
        prefix: Comes before each name, so that several jobs can share a directory.

    Returns:
        The path of each URL's file, in their order.

    Raises:
        DownloadFailed: A file is not there now; its ``saved`` tells those that are.
        ConfigurationError: An argument is unsound. Nothing was sent.
    """
    if isinstance(urls, str):
        raise ConfigurationError(f"urls must be a list: [{shown(urls)}]")
    folder = _path(directory, "directory")
    if os.path.isfile(folder):  # noqa: PTH113 - Path's raises where it may not look
        raise ConfigurationError(f"directory is a file: {str(directory)!r}; {_DIRECTORY}")
    options = options or Options()
    hosts = Hosts(options.allow_hosts)
    # All named before any is fetched, so that a failure doesn't rename those after it.
    files = _named(dict.fromkeys(urls), folder, hosts, prefix)
    saved: dict[str, Path] = {}
    failures: list[DownloadFailed] = []
    with closing(Streams(hosts, options.timeout, options.clock)) as streams:
        for file in files:
            try:
                saved[file.url] = _save(file, hosts, streams, options)
            except DownloadFailed as error:
                failures.append(error)
    if failures:
        raise _all_of(failures, list(saved.values()))
    return [saved[url] for url in urls]


def save(url: str, path: str | os.PathLike[str], options: Options | None = None) -> Path:
    """Fetch one file to a path, under exactly that name.

    Args:
        url: The file.
        path: What it becomes. The directories above it are made if they are not there.
        options: How.

    Raises:
        DownloadFailed: It is not there now.
        ConfigurationError: An argument is unsound. Nothing was sent.
    """
    target = _path(path, "path")
    if target.name in {"", ".."} or os.fspath(path).endswith(_SEPARATORS):
        raise ConfigurationError(f"path must end in a file's name: {str(path)!r}; {_NAME_IT}")
    if os.path.isdir(target):  # noqa: PTH112 - Path's raises where it may not look
        raise ConfigurationError(f"path is a directory: {str(path)!r}; {_NAME_IT}")
    options = options or Options()
    hosts = Hosts(options.allow_hosts)
    with closing(Streams(hosts, options.timeout, options.clock)) as streams:
        return _save(File(url, target), hosts, streams, options)


def _named(urls: Iterable[str], folder: Path, hosts: Hosts, prefix: str) -> list[File]:
    names = Names()
    return [
        File(url, folder / names.take(name_of(_path_in(url, hosts), prefix)), names) for url in urls
    ]


def _path_in(url: str, hosts: Hosts) -> str:
    """The path in a URL; nothing for a URL that will be refused when its turn comes."""
    try:
        return hosts.check(url).path
    except Refused:
        return ""


def _save(file: File, hosts: Hosts, streams: Streams, options: Options) -> Path:
    """Fetch one file and put it in its place.

    Raises:
        DownloadFailed: It is not there now.
    """
    received = 0
    try:
        target = hosts.check(file.url)
        with PartFile(file.path.parent) as part:
            try:
                Fetch(file, part, streams, options).run()
            finally:
                received = part.size
            check_content(part.head(HEAD), target.path, file.content_type)
            part.place(file.path)
    except Refused as fault:
        reason = str(fault)
    else:
        return file.path
    raise DownloadFailed(file.url, file.place, reason, received=received)


def _path(value: str | os.PathLike[str], name: str) -> Path:
    try:
        path = Path(value)
    except TypeError:
        raise ConfigurationError(f"{name} must be a path, not {shown(value)}") from None
    if "\0" in str(path):
        raise ConfigurationError(f"{name} has a NUL character in it: {str(path)!r}")
    if _begins_at_home(path):
        raise ConfigurationError(
            f"{name} begins with ~, which only a shell knows: {str(path)!r}; "
            f"pass pathlib.Path({str(path)!r}).expanduser()"
        )
    return path


def _begins_at_home(path: Path) -> bool:
    """Whether a path begins with ~ or ~name for the directory of a user."""
    try:
        return path.expanduser() != path
    except RuntimeError:  # there is no such user, and it may well be a directory's name
        return False


def _all_of(failures: Sequence[DownloadFailed], saved: Sequence[Path]) -> DownloadFailed:
    """The first failure, which tells of the others too."""
    first, *others = failures
    first.saved = tuple(saved)
    for other in others:
        first.add_note(str(other))
    return first
