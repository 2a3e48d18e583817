"""What a client's user asks of its journal, for both clients."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock
from support_map import MODEL, Api

from runcomfy import AsyncClient, Client, Result, errors
from runcomfy_core.journal import Entry, Journal, JournalError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Pairs = list[tuple[Entry, Any]]


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def resume_in_thread(api: Api, file: Path, **options: Any) -> Pairs:
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=file) as client:
        return list(client.journal.resume(**options))


def resume_on_loop(api: Api, file: Path, **options: Any) -> Pairs:
    async def main() -> Pairs:
        async with AsyncClient(
            TOKEN, base_url=api.base_url, clock=AsyncFakeClock(), journal=file
        ) as client:
            return [pair async for pair in client.journal.resume(**options)]

    return asyncio.run(main())


@pytest.fixture(params=[resume_in_thread, resume_on_loop], ids=["Client", "AsyncClient"])
def resume(request: pytest.FixtureRequest) -> Callable[..., Pairs]:
    chosen: Callable[..., Pairs] = request.param
    return chosen


def submit(api: Api, file: Path, *prompts: str) -> None:
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        for prompt in prompts:
            try:
                client.submit(MODEL, {"prompt": prompt})
            except errors.RunComfyError:
                continue


def states(file: Path) -> dict[str, str]:
    with Journal(file) as journal:
        return {entry.input["prompt"]: entry.state for entry in journal.jobs() if entry.input}


def test_what_is_unfinished_is_waited_for(
    api: Api, file: Path, resume: Callable[..., Pairs]
) -> None:
    submit(api, file, "ok 1", "fails", "refused", "dropped", "ok 2", "runs")
    seen: list[Any] = []
    pairs = resume(api, file, timeout=60, max_in_flight=2, on_progress=seen.append)
    found = {entry.input["prompt"]: outcome for entry, outcome in pairs if entry.input}
    assert {prompt: type(outcome) for prompt, outcome in found.items()} == {
        "ok 1": Result,
        "ok 2": Result,
        "fails": errors.JobFailed,
        "runs": errors.WaitTimeout,
    }
    assert found["ok 1"].output == "ok 1"
    assert seen[-1].total == 4
    assert states(file) == {
        "ok 1": "completed",
        "ok 2": "completed",
        "fails": "failed",
        "refused": "refused",
        "dropped": "uncertain",
        "runs": "submitted",
    }
    api.release.set()
    [(entry, result)] = resume(api, file)
    assert entry.state == "submitted"
    assert result.output == "runs"
    assert resume(api, file) == []
    assert states(file)["runs"] == "completed"


def test_jobs_of_another_server_are_left_out(
    api: Api, file: Path, resume: Callable[..., Pairs]
) -> None:
    submit(api, file, "ok")
    with Api() as other:
        assert resume(other, file) == []
        assert other.requests == 0


def test_a_wait_that_times_out_carries_its_job(api: Api, file: Path) -> None:
    submit(api, file, "runs")
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=file) as client:
        [(_, error)] = client.journal.resume(timeout=5)
        assert isinstance(error, errors.WaitTimeout)
        api.release.set()
        assert error.job.wait().output == "runs"
    assert states(file) == {"runs": "completed"}


def test_leaving_it_leaves_the_jobs_alone(
    api: Api, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    submit(api, file, "queues", "ok")
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        begin = time.monotonic()
        for entry, _ in client.journal.resume():
            assert entry.input == {"prompt": "ok"}
            break
        assert time.monotonic() - begin < 5
    assert api.cancelled == []
    assert f"they go on remotely, and are in the journal {file}" in caplog.text


@pytest.mark.parametrize("resume", [resume_in_thread, resume_on_loop])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": -1}, "timeout must be"),
        ({"max_in_flight": 0}, "max_in_flight must be a whole number"),
    ],
)
def test_arguments_that_cannot_be_used(
    api: Api,
    file: Path,
    resume: Callable[..., Pairs],
    options: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(errors.ConfigurationError, match=message):
        resume(api, file, **options)


def test_a_journal_that_cannot_be_read_leaves_no_thread(api: Api, file: Path) -> None:
    import threading  # noqa: PLC0415 - for this alone

    before = set(threading.enumerate())
    with Journal(file) as journal:
        client = Client(TOKEN, base_url=api.base_url, journal=journal)
        journal.close()
        with pytest.raises(JournalError, match="it is closed"):
            list(client.journal.resume())
        client.close()
    for thread in set(threading.enumerate()) - before:
        if thread.name == "runcomfy-timer":
            thread.join(10)
    assert set(threading.enumerate()) <= before


def test_looking_into_it(api: Api, file: Path) -> None:
    submit(api, file, "ok", "dropped", "refused")
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        journal = client.journal
        assert journal.path == file.resolve()
        assert repr(journal) == f"<journal {journal.path}>"
        assert [entry.state for entry in journal.jobs()] == ["submitted", "uncertain", "refused"]
        assert [entry.state for entry in journal.jobs("submitted")] == ["submitted"]
        assert len(list(journal.jobs({"submitted", "refused"}, model_id=MODEL))) == 2
        assert list(journal.jobs(model_id="c/d")) == []
        unknown: Any = "lost"
        with pytest.raises(JournalError, match="there is no state 'lost'"):
            list(journal.jobs(unknown))


def test_telling_it_what_became_of_a_submission(api: Api, file: Path) -> None:
    submit(api, file, "dropped 1", "dropped 2")
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        journal = client.journal
        first, second = journal.uncertain()
        with pytest.raises(errors.ConfigurationError, match="is not a request id"):
            journal.mark_submitted(first.local_id, "../x")
        journal.mark_submitted(first.local_id, "r-0")
        journal.mark_refused(second.local_id)
        assert journal.uncertain() == []
    assert states(file) == {"dropped 1": "submitted", "dropped 2": "refused"}
    assert [entry.state for entry, _ in resume_in_thread(api, file)] == ["submitted"]
    assert states(file)["dropped 1"] == "completed"


@pytest.mark.parametrize(
    "mark",
    [lambda one, name: one.mark_refused(name), lambda one, name: one.mark_submitted(name, "r-0")],
)
@pytest.mark.parametrize("name", ["nobody", "r-0", None])
def test_a_submission_that_it_does_not_have(api: Api, file: Path, mark: Any, name: Any) -> None:
    submit(api, file, "dropped")
    with Client(TOKEN, base_url=api.base_url, journal=file) as client:
        journal = client.journal
        with pytest.raises(JournalError) as caught:
            mark(journal, name)
        assert str(caught.value) == (
            f"the journal {journal.path}: it has no submission {name!r}; jobs() lists those that "
            "it has, each with its local_id"
        )
        assert len(journal.uncertain()) == 1


def _no_journal() -> Any:
    return pytest.raises(
        errors.ConfigurationError,
        match=r'this client keeps no journal: make it with journal="jobs\.sqlite3", or with j',
    )


def test_a_client_without_a_journal(api: Api) -> None:
    with Client(TOKEN, base_url=api.base_url) as client, _no_journal():
        client.journal.jobs()
    with Client(TOKEN, base_url=api.base_url, journal=False) as client, _no_journal():
        client.journal.uncertain()

    async def main() -> None:
        async with AsyncClient(TOKEN, base_url=api.base_url) as client:
            with _no_journal():
                client.journal.jobs()

    asyncio.run(main())


def test_a_client_that_is_closed_while_it_submits_records_the_job(api: Api, file: Path) -> None:
    client = Client(TOKEN, base_url=api.base_url, journal=file)

    def close(_: str) -> None:
        client.close()
        api.release.set()

    api.on_submit = close
    job = client.submit(MODEL, {"prompt": "held"})
    with Journal(file) as journal:
        assert [(one.state, one.request_id) for one in journal.jobs()] == [
            ("submitted", job.request_id)
        ]


def test_an_async_client_that_is_closed_while_it_submits_records_the_job(
    api: Api, file: Path
) -> None:
    async def main() -> str:
        loop = asyncio.get_running_loop()
        client = AsyncClient(TOKEN, base_url=api.base_url, journal=file)

        def close() -> None:
            client.close()
            api.release.set()

        api.on_submit = lambda _: loop.call_soon_threadsafe(close)
        return (await client.submit(MODEL, {"prompt": "held"})).request_id

    request_id = asyncio.run(main())
    with Journal(file) as journal:
        assert [(one.state, one.request_id) for one in journal.jobs()] == [
            ("submitted", request_id)
        ]
