"""Every error answers whether money may have been spent, by ``submitted``, whichever way it came.

Retrying is what the answer is for: who submits again after False, and only then, pays once.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock
from support_server import DROP_READ, HANG, FaultServer, Step, answer, says

from runcomfy import AsyncClient, Client, Result, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_core.download.saver import FileSaver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODEL = "a/b"
INPUT = {"prompt": "x"}
URL = "https://files.example/a.png"
TAKEN = says({"request_id": "r-1"})
RUNNING = says({"status": "in_progress"})
OVER = says({"status": "completed"})
DONE = says({"request_id": "r-1", "status": "succeeded", "output": URL})

GOES_ON = "The job goes on, or is over; pick it up with model.job(client, 'r-1')"
HIDDEN = (
    "If this job was submitted, it goes on, or is over: pick it up with model.job(client, 'r-1') "
    "and the token that submitted it"
)

#: What a server can say to a call about a job that no time will change, and what is raised.
REFUSALS: dict[str, tuple[Step, type[errors.RunComfyError], str]] = {
    "400": (says({}, 400), errors.ApiError, GOES_ON),
    "401": (says({}, 401), errors.AuthenticationError, GOES_ON),
    "400004": (says({"error_code": 400004}, 400), errors.AuthenticationError, GOES_ON),
    "402": (says({}, 402), errors.InsufficientFunds, GOES_ON),
    "403": (says({}, 403), errors.PermissionDenied, HIDDEN),
    "404": (says({}, 404), errors.NotFound, HIDDEN),
    "404001 with 200": (says({"error_code": 404001}), errors.NotFound, HIDDEN),
    "409": (says({}, 409), errors.ApiError, GOES_ON),
    "422": (says({"detail": "no"}, 422), errors.ApiError, GOES_ON),
}
#: What passes with time: single calls raise it after a few tries.
PASSING: dict[str, tuple[Step, type[errors.RunComfyError], str]] = {
    "408": (says({}, 408), errors.ApiError, GOES_ON),
    "429": (says({}, 429), errors.RateLimited, GOES_ON),
    "500": (says({}, 500), errors.ServerError, GOES_ON),
    "600": (says({}, 600), errors.ServerError, GOES_ON),
    "999": (says({}, 999), errors.ServerError, GOES_ON),
    "000": (Step(b"HTTP/1.1 000 Odd\r\n\r\n{}", "close"), errors.ConnectionFailed, GOES_ON),
    "101": (Step(b"HTTP/1.1 101 Odd\r\n\r\n", "close"), errors.UnexpectedResponse, GOES_ON),
    "HTML": (says(b"<html>"), errors.UnexpectedResponse, GOES_ON),
    "dropped": (DROP_READ, errors.ConnectionFailed, GOES_ON),
    "hung": (HANG, errors.ConnectionFailed, GOES_ON),
}


class Ask(Protocol):
    """Does something with a client of its own; returns what it raised, or what came of it."""

    def __call__(
        self, server: FaultServer, call: Callable[[Any], Any], **options: Any
    ) -> object: ...


def in_thread(server: FaultServer, call: Callable[[Any], Any], **options: Any) -> object:
    given: dict[str, Any] = {"clock": FakeClock(), "read_timeout": 0.3} | options
    with Client(TOKEN, **{"base_url": server.base_url} | given) as client:
        try:
            made = call(client)
            return list(made) if inspect.isgenerator(made) else made
        except errors.RunComfyError as error:
            return error


def on_loop(server: FaultServer, call: Callable[[Any], Any], **options: Any) -> object:
    given: dict[str, Any] = {"clock": AsyncFakeClock(), "read_timeout": 0.3} | options

    async def run() -> object:
        async with AsyncClient(TOKEN, **{"base_url": server.base_url} | given) as client:
            try:
                made = call(client)
                if inspect.isasyncgen(made):
                    return [pair async for pair in made]
                return await made if inspect.isawaitable(made) else made
            except errors.RunComfyError as error:
                return error

    return asyncio.run(run())


@pytest.fixture(params=[in_thread, on_loop], ids=["Client", "AsyncClient"])
def ask(request: pytest.FixtureRequest) -> Ask:
    chosen: Ask = request.param
    return chosen


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def posts(server: FaultServer) -> int:
    return sum(call.startswith("POST /models/") for call in server.calls())


def runs(client: Any, **options: Any) -> Any:
    given: dict[str, Any] = {
        "prompt": "x",
        "image_urls": ["https://example.com/a.png"],
        "media": "skip",
    }
    return model.run(client, timeout=5.0, **given | options)


def submits(client: Any) -> Any:
    return client.submit(MODEL, INPUT)


def asks(client: Any) -> Any:
    return client.job("r-1").status()


def cancels(client: Any) -> Any:
    return client.job("r-1").cancel()


def cancels_once(client: Any) -> Any:
    return client.job("r-1").cancel(timeout=1)


def waits(client: Any) -> Any:
    return client.job("r-1").wait(timeout=5)


def maps(client: Any) -> Any:
    return client.map(MODEL, [INPUT], timeout=5)


def outcome(made: object) -> Any:
    """The error that a call raised, or that is the outcome of a map's one input."""
    if isinstance(made, list):
        [(_, made)] = made
    return made


def check(error: object, kind: type, *, submitted: bool | None, request_id: str | None) -> Any:
    assert type(error) is kind
    assert isinstance(error, errors.RunComfyError)
    assert error.submitted is submitted
    assert error.request_id == request_id
    return error


# --- calls about a job ---


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize(
    ("call", "place"),
    [
        *[(call, "status") for call in (runs, maps, waits, asks, cancels, cancels_once)],
        *[(call, "result") for call in (runs, maps, waits)],
    ],
)
def test_a_refusal_of_a_call_about_a_job(
    server: FaultServer, ask: Ask, call: Callable[[Any], Any], name: str, place: str
) -> None:
    step, kind, words = REFUSALS[name]
    server.add(*([TAKEN] if call in (runs, maps) else []), *([OVER] if place == "result" else []))
    server.add(step)
    error = check(outcome(ask(server, call)), kind, submitted=True, request_id="r-1")
    assert "(request r-1)" in str(error)
    assert str(error).endswith(words)
    assert "no job was made" not in str(error)
    assert "submit again" not in str(error)
    assert posts(server) == (1 if call in (runs, maps) else 0)


@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("call", [asks, cancels, cancels_once, waits])
def test_a_fault_of_a_call_about_a_job(
    server: FaultServer, ask: Ask, call: Callable[[Any], Any], name: str
) -> None:
    step, kind, words = PASSING[name]
    server.add(*[step] * 12)
    error = ask(server, call)
    if call is waits:
        kind, words = errors.WaitTimeout, "pick it up elsewhere with model.job(client, 'r-1')"
    check(error, kind, submitted=True, request_id="r-1")
    assert str(error).endswith(words)
    # What was seen last is told as it was, and what it means for the job once.
    assert str(error).count("pick it up") == 1


@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        ([says({"status": "cancelled"})], errors.JobCancelled),
        ([OVER, says({"status": "cancelled"})], errors.JobCancelled),
        ([OVER, says({"status": "failed", "error": "no"})], errors.JobFailed),
        ([RUNNING] * 9, errors.WaitTimeout),
    ],
)
@pytest.mark.parametrize("call", [runs, maps, waits])
def test_the_end_of_a_job(
    server: FaultServer,
    ask: Ask,
    call: Callable[[Any], Any],
    steps: list[Step],
    kind: type[errors.RunComfyError],
) -> None:
    server.add(*([] if call is waits else [TAKEN]), *steps)
    error = check(outcome(ask(server, call)), kind, submitted=True, request_id="r-1")
    assert "request r-1" in str(error)


@pytest.mark.parametrize("kind", [errors.JobFailed, errors.JobCancelled])
def test_the_end_of_a_job_that_the_journal_has(
    server: FaultServer, ask: Ask, tmp_path: Path, kind: type[errors.RunComfyError]
) -> None:
    status = "failed" if kind is errors.JobFailed else "cancelled"
    server.add(TAKEN, OVER, says({"status": status}))
    for _ in range(2):
        made = ask(server, maps, journal=tmp_path / "journal")
        check(outcome(made), kind, submitted=True, request_id="r-1")
    assert posts(server) == 1


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_of_a_job_that_the_journal_has(
    server: FaultServer, ask: Ask, tmp_path: Path, name: str
) -> None:
    step, kind, words = REFUSALS[name]
    server.add(TAKEN, step)
    assert not isinstance(ask(server, submits, journal=tmp_path / "journal"), Exception)

    def resumes(client: Any) -> Any:
        return client.journal.resume(timeout=5)

    error = outcome(ask(server, resumes, journal=tmp_path / "journal"))
    assert str(check(error, kind, submitted=True, request_id="r-1")).endswith(words)
    assert posts(server) == 1


def test_a_client_that_is_closed_in_a_wait(server: FaultServer) -> None:
    server.add(TAKEN, *[RUNNING] * 3)
    with Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client:
        with pytest.raises(errors.ConfigurationError) as caught:
            client.submit(MODEL, INPUT).wait(on_update=lambda _: client.close())
        error = check(caught.value, errors.ConfigurationError, submitted=True, request_id="r-1")
        assert str(error).startswith("the client is closed: ")
        assert str(error).endswith(GOES_ON)
        # A submission to it is none, and says so.
        with pytest.raises(errors.ConfigurationError) as caught:
            client.submit(MODEL, INPUT)
        check(caught.value, errors.ConfigurationError, submitted=False, request_id=None)
    assert posts(server) == 1


def test_an_async_client_that_is_closed_in_a_wait(server: FaultServer) -> None:
    server.add(TAKEN, *[RUNNING] * 3)

    async def run() -> None:
        client = AsyncClient(TOKEN, base_url=server.base_url, clock=AsyncFakeClock())
        job = await client.submit(MODEL, INPUT)
        with pytest.raises(errors.ConfigurationError) as caught:
            await job.wait(on_update=lambda _: client.close())
        error = check(caught.value, errors.ConfigurationError, submitted=True, request_id="r-1")
        assert str(error).endswith(GOES_ON)
        with pytest.raises(errors.ConfigurationError) as caught:
            await client.submit(MODEL, INPUT)
        check(caught.value, errors.ConfigurationError, submitted=False, request_id=None)

    asyncio.run(run())
    assert posts(server) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.job("r-1").wait(timeout="soon"),
        lambda client: client.job("r-1").wait(on_update="print"),
        lambda client: client.job("r-1").cancel(timeout=0),
    ],
)
def test_a_wrong_argument_of_a_call_about_a_job(
    server: FaultServer, ask: Ask, call: Callable[[Any], Any]
) -> None:
    error = ask(server, call)
    check(error, errors.ConfigurationError, submitted=True, request_id="r-1")
    assert server.requests == []


def test_an_error_of_ours_that_on_update_raises(server: FaultServer, ask: Ask) -> None:
    """It may be of another job's submission: the one that is waited for exists all the same."""
    mine = errors.InsufficientFunds(402, None, "no balance")

    def update(_: object) -> None:
        raise mine

    server.add(TAKEN, RUNNING)

    def call(client: Any) -> Any:
        return runs(client, on_update=update)

    assert ask(server, call) is mine
    assert mine.submitted is True
    assert mine.request_id == "r-1"
    assert "Pick it up with model.job(client, 'r-1')." in mine.__notes__[0]


def test_the_files_of_a_job(tmp_path: Path) -> None:
    raw = {"output": {"images": [URL, "http://127.0.0.1:1/b.png"]}}
    result: Result[Any] = Result("r-1", {}, raw, FileSaver())
    (tmp_path / "file").write_bytes(b"")
    calls: list[tuple[Callable[[], object], type]] = [
        (lambda: result.download(tmp_path), errors.DownloadFailed),
        (lambda: result.download(tmp_path / "file"), errors.ConfigurationError),
        (lambda: result.download(tmp_path, limit=0), errors.ConfigurationError),
        (lambda: result.download(tmp_path, allow_hosts="h"), errors.ConfigurationError),
        (lambda: result.save(tmp_path / "a.png"), errors.ConfigurationError),
    ]
    for call, kind in calls:
        with pytest.raises(errors.RunComfyError) as caught:
            call()
        error = check(caught.value, kind, submitted=True, request_id="r-1")
        assert "model.job(client, 'r-1')" in str(error)


# --- submissions ---

#: What a server can say to a submission, what is raised, and what that says of the money.
SUBMISSIONS: dict[str, tuple[Step, type[errors.RunComfyError], bool | None, str | None]] = {
    "400": (says({}, 400), errors.ApiError, False, None),
    "401": (says({}, 401), errors.AuthenticationError, False, None),
    "402": (says({}, 402), errors.InsufficientFunds, False, None),
    "403": (says({}, 403), errors.PermissionDenied, False, None),
    "404": (says({}, 404), errors.NotFound, False, None),
    "422": (says({"detail": "no"}, 422), errors.InputRefused, False, None),
    "429": (says({}, 429), errors.RateLimited, False, None),
    "503, later": (says({}, 503, headers=["Retry-After: 1"]), errors.ServerError, False, None),
    "500": (says({}, 500), errors.SubmissionUncertain, None, None),
    "504 with an id": (says({"request_id": "r-1"}, 504), errors.SubmissionUncertain, None, "r-1"),
    "HTML": (says(b"<html>"), errors.SubmissionUncertain, None, None),
    "dropped": (DROP_READ, errors.SubmissionUncertain, None, None),
    "hung": (HANG, errors.SubmissionUncertain, None, None),
}


@pytest.mark.parametrize("name", SUBMISSIONS)
@pytest.mark.parametrize("call", [submits, runs, maps])
def test_a_submission(
    server: FaultServer, ask: Ask, tmp_path: Path, call: Callable[[Any], Any], name: str
) -> None:
    step, kind, submitted, request_id = SUBMISSIONS[name]
    server.add(*[step] * 8)
    for journal in (None, tmp_path / "journal"):
        error = outcome(ask(server, call, journal=journal))
        check(error, kind, submitted=submitted, request_id=request_id)
        assert "pick it up" not in str(error)
        assert (request_id is None) is ("model.job(client, 'r-1')" not in str(error))


def test_what_the_journal_calls_uncertain(server: FaultServer, ask: Ask, tmp_path: Path) -> None:
    server.add(DROP_READ)
    for _ in range(2):
        made = ask(server, maps, journal=tmp_path / "journal")
        check(outcome(made), errors.SubmissionUncertain, submitted=None, request_id=None)
    assert posts(server) == 1


def test_what_nothing_is_sent_for(server: FaultServer, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "journal").write_bytes(b"no database at all, but some other file" * 99)
    nowhere = {"base_url": "http://127.0.0.1:1/v1", "submit_attempts": 1}
    calls: list[tuple[Callable[[Any], Any], type, dict[str, Any]]] = [
        (submits, errors.ConnectionFailed, nowhere),
        (maps, errors.ConnectionFailed, nowhere),
        (lambda one: one.submit("no id", INPUT), errors.ConfigurationError, {}),
        (lambda one: one.submit(MODEL, {"x": object()}), errors.InvalidInput, {}),
        (lambda one: one.job("no id"), errors.ConfigurationError, {}),
        (lambda one: one.map(MODEL, [{"x": object()}]), errors.InvalidInput, {}),
        (lambda one: one.map(MODEL, [INPUT], max_in_flight=0), errors.ConfigurationError, {}),
        (lambda one: model.run(one, {"image_urls": []}), errors.InvalidInput, {}),
        (lambda one: one.journal, errors.ConfigurationError, {}),
        (
            lambda one: one.map(MODEL, [INPUT], journal=tmp_path / "journal"),
            errors.JournalError,
            {},
        ),
    ]
    for call, kind, options in calls:
        error = outcome(ask(server, call, **options))
        check(error, kind, submitted=False, request_id=None)
    with pytest.raises(errors.ConfigurationError) as caught:
        Client("")
    check(caught.value, errors.ConfigurationError, submitted=False, request_id=None)
    assert server.requests == []


def test_a_journal_that_cannot_be_read_does_not_say_that_nothing_was_submitted(
    server: FaultServer, ask: Ask, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    server.add(TAKEN, says({}, 401))
    check(
        outcome(ask(server, maps, journal=journal)),
        errors.AuthenticationError,
        submitted=True,
        request_id="r-1",
    )
    with contextlib.closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("UPDATE submission SET request_id = 'r-2'")  # as a disk that fails
    for call in (maps, lambda client: client.journal.resume()):
        error = outcome(ask(server, call, journal=journal))
        check(error, errors.JournalError, submitted=None, request_id=None)
        assert str(error).endswith(
            ". It may hold a job for this, which goes on: mend it before you submit again"
        )
    assert posts(server) == 1


def test_a_client_that_is_closed_under_a_map(server: FaultServer) -> None:
    with Client(TOKEN, base_url=server.base_url) as client:
        submitted = threading.Event()

        server.add(Step(answer({"request_id": "r-1"}), hook=submitted.set), *[RUNNING] * 3)

        def inputs() -> Iterator[dict[str, str]]:
            yield INPUT
            assert submitted.wait(10)
            client.close()
            yield INPUT

        each = client.map(MODEL, inputs())
        with pytest.raises(errors.ConfigurationError) as caught:
            list(each)
    check(caught.value, errors.ConfigurationError, submitted=None, request_id=None)
    assert posts(server) == 1


# --- what it is for ---


@pytest.mark.parametrize("place", ["status", "result"])
@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("call", [runs, maps])
def test_who_retries_after_false_alone_pays_once(
    server: FaultServer, ask: Ask, call: Callable[[Any], Any], name: str, place: str
) -> None:
    refusal = REFUSALS[name][0]
    server.add(says({}, 402), TAKEN, *([OVER] if place == "result" else []), refusal, OVER, DONE)
    tries = 0
    request_id: str | None = None
    made: Any = None
    while not isinstance(made, Result):
        tries += 1
        assert tries <= 3

        def again(client: Any, request_id: str | None = request_id) -> Any:
            return call(client) if request_id is None else client.job(request_id).wait()

        made = outcome(ask(server, again))
        if isinstance(made, errors.RunComfyError) and made.submitted is not False:
            request_id = made.request_id
    assert made.urls == (URL,)
    assert posts(server) == 2  # the first was refused


def test_every_error_is_in_these_tests() -> None:
    """A new class of errors has to say what it means for the money, and to be tried here."""
    kinds = {kind for _, kind, _ in [*REFUSALS.values(), *PASSING.values()]}
    kinds |= {kind for _, kind, _, _ in SUBMISSIONS.values()}
    kinds |= {
        errors.RunComfyError, errors.ConfigurationError, errors.InvalidInput, errors.JournalError,
        errors.JobCancelled, errors.JobFailed, errors.WaitTimeout, errors.DownloadFailed,
        errors.ThreadsExhausted,  # test_thread_limits.py
    }  # fmt: skip
    public = {getattr(errors, name) for name in errors.__all__}
    assert {kind for kind in public if not issubclass(kind, Warning)} == kinds


def test_the_result_that_nobody_gave_a_way_to_fetch_says_so() -> None:
    result: Result[Any] = Result("r-1", {}, {"output": {"image": URL}})
    with pytest.raises(errors.ConfigurationError, match="was made by hand") as caught:
        result.download("anywhere")
    check(caught.value, errors.ConfigurationError, submitted=True, request_id="r-1")
