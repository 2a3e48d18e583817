from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import urllib3
from support_async import AsyncFakeClock, cancelled
from support_client import TOKEN, leaks
from support_endpoint import Told
from support_map import Api
from support_server import DROP_READ, HANG, FaultServer, Step, answer, says
from support_threads import begun_since

from runcomfy import AsyncClient, AsyncJob, Result, errors
from runcomfy_core.files.body import Body
from runcomfy_core.jobs import async_driver, parting, submission
from runcomfy_core.jobs.async_driver import ON_ITS_WAY, THREADS
from runcomfy_core.jobs.submission import MAY_EXIST
from runcomfy_core.journal import Journal
from runcomfy_core.map import many_async

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from runcomfy import Status

T = TypeVar("T")

MODEL = "a/b"
URL = "https://files.example/a.png"
QUEUED = says({"status": "in_queue", "queue_position": 1})
RUNNING = says({"status": "in_progress"})
COMPLETED = says({"status": "completed"})
DONE = says({"request_id": "r-1", "status": "succeeded", "output": URL})
CANCELLED = says({"outcome": "cancelled"}, 202)
TOO_LATE = says({"outcome": "not_cancellable"}, 202)

CANCELLED_WORDS = "Cancelled request r-1 before it ran; there is nothing to pay."


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def run(server: FaultServer) -> Callable[..., Any]:
    """Run a test's own function on a loop, with a client of the server."""

    def run(
        test: Callable[[AsyncClient], Coroutine[Any, Any, T]], *, read_timeout: float = 10.0
    ) -> T:
        async def main() -> T:
            async with AsyncClient(
                TOKEN, base_url=server.base_url, read_timeout=read_timeout, clock=AsyncFakeClock()
            ) as client:
                return await test(client)

        return asyncio.run(main())

    return run


Run = Any  # the fixture above


async def turns() -> None:
    """Let every task go as far as it can without anything from outside."""
    for _ in range(10):
        await asyncio.sleep(0)


class Gate:
    """A step of a server's that waits for the test, and says when it has come."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def step(self, then: Step) -> Step:
        return Step(then.send, then.then, hook=self.wait)

    async def come(self) -> None:
        assert await asyncio.to_thread(self.reached.wait, 10)

    def wait(self) -> None:
        self.reached.set()
        assert self.open.wait(10)


# --- the life of a job ---


def test_a_whole_run(run: Run, server: FaultServer) -> None:
    server.add(says({"request_id": "r-1"}), QUEUED, QUEUED, RUNNING, COMPLETED, DONE, TOO_LATE)
    seen: list[str] = []

    async def test(client: AsyncClient) -> None:
        job = await client.submit(MODEL, {"prompt": "두 괴물"})
        assert isinstance(job, AsyncJob)
        assert (job.request_id, job.model_id, repr(job)) == ("r-1", MODEL, "<job r-1 of a/b>")
        assert (await job.status()).queue_position == 1
        result = await job.wait(timeout=60, on_update=lambda status: seen.append(status.state))
        assert isinstance(result, Result)
        assert result.output == URL
        assert not await job.cancel()

    run(test)
    assert seen == ["in_queue", "in_progress", "completed"]
    assert server.requests[0].body == '{"prompt": "두 괴물"}'.encode()
    assert {one.headers["authorization"] for one in server.requests} == {f"Bearer {TOKEN}"}


def test_trouble_costs_a_wait_time_and_nothing_else(run: Run, server: FaultServer) -> None:
    server.add(DROP_READ, says({}, 503), says({}, 429), says(b"<html>"), COMPLETED, DONE)

    async def test(client: AsyncClient) -> object:
        return (await client.job("r-1").wait()).output

    assert run(test) == URL


def test_a_wait_that_times_out_carries_its_job(run: Run, server: FaultServer) -> None:
    server.add(*[RUNNING] * 9)

    async def test(client: AsyncClient) -> None:
        job = client.job("r-1")
        with pytest.raises(errors.WaitTimeout, match="It goes on remotely") as caught:
            await job.wait(timeout=5)
        assert caught.value.job is job

    run(test)
    assert {one.method for one in server.requests} == {"GET"}


def test_errors_are_those_of_the_other_client(run: Run, server: FaultServer) -> None:
    server.add(says({"error_code": 404001}, 404))

    async def test(client: AsyncClient) -> None:
        assert repr(client) == f"<client of {server.base_url}>"
        with pytest.raises(errors.NotFound) as caught:
            await client.job("r-1").wait()
        assert not leaks(caught.value)
        with pytest.raises(errors.ConfigurationError, match="is not a request id"):
            client.job("../x")
        with pytest.raises(errors.ConfigurationError, match="is not a model id"):
            await client.submit("a//b", {})
        with pytest.raises(errors.InvalidInput):
            await client.submit(MODEL, {"seed": float("nan")})

    run(test)
    assert len(server.requests) == 1


def test_bodies_are_made_and_outputs_read_in_threads(run: Run, server: FaultServer) -> None:
    server.add(says({"request_id": "r-1"}), COMPLETED, DONE, COMPLETED, DONE)
    threads: list[str] = []

    def body() -> Body:
        threads.append(threading.current_thread().name)
        return Body((b"{}",), {})

    def read(output: object) -> list[object]:
        threads.append(threading.current_thread().name)
        return [output]

    async def test(client: AsyncClient) -> None:
        job = await client._submit(Told(MODEL, read, body), {}, "skip")
        assert (await job.wait()).output == [URL]
        assert (await client._open(Told(MODEL, read), "r-1").wait()).output == [URL]

    run(test)
    assert len(threads) == 3
    assert all(name.startswith("runcomfy") for name in threads)


def test_a_closed_client_says_so(server: FaultServer) -> None:
    async def test() -> None:
        client = AsyncClient(TOKEN, base_url=server.base_url)
        client.close()
        await client.aclose()
        with pytest.raises(errors.ConfigurationError, match="the client is closed"):
            await client.submit(MODEL, {})
        with pytest.raises(errors.ConfigurationError, match="the client is closed"):
            await client.job("r-1").wait()

    asyncio.run(test())
    assert server.connections == 0


# --- leaving the block of a job ---


def test_a_job_that_is_over_is_left_alone(run: Run, server: FaultServer) -> None:
    server.add(COMPLETED, DONE)

    async def test(client: AsyncClient) -> None:
        async with client.job("r-1") as job:
            await job.wait()
        assert job.cancelled is None

    run(test)
    assert len(server.requests) == 2


def test_leaving_a_block_cancels(run: Run, server: FaultServer) -> None:
    server.add(CANCELLED)

    async def test(client: AsyncClient) -> None:
        async with client.job("r-1") as job:
            pass
        assert job.cancelled is True

    run(test)
    assert server.calls() == ["POST /requests/r-1/cancel"]


# --- cancelling a task that waits ---


@pytest.mark.parametrize(
    ("answered", "note"),
    [
        (CANCELLED, CANCELLED_WORDS),
        (TOO_LATE, "It was too late to cancel request r-1: it goes on remotely"),
        (says({}, 503), "Cancelling request r-1 failed (HTTP 503"),
    ],
)
def test_cancelling_a_task_in_a_request_cancels_the_job(
    run: Run, server: FaultServer, answered: Step, note: str
) -> None:
    gate = Gate()
    server.add(gate.step(RUNNING), answered)

    async def test(client: AsyncClient) -> asyncio.CancelledError:
        task = asyncio.create_task(client.job("r-1").wait())
        await gate.come()
        # The server plays one step at a time, whoever asks: the cancel is the second.
        error = await cancelled(task)
        gate.open.set()
        return error

    error = run(test)
    [said] = error.__notes__
    assert said.startswith(note)
    assert [one.method for one in server.requests] == ["GET", "POST"]
    assert not leaks(error)


def test_cancelling_a_task_in_a_pause_cancels_the_job(server: FaultServer) -> None:
    class Pausing(AsyncFakeClock):
        async def sleep(self, seconds: float, /) -> None:  # noqa: ARG002 - however long
            pausing.set()
            await asyncio.Event().wait()

    pausing = asyncio.Event()
    server.add(QUEUED, CANCELLED)

    async def test() -> None:
        async with AsyncClient(TOKEN, base_url=server.base_url, clock=Pausing()) as client:
            job = client.job("r-1")
            task = asyncio.create_task(job.wait())
            await pausing.wait()
            assert (await cancelled(task)).__notes__ == [CANCELLED_WORDS]
            assert job.cancelled is True

    asyncio.run(test())


def test_a_timeout_around_a_wait_cancels_the_job_once(run: Run, server: FaultServer) -> None:
    server.add(HANG, CANCELLED)

    async def test(client: AsyncClient) -> None:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.2), client.job("r-1") as job:
                await job.wait()
        assert caught.value.__cause__.__notes__ == [CANCELLED_WORDS]  # type: ignore[union-attr]

    run(test, read_timeout=1.0)
    assert [one.method for one in server.requests] == ["GET", "POST"]


def test_cancelling_a_job_is_bounded_in_time(
    run: Run, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "CANCEL_LIMIT", 0.2)
    server.add(HANG, HANG)

    async def test(client: AsyncClient) -> None:
        task = asyncio.create_task(client.job("r-1").wait())
        await asyncio.to_thread(_until, lambda: len(server.requests) == 1)
        begin = time.monotonic()
        error = await cancelled(task)
        assert time.monotonic() - begin < 10
        [note] = error.__notes__
        assert note.startswith("Cancelling request r-1 failed (")
        assert note.endswith("it may go on remotely and be billed.")

    run(test, read_timeout=60)


def _until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_second_cancellation_gives_up_at_once(run: Run, server: FaultServer) -> None:
    first, second = Gate(), Gate()
    server.add(first.step(RUNNING), second.step(CANCELLED))

    async def test(client: AsyncClient) -> None:
        job = client.job("r-1")
        task = asyncio.create_task(job.wait())
        await first.come()
        task.cancel()
        await second.come()
        error = await cancelled(task)
        assert error.__notes__ == [
            "Cancelling request r-1 was interrupted: it may go on remotely and be billed."
        ]
        assert job.cancelled is False
        first.open.set()
        second.open.set()

    run(test)


# --- cancelling a task that submits ---


def test_a_submission_on_its_way_is_settled(run: Run, server: FaultServer) -> None:
    gate = Gate()
    server.add(gate.step(says({"request_id": "r-1"})), CANCELLED)

    async def test(client: AsyncClient) -> asyncio.CancelledError:
        task = asyncio.create_task(client.submit(MODEL, {}))
        await gate.come()
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    error = run(test)
    assert error.__notes__ == [f"{MODEL} was submitted all the same. {CANCELLED_WORDS}"]
    assert server.calls() == ["POST /models/a/b", "POST /requests/r-1/cancel"]
    assert not leaks(error)


@pytest.mark.parametrize(
    ("step", "note", "calls"),
    [
        (says({"error_code": 400002}, 400), "HTTP 400, error_code 400002", 1),
        (says({}, 429), "HTTP 429", 1),
        (DROP_READ, f"{MODEL}: the submission was sent, but no answer came", 1),
        (says({"request_id": "r-1"}, 504), f"{MODEL} was submitted all the same. Cancelled", 2),
    ],
)
def test_what_is_known_of_it_is_said(
    run: Run, server: FaultServer, step: Step, note: str, calls: int
) -> None:
    gate = Gate()
    server.add(gate.step(step), CANCELLED)

    async def test(client: AsyncClient) -> asyncio.CancelledError:
        task = asyncio.create_task(client.submit(MODEL, {}))
        await gate.come()
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    [said] = run(test).__notes__
    assert said.startswith(note)
    assert len(server.requests) == calls


def test_a_submission_that_takes_long_is_settled_in_the_background(
    run: Run,
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(async_driver, "CANCEL_LIMIT", 0.05)
    gate, settled = Gate(), Gate()
    server.add(gate.step(says({"request_id": "r-1"})), settled.step(CANCELLED))

    async def test(client: AsyncClient) -> None:
        task = asyncio.create_task(client.submit(MODEL, {}))
        await gate.come()
        error = await cancelled(task)
        assert error.__notes__ == [ON_ITS_WAY]

    run(test)  # the client is closed, and the loop is over, before the answer comes
    gate.open.set()
    assert settled.reached.wait(10)
    settled.open.set()
    _until(lambda: bool(caplog.records))
    assert server.calls() == ["POST /models/a/b", "POST /requests/r-1/cancel"]
    [line] = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert line == (
        f"interrupted while submitting: {MODEL} was submitted all the same. {CANCELLED_WORDS}"
    )


@pytest.mark.parametrize("own", ["client", "map"])
def test_the_journal_is_open_until_then(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own: str
) -> None:
    monkeypatch.setattr(async_driver, "CANCEL_LIMIT", 0.05)
    monkeypatch.setattr(many_async, "PARTING", 0.05)
    gate = Gate()
    server.add(gate.step(says({"request_id": "r-1"})))
    options: Any = {own: tmp_path / "j"}

    async def main() -> None:
        async with AsyncClient(
            TOKEN, base_url=server.base_url, journal=options.get("client")
        ) as client:
            mapped = client.map(MODEL, [{}], journal=options.get("map"))
            task = asyncio.ensure_future(anext(mapped))
            await gate.come()
            await cancelled(task)

    asyncio.run(main())
    with Journal(tmp_path / "j") as journal:
        [entry] = journal.jobs()
        assert (entry.state, entry.request_id) == ("uncertain", None)
        gate.open.set()
        _until(lambda: next(journal.jobs()).state == "submitted")
        assert next(journal.jobs()).request_id == "r-1"


@pytest.mark.parametrize("waits", [True, False])
@pytest.mark.parametrize(
    ("step", "cancel", "state", "request_id"),
    [
        (says({"request_id": "r-1"}), CANCELLED, "cancelled", "r-1"),
        (says({"request_id": "r-1"}), TOO_LATE, "submitted", "r-1"),
        (says({"request_id": "r-1"}, 504), CANCELLED, "cancelled", "r-1"),
        (says({"error_code": 400002}, 400), CANCELLED, "refused", None),
        (DROP_READ, CANCELLED, "uncertain", None),
    ],
)
def test_the_journal_knows_what_came_of_it(
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    waits: bool,
    step: Step,
    cancel: Step,
    state: str,
    request_id: str | None,
) -> None:
    """Whether its caller waits for it to be settled, or that happens in the background."""
    gate = Gate()
    server.add(gate.step(step), cancel)

    async def main(journal: Journal) -> None:
        async with AsyncClient(TOKEN, base_url=server.base_url, journal=journal) as client:
            with monkeypatch.context() as patch:
                if not waits:
                    patch.setattr(async_driver, "CANCEL_LIMIT", 0.05)
                task = asyncio.create_task(client.submit(MODEL, {}))
                await gate.come()
                task.cancel()
                await asyncio.sleep(0)
                if waits:
                    gate.open.set()
                with pytest.raises(asyncio.CancelledError):
                    await task
            [entry] = journal.jobs()
            assert entry.state == (state if waits else "uncertain")
            gate.open.set()

    with Journal(tmp_path / "j") as journal:
        asyncio.run(main(journal))
        [entry] = journal.jobs()
    assert (entry.state, entry.request_id) == (state, request_id)


def test_a_submission_that_is_cancelled_while_it_is_written_down(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    gate = Gate()
    begin = Journal.begin

    def slow(self: Journal, model_id: str, wire: Any, *, origin: str, local_id: str) -> str:
        gate.wait()
        return begin(self, model_id, wire, origin=origin, local_id=local_id)

    monkeypatch.setattr(Journal, "begin", slow)

    async def main() -> None:
        async with AsyncClient(TOKEN, base_url=server.base_url, journal=tmp_path / "j") as client:
            task = asyncio.create_task(client.submit(MODEL, {}))
            await gate.come()
            await cancelled(task)
            gate.open.set()
            journal = client.journal
            await asyncio.to_thread(_until, lambda: bool(list(journal.jobs("refused"))))

    asyncio.run(main())
    assert server.requests == []


def test_closing_gives_what_is_unsettled_a_moment(
    run: Run, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate()
    server.add(gate.step(says({"request_id": "r-1"})), CANCELLED)

    async def test(client: AsyncClient) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(async_driver, "CANCEL_LIMIT", 0.05)
            task = asyncio.create_task(client.submit(MODEL, {}))
            await gate.come()
            assert (await cancelled(task)).__notes__ == [ON_ITS_WAY]
        gate.open.set()

    run(test)
    assert server.calls() == ["POST /models/a/b", "POST /requests/r-1/cancel"]


def test_a_submission_that_outlives_its_client_is_settled(
    server: FaultServer,
) -> None:
    """A task that nobody awaited: the block of its client ends, then the loop cancels it."""
    gate = Gate()
    server.add(gate.step(says({"request_id": "r-1"})), CANCELLED)

    async def test() -> asyncio.CancelledError:
        client = AsyncClient(TOKEN, base_url=server.base_url)
        task = asyncio.create_task(client.submit(MODEL, {}))
        await gate.come()
        client.close()
        task.cancel()
        await turns()
        gate.open.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    error = asyncio.run(test())
    assert error.__notes__ == [f"{MODEL} was submitted all the same. {CANCELLED_WORDS}"]
    assert server.calls() == ["POST /models/a/b", "POST /requests/r-1/cancel"]


def test_a_submission_that_cannot_be_settled(
    run: Run, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    gate = Gate()
    server.add(gate.step(says({"request_id": "r-1"})))
    monkeypatch.setattr(submission, "part", fail)

    async def test(client: AsyncClient) -> None:
        task = asyncio.create_task(client.submit(MODEL, {}))
        await gate.come()
        task.cancel()
        await turns()
        gate.open.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert caught.value.__notes__ == [ON_ITS_WAY]

    run(test)


def test_a_second_cancellation_while_it_is_settled(run: Run, server: FaultServer) -> None:
    gate = Gate()
    server.add(gate.step(says({"request_id": "r-1"})), CANCELLED)

    async def test(client: AsyncClient) -> None:
        task = asyncio.create_task(client.submit(MODEL, {}))
        await gate.come()
        task.cancel()
        await turns()
        error = await cancelled(task)
        assert error.__notes__ == [ON_ITS_WAY]
        gate.open.set()

    run(test)
    assert server.calls() == ["POST /models/a/b", "POST /requests/r-1/cancel"]


def test_a_submission_that_waits_for_a_thread_is_unmade(run: Run, server: FaultServer) -> None:
    gate = Gate()

    async def test(client: AsyncClient) -> None:
        for _ in range(THREADS):
            client._driver._threads.start(gate.wait)
        task = asyncio.create_task(client._submit(Told(MODEL), {}, "skip"))
        await turns()
        error = await cancelled(task)
        gate.open.set()
        assert not hasattr(error, "__notes__")

    run(test)
    assert server.connections == 0


def test_a_submission_that_has_not_left_is_unmade(
    run: Run, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = urllib3.util.connection.create_connection
    connecting, go_on = threading.Event(), threading.Event()

    def slow(*arguments: Any, **options: Any) -> socket.socket:
        connecting.set()
        assert go_on.wait(10)
        return connect(*arguments, **options)

    monkeypatch.setattr(urllib3.util.connection, "create_connection", slow)

    async def test(client: AsyncClient) -> None:
        task = asyncio.create_task(client.submit(MODEL, {}))
        assert await asyncio.to_thread(connecting.wait, 10)
        task.cancel()
        await turns()
        go_on.set()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert not hasattr(caught.value, "__notes__")

    run(test)
    assert server.requests == []


def test_cancelling_between_two_tries_sends_no_more(server: FaultServer) -> None:
    class Pausing(AsyncFakeClock):
        async def sleep(self, seconds: float, /) -> None:  # noqa: ARG002 - however long
            pausing.set()
            await asyncio.Event().wait()

    pausing = asyncio.Event()
    server.add(says({}, 429), says({"request_id": "r-1"}))

    async def test() -> None:
        async with AsyncClient(TOKEN, base_url=server.base_url, clock=Pausing()) as client:
            task = asyncio.create_task(client.submit(MODEL, {}))
            await pausing.wait()
            assert not hasattr(await cancelled(task), "__notes__")

    asyncio.run(test())
    assert len(server.requests) == 1


def test_an_interruption_after_the_answer_came_cancels_the_job(
    run: Run, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = submission._read
    stops = iter([True])

    def stopped(*arguments: Any) -> Any:
        if next(stops, False):
            raise asyncio.CancelledError
        return read(*arguments)

    monkeypatch.setattr(submission, "_read", stopped)
    server.add(says({"request_id": "r-1"}), CANCELLED)

    async def test(client: AsyncClient) -> None:
        with pytest.raises(asyncio.CancelledError) as caught:
            await client.submit(MODEL, {})
        [note] = caught.value.__notes__
        assert note == "Cancelled request r-1 before it ran; there is nothing to pay."

    run(test)


def test_an_answer_that_can_not_be_judged_is_a_job_that_may_exist(
    run: Run, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def short(*_: object) -> str:
        raise MemoryError

    monkeypatch.setattr(submission, "_read", short)
    server.add(says({"request_id": "r-1"}))

    async def test(client: AsyncClient) -> None:
        with pytest.raises(MemoryError) as caught:
            await client.submit(MODEL, {})
        assert caught.value.__notes__ == [MAY_EXIST.format(model_id=MODEL)]

    run(test)


# --- many at once, and the loop ---


def test_a_thousand_waits_take_no_more_than_the_threads_of_the_client(
    server: FaultServer,
) -> None:
    jobs = 1000
    # The last answer passes as a status and as a result.
    end = says({"status": "completed", "output": URL})
    server.add(*[QUEUED] * jobs, *[end] * (2 * jobs))
    earlier = set(threading.enumerate())
    most = 0

    def count(_: Status) -> None:
        nonlocal most
        most = max(most, len(begun_since(earlier, "runcomfy-")))  # those of its pool

    async def test() -> list[Result[Any]]:
        async with AsyncClient(TOKEN, base_url=server.base_url, clock=AsyncFakeClock()) as client:
            waits = [client.job(f"r-{n}").wait(None, count) for n in range(jobs)]
            return await asyncio.gather(*waits)

    results = asyncio.run(test())
    assert {result.output for result in results} == {URL}
    assert len({result.request_id for result in results}) == jobs
    assert 0 < most <= THREADS
    assert server.connections <= THREADS


def test_a_wait_ends_at_its_deadline_although_no_thread_is_free(server: FaultServer) -> None:
    gate = threading.Event()

    async def test() -> None:
        async with AsyncClient(TOKEN, base_url=server.base_url) as client:
            for _ in range(THREADS):
                client._driver._threads.start(lambda: gate.wait(10))
            with pytest.raises(errors.WaitTimeout, match="last seen: no answer within 1 s"):
                await client.job("r-1").wait(timeout=0.5)
            gate.set()

    asyncio.run(test())
    assert server.connections == 0


def test_the_loop_goes_on_while_requests_hang(run: Run, server: FaultServer) -> None:
    """If it did not, nobody would let the answer come."""
    gate = Gate()
    server.add(says({"request_id": "r-1"}), gate.step(COMPLETED), DONE)

    async def test(client: AsyncClient) -> None:
        job = await client.submit(MODEL, {"prompt": "x"})
        waiting = asyncio.create_task(job.wait())
        await gate.come()
        gate.open.set()
        await waiting

    run(test)


def test_the_loop_goes_on_while_large_bodies_are_made_and_read(
    run: Run, server: FaultServer
) -> None:
    """Some 20 MB each way, in many pieces: a second's work, none of it on the loop.

    The longest time between two turns of the loop is less than half of the whole. The machine may
    stall, hardly each time.
    """
    rows = ["https://files.example/" + "x" * 40] * 300_000
    whole = answer({"status": "succeeded", "output": rows})

    async def work(client: AsyncClient) -> None:
        job = await client.submit(MODEL, {"rows": rows})
        assert (await job.wait()).output == rows

    async def test(client: AsyncClient) -> float:
        begin = turn = time.monotonic()
        longest = 0.0
        working = asyncio.create_task(work(client))
        while not working.done():
            await asyncio.sleep(0.001)
            longest, turn = max(longest, time.monotonic() - turn), time.monotonic()
        await working
        return longest / (turn - begin)

    def shares() -> Iterator[float]:
        for _ in range(3):
            server.add(says({"request_id": "r-1"}), COMPLETED, Step(whole))
            yield run(test)

    assert any(share < 0.5 for share in shares())


def test_the_answer_is_read_whole(server: FaultServer) -> None:
    """Half an answer that hangs ends with the read timeout, and the loop does not feel it."""
    server.add(Step(answer(b'{"sta', length=99), "hang"), COMPLETED, DONE)

    async def test() -> object:
        async with AsyncClient(
            TOKEN, base_url=server.base_url, read_timeout=0.2, clock=AsyncFakeClock()
        ) as client:
            return (await client.job("r-1").wait()).output

    assert asyncio.run(test()) == URL


# --- a loop that is gone ---


class Parted(Api):
    """Notes every cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.there = threading.Event()
        self.parted: list[str] = []
        self.on_submit = self.on_status = lambda _: self.there.set()

    def _cancel(self, prompt: str) -> dict[str, str]:
        self.parted.append(prompt)
        return super()._cancel(prompt)


async def waits(client: AsyncClient) -> None:
    await client.job("r-0").wait()


async def submits(client: AsyncClient) -> None:
    await client.submit(MODEL, {"prompt": "held"})


async def maps(client: AsyncClient) -> None:
    async for _ in client.map(MODEL, [{"prompt": "held"}]):
        pass


def left_on_a_closed_loop(
    client: AsyncClient, work: Callable[[AsyncClient], Coroutine[Any, Any, None]], api: Parted
) -> asyncio.Task[None]:
    """A task that was under way on a loop that is closed."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(work(client))

    def look() -> None:
        if api.there.is_set():
            loop.stop()
        else:
            loop.call_later(0.005, look)

    look()
    loop.run_forever()
    loop.close()
    return task


@pytest.fixture
def _silent_loops() -> Iterator[None]:
    """Keep asyncio from telling of tasks that were left pending."""
    logger = logging.getLogger("asyncio")
    logger.disabled = True
    yield
    gc.collect()
    logger.disabled = False


@pytest.mark.usefixtures("_silent_loops")
@pytest.mark.parametrize("then", ["another loop", "closed", "collected"])
@pytest.mark.parametrize("work", [waits, submits, maps])
def test_what_a_closed_loop_left_is_seen_to(
    work: Callable[[AsyncClient], Coroutine[Any, Any, None]], then: str
) -> None:
    with Parted() as api:
        api.submitted += ["queues", "runs"]
        client = AsyncClient(TOKEN, base_url=api.base_url)
        tasks = [left_on_a_closed_loop(client, work, api)]
        if then == "another loop":
            other = AsyncClient(TOKEN, base_url=api.base_url)
            with pytest.raises(errors.WaitTimeout):
                asyncio.run(other.job("r-1").wait(0))
            other.close()
        elif then == "closed":
            client.close()
        else:
            tasks.clear()
        api.release.set()
        _until(lambda: gc.collect() >= 0 and bool(api.parted))
        assert api.parted == ["queues" if work is waits else "held"]
        client.close()
        tasks.clear()
    assert api.submitted == ["queues", "runs"] + ["held"] * (work is not waits)


def test_a_task_whose_operation_a_thread_has_finished_is_cancelled(server: FaultServer) -> None:
    """A loop that stands still at the end of the program, and then goes on after all."""
    gate, parted = Gate(), Gate()
    server.add(gate.step(RUNNING), parted.step(CANCELLED))
    client = AsyncClient(TOKEN, base_url=server.base_url)
    loop = asyncio.new_event_loop()
    task = loop.create_task(waits(client))
    loop.run_until_complete(gate.come())
    client._driver.take_over(lambda loop: not loop.is_running())
    assert parted.reached.wait(10)
    gate.open.set()
    parted.open.set()
    with pytest.raises(asyncio.CancelledError):
        loop.run_until_complete(task)
    client.close()
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.mark.usefixtures("_silent_loops")
@pytest.mark.parametrize("many", [1, 200])
def test_nothing_is_said_of_coroutines_that_are_closed(
    server: FaultServer, many: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of those that wait for a turn, or have one that others wait for."""
    server.add(*[says({"outcome": "not_cancellable"}, 202)] * (2 * many))
    client = AsyncClient(TOKEN, base_url=server.base_url)
    loop = asyncio.new_event_loop()
    performed = [client.job(f"r-{n}").wait() for n in range(many)]
    tasks = [loop.create_task(one) for one in performed]
    loop.call_soon(lambda: loop.call_soon(loop.stop))
    loop.run_forever()
    loop.close()
    for one in performed:
        one.close()
    del tasks
    gc.collect()
    client.close()
    assert capsys.readouterr().err == ""
