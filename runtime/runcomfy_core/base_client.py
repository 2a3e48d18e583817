"""What both clients share: the token, a pool of connections, and how a job is submitted.

Rules:

- All arguments are checked when a client is made, before it uses the network.
- The token is in no repr, message or log.
"""

from __future__ import annotations

import contextlib
import functools
import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import urlsplit

import attrs

from runcomfy_core.download.saver import FileSaver
from runcomfy_core.http.transport import Transport
from runcomfy_core.jobs.api import check_model_id
from runcomfy_core.jobs.base_job import Service, check_wait
from runcomfy_core.jobs.submission import Submission, submit
from runcomfy_core.media.settings import TIMEOUT, MediaSettings
from runcomfy_core.wire.steps import work

from .arguments import misnamed
from .config import Token, at_least_one, find_base_url, find_token, is_loopback, seconds
from .errors import ConfigurationError
from .text import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from typing import Self

    from runcomfy_core.files.body import Body
    from runcomfy_core.jobs.base_job import BaseJob
    from runcomfy_core.jobs.endpoint import Endpoint
    from runcomfy_core.jobs.ledger import Ledger, Occurrences
    from runcomfy_core.map.jobs import Jobs
    from runcomfy_core.map.options import JournalLike, MapSettings, Plan
    from runcomfy_core.media.values import MediaMode
    from runcomfy_core.wire.clock import Ticks
    from runcomfy_core.wire.steps import Steps

    from .journal import Journal

ClockT = TypeVar("ClockT", bound="Ticks")
InputT = TypeVar("InputT")
OutputT = TypeVar("OutputT")


class BaseClient(ABC, Generic[ClockT]):
    """What both clients share; :class:`Client` describes the arguments."""

    def __init__(  # noqa: PLR0913 - all arguments are independent, and have defaults
        self,
        token: str | None = None,
        *,
        base_url: str | None = None,
        connect_timeout: float = 10.0,
        read_timeout: float = 90.0,
        submit_attempts: int = 4,
        submit_deadline: float = 60.0,
        media_timeout: float = TIMEOUT,
        allow_private_media: bool = False,
        journal: JournalLike = None,
        store_inputs: bool = True,
        clock: ClockT | None = None,
    ) -> None:
        # The token is wrapped at once, so that a traceback with locals does not show it.
        given = None if token is None else Token(token, "the argument token")
        del token
        self._attempts = at_least_one(submit_attempts, "submit_attempts")
        self._deadline = seconds(submit_deadline, "submit_deadline", zero=True)
        self._transport = Transport(
            find_base_url(base_url),
            find_token(given),
            connect_timeout=seconds(connect_timeout, "connect_timeout", zero=False),
            read_timeout=seconds(read_timeout, "read_timeout", zero=False),
        )
        self._media_settings = MediaSettings(
            allow_private=allow_private_media,
            timeout=seconds(media_timeout, "media_timeout", zero=False),
            api_host=urlsplit(self.base_url).hostname or "",
        )
        if not isinstance(store_inputs, bool):  # pyright: ignore[reportUnnecessaryIsInstance]  # callers may pass anything
            raise ConfigurationError(
                f"store_inputs must be True or False, not {shown(store_inputs)}"
            )
        self._store_inputs = store_inputs
        self._ledger = self._open_ledger(journal)
        self._service = Service(
            self._connect(self._transport, clock),
            self._transport.longest,
            self._ledger,
            FileSaver(_local_host(self.base_url)),
            mask=self._transport.mask,
        )

    if not TYPE_CHECKING:
        # Type checkers and `inspect.signature` see the signature of __init__. Without this method,
        # the error for a wrong argument would name BaseClient.__init__, which nobody called.
        def __new__(cls, *arguments: object, **options: object) -> Self:
            """Refuse an unknown argument, with an error that suggests the one that was meant."""
            known = ("token", *BaseClient.__init__.__kwdefaults__)
            unknown = [name for name in options if name not in known]
            positional = len(arguments)
            del arguments, options  # a traceback with locals would show a token in them
            if cls.__init__ is BaseClient.__init__ and (unknown or positional > 1):
                raise TypeError(misnamed(cls.__name__, unknown, known))
            return super().__new__(cls)

        __new__.__wrapped__ = __init__

    @abstractmethod
    def _connect(self, transport: Transport, clock: ClockT | None) -> ClockT:
        """Make the driver that runs this client's operations, and return its clock."""

    @property
    def base_url(self) -> str:
        """The URL of the API, including its version."""
        return self._transport.base_url

    # Any: a submission does not read the output.
    def _submission(
        self,
        submission: Submission,
        endpoint: Endpoint[InputT, Any],
        value: InputT,
        media: MediaMode,
    ) -> Steps[str]:
        """Submit a job, and return its request id."""
        settings = self._media_settings
        body = yield from work(functools.partial(endpoint.body, value, settings, media))
        submission.body = body
        if self._ledger is None:
            return (yield from submit(submission, self._service.clock))
        from runcomfy_core.jobs.ledger import submit_noted  # noqa: PLC0415 - it loads SQLite

        from .journal import wire_input  # noqa: PLC0415 - it loads SQLite

        wire = yield from work(functools.partial(wire_input, body))
        del body  # it would take memory for as long as the submission lasts
        return (yield from submit_noted(submission, wire, self._ledger, self._service.clock))

    def _submitting(self, model_id: str, body: Body | None = None) -> Submission:
        """Return a submission to a model, with this client's settings.

        Raises:
            ConfigurationError: The model id is not valid.
        """
        model_id = check_model_id(model_id)
        return Submission(model_id, body, self.base_url, self._attempts, self._deadline)

    def _open_ledger(self, journal: JournalLike) -> Ledger | None:
        """Open a journal, and return it with a mask that keeps the token out of it."""
        found = find_journal(journal)
        if found is None:
            return None
        from runcomfy_core.jobs.ledger import Ledger  # noqa: PLC0415 - it loads SQLite

        from .journal import Journal  # noqa: PLC0415 - it loads SQLite

        mask, exactly = self._transport.mask, self._transport.mask_exactly
        if isinstance(found, Journal):
            return Ledger(found, self.base_url, own=False, mask=mask, mask_exactly=exactly)
        opened = Journal(found, store_inputs=self._store_inputs, mask=mask)
        return Ledger(opened, self.base_url, own=True, mask=mask, mask_exactly=exactly)

    def _kept(self) -> Ledger:
        """Return the journal of this client.

        Raises:
            ConfigurationError: The client has no journal.
        """
        if self._ledger is None:
            raise ConfigurationError(
                'this client keeps no journal: make it with journal="jobs.sqlite3", or with '
                "journal=True for the user's own"
            )
        return self._ledger

    @contextlib.contextmanager
    def _map_service(
        self, options: MapSettings, waits: Callable[[], int]
    ) -> Generator[tuple[Service, Path | None]]:
        """Give what the jobs of a map need of this client, and the path of the journal or None."""
        ledger = self._open_ledger(options.journal)
        if ledger is not None:
            try:
                service = attrs.evolve(self._service, ledger=ledger, waits=waits)
                yield service, ledger.journal.path
            finally:
                self._when_settled(ledger.close)
            return
        path = None if self._ledger is None else self._ledger.journal.path
        yield attrs.evolve(self._service, waits=waits), path

    def _plan(
        self,
        endpoint: Endpoint[InputT, OutputT],
        inputs: object,
        options: MapSettings,
        media: MediaMode,
    ) -> Plan[InputT, OutputT]:
        """Check the arguments of a map before anything is sent, and return its plan."""
        from runcomfy_core.map.options import Plan, check_inputs  # noqa: PLC0415 - only maps need it
        from runcomfy_core.map.progress import check_progress  # noqa: PLC0415 - only maps need it

        self._transport.check_open()
        check_model_id(endpoint.model_id)
        check_inputs(inputs, endpoint.input_type)
        check_wait(options.timeout, None)
        check_progress(progress=options.progress)
        options = attrs.evolve(options, journal=find_journal(options.journal))
        return Plan(endpoint, self._media_settings, media, options)

    def _jobs(
        self,
        plan: Plan[InputT, OutputT],
        service: Service,
        opening: Callable[[str], BaseJob[OutputT]],
    ) -> Jobs[InputT, OutputT]:
        """Return what makes the jobs of a map."""
        from runcomfy_core.map.jobs import Jobs  # noqa: PLC0415 - only maps need it

        occurrences: Occurrences | None = None
        if service.ledger is not None:
            from runcomfy_core.jobs.ledger import Occurrences  # noqa: PLC0415 - it loads SQLite

            occurrences = Occurrences()
        return Jobs(plan, service, self._submitting, opening, occurrences)

    def _close_journal(self) -> None:
        if self._ledger is not None:
            self._when_settled(self._ledger.close)

    def _when_settled(self, close: Callable[[], object]) -> None:
        """Close a journal as soon as no submission has to be recorded in it any more."""
        close()

    def __repr__(self) -> str:
        # A traceback with locals may show a client whose __init__ has raised.
        made = hasattr(self, "_transport")
        return f"<client of {self.base_url}>" if made else "<client, not made>"


def find_journal(journal: JournalLike) -> Path | Journal | None:
    """Return the journal that an argument names: its path, an open journal, or None.

    Nothing is opened.

    Raises:
        ConfigurationError: The argument names no journal, or there is no default path.
    """
    if journal is None or journal is False:
        return None
    from runcomfy_core.journal.place import as_file  # noqa: PLC0415 - it loads SQLite

    from .journal import Journal  # noqa: PLC0415 - it loads SQLite

    if journal is True:
        return Journal.default_path()
    if isinstance(journal, Journal):
        return journal
    # A caller without a type checker may pass anything.
    if not isinstance(journal, str | os.PathLike):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(
            f"journal is a file, True for the user's own, or a Journal, not {shown(journal)}"
        )
    return as_file(journal)


def _local_host(base_url: str) -> str:
    """Return the host and port of a base URL on this machine, or ""."""
    parts = urlsplit(base_url)
    return parts.netloc if is_loopback(parts.hostname or "") else ""
