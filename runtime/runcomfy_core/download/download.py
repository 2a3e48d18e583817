"""Downloading an output's files from their URLs to disk.

Rules:

- A file gets its name only when it is whole. No existing file is ever replaced, except an empty
  one. An empty file from a server is an error.
- A file that fails doesn't stop the others. Each is tried, and then the first failure is raised.
- A download can be repeated, even after the process was killed. A file that exists already and is
  equal byte for byte counts as saved.
- An exception of a progress callback, and Ctrl-C, end the download at once.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from runcomfy_core.errors import ConfigurationError, DownloadFailed
from runcomfy_core.interrupts import pass_on
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

#: The separators. A path that ends in one names a directory.
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
    """Download files into a directory, under names made from their URLs.

    Args:
        urls: The files' URLs. A URL that is listed twice is downloaded once.
        directory: The directory. It and its parents are made if they don't exist.
        options: How to download.
        prefix: A prefix of each name, so that several jobs can share a directory.

    Returns:
        The path of each URL's file, in the order of the URLs.

    Raises:
        DownloadFailed: A file could not be saved. The error's ``saved`` lists the files that were.
        ConfigurationError: An argument can't be used. Nothing was sent.
    """
    if isinstance(urls, str):
        raise ConfigurationError(f"urls must be a list: [{shown(urls)}]")
    folder = _path(directory, "directory")
    if os.path.isfile(folder):  # noqa: PTH113 - Path.is_file raises without permission
        raise ConfigurationError(f"directory is a file: {str(directory)!r}; {_DIRECTORY}")
    options = options or Options()
    hosts = Hosts(options.allow_hosts)
    # All files get their names before any is fetched, so that a failure doesn't change later names.
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
    """Download one file to exactly the path that is given.

    Args:
        url: The file's URL.
        path: The path of the file. Its parent directories are made if they don't exist.
        options: How to download.

    Raises:
        DownloadFailed: The file could not be saved.
        ConfigurationError: An argument can't be used. Nothing was sent.
    """
    target = _path(path, "path")
    if target.name in {"", ".."} or os.fspath(path).endswith(_SEPARATORS):
        raise ConfigurationError(f"path must end in a file's name: {str(path)!r}; {_NAME_IT}")
    if os.path.isdir(target):  # noqa: PTH112 - Path.is_dir raises without permission
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
    """Return the path of a URL, or "" for a URL that will be refused when its turn comes."""
    try:
        return hosts.check(url).path
    except Refused:
        return ""


def _save(file: File, hosts: Hosts, streams: Streams, options: Options) -> Path:
    """Download one file and give it its name.

    Raises:
        DownloadFailed: The file could not be saved.
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
    except TypeError as error:
        pass_on(error)
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
    """Return whether a path begins with ~ or ~name, for a user's home directory."""
    try:
        return path.expanduser() != path
    except RuntimeError as error:  # there is no such user, so ~name may be the name of a directory
        pass_on(error)
        return False


def _all_of(failures: Sequence[DownloadFailed], saved: Sequence[Path]) -> DownloadFailed:
    """Return the first failure, with the others as notes."""
    first, *others = failures
    first.saved = tuple(saved)
    for other in others:
        first.add_note(str(other))
    return first
