"""The token is in nothing that the client produces, whichever way a call ends.

Every scenario is driven with a marked token. What it produced is gathered by :class:`Evidence`
(objects and errors with all that a debugger shows of them, messages, warnings, logs at DEBUG, the
terminal, every file, every request to somebody else's server) and searched when the test ends.

A server may also send the token back, out of malice or because its error page shows the request.
Then messages, logs and the journal have it masked. ``raw``, ``output`` and ``JobFailed.error`` are
the server's answer as it is, and are not searched.
"""

from __future__ import annotations

import asyncio
import copy
import http.client
import inspect
import json
import logging
import pickle
import re
import signal
import tempfile
import threading
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock, leaks, picture
from support_media_server import MediaServer, head, raw, whole
from support_server import (
    CERTIFICATE,
    CUT_OFF,
    DROP_READ,
    DROP_UNREAD,
    HANG,
    RESET_READ,
    FaultServer,
    Proxy,
    Step,
    answer,
    says,
)
from support_spellings import SPELLINGS, WIDE, shows
from support_submissions import FINAL, MODEL, REFUSED, TAKEN

from runcomfy import AsyncClient, Client, Result, Status, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_core.download.saver import FileSaver
from runcomfy_core.jobs.endpoint import AnyModel
from runcomfy_core.journal import Journal, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support_submissions import Row

INPUT = {"prompt": "x"}

_FORMATTER = logging.Formatter("%(name)s %(message)s")


class Evidence(logging.Handler):
    """What a scenario produced; as a handler it sees what is logged meanwhile.

    Attributes:
        folder: Where its files are; temporary ones too.
        journal: The journal that its clients write.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.journal = folder / "journal.sqlite3"
        self._finds: list[str] = []

    def saw(self, where: str, *things: object) -> None:
        """Search texts, and objects with what they are made of, one level down."""
        for thing in things:
            shown = [thing] if isinstance(thing, str) else [repr(thing), str(thing)]
            if hasattr(thing, "__dict__"):
                shown.append(repr(vars(thing)))
            self._search(where, "\n".join(shown))

    def caught(self, error: BaseException, *, echoed: bool = False) -> None:
        """Search an error: its words, its notes and, unless it carries an answer, all the rest."""
        where = type(error).__name__
        self.saw(where, str(error), repr(error), *getattr(error, "__notes__", []))
        if echoed:
            return
        if leaks(error):
            self._finds.append(f"what a debugger shows of {where}")
        self.pickled(error)

    def pickled(self, thing: object) -> None:
        """Search what a thing is outside of this process, if it can leave it."""
        try:
            text = pickle.dumps(thing).decode("latin-1")
        except Exception as error:  # noqa: BLE001 - of whatever kind: it is searched too
            text = repr(error)
        self._search(f"pickled {type(thing).__name__}", text)

    def served(self, *servers: FaultServer) -> None:
        """Search what a server that isn't the API was asked."""
        for server in servers:
            for one in server.requests:
                asked = [one.method, one.path, repr(one.headers), one.body.decode("latin-1")]
                self._search("a foreign server", "\n".join(asked))

    def files(self, *_: object) -> None:
        """Search every file, as it is now."""
        for path in self.folder.rglob("*"):
            if path.is_file():
                self._search(path.name, path.read_bytes().decode("latin-1"))

    def emit(self, record: logging.LogRecord) -> None:
        """Search what is logged, with what a handler could make of it."""
        self._search("a log", f"{_FORMATTER.format(record)}\n{vars(record)!r}")

    @property
    def finds(self) -> list[str]:
        """Where the token was found."""
        return self._finds

    def _search(self, where: str, text: str) -> None:
        if shows(text):
            self._finds.append(where)


@pytest.fixture
def gathered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    recwarn: pytest.WarningsRecorder,
) -> Iterator[tuple[Evidence, Callable[[], list[str]]]]:
    """Evidence, and what ends the search and returns its finds."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    evidence = Evidence(folder)
    # Not pytest's own: that one forgets a test's records before its fixtures end.
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(evidence)

    def end() -> list[str]:
        evidence.files()
        evidence.saw("a warning", *[str(one.message) for one in recwarn])
        evidence.saw("the terminal", *capfd.readouterr())
        return evidence.finds

    yield evidence, end
    root.removeHandler(evidence)
    root.setLevel(level)


@pytest.fixture
def evidence(
    gathered: tuple[Evidence, Callable[[], list[str]]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Evidence]:
    # It would print every header, the token's among them: whoever sets it wants to see them.
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 0)
    found, end = gathered
    yield found
    assert end() == []


# --- the two clients ---


class Drive(Protocol):
    """Does one thing with a client of its own; returns what it raised."""

    def __call__(
        self,
        evidence: Evidence,
        base_url: str,
        call: Callable[[Any], Any],
        *,
        echoed: bool = False,
        **options: Any,
    ) -> BaseException | None: ...


def in_thread(
    evidence: Evidence,
    base_url: str,
    call: Callable[[Any], Any],
    *,
    echoed: bool = False,
    **options: Any,
) -> BaseException | None:
    given: dict[str, Any] = {
        "clock": FakeClock(),
        "read_timeout": 1,
        "journal": evidence.journal,
    } | options
    with Client(TOKEN, base_url=base_url, **given) as client:
        try:
            made = call(client)
            if inspect.isgenerator(made):
                made = list(made)
        # Ctrl-C too: it is one of the scenarios.
        except BaseException as error:  # noqa: BLE001
            return caught(evidence, client, error, echoed=echoed)
        produced(evidence, client, made, echoed=echoed)
    return None


def on_loop(
    evidence: Evidence,
    base_url: str,
    call: Callable[[Any], Any],
    *,
    echoed: bool = False,
    **options: Any,
) -> BaseException | None:
    given: dict[str, Any] = {
        "clock": AsyncFakeClock(),
        "read_timeout": 1,
        "journal": evidence.journal,
    } | options

    async def run() -> BaseException | None:
        async with AsyncClient(TOKEN, base_url=base_url, **given) as client:
            try:
                called = call(client)
                if inspect.isasyncgen(called):
                    made: object = [pair async for pair in called]
                else:
                    made = await called
            except BaseException as error:  # noqa: BLE001 - a cancellation too
                return caught(evidence, client, error, echoed=echoed)
            produced(evidence, client, made, echoed=echoed)
        return None

    return asyncio.run(run())


def caught(evidence: Evidence, client: Any, error: BaseException, *, echoed: bool) -> BaseException:
    evidence.caught(error, echoed=echoed)
    produced(evidence, client, None, echoed=echoed)
    return error


def produced(evidence: Evidence, client: Any, made: object, *, echoed: bool) -> None:
    """Search what there is while the client is open, its journal's side files included."""
    evidence.saw("the client", client, client._transport, client._driver, client._service)
    if client._ledger is not None:
        evidence.saw("the journal", client.journal, client._ledger, *client.journal.jobs())
    if not echoed:
        evidence.saw("what was returned", made)
    # These carry the server's answer outside, though they don't show it.
    if not isinstance(made, Status | Result):
        evidence.pickled(made)
    evidence.pickled(client)
    evidence.files()


@pytest.fixture(params=[in_thread, on_loop], ids=["Client", "AsyncClient"])
def drive(request: pytest.FixtureRequest) -> Drive:
    chosen: Drive = request.param
    return chosen


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running
        seen = [one.headers.get("authorization") for one in running.requests]
        # The token was in use: there was something to leak.
        assert set(seen) <= {f"Bearer {TOKEN}"}


def submits(client: Any) -> Any:
    return client.submit(MODEL, INPUT)


def asks(client: Any) -> Any:
    return client.job("r-1").status()


def cancels(client: Any) -> Any:
    return client.job("r-1").cancel()


def waits(client: Any) -> Any:
    return client.job("r-1").wait(timeout=3)


# --- every error path ---


@pytest.mark.parametrize("row", [*FINAL, *REFUSED], ids=lambda row: row.name)
def test_a_submission(evidence: Evidence, drive: Drive, server: FaultServer, row: Row) -> None:
    server.add(*[row.step] * 4)
    error = drive(evidence, server.base_url, submits)
    assert type(error) is row.kind
    assert evidence.journal.stat().st_size > 0


OVER = says({"request_id": "r-1", "status": "completed"})
FAULTS = {
    "dropped unread": DROP_UNREAD,
    "dropped": DROP_READ,
    "reset": RESET_READ,
    "hung": HANG,
    "cut off": CUT_OFF,
    "no HTTP": Step(b"SSH-2.0-OpenSSH_9.6\r\n", "close"),
    "HTML": says(b"<html>"),
    "nothing": says(b""),
    "a list": says([]),
    "no field": says({}),
    "odd headers": Step(b"HTTP/1.1 200 OK\r\nX: 1\r\nodd\r\n\r\n{}", "close"),
    **{str(status): says({}, status) for status in (302, 400, 401, 403, 404, 408, 429, 500, 599)},
    "an error with 200": says({"error_code": 400004, "message": "token"}),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("call", [asks, cancels, waits])
def test_a_job(
    evidence: Evidence, drive: Drive, server: FaultServer, call: Callable[[Any], Any], fault: Step
) -> None:
    server.add(*[fault] * 12)
    error = drive(evidence, server.base_url, call, read_timeout=0.15 if fault is HANG else 5)
    # A cancel's answer may say anything: what it doesn't say is "cancelled".
    silent = call is cancels and fault in (FAULTS["no field"], FAULTS["odd headers"])
    assert silent or isinstance(error, errors.RunComfyError)


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        *[(fault, errors.WaitTimeout) for fault in (HANG, DROP_READ, CUT_OFF, says({}, 500))],
        (says({"error_code": 400005}, 400), errors.WaitTimeout),
        (says({}, 403), errors.PermissionDenied),
        (says({"status": "failed", "error": "no"}), errors.JobFailed),
        (says({"status": "cancelled"}), errors.JobCancelled),
        (says({"status": "succeeded", "output": {"image": "https://x/a.png"}}), type(None)),
    ],
)
def test_a_result(
    evidence: Evidence, drive: Drive, server: FaultServer, result: Step, kind: type[object]
) -> None:
    server.add(says(TAKEN), *[OVER, result] * 6)

    def run(client: Any) -> Any:
        return client._run(AnyModel(MODEL), INPUT, "skip", 3.0, None)

    assert type(drive(evidence, server.base_url, run)) is kind


def test_many_at_once(evidence: Evidence, drive: Drive, server: FaultServer) -> None:
    steps = [says(TAKEN), OVER, says({"status": "failed", "error": "no"})]
    server.add(*steps, says({}, 401), DROP_READ, CUT_OFF, says({}, 500))
    inputs = [{"prompt": str(number)} for number in range(5)]

    def run(client: Any) -> Any:
        return client.map(MODEL, inputs, max_in_flight=1, timeout=3)

    assert drive(evidence, server.base_url, run) is None
    assert len(server.requests) == 7


def test_what_is_uncertain_is_looked_at_again(
    evidence: Evidence, drive: Drive, server: FaultServer
) -> None:
    server.add(says({"request_id": "r-1"}, 504), *[says({}, 500)] * 12)
    assert type(drive(evidence, server.base_url, submits)) is errors.SubmissionUncertain
    assert drive(evidence, server.base_url, lambda client: client.journal.resume(timeout=3)) is None


# --- a server that sends the token back ---


def junk(*lines: str) -> Step:
    """Headers among which some are none."""
    text = "\r\n".join(["HTTP/1.1 200 OK", *lines, "", "{}"])
    return Step(text.encode(), "close")


ECHOES = {
    "HTML": says(f"<html>{TOKEN}".encode()),
    "in the status line": Step(f"HTTP/1.1 200 {TOKEN}\r\n\r\n{{}}".encode(), "close"),
    "no status line": Step(f"{TOKEN}\r\n\r\n".encode(), "close"),
    "in a header": says({}, headers=[f"X-Token: {TOKEN}", f"{TOKEN}: 1", f"Set-Cookie: {TOKEN}"]),
    "no header": junk("X: 1", f"odd {TOKEN}"),
    "a folded header": junk(f" {TOKEN}"),
    "too long a header": junk("X: " + TOKEN * 5000),
    "a packing": says({}, headers=[f"Content-Encoding: {TOKEN}"]),
    "a length": Step(
        f"HTTP/1.1 200 OK\r\nContent-Length: 1, 2{TOKEN}\r\n\r\n{{}}".encode(), "close"
    ),
    "a chunk": Step(
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{TOKEN}\r\n".encode(), "close"
    ),
    "a redirect": says(b"", 307, headers=[f"Location: http://127.0.0.1:1/{TOKEN}"]),
    "a pause": says({}, 429, headers=[f"Retry-After: {TOKEN}"]),
    "a status": says({"status": TOKEN, "queue_position": TOKEN}),
    "a long status": says({"status": "x " * 28 + TOKEN}),
    "an id": says({"request_id": TOKEN, "status": "in_queue"}),
    "an id, cut off": Step(answer(json.dumps({"request_id": TOKEN}).encode(), length=99), "close"),
    "an outcome": says({"outcome": TOKEN}),
    "another field": says({"x": TOKEN}),
    "a name": says({TOKEN: 1}),
    "a code": says({"error_code": TOKEN}),
    **{
        f"{status} {key}": says({key: f"no such token: {TOKEN}"}, status)
        for status in (200, 400, 401, 500)
        for key in ("error_code", "error_message", "detail", "x")
    },
    "a place": says({"detail": [{"loc": [TOKEN, 1], "msg": f"{TOKEN} is bad"}]}, 422),
    "far in": says({"message": "x" * 290 + TOKEN}, 400),
    "further in": says({"message": "x" * 3990 + TOKEN}, 400),
    "in the excerpt": says(b" " * 470 + TOKEN.encode(), 400),
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
def test_an_echo(evidence: Evidence, drive: Drive, server: FaultServer, echo: Step) -> None:
    server.add(*[echo] * 24)
    for call in (submits, asks, cancels, waits):
        drive(evidence, server.base_url, call)


def odd_echoes(spelt: str) -> list[Step]:
    """What a server may do with a token that it spells in its own way."""
    bodies: list[tuple[object, int]] = [
        (f"<html>{spelt}".encode(), 200),
        ((" " * 470 + spelt).encode(), 400),
        ({"status": spelt, "model_id": spelt, "queue_position": spelt}, 200),
        ({"status": "x" * 50 + spelt}, 200),
        ({"error_code": spelt}, 400),
        ({"error_code": "x" * 50 + spelt}, 200),
        ({"outcome": spelt}, 202),
        ({spelt: spelt}, 200),
        ({"detail": [{"loc": [spelt], "msg": spelt, "type": spelt, "input": spelt}]}, 422),
        ({"error_message": "x" * 4090 + spelt}, 500),
        *[({"message": "x" * before + spelt}, 400) for before in range(262, 300, 9)],
        ({"request_id": re.sub("[^A-Za-z0-9_-]", "", spelt)[:128], "status": "in_queue"}, 200),
    ]
    steps = [says(body, status) for body, status in bodies]
    if spelt.isprintable():
        length = f"Content-Length: {'1' * 30}{spelt}"
        steps += [
            Step(f"HTTP/1.1 {spelt}\r\n\r\n".encode(), "close"),
            junk("X: 1", "x" * 48 + spelt),
            says({}, headers=[f"Content-Encoding: {'x' * 30}{spelt}"]),
            Step(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode(), "close"),
        ]
    return steps


@pytest.mark.parametrize("name", SPELLINGS | WIDE)
def test_an_echo_in_another_spelling(
    evidence: Evidence, drive: Drive, server: FaultServer, name: str
) -> None:
    spelt = (SPELLINGS | WIDE)[name]
    calls = (submits, asks, cancels, waits)
    for number, echo in enumerate(odd_echoes(spelt), len(name)):
        server._script[:] = [echo] * 12
        with warnings.catch_warnings():
            warnings.simplefilter("always", errors.JobWarning)
            drive(evidence, server.base_url, calls[number % 4])


@pytest.mark.parametrize("name", SPELLINGS | WIDE)
def test_an_echo_in_another_spelling_at_the_end_of_a_job(
    evidence: Evidence, drive: Drive, server: FaultServer, name: str
) -> None:
    spelt = (SPELLINGS | WIDE)[name]

    def run(client: Any) -> Any:
        return client._run(AnyModel(MODEL), INPUT, "skip", 3.0, None)

    for end in (
        {"status": "succeeded", "output": {spelt: [spelt]}, "x": spelt},
        {"status": "failed", "error": {"message": spelt}, "model_id": spelt},
        {"status": "failed", "error": "x" * 280 + spelt},
    ):
        server._script[:] = [says(TAKEN), OVER, says(end)]
        with warnings.catch_warnings():
            warnings.simplefilter("always", errors.JobWarning)
            drive(evidence, server.base_url, run, echoed=True)


ECHO_OF_A_RESULT = says({"status": "succeeded", "output": {TOKEN: TOKEN}, "x": TOKEN})


@pytest.mark.parametrize(
    "ended",
    [
        [says({"status": "cancelled", "x": TOKEN})],
        [OVER, says({"status": "cancelled", "x": TOKEN})],
        [OVER, says({"status": "succeeded", "output": {TOKEN: [TOKEN]}})],
        [OVER, says({"status": "succeeded", "output": f"https://x/{TOKEN}.png"})],
        [OVER, *[says({"message": TOKEN}, 500)] * 12],
        [OVER, says({"status": "failed", "error": {"message": f"bad token {TOKEN}"}})],
    ],
)
def test_an_echo_at_the_end_of_a_job(
    evidence: Evidence, drive: Drive, server: FaultServer, ended: list[Step]
) -> None:
    server.add(says(TAKEN), *ended)

    def run(client: Any) -> Any:
        return client._run(AnyModel(MODEL), INPUT, "skip", 3.0, None)

    drive(evidence, server.base_url, run, echoed=True)
    # Here and not in the fixture, so that the one that is known to fail can be marked.
    assert evidence.finds == []


def test_an_echo_in_a_journal_of_the_caller_s(
    evidence: Evidence, drive: Drive, server: FaultServer
) -> None:
    """It knows no token; whoever writes in it takes it out."""
    ends = [says({"message": TOKEN}, 500), ECHO_OF_A_RESULT]
    with Journal(evidence.journal) as journal:
        for end in ends:
            server.add(says(TAKEN), *([OVER, end] if end is ends[-1] else [end] * 12))

            def run(client: Any) -> Any:
                return client._run(AnyModel(MODEL), INPUT, "skip", 3.0, None)

            drive(evidence, server.base_url, run, echoed=True, journal=journal)
            server._script.clear()
        assert len(list(journal.jobs())) == len(ends)


# --- other servers ---


def test_a_redirect_leads_nowhere(evidence: Evidence, drive: Drive, server: FaultServer) -> None:
    with FaultServer() as elsewhere:
        location = f"Location: {elsewhere.base_url}/models/x"
        for call in (submits, asks, cancels, waits):
            server.add(*[says({}, 307, headers=[location])] * (1 if call is submits else 4))
            assert isinstance(drive(evidence, server.base_url, call), errors.RunComfyError)
    assert elsewhere.connections == 0


def test_media(evidence: Evidence, server: FaultServer) -> None:
    pages = {
        "/good.png": whole(picture(), "Content-Type: image/png"),
        "/small.png": whole(picture(10, 10)),
        "/page.png": whole(b"<html>"),
        "/gone.png": raw(head(404, "Content-Length: 0")),
        "/cut.png": raw(head(200, "Content-Length: 999") + b"\x89PNG"),
    }
    with MediaServer(pages) as media:
        pages["/moved.png"] = raw(
            head(302, f"Location: {media.origin}/good.png", "Content-Length: 0")
        )

        server.add(*[says(TAKEN)] * 12)
        for path in pages:
            for mode in ("check", "warn"):
                value = model.Input(prompt="p", image_urls=[media.origin + path])

                def submit(client: Any, mode: Any = mode, value: model.Input = value) -> Any:
                    return model.submit(client, value, media=mode)

                error = in_thread(evidence, server.base_url, submit, allow_private_media=True)
                refused = mode == "check" and path not in {"/good.png", "/moved.png"}
                assert type(error) is (errors.InvalidInput if refused else type(None))
        evidence.served(media)
        assert {one.path for one in media.requests} == set(pages)
        assert not any("authorization" in one.headers for one in media.requests)


def test_files(evidence: Evidence, server: FaultServer) -> None:
    with FaultServer() as files, FaultServer() as elsewhere:
        moved = answer(b"", 302, headers=[f"Location: {elsewhere.base_url}/b.png"])
        cut = Step(answer(b"half", length=8, headers=['ETag: "1"']), "close")
        files.add(says(b"abcdefgh"), *[cut] * 2, Step(moved), says({}, 404))
        for count in range(4):
            url = f"{files.base_url}/{count}.png"
            result = Result("r-1", {"image": url}, {"output": {"image": url}}, FileSaver())
            limit = 100 if count != 1 else 7  # the second is too large
            try:
                result.download(
                    evidence.folder,
                    allow_hosts=[f"127.0.0.1:{files.port}"],
                    limit=limit,
                    timeout=2,
                    on_progress=evidence.files,
                )
            except errors.DownloadFailed as error:
                evidence.caught(error)
        evidence.served(files)
        assert elsewhere.connections == 0
        assert len(files.requests) > 3
        assert not any("authorization" in one.headers for one in files.requests)
    assert server.requests == []


@pytest.mark.parametrize("refusal", [b"", f"HTTP/1.1 407 {TOKEN}\r\n\r\n".encode()])
def test_a_proxy(
    evidence: Evidence, drive: Drive, monkeypatch: pytest.MonkeyPatch, refusal: bytes
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    steps = [says(TAKEN), says({}, 401)]
    with FaultServer(*steps, tls=True) as api, Proxy(api.port, refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", "//user:word@"))
        for call in (submits, asks):
            error = drive(evidence, "https://api.test/v1", call)
            assert (error is None) is (not refusal and call is submits)
        assert proxy.asked
        evidence.saw("the proxy", *proxy.asked)


# --- what interrupts ---


def interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


@pytest.mark.parametrize("call", [submits, asks, cancels, waits])
@pytest.mark.parametrize("begin", [b"", answer(b'{"request_id": "r-1"', length=99)])
def test_ctrl_c(
    evidence: Evidence, server: FaultServer, call: Callable[[Any], Any], begin: bytes
) -> None:
    server.add(Step(begin, then="hang", hook=interrupt), says({"message": TOKEN}, 500))
    error = in_thread(evidence, server.base_url, call, read_timeout=5)
    assert isinstance(error, KeyboardInterrupt)


@pytest.mark.parametrize("call", [submits, asks, cancels, waits])
def test_a_task_that_is_cancelled(
    evidence: Evidence, server: FaultServer, call: Callable[[Any], Any]
) -> None:
    begun = threading.Event()
    server.add(Step(answer(TAKEN), hook=begun.set, then="hang"), says({"message": TOKEN}, 500))

    async def cancelled(client: AsyncClient) -> None:
        task = asyncio.create_task(call(client))
        await asyncio.to_thread(begun.wait, 5)
        task.cancel()
        await task

    error = on_loop(evidence, server.base_url, cancelled)
    # Unless the answer was faster.
    assert error is None or isinstance(error, asyncio.CancelledError | errors.RunComfyError)


def test_a_block_that_is_left(evidence: Evidence, server: FaultServer) -> None:
    server.add(says(TAKEN), says({"message": TOKEN}, 500))

    def leave(client: Client) -> None:
        with client.submit(MODEL, INPUT):
            raise RuntimeError("the caller's own")

    error = in_thread(evidence, server.base_url, leave)
    assert isinstance(error, RuntimeError)
    assert "[token]" in error.__notes__[0]


def test_a_closed_client(evidence: Evidence, server: FaultServer) -> None:
    for call in (submits, asks, cancels, waits):

        def close(client: Client, call: Callable[[Any], Any] = call) -> Any:
            client.close()
            return call(client)

        options: dict[str, Any] = {"journal": None}
        assert isinstance(
            in_thread(evidence, server.base_url, close, **options), errors.ConfigurationError
        )


# --- what is made, or is not ---

SPOILT = [f"{TOKEN}\n", f"Bearer {TOKEN}", f"{TOKEN}\x00", f"{TOKEN}é", TOKEN.encode()]


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize("token", SPOILT, ids=["line", "Bearer", "NUL", "not ASCII", "bytes"])
def test_a_token_that_is_none(
    evidence: Evidence, kind: Callable[..., object], token: object
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        kind(token)
    evidence.caught(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": f"https://user:{TOKEN}@127.0.0.1/v1"},
        {"base_url": f"http://h/{TOKEN}"},
        {"base_url": f"https://h/v1?token={TOKEN}"},
        {"base_url": 1},
        {"read_timeout": -1},
        {"submit_attempts": 0},
        {"media_timeout": "1"},
    ],
)
@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_that_is_none(
    evidence: Evidence, kind: Callable[..., object], options: dict[str, Any]
) -> None:
    with pytest.raises(errors.ConfigurationError) as caught:
        kind(TOKEN, **options)
    # What these options hold is not the client's token: it is in no message, and that is all.
    evidence.caught(caught.value, echoed=any(TOKEN in str(value) for value in options.values()))


def test_tokens_of_the_environment(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    for token in SPOILT[1:4:2]:
        monkeypatch.setenv("RUNCOMFY_TOKEN", str(token))
        with pytest.raises(errors.ConfigurationError) as caught:
            Client()
        evidence.caught(caught.value)


@pytest.mark.parametrize(
    "text",
    [TOKEN, f'{{"access_token": "{TOKEN}', f'{{"access_token": "{TOKEN} x"}}', f'["{TOKEN}"]'],
    ids=["bare", "cut off", "spoilt", "a list"],  # a test's folder is named after it
)
def test_token_files(
    evidence: Evidence, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    # Beside the folder that is searched: this file does hold it.
    (tmp_path / "token.json").write_text(text)
    monkeypatch.setenv("RUNCOMFY_CONFIG_DIR", str(tmp_path))
    with pytest.raises(errors.ConfigurationError) as caught:
        Client()
    evidence.caught(caught.value)


def test_a_proxy_that_cannot_be_used(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in (f"socks5://u:{TOKEN}@h:1", f"http://u:{TOKEN}@:1", f"http://h:{TOKEN}"):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        with pytest.raises(errors.ConfigurationError) as caught:
            Client(TOKEN)
        evidence.caught(caught.value, echoed=True)  # likewise


def test_a_journal_that_cannot_be_opened(evidence: Evidence) -> None:
    with pytest.raises(JournalError) as caught:
        Client(TOKEN, journal=evidence.folder)
    evidence.caught(caught.value)


@pytest.mark.parametrize("leave", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_a_token_stays_in_its_process(
    evidence: Evidence, leave: Callable[[object], object]
) -> None:
    with Client(TOKEN) as client:
        for thing in (client._transport._token, client._transport, client):
            try:
                evidence.saw("a copy", leave(thing))
            except TypeError as error:
                evidence.saw("a refusal", str(error))
        with pytest.raises(TypeError):
            leave(client._transport._token)


# --- the search itself ---


# Compiled as if it stood elsewhere, since the frames of the tests are passed over.
_PLANT: dict[str, Any] = {}
exec(  # noqa: S102 - the text stands here
    compile("def plant(local):\n    raise ValueError('planted')\n", "elsewhere.py", "exec"), _PLANT
)


def _plant_in_a_frame(evidence: Evidence) -> None:
    try:
        _PLANT["plant"](TOKEN)
    except ValueError as error:
        evidence.caught(error)


def _plant_in_a_cause(evidence: Evidence) -> None:
    try:
        raise ValueError("clean") from KeyError(TOKEN)  # noqa: TRY301 - to be caught below
    except ValueError as error:
        evidence.caught(error)


def _plant_in_a_note(evidence: Evidence) -> None:
    error = ValueError("clean")
    error.add_note(TOKEN)
    evidence.caught(error, echoed=True)


def _plant_in_a_request(evidence: Evidence) -> None:
    with FaultServer(says({})) as elsewhere, Client(TOKEN, base_url=elsewhere.base_url) as client:
        client._transport.request("GET", "/x")
        evidence.served(elsewhere)


def _plant_in_a_log(_: Evidence) -> None:
    logging.getLogger("urllib3").debug("GET %s", TOKEN)


PLANTS: dict[str, Callable[[Evidence], object]] = {
    "a frame": _plant_in_a_frame,
    "a cause": _plant_in_a_cause,
    "a note": _plant_in_a_note,
    "a message": lambda evidence: evidence.caught(ValueError(TOKEN)),
    "half of it": lambda evidence: evidence.saw("a text", TOKEN[:15]),
    "another case": lambda evidence: evidence.saw("a text", TOKEN.lower()),
    "an attribute": lambda evidence: evidence.saw("an object", Result("r-1", TOKEN, {})),
    "a pickle": lambda evidence: evidence.pickled({"x": TOKEN}),
    "a file": lambda evidence: (evidence.folder / "x").write_bytes(b"\xff" + TOKEN.encode()),
    "a request": _plant_in_a_request,
    "a log": _plant_in_a_log,
    "a warning": lambda _: warnings.warn(TOKEN, stacklevel=1),
    "the terminal": lambda _: print(TOKEN),  # noqa: T201 - to be found
}


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_what_is_planted_is_found(
    gathered: tuple[Evidence, Callable[[], list[str]]], plant: Callable[[Evidence], object]
) -> None:
    evidence, end = gathered
    plant(evidence)
    assert end() != []
