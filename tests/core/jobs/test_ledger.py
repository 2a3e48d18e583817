"""What a client's journal says of submissions, for both clients, whatever becomes of them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock, picture
from support_map import journal_bytes
from support_server import DROP_READ, FaultServer, Step, says

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.config import Token
from runcomfy_core.jobs.ledger import Ledger, Occurrences, SubmissionNotes, submit_noted
from runcomfy_core.jobs.submission import Submission
from runcomfy_core.journal import Journal, JournalError, JournalWarning
from runcomfy_core.wire.steps import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runcomfy_core.journal import Entry
    from runcomfy_core.wire.steps import Driver

MODEL = "a/b"
TAKEN = says({"request_id": "r-1"})
RUNNING = says({"status": "in_progress"})
COMPLETED = says({"status": "completed"})
DONE = says({"status": "succeeded", "output": "https://files.example/a.png", "cost": 0.5})
FAILED = says({"status": "failed", "error": "no luck"})


class Run(Protocol):
    """Submits, and waits; what it raises is returned."""

    def __call__(self, base_url: str, body: Any = ..., **options: Any) -> object: ...


def run_in_thread(base_url: str, body: Any = None, **options: Any) -> object:
    with Client(TOKEN, base_url=base_url, clock=FakeClock(), **options) as client:
        try:
            return client.submit(MODEL, body or {"prompt": "x"}).wait(60)
        except errors.RunComfyError as error:
            return error


def run_on_loop(base_url: str, body: Any = None, **options: Any) -> object:
    async def main() -> object:
        async with AsyncClient(
            TOKEN, base_url=base_url, clock=AsyncFakeClock(), **options
        ) as client:
            try:
                return await (await client.submit(MODEL, body or {"prompt": "x"})).wait(60)
            except errors.RunComfyError as error:
                return error

    return asyncio.run(main())


@pytest.fixture(params=[run_in_thread, run_on_loop], ids=["Client", "AsyncClient"])
def run(request: pytest.FixtureRequest) -> Run:
    chosen: Run = request.param
    return chosen


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


def entries(file: Path) -> list[Entry]:
    with Journal(file) as journal:
        return list(journal.jobs())


def test_each_step_is_written_down_before_the_next(
    run: Run, server: FaultServer, file: Path
) -> None:
    seen: list[tuple[str, str | None, str | None]] = []

    def look() -> None:
        [entry] = entries(file)
        seen.append((entry.state, entry.request_id, entry.status))

    steps = (TAKEN, RUNNING, RUNNING, COMPLETED, DONE)
    server.add(*[Step(step.send, hook=look) for step in steps])
    run(server.base_url, journal=file)
    assert seen == [
        ("posting", None, None),
        ("submitted", "r-1", None),
        ("submitted", "r-1", "in_progress"),
        ("submitted", "r-1", "in_progress"),
        ("submitted", "r-1", "in_progress"),
    ]
    [entry] = entries(file)
    assert (entry.state, entry.model_id, entry.origin) == ("completed", MODEL, server.base_url)
    assert entry.input == {"prompt": "x"}
    assert entry.result is not None
    assert entry.result["cost"] == 0.5


@pytest.mark.parametrize(
    ("script", "state", "request_id", "words"),
    [
        ([TAKEN, COMPLETED, FAILED], "failed", "r-1", "no luck"),
        ([TAKEN, says({"status": "cancelled"})], "cancelled", "r-1", None),
        ([TAKEN, *[RUNNING] * 40], "submitted", "r-1", None),
        ([says({"message": "bad"}, 400)], "refused", None, "HTTP 400: bad"),
        ([DROP_READ], "uncertain", None, "no answer came"),
        ([says({"request_id": "r-1"}, 502)], "uncertain", "r-1", "HTTP 502"),
    ],
)
def test_how_it_ends(
    run: Run,
    server: FaultServer,
    file: Path,
    *,
    script: list[Step],
    state: str,
    request_id: str | None,
    words: str | None,
) -> None:
    server.add(*script)
    assert isinstance(run(server.base_url, journal=file), errors.RunComfyError)
    [entry] = entries(file)
    assert (entry.state, entry.request_id) == (state, request_id)
    assert (words is None and entry.error is None) or (words or "?") in (entry.error or "")


def test_a_submission_that_never_left_is_refused(run: Run, file: Path) -> None:
    assert isinstance(run("http://127.0.0.1:1/v1", journal=file), errors.ConnectionFailed)
    assert [entry.state for entry in entries(file)] == ["refused"]


# --- what can't be written ---


def test_a_journal_that_cannot_be_opened_costs_nothing(
    run: Run, server: FaultServer, tmp_path: Path
) -> None:
    for bad in (tmp_path, tmp_path / "text"):
        if bad != tmp_path:
            bad.write_text("not a database, and long enough to be seen as none" * 9)
        with pytest.raises(JournalError):
            run(server.base_url, journal=bad)
    assert server.requests == []


def test_a_journal_that_breaks_before_the_post_costs_nothing(
    run: Run, server: FaultServer, file: Path
) -> None:
    with Journal(file) as journal:
        journal.close()
        error = run(server.base_url, journal=journal)
    assert isinstance(error, JournalError)
    assert "nothing was sent" in str(error)
    assert server.requests == []


@pytest.mark.parametrize("fault", ["deleted", "full"])
def test_a_journal_that_breaks_after_the_post_costs_no_result(
    run: Run, server: FaultServer, file: Path, fault: str
) -> None:
    journal = Journal(file)

    def strike() -> None:
        if fault == "deleted":
            file.unlink()
        else:  # SQLite's own bound, which gives the error of a full disk
            connection = journal._store._connection
            assert connection is not None
            connection.execute("PRAGMA max_page_count = 1")

    def lose() -> Any:
        with journal:
            return run(server.base_url, journal=journal)

    long = says({"status": "succeeded", "output": "x" * 200_000})
    server.add(Step(TAKEN.send, hook=strike), RUNNING, COMPLETED, long)
    with pytest.warns(JournalWarning) as caught:
        result = lose()
    assert (result.request_id, len(result.output)) == ("r-1", 200_000)
    said = " ".join(str(one.message) for one in caught)
    assert "not recorded: request r-1 is completed" in said
    assert ("deleted or replaced" if fault == "deleted" else "full") in said


# --- what must not be written ---


@pytest.mark.parametrize("opened", [False, True])
def test_the_token_is_never_in_it(
    run: Run, server: FaultServer, file: Path, *, opened: bool
) -> None:
    body = {"prompt": f"with {TOKEN}", TOKEN: [f"x{TOKEN}y"]}
    server.add(TAKEN, says({"status": f"s {TOKEN}"}), COMPLETED)
    server.add(says({"status": "failed", "error": f"bad {TOKEN}", "echo": {TOKEN: TOKEN}}))
    server.add(says({"message": f"no {TOKEN}"}, 400))
    server.add(says({"request_id": TOKEN, "message": f"broken {TOKEN}"}, 500))
    server.add(says({"request_id": "r-2"}), COMPLETED)
    server.add(says({"status": "succeeded", "output": f"https://x/{TOKEN}"}))
    journal: Any = Journal(file) if opened else file
    kept = b""
    for _ in range(4):
        run(server.base_url, body, journal=journal)
        kept += journal_bytes(file)
    if opened:
        journal.close()
    kept += journal_bytes(file)
    assert b"with " in kept
    assert b"SECRET" not in kept
    assert [entry.state for entry in entries(file)] == [
        "failed",
        "refused",
        "uncertain",
        "completed",
    ]


@pytest.mark.parametrize("mapped", [False, True])
def test_inputs_are_not_stored_where_that_is_not_wanted(
    server: FaultServer, file: Path, tmp_path: Path, *, mapped: bool
) -> None:
    server.add(TAKEN, COMPLETED, DONE)
    body = {"prompt": "a private matter"}
    if mapped:
        # The client's own wish holds for the map's own journal, too.
        with Client(
            TOKEN,
            base_url=server.base_url,
            clock=FakeClock(),
            journal=tmp_path / "other",
            store_inputs=False,
        ) as client:
            list(client.map(MODEL, [body], journal=file))
    else:
        run_in_thread(server.base_url, body, journal=file, store_inputs=False)
    assert b"private" not in journal_bytes(file)
    [entry] = entries(file)
    assert entry.input is None
    assert len(entry.digest) == 64


def test_a_result_too_deep_to_be_masked_is_left_to_the_api(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_: object) -> str:
        raise RecursionError

    with Journal(file) as journal:
        ledger = Ledger(journal, "https://h/v1", own=False, mask=str)
        local_id = ledger.begin(MODEL, {})
        journal.mark_submitted(local_id, "r-1")
        monkeypatch.setattr("runcomfy_core.jobs.ledger.json_text", gives_up)
        ledger.finished("r-1", "completed", {"a": 1}, None)
        entry = journal.get(local_id)
        assert entry is not None
        assert (entry.state, entry.result) == ("completed", None)


def test_inputs_that_differ_in_the_case_of_a_token_are_two(file: Path) -> None:
    """Masked in every spelling, they would be one, and the second be answered by the first."""
    token = Token("any-text", "a test")
    with Journal(file) as journal:
        ledger = Ledger(
            journal, "https://h/v1", own=True, mask=token.mask, mask_exactly=token.mask_exactly
        )
        ledger.begin(MODEL, {"prompt": "Any-Text"})
        ledger.begin(MODEL, {"prompt": "any-text"})
        first, second = journal.jobs()
    assert first.digest != second.digest
    assert (first.input, second.input) == ({"prompt": "Any-Text"}, {"prompt": "[token]"})


def test_files_are_written_down_as_checksums(run: Run, server: FaultServer, file: Path) -> None:
    server.add(TAKEN, COMPLETED, DONE)
    run(server.base_url, {"image": picture()}, journal=file)
    [entry] = entries(file)
    assert entry.input is not None
    assert entry.input["image"].startswith("data:image/png;sha256=")


# --- whose journal it is ---


def test_a_journal_of_the_callers_stays_open(run: Run, server: FaultServer, file: Path) -> None:
    server.add(TAKEN, COMPLETED, DONE)
    with Journal(file) as journal:
        run(server.base_url, journal=journal)
        [entry] = journal.jobs()
        assert entry.state == "completed"


def test_the_users_own_journal(
    run: Run, server: FaultServer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNCOMFY_JOURNAL", str(file))
    server.add(TAKEN, COMPLETED, DONE)
    run(server.base_url, journal=True)
    assert len(entries(file)) == 1
    server.add(TAKEN, COMPLETED, DONE)
    run(server.base_url, journal=False)
    assert len(entries(file)) == 1


# --- notes of one submission ---


@attrs.frozen
class Noted:
    journal: Journal
    local_id: str
    notes: SubmissionNotes

    @property
    def state(self) -> str:
        entry = self.journal.get(self.local_id)
        assert entry is not None
        return entry.state


@pytest.fixture
def noted(file: Path) -> Iterator[Noted]:
    with Journal(file) as journal:
        ledger = Ledger(journal, "https://h/v1", own=True, mask=str)
        notes = SubmissionNotes(ledger)
        notes.begin(lambda: ledger.begin(MODEL, {}, notes.local_id))
        yield Noted(journal, notes.local_id, notes)


@pytest.mark.parametrize(("sent", "state"), [(True, "uncertain"), (False, "refused")])
def test_a_doubt_counts_while_nothing_is_known(noted: Noted, *, sent: bool, state: str) -> None:
    noted.notes.left("Ctrl-C", sent=sent)
    assert noted.state == state
    noted.notes.submitted("r-1")
    assert noted.state == "submitted"


@pytest.mark.parametrize("sent", [True, False])
def test_a_doubt_that_comes_late_counts_for_nothing(noted: Noted, *, sent: bool) -> None:
    tells: list[tuple[Callable[[], None], str]] = [
        (lambda: noted.notes.refused("no"), "refused"),
        (lambda: noted.notes.uncertain("who knows", None), "uncertain"),
        (lambda: noted.notes.submitted("r-1"), "submitted"),
        (lambda: noted.notes.cancelled("r-1"), "cancelled"),
    ]
    for tell, state in tells:
        tell()
        noted.notes.left("Ctrl-C", sent=sent)
        assert noted.state == state


@pytest.mark.parametrize("written", ["before", "after", "never"])
def test_a_submission_that_is_interrupted_while_it_is_written_down(
    file: Path, written: str
) -> None:
    with Journal(file) as journal:
        ledger = Ledger(journal, "https://h/v1", own=True, mask=str)
        submission = Submission(MODEL, b"{}", "https://h/v1")
        steps = submit_noted(submission, {}, ledger, FakeClock())
        writing = next(steps)
        assert isinstance(writing, Work)
        if written == "before":
            writing.do()
        with pytest.raises(KeyboardInterrupt):
            steps.throw(KeyboardInterrupt())
        if written == "after":
            writing.do()
        states = [(entry.state, entry.error) for entry in journal.jobs()]
    wanted = [] if written == "never" else [("refused", "KeyboardInterrupt came before the POST")]
    assert states == wanted


def test_an_operation_that_nobody_performs_any_more_writes_nothing(file: Path) -> None:
    with Journal(file) as journal:
        ledger = Ledger(journal, "https://h/v1", own=True, mask=str)
        for calls in (0, 1):
            submission = Submission(MODEL, b"{}", "https://h/v1")
            steps = submit_noted(submission, {}, ledger, FakeClock())
            step = next(steps)
            for _ in range(calls):
                assert isinstance(step, Work)
                step.do()
                step = steps.send(None)
            steps.close()
        [entry] = journal.jobs()
        assert entry.state == "posting"


def test_a_driver_writes_and_sends(file: Path, server: FaultServer) -> None:
    server.add(TAKEN)
    with Client(TOKEN, base_url=server.base_url) as client, Journal(file) as journal:
        ledger = Ledger(journal, server.base_url, own=True, mask=str)
        driver: Driver = client._driver
        submission = Submission(MODEL, b"{}", server.base_url)
        assert driver.run(submit_noted(submission, {}, ledger, driver.clock)) == "r-1"


def test_equal_inputs_are_counted() -> None:
    seen = Occurrences()
    assert [seen.key(MODEL, {"a": 1}) for _ in range(3)] == ["1", "2", "3"]
    assert seen.key(MODEL, {"a": 2}) == "1"
    assert seen.key("c/d", {"a": 1}) == "1"
    keys: list[str] = []
    threads = [
        threading.Thread(target=lambda: keys.append(seen.key(MODEL, {"b": 1}))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(keys, key=int) == [str(number) for number in range(1, 21)]
