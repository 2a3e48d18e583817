"""The table of what a submission can meet, for both clients: how many POSTs, and which error."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import pytest
import urllib3
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock, leaks
from support_server import (
    CERTIFICATE,
    DROP_READ,
    DROP_UNREAD,
    FaultServer,
    Step,
    answer,
    says,
)
from support_submissions import DROPPED, FINAL, MODEL, REFUSED, SOON, TAKEN, UNCERTAIN, Row

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.jobs import submission
from runcomfy_core.jobs.submission import MAY_EXIST
from runcomfy_core.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@attrs.define
class Outcome:
    """What came of a submission, and the pauses in it."""

    sleeps: list[float]
    request_id: str | None = None
    error: errors.RunComfyError | None = None


class Submit(Protocol):
    """Submits once; before that it may ask for a status, which leaves a connection open."""

    def __call__(self, base_url: str, *, warm: bool = False, **options: Any) -> Outcome: ...


def submit_in_thread(base_url: str, *, warm: bool = False, **options: Any) -> Outcome:
    clock = FakeClock()
    outcome = Outcome(clock.sleeps)
    with Client(TOKEN, base_url=base_url, read_timeout=1, clock=clock, **options) as client:
        if warm:
            client.job("r-0").status()
        try:
            outcome.request_id = client.submit(MODEL, {"prompt": "x"}).request_id
        except errors.RunComfyError as error:
            outcome.error = error
    return outcome


async def submit_on_loop(base_url: str, *, warm: bool, **options: Any) -> Outcome:
    clock = AsyncFakeClock()
    outcome = Outcome(clock.sleeps)
    async with AsyncClient(
        TOKEN, base_url=base_url, read_timeout=1, clock=clock, **options
    ) as client:
        if warm:
            await client.job("r-0").status()
        try:
            outcome.request_id = (await client.submit(MODEL, {"prompt": "x"})).request_id
        except errors.RunComfyError as error:
            outcome.error = error
    return outcome


def submit_awaited(base_url: str, *, warm: bool = False, **options: Any) -> Outcome:
    return asyncio.run(submit_on_loop(base_url, warm=warm, **options))


@pytest.fixture(params=[submit_in_thread, submit_awaited], ids=["Client", "AsyncClient"])
def submit(request: pytest.FixtureRequest) -> Submit:
    chosen: Submit = request.param
    return chosen


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def posts(server: FaultServer) -> int:
    return sum(one.method == "POST" for one in server.requests)


def check(row: Row, error: errors.RunComfyError | None) -> None:
    assert type(error) is row.kind
    assert row.words in str(error) or re.search(row.words, str(error))
    assert vars(error)["status"] == row.status
    assert vars(error)["request_id"] == row.request_id
    if row.kind is UNCERTAIN:
        assert str(error).startswith(f"{MODEL}: the submission was sent, but ")
        assert "The job may exist and be billed." in str(error)
        assert "Look at the account's request history before submitting again." in str(error)
        assert row.request_id is None or f"Its request id is {row.request_id}." in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not leaks(error)


@pytest.mark.parametrize("row", FINAL, ids=lambda row: row.name)
def test_what_is_final_after_one_post(submit: Submit, server: FaultServer, row: Row) -> None:
    server.add(row.step, says(TAKEN))
    outcome = submit(server.base_url)
    check(row, outcome.error)
    assert posts(server) == row.sent
    assert server.connections == 1
    assert outcome.sleeps == []


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_what_is_sent_again_until_it_is_taken(
    submit: Submit, server: FaultServer, row: Row
) -> None:
    server.add(row.step, row.step, row.step, says(TAKEN), says({"request_id": "r-2"}))
    outcome = submit(server.base_url)
    assert outcome.request_id == "r-1"
    assert posts(server) == 4
    assert {one.body for one in server.requests} == {b'{"prompt": "x"}'}
    check_pauses(outcome.sleeps, least=3.0 if SOON[0].encode() in row.step.send else 0.0)


def check_pauses(sleeps: list[float], least: float) -> None:
    assert len(sleeps) == 3
    for grown, pause in zip([0.5, 1.0, 2.0], sleeps, strict=True):
        assert max(grown, least) <= pause <= max(grown, least) + grown / 2


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.name)
def test_what_is_refused_four_times_is_final(submit: Submit, server: FaultServer, row: Row) -> None:
    server.add(*[row.step] * 4, says(TAKEN))
    outcome = submit(server.base_url)
    check(row, outcome.error)
    assert re.search(r" \(tried 4 times in \d+(\.\d+)? s\)$", str(outcome.error))
    assert posts(server) == 4


def test_what_is_uncertain_after_a_refusal_is_final(submit: Submit, server: FaultServer) -> None:
    server.add(says({}, 429), DROP_READ, says(TAKEN))
    outcome = submit(server.base_url)
    assert type(outcome.error) is UNCERTAIN
    assert posts(server) == 2


def test_attempts_can_be_one(submit: Submit, server: FaultServer) -> None:
    server.add(says({}, 429), says(TAKEN))
    outcome = submit(server.base_url, submit_attempts=1)
    assert str(outcome.error).startswith("HTTP 429")
    assert "tried" not in str(outcome.error)
    assert outcome.sleeps == []
    assert posts(server) == 1


@pytest.mark.parametrize(("asked", "deadline", "sent"), [(61, 60, 1), (50, 60, 2), (1, 1, 1)])
def test_a_retry_after_beyond_the_deadline_raises_at_once(
    submit: Submit, server: FaultServer, asked: int, deadline: float, sent: int
) -> None:
    server.add(*[says({}, 429, headers=[f"Retry-After: {asked}"])] * 4)
    outcome = submit(server.base_url, submit_deadline=deadline)
    assert isinstance(outcome.error, errors.RateLimited)
    assert outcome.error.retry_after == asked
    assert posts(server) == sent
    assert len(outcome.sleeps) == sent - 1


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "4"])
def test_attempts_that_are_none(bad: Any) -> None:
    with pytest.raises(errors.ConfigurationError, match="submit_attempts must be a whole number"):
        Client(TOKEN, submit_attempts=bad)
    with pytest.raises(errors.ConfigurationError, match="submit_deadline must be a"):
        AsyncClient(TOKEN, submit_deadline="1")  # type: ignore[arg-type]  # that is the point


# --- what never left ---


def never_left(outcome: Outcome, reason: str) -> None:
    error = outcome.error
    assert type(error) is errors.ConnectionFailed
    assert f"{MODEL}: nothing was sent to " in str(error)
    assert reason in str(error)
    assert str(error).endswith(" s)")
    assert "(tried 4 times in " in str(error)
    assert error.__context__ is None
    assert not leaks(error)
    check_pauses(outcome.sleeps, least=0.0)


def test_a_connection_that_is_refused(submit: Submit) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    never_left(submit(f"http://127.0.0.1:{port}/v1"), "Failed to establish a new connection")


def test_a_name_that_does_not_resolve(submit: Submit) -> None:
    never_left(submit("https://no-such-host.invalid/v1"), "Failed to resolve")


def test_a_handshake_that_fails(submit: Submit) -> None:
    with FaultServer(tls=True) as server:
        never_left(submit(server.base_url), "certificate verify failed")
        assert server.connections == 4
        assert server.requests == []


def test_a_connection_that_is_refused_at_first(
    submit: Submit, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = urllib3.util.connection.create_connection
    refusals = iter([ConnectionRefusedError("refused"), TimeoutError("timed out")])

    def refuse(*arguments: Any, **options: Any) -> socket.socket:
        error = next(refusals, None)
        if error is not None:
            raise error
        return connect(*arguments, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", refuse)
    server.add(says(TAKEN))
    outcome = submit(server.base_url)
    assert outcome.request_id == "r-1"
    assert len(outcome.sleeps) == 2
    assert posts(server) == 1


# --- connections that have gone stale ---


@pytest.mark.parametrize("tls", [False, True])
def test_a_connection_that_was_closed_before_the_post_is_not_used(
    submit: Submit,
    monkeypatch: pytest.MonkeyPatch,
    tls: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    script = [Step(answer({"status": "in_queue"}), "close"), says(TAKEN), says(TAKEN)]
    with FaultServer(*script, tls=tls) as server:
        closed = _before_the_post(monkeypatch, lambda: server.closed.acquire(timeout=5))
        outcome = submit(server.base_url, warm=True)
        assert closed == [True]
        assert outcome.request_id == "r-1"
        assert [one.connection for one in server.requests] == [1, 2]
        assert posts(server) == 1


def _before_the_post(monkeypatch: pytest.MonkeyPatch, call: Callable[[], bool]) -> list[bool]:
    """Have *call* done right before a submission, and note it."""
    done: list[bool] = []
    sent = submission._sent

    def late(submission: Any, clock: Any) -> Any:
        done.append(call())
        return sent(submission, clock)

    monkeypatch.setattr(submission, "_sent", late)
    return done


def test_a_connection_that_is_closed_while_the_post_goes_out_is_uncertain(
    submit: Submit, server: FaultServer
) -> None:
    server.add(says({"status": "in_queue"}), DROP_UNREAD, says(TAKEN))
    outcome = submit(server.base_url, warm=True)
    check(Row("", DROP_UNREAD, UNCERTAIN, DROPPED), outcome.error)
    assert server.connections == 1
    assert posts(server) == 0


def test_a_connection_that_is_closed_when_the_post_was_read_is_uncertain(
    submit: Submit, server: FaultServer
) -> None:
    server.add(says({"status": "in_queue"}), DROP_READ, says(TAKEN))
    outcome = submit(server.base_url, warm=True)
    check(Row("", DROP_READ, UNCERTAIN, DROPPED), outcome.error)
    assert server.connections == 1
    assert posts(server) == 1


# --- what interrupts a submission ---


def interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def test_ctrl_c_during_a_submission_says_that_the_job_may_exist(server: FaultServer) -> None:
    server.add(Step(then="hang", hook=interrupt), says(TAKEN))
    with (
        Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.submit(MODEL, {})
    assert caught.value.__notes__ == [MAY_EXIST.format(model_id=MODEL)]
    assert "the job may exist and be billed" in MAY_EXIST
    assert posts(server) == 1
    assert not leaks(caught.value)


def test_ctrl_c_before_a_submission_leaves_says_nothing(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("urllib3.util.connection.create_connection", stopped)
    with (
        Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.submit(MODEL, {})
    assert not hasattr(caught.value, "__notes__")
    assert not leaks(caught.value)


def test_ctrl_c_between_two_tries_says_nothing(server: FaultServer) -> None:
    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    clock = FakeClock()
    clock.sleep = pressed  # type: ignore[method-assign]  # what a key press does to a sleep
    server.add(says({}, 429))
    with (
        Client(TOKEN, base_url=server.base_url, clock=clock) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.submit(MODEL, {})
    assert not hasattr(caught.value, "__notes__")
    assert posts(server) == 1


# --- what the journal says of it then ---


def states(file: Path) -> list[tuple[str, str | None, str | None]]:
    with Journal(file) as journal:
        return [(entry.state, entry.request_id, entry.error) for entry in journal.jobs()]


def interrupted(server: FaultServer, file: Path, clock: FakeClock | None = None) -> list[str]:
    """Submit with a journal, to be interrupted; what was said of it."""
    with (
        Client(TOKEN, base_url=server.base_url, clock=clock or FakeClock(), journal=file) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.submit(MODEL, {})
    return getattr(caught.value, "__notes__", [])


def test_ctrl_c_during_a_submission_leaves_it_uncertain(
    server: FaultServer, tmp_path: Path
) -> None:
    server.add(Step(then="hang", hook=interrupt))
    interrupted(server, tmp_path / "j")
    words = "KeyboardInterrupt came before the answer"
    assert states(tmp_path / "j") == [("uncertain", None, words)]


@pytest.mark.parametrize("tried", [False, True])
def test_ctrl_c_before_a_submission_leaves_it_refused(
    server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tried: bool
) -> None:
    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    clock = FakeClock()
    if tried:
        clock.sleep = pressed  # type: ignore[method-assign]  # what a key press does to a sleep
        server.add(says({}, 429))
    else:
        monkeypatch.setattr("urllib3.util.connection.create_connection", pressed)
    assert interrupted(server, tmp_path / "j", clock) == []
    words = "KeyboardInterrupt came before the POST"
    assert states(tmp_path / "j") == [("refused", None, words)]


@pytest.mark.parametrize(
    ("outcome", "state", "note"),
    [
        ("cancelled", "cancelled", "Cancelled request r-1 before it ran"),
        ("not_cancellable", "submitted", "It was too late to cancel request r-1"),
    ],
)
def test_ctrl_c_while_the_request_id_is_written_down(
    server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    outcome: str,
    state: str,
    note: str,
) -> None:
    mark = Journal.mark_submitted
    presses = iter([True])

    def pressed(self: Journal, local_id: str, request_id: str) -> None:
        if next(presses, False):
            raise KeyboardInterrupt
        mark(self, local_id, request_id)

    monkeypatch.setattr(Journal, "mark_submitted", pressed)
    server.add(says(TAKEN), says({"outcome": outcome}, 202))
    [said] = interrupted(server, tmp_path / "j")
    assert said.startswith(note)
    assert states(tmp_path / "j") == [(state, "r-1", None)]
