"""Maps over a server, for both clients; with a journal and without."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock, picture
from support_endpoint import Told
from support_map import MODEL, Api, prompts
from support_threads import begun_since

from runcomfy import AsyncClient, Client, Result, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as wan
from runcomfy_core.jobs.engine import THREADS
from runcomfy_core.journal import Journal, JournalError
from runcomfy_core.map.options import MapSettings
from runcomfy_core.wire.clock import SystemClock
from runcomfy_core.wire.polls import LONGEST_PAUSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

Pairs = list[tuple[Any, Any]]


class Map(Protocol):
    """Maps to the end, with a client of its own; *model* takes its place where it is given."""

    def __call__(
        self, api: Api, inputs: Iterable[Any], *, model: Any = None, **options: Any
    ) -> Pairs: ...


def map_in_thread(api: Api, inputs: Iterable[Any], *, model: Any = None, **options: Any) -> Pairs:
    with Client(
        TOKEN, base_url=api.base_url, clock=FakeClock(), allow_private_media=True
    ) as client:
        if model is not None:
            return list(model.map(client, inputs, **options))
        return list(client.map(MODEL, inputs, **options))


def map_on_loop(api: Api, inputs: Iterable[Any], *, model: Any = None, **options: Any) -> Pairs:
    async def main() -> Pairs:
        async with AsyncClient(
            TOKEN, base_url=api.base_url, clock=AsyncFakeClock(), allow_private_media=True
        ) as client:
            if model is not None:
                return [pair async for pair in model.map(client, inputs, **options)]
            return [pair async for pair in client.map(MODEL, inputs, **options)]

    return asyncio.run(main())


@pytest.fixture(params=[map_in_thread, map_on_loop], ids=["Client", "AsyncClient"])
def mapped(request: pytest.FixtureRequest) -> Map:
    chosen: Map = request.param
    return chosen


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def outputs(pairs: Pairs) -> dict[str, Any]:
    """What came of each prompt: its output, or its error's type."""
    return {
        value["prompt"]: outcome.output if isinstance(outcome, Result) else type(outcome)
        for value, outcome in pairs
    }


BAD = {
    "fails": errors.JobFailed,
    "refused": errors.NotFound,
    "dropped": errors.SubmissionUncertain,
}


# --- the life of a map ---


@pytest.mark.parametrize("kept", [False, True])
def test_one_that_goes_wrong_does_not_stop_the_rest(
    mapped: Map, api: Api, file: Path, *, kept: bool
) -> None:
    lost = file.with_name("lost.png")
    bad: list[Any] = [{"prompt": float("nan")}, None, 7, {"prompt": lost}, {"prompt": b""}]
    inputs = [*prompts("ok 1", *BAD, "ok 2"), *bad, *prompts("ok 3")]
    # One at a time: a list with what is no input in it is refused whole.
    pairs = mapped(api, iter(inputs), max_in_flight=3, journal=file if kept else None)
    good = {f"ok {number}": f"ok {number}" for number in (1, 2, 3)}
    sound = [pair for pair in pairs if not isinstance(pair[1], errors.InvalidInput)]
    assert outputs(sound) == {**good, **BAD}
    assert len(pairs) == len(inputs)
    assert not api.doubled
    if kept:
        with Journal(file) as journal:
            states = sorted(entry.state for entry in journal.jobs())
        assert states == ["completed"] * 3 + ["failed", "refused", "uncertain"]


def test_what_preparing_raises_is_that_inputs_own_fault(mapped: Map, api: Api) -> None:
    class Torn(dict[str, object]):
        def items(self) -> Any:
            raise OSError("torn")

    [(_, error), (_, result)] = mapped(api, [Torn(), *prompts("ok")], ordered=True)
    assert isinstance(error, errors.InvalidInput)
    assert str(error).endswith("nothing was sent\n  the input: can't be prepared: torn")
    assert isinstance(error.__cause__, OSError)
    assert isinstance(result, Result)


def test_outcomes_in_the_order_of_the_inputs(mapped: Map, api: Api) -> None:
    inputs = prompts(*(f"ok {number}" for number in range(40)))
    pairs = mapped(api, inputs, max_in_flight=7, ordered=True)
    assert [value for value, _ in pairs] == inputs
    assert [result.output for _, result in pairs] == [value["prompt"] for value in inputs]


def test_inputs_and_dicts_and_files_of_a_model(mapped: Map, api: Api, tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(picture())
    inputs = [
        wan.Input(prompt="ok input", image_urls=[image]),
        {"prompt": "ok dict", "image_urls": [picture()]},
        {"prompt": "ok lost", "image_urls": [tmp_path / "lost.png"]},
        {"prompt": "ok small", "image_urls": [picture(20, 20)]},
        {"prompt": "ok typo", "image_url": []},
        "no input",
        None,
    ]
    # One at a time: a list with what is no input in it is refused whole.
    pairs = mapped(api, iter(inputs), model=wan, ordered=True)
    assert [value for value, _ in pairs] == inputs
    kinds = [type(outcome) for _, outcome in pairs]
    assert kinds == [Result, Result, *[errors.InvalidInput] * 5]
    assert str(pairs[-1][1]).endswith("Input or a dict, not builtins.NoneType")
    assert sorted(api.submitted) == ["ok dict", "ok input"]


def test_progress_is_told_in_the_callers_thread(mapped: Map, api: Api) -> None:
    seen: list[Any] = []
    here = threading.current_thread()

    def tell(state: Any) -> None:
        assert threading.current_thread() is here
        seen.append(state)

    mapped(api, prompts("ok 1", "refused"), on_progress=tell)
    assert (seen[-1].total, seen[-1].begun, seen[-1].done, seen[-1].failed) == (2, 2, 1, 1)


def test_what_progress_raises_ends_the_map(mapped: Map, api: Api) -> None:
    def angry(state: Any) -> None:
        if state.begun == 2:
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        mapped(api, prompts("queues", "ok", "ok"), on_progress=angry)
    assert len(api.submitted) <= 1
    assert api.cancelled == api.submitted


def test_a_wait_that_times_out_carries_a_job_that_can_be_waited_for(api: Api) -> None:
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock()) as client:
        [(_, error)] = client.map(MODEL, prompts("runs"), timeout=30)
        assert isinstance(error, errors.WaitTimeout)
        api.release.set()
        assert error.job.wait().output == "runs"
    assert api.cancelled == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_in_flight": 0}, "max_in_flight must be a whole number"),
        ({"timeout": "soon"}, "timeout must be"),
        ({"timeout": -1}, "timeout must be a finite number"),
        ({"timeout": float("nan")}, "timeout must be a finite number"),
        ({"progress": 1}, "progress must be True or False"),
    ],
)
def test_arguments_that_cannot_be_used_are_refused_at_once(
    api: Api, options: dict[str, Any], message: str
) -> None:
    with (
        Client(TOKEN, base_url=api.base_url) as client,
        pytest.raises(errors.ConfigurationError, match=message),
    ):
        client.map(MODEL, prompts("ok"), **options)
    assert api.requests == 0


@pytest.mark.parametrize("one", [None, "prompt", ["prompt"], 7])
def test_a_list_with_what_is_no_input_is_refused_at_once(mapped: Map, api: Api, one: Any) -> None:
    inputs = [{"prompt": "ok"}, one]
    with pytest.raises(errors.ConfigurationError, match=r"^inputs\[1\] must be a dict, not "):
        mapped(api, inputs)
    with pytest.raises(errors.ConfigurationError, match=r"^inputs\[1\] must be a dict or .*Input,"):
        mapped(api, inputs, model=wan)
    assert api.requests == 0


def test_a_journal_that_cannot_be_written_to_costs_nothing(
    mapped: Map, api: Api, tmp_path: Path
) -> None:
    with pytest.raises(JournalError):
        mapped(api, prompts("ok"), journal=tmp_path)
    assert api.requests == 0


# --- starting again ---


def test_a_second_run_takes_everything_from_the_journal(mapped: Map, api: Api, file: Path) -> None:
    inputs = prompts("ok 1", "fails", "ok 2", "ok 2", "ok 2")
    first = mapped(api, inputs, ordered=True, journal=file)
    asked = api.requests
    again = mapped(api, inputs, ordered=True, journal=file)
    assert api.requests == asked
    assert sorted(api.submitted) == ["fails", "ok 1", "ok 2", "ok 2", "ok 2"]
    assert outputs(again) == outputs(first)
    ids = [outcome.request_id for _, outcome in again]
    assert sorted(ids) == sorted(outcome.request_id for _, outcome in first)
    assert len(set(ids)) == 5


def test_what_was_refused_is_submitted_again(mapped: Map, api: Api, file: Path) -> None:
    mapped(api, prompts("refused"), journal=file)
    asked = api.requests
    mapped(api, prompts("refused"), journal=file)
    assert api.requests == asked + 1


def test_what_is_uncertain_is_not_repeated_until_somebody_has_looked(
    mapped: Map, api: Api, file: Path
) -> None:
    inputs = prompts("dropped 1", "dropped 2")
    mapped(api, inputs, ordered=True, journal=file)
    for _ in range(2):
        for _, error in mapped(api, inputs, journal=file):
            assert isinstance(error, errors.SubmissionUncertain)
            assert "tell the journal what became of it" in str(error)
    assert len(api.submitted) == 2
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        entries = {
            entry.input["prompt"]: entry for entry in client.journal.uncertain() if entry.input
        }
        job = api.submitted.index("dropped 1")
        client.journal.mark_submitted(entries["dropped 1"].local_id, f"r-{job}")
        client.journal.mark_refused(entries["dropped 2"].local_id)
    pairs = mapped(api, inputs, journal=file)
    assert outputs(pairs) == {"dropped 1": "dropped 1", "dropped 2": errors.SubmissionUncertain}
    assert sorted(api.submitted) == ["dropped 1", "dropped 2", "dropped 2"]


def test_results_that_only_the_api_has_are_fetched(mapped: Map, api: Api, file: Path) -> None:
    mapped(api, prompts("ok 1", "ok 2"), ordered=True, journal=file)
    with Journal(file) as journal:
        for entry in journal.jobs():
            if entry.input == {"prompt": "ok 1"}:
                journal._store.write(_forget(entry.local_id, "completed"))
            else:
                journal._store.write(_forget(entry.local_id, "submitted"))
    assert outputs(mapped(api, prompts("ok 1", "ok 2"), journal=file)) == {
        "ok 1": "ok 1",
        "ok 2": "ok 2",
    }
    assert len(api.submitted) == 2


def _forget(local_id: str, state: str) -> Any:
    from runcomfy_core.journal.journal import _change  # noqa: PLC0415 - only this test needs it
    from runcomfy_core.journal.store import Write  # noqa: PLC0415 - only this test needs it

    changes = {"state": state, "result": None}
    return Write(partial(_change, local_id=local_id, changes=changes), "")


def test_a_job_that_was_cancelled_stays_so(mapped: Map, api: Api, file: Path) -> None:
    mapped(api, prompts("queues"), journal=file, timeout=5)
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        assert client.job("r-0").cancel()
    [(_, error)] = mapped(api, prompts("queues"), journal=file)
    assert isinstance(error, errors.JobCancelled)
    assert len(api.submitted) == 1


def test_media_are_not_looked_at_again_for_what_the_journal_has(api: Api, file: Path) -> None:
    checked: list[object] = []
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=file) as client:
        endpoint = Told(MODEL, look=checked.append)

        def run() -> list[Any]:
            return list(client._map(endpoint, prompts("ok", "fails"), MapSettings(), "check"))

        run()
        run()
    assert sorted(checked, key=str) == prompts("fails", "ok")


def test_what_another_process_is_about_to_submit_is_waited_for(
    mapped: Map, api: Api, file: Path
) -> None:
    from runcomfy_core.journal.texts import digest  # noqa: PLC0415 - only this test needs it

    value = {"prompt": "ok"}
    with Journal(file) as other:
        claims: dict[str, Callable[[str], None]] = {
            "submitted": lambda local: other.mark_submitted(local, "r-0"),
            "refused": lambda local: other.mark_refused(local, "no"),
            "uncertain": lambda local: other.mark_uncertain(local, "who knows"),
        }
        api.submitted.append("ok")
        for answer, tell in claims.items():
            with contextlib.closing(sqlite(file)) as connection:
                connection.execute("DELETE FROM submission")
                connection.commit()
            local = other.claim(MODEL, value, origin=api.base_url, key="1")
            assert isinstance(local, str)
            assert other.find(digest(MODEL, value), origin=api.base_url, key="1") is not None
            telling = threading.Timer(0.1, tell, (local,))
            telling.start()
            [(_, outcome)] = mapped(api, [value], journal=file, timeout=None)
            telling.join()
            kind = errors.SubmissionUncertain if answer == "uncertain" else Result
            assert isinstance(outcome, kind), answer
    assert len(api.submitted) == 2


def test_whoever_is_a_moment_too_late_takes_what_the_faster_one_has(
    mapped: Map, api: Api, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mapped(api, prompts("ok"), journal=file)
    # As if the other's submission had come between the look and the claim.
    monkeypatch.setattr(Journal, "find", _none_at_first(Journal.find))
    assert outputs(mapped(api, prompts("ok"), journal=file)) == outputs(first)
    assert api.submitted == ["ok"]


def _none_at_first(find: Callable[..., object]) -> Callable[..., object]:
    looks = iter([True])

    def late(*arguments: object, **options: object) -> object:
        return None if next(looks, False) else find(*arguments, **options)

    return late


def test_one_who_never_tells_is_not_waited_for_for_ever(mapped: Map, api: Api, file: Path) -> None:
    with Journal(file) as other:
        other.claim(MODEL, {"prompt": "ok"}, origin=api.base_url, key="1")
        [(_, error)] = mapped(api, prompts("ok"), journal=file, timeout=20)
    assert isinstance(error, errors.SubmissionUncertain)
    assert api.requests == 0


def sqlite(file: Path) -> Any:
    import sqlite3  # noqa: PLC0415 - only this test needs it

    return sqlite3.connect(file)


# --- stopping early ---


def leave_in_thread(api: Api, inputs: list[Any], **options: Any) -> None:
    with Client(TOKEN, base_url=api.base_url, **options) as client:
        for _ in client.map(MODEL, inputs, max_in_flight=len(inputs)):
            break


def leave_on_loop(api: Api, inputs: list[Any], **options: Any) -> None:
    async def main() -> None:
        async with AsyncClient(TOKEN, base_url=api.base_url, **options) as client:
            async for _ in client.map(MODEL, inputs, max_in_flight=len(inputs)):
                break

    asyncio.run(main())


@pytest.mark.parametrize("leave", [leave_in_thread, leave_on_loop])
def test_leaving_cancels_what_queues(
    api: Api, leave: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    queue = [f"queues {number}" for number in range(60)]
    others = threading.Semaphore(0)

    def submitted(prompt: str) -> None:
        if prompt != "ok":
            others.release()
        else:  # the first to end, when all the others are there
            assert all(others.acquire(timeout=10) for _ in range(61))

    api.on_submit = submitted
    begin = time.monotonic()
    leave(api, prompts("ok", *queue, "runs"))
    assert time.monotonic() - begin < 8
    assert sorted(api.cancelled) == sorted(queue)
    [left] = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert "left before its end: It was too late to cancel request r-" in left


def interrupt_in_thread(api: Api, inputs: list[Any]) -> BaseException:
    with Client(TOKEN, base_url=api.base_url) as client:
        loop = client.map(MODEL, inputs)
        next(loop)
        with pytest.raises(KeyboardInterrupt) as caught:
            loop.throw(KeyboardInterrupt())
        return caught.value


def interrupt_on_loop(api: Api, inputs: list[Any]) -> BaseException:
    async def main() -> BaseException:
        async with AsyncClient(TOKEN, base_url=api.base_url) as client:
            loop = client.map(MODEL, inputs)
            await anext(loop)
            waiting = asyncio.ensure_future(anext(loop))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await waiting
            return caught.value

    return asyncio.run(main())


@pytest.mark.parametrize("interrupt", [interrupt_in_thread, interrupt_on_loop])
def test_whoever_is_interrupted_hears_what_came_of_each_job(
    api: Api, interrupt: Callable[..., BaseException]
) -> None:
    asked = {prompt: threading.Event() for prompt in ("ok", "queues", "runs")}

    def submitted(prompt: str) -> None:
        if prompt == "ok":  # the first to end, when the others are known to be there
            assert asked["queues"].wait(10)
            assert asked["runs"].wait(10)

    api.on_submit = submitted
    api.on_status = lambda prompt: asked[prompt].set()
    stop = interrupt(api, prompts("ok", "queues", "runs"))
    notes = sorted(getattr(stop, "__notes__", []))
    assert len(notes) == 2
    assert re.fullmatch(
        r"Cancelled request r-\d before it ran; there is nothing to pay\.", notes[0]
    )
    assert re.fullmatch(
        r"It was too late to cancel request r-\d: it goes on remotely and will be billed\.",
        notes[1],
    )


@pytest.mark.parametrize("leave", [leave_in_thread, leave_on_loop])
def test_leaving_with_a_journal_leaves_the_jobs_alone(
    mapped: Map,
    api: Api,
    file: Path,
    leave: Callable[..., None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    leave(api, prompts("runs 1", "runs 2", "ok", "refused"), journal=file)
    assert api.cancelled == []
    said = f"they go on remotely, and are in the journal {file}"
    assert said in caplog.text
    api.release.set()
    pairs = mapped(api, prompts("runs 1", "runs 2", "ok"), journal=file)
    assert outputs(pairs) == {"runs 1": "runs 1", "runs 2": "runs 2", "ok": "ok"}
    assert not api.doubled


@pytest.mark.parametrize("kept", [False, True])
def test_ctrl_c_in_the_consumer(api: Api, file: Path, *, kept: bool) -> None:
    def press(prompt: str) -> None:
        if prompt == "queues 7":
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    api.on_submit = press
    with Client(TOKEN, base_url=api.base_url, journal=file if kept else None) as client:
        inputs = prompts(*(f"queues {number}" for number in range(8)))
        with pytest.raises(KeyboardInterrupt):
            list(client.map(MODEL, inputs))
    if not kept:
        assert sorted(api.cancelled) == sorted(api.submitted)
        return
    assert api.cancelled == []
    with Journal(file) as journal:
        entries = list(journal.jobs())
    assert {entry.state for entry in entries} <= {"submitted", "refused"}
    known = {entry.request_id for entry in entries if entry.state == "submitted"}
    assert known == {f"r-{number}" for number in range(len(api.submitted))}


def test_cancelling_a_task_with_a_journal_keeps_the_submission_that_is_on_its_way(
    api: Api, file: Path
) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        there = asyncio.Event()
        api.on_submit = lambda _: loop.call_soon_threadsafe(there.set)
        async with AsyncClient(TOKEN, base_url=api.base_url, journal=file) as client:
            pairs = client.map(MODEL, prompts("held"))
            task = asyncio.ensure_future(anext(pairs))
            await asyncio.wait_for(there.wait(), 10)
            task.cancel()
            threading.Timer(0.1, api.release.set).start()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert api.cancelled == []
    with Journal(file) as journal:
        [entry] = journal.jobs()
    assert (entry.state, entry.request_id) == ("submitted", "r-0")


def test_an_inputs_iterator_that_raises_costs_no_result(mapped: Map, api: Api) -> None:
    seen: list[Any] = []

    def inputs() -> Iterator[Any]:
        yield from prompts("ok 1", "ok 2")
        raise LookupError("no more rows")

    with pytest.raises(LookupError, match="no more rows"):
        mapped(api, inputs(), on_progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (2, None)


def test_a_client_that_is_closed_during_a_map(api: Api, file: Path) -> None:
    client = Client(TOKEN, base_url=api.base_url, clock=FakeClock())
    pairs = client.map(MODEL, prompts("ok", "queues"))
    there = threading.Event()
    # The first to end does so when the other is there.
    api.on_submit = lambda prompt: there.wait(10) if prompt == "ok" else there.set()
    assert next(pairs)[0]["prompt"] == "ok"
    client.close()
    assert api.cancelled == ["queues"]
    with pytest.raises(errors.ConfigurationError, match="the client was closed before its map"):
        next(pairs)

    async def main() -> None:
        async with AsyncClient(TOKEN, base_url=api.base_url, journal=file) as client:
            pairs = client.map(MODEL, prompts("ok", "queues 2"))
            await anext(pairs)
        with pytest.raises(errors.ConfigurationError, match="the client was closed before its map"):
            await anext(pairs)

    asyncio.run(main())


def test_ten_maps_of_one_client_at_once(api: Api) -> None:
    found: list[Any] = []
    with Client(TOKEN, base_url=api.base_url, clock=SystemClock()) as client:

        def one(number: int) -> None:
            found.extend(client.map(MODEL, prompts(f"ok {number}a", f"ok {number}b")))

        threads = [threading.Thread(target=one, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(value["prompt"] == result.output for value, result in found)
    assert len(found) == 20


class Timed(Api):
    """Its jobs are over after a time that their prompts say, by the client's own clock."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.clock = clock
        self.begun: dict[str, float] = {}
        self.asked: dict[str, float] = {}
        self.noticed: dict[str, float] = {}
        self.on_submit = lambda prompt: self.begun.setdefault(prompt, clock.now)

    def _state(self, prompt: str, *, over: bool) -> str:
        age = self.clock.now - self.begun[prompt]
        over = age >= float(prompt)
        (self.noticed if over else self.asked)[prompt] = age
        return "completed" if over else "in_progress"


def test_a_thousand_jobs_in_flight_are_noticed_in_time_by_few_threads() -> None:
    earlier = set(threading.enumerate())
    threads = 0

    def look(_: object) -> None:
        nonlocal threads
        threads = max(threads, len(begun_since(earlier, "runcomfy-")))

    clock = FakeClock()
    seconds = [f"{5 + number * 0.02:.2f}" for number in range(1000)]
    with Timed(clock) as api, Client(TOKEN, base_url=api.base_url, clock=clock) as client:
        pairs = list(client.map(MODEL, prompts(*seconds), max_in_flight=1000, on_progress=look))
        assert outputs(pairs) == {one: one for one in seconds}
        for one in seconds:
            # Pauses grow by half, so each is a second and half of the time before it.
            pause = min(LONGEST_PAUSE, 1 + api.asked[one] / 2)
            assert api.noticed[one] - float(one) <= 1.5 * pause
        assert api.connections <= THREADS
        assert not api.doubled
    assert threads <= THREADS + 1
