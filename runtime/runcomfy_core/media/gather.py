"""Examining many files: local ones one by one, remote ones in parallel, before one deadline.

Resolving a name can't be interrupted. A thread that hangs there does not block the caller.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from runcomfy_core.errors import ThreadsExhausted
from runcomfy_core.files.local import UnreadableFile, named, open_local
from runcomfy_core.http.deadline import Deadline
from runcomfy_core.interrupts import pass_on
from runcomfy_core.threads import Mailbox, Threads
from runcomfy_core.web.faults import OwnNetwork, Unreadable, late
from runcomfy_core.web.fetch import Fetcher
from runcomfy_core.web.urls import is_url, shown

from .examine import Fault, Needs, Unknown, examine, unforeseen
from .rules import MEGABYTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from runcomfy_core.files.local import Content

    from .examine import Facts
    from .places import Found
    from .settings import MediaSettings

    #: The outcome for one file. An OwnNetwork is raised later, in the caller's thread.
    Outcome: TypeAlias = Facts | Fault | Unknown | OwnNetwork

#: The most URLs that are read at the same time.
AT_ONCE: Final = 8

_READ_ONCE: Final = "it can be read only once, so it is checked when it is submitted"


def gather(
    wanted: Sequence[Found], files: Mapping[str, Content], settings: MediaSettings
) -> dict[str, Facts | Fault | Unknown]:
    """Examine media values, and return the outcome of each, by its JSON pointer.

    Args:
        wanted: Valid media values.
        files: Files that were read already, by their JSON pointers.
        settings: The settings of the client.

    Raises:
        OwnNetwork: This machine's network is down.
    """
    remote: dict[str, list[Found]] = {}
    local: list[Found] = []
    for one in wanted:
        if isinstance(one.value, str) and is_url(one.value):
            remote.setdefault(one.value, []).append(one)
        else:
            local.append(one)
    needs = {url: _needs(places) for url, places in remote.items()}
    workers = _Workers(needs, settings)
    outcomes = {one.path: _look(one, files.get(one.path)) for one in local}
    for url, outcome in workers.outcomes().items():
        if isinstance(outcome, OwnNetwork):
            raise outcome
        outcomes |= {one.path: outcome for one in remote[url]}
    return outcomes


def _needs(places: Iterable[Found]) -> Needs:
    """Return what the rules of all *places* that use one file need to know."""
    rules = [rule for one in places for rule in one.field.rules]
    sizes = [rule.limit for rule in rules if rule.metric == "file_size_mb"]
    return Needs(
        kinds=frozenset(one.field.kind for one in places if one.field.kind is not None),
        size=int(max(sizes) * MEGABYTE) + 1 if sizes else None,
        header=len(sizes) < len(rules),
    )


def _look(one: Found, content: Content | None) -> Facts | Fault | Unknown:
    """Examine a local file."""
    try:
        source = content or open_local(one.value)
        if source is None:
            return Unknown(_READ_ONCE)
        try:
            return examine(source, _needs([one]))
        finally:
            source.close()
    except UnreadableFile as error:
        return Fault("readable", "a file", named(one.value), str(error))
    # Any other error comes from a bug here or in a library, and is no fault of the file.
    except Exception as error:  # noqa: BLE001
        pass_on(error)
        return Unknown(unforeseen("looking at a file", error))


class _Workers:
    """Threads that examine URLs. They start at once.

    Args:
        needs: What to find out, by URL.
        settings: The settings of the client.
    """

    def __init__(self, needs: Mapping[str, Needs], settings: MediaSettings) -> None:
        self._needs = needs
        self._deadline = Deadline(settings.timeout)
        self._fetcher = Fetcher(
            self._deadline, control=settings.api_host, allow_private=settings.allow_private
        )
        self._done: Mailbox[tuple[str, Outcome]] = Mailbox()
        self._threads = Threads(AT_ONCE, "runcomfy-media")
        self._unaided: list[str] = []
        for url in needs:
            try:
                self._threads.start(partial(self._look_at, url))
            except ThreadsExhausted:  # not even one thread could start
                self._unaided.append(url)

    def outcomes(self) -> dict[str, Outcome]:
        """Wait for all outcomes, at most until the deadline.

        A file that is late is its server's fault, unless this machine is still resolving a name.
        """
        found: dict[str, Outcome] = {}
        hanging: OwnNetwork | None = None
        try:
            for url in self._unaided:
                self._look_at(url)
            while len(found) < len(self._needs):
                left = self._deadline.left()
                if (letter := self._done.get(left)) is not None:
                    url, outcome = letter
                    found[url] = outcome
                elif not left:
                    hanging = self._fetcher.hanging()
                    break
        finally:
            self._fetcher.abort()
            self._threads.close()
        missing = [url for url in self._needs if url not in found]
        return found | {url: hanging or _fault(late(shown(url), self._deadline)) for url in missing}

    def _look_at(self, url: str) -> None:
        self._done.put((url, self._outcome(url)))

    def _outcome(self, url: str) -> Outcome:
        try:
            source = self._fetcher.fetch(url)
            try:
                return examine(source, self._needs[url])
            finally:
                source.close()
        except Unreadable as error:
            return _fault(error)
        # gather() raises it in the caller's thread.
        except OwnNetwork as error:
            return error
        # Any other error comes from a bug here or in a library, and is no fault of the file.
        except Exception as error:  # noqa: BLE001
            pass_on(error)
            return Unknown(unforeseen("looking at a URL", error))


def _fault(error: Unreadable) -> Fault:
    return Fault(error.rule, error.limit, error.actual, error.message)
