from __future__ import annotations

import random
import re
import sqlite3
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support_client import TOKEN
from support_journal import INPUT, MODEL, ORIGIN, begin, integrity, output, script

from runcomfy import errors
from runcomfy_core.journal import Entry, Journal, JournalError, JournalWarning, digest, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "j.sqlite3") as journal:
        yield journal


def entry(journal: Journal, local_id: str) -> Entry:
    found = journal.get(local_id)
    assert found is not None
    return found


def submitted(journal: Journal, request_id: str) -> str:
    local_id = begin(journal)
    journal.mark_submitted(local_id, request_id)
    return local_id


def keys(entries: Any) -> list[str | None]:
    return [one.key for one in entries]


def test_the_life_of_a_job(journal: Journal) -> None:
    start = time.time()
    local_id = journal.begin(MODEL, {"prompt": "두", "n": 1.5}, origin=ORIGIN, key="0")
    begun = entry(journal, local_id)
    assert begun == Entry(
        local_id=local_id,
        model_id=MODEL,
        origin=ORIGIN,
        digest=digest(MODEL, {"n": 1.5, "prompt": "두"}),
        key="0",
        input={"prompt": "두", "n": 1.5},
        request_id=None,
        state="posting",
        status=None,
        error=None,
        result=None,
        created=begun.created,
        updated=begun.created,
    )
    assert start <= begun.created <= time.time()

    journal.mark_submitted(local_id, "r-1")
    journal.mark_status("r-1", "in_progress", origin=ORIGIN)
    waiting = entry(journal, local_id)
    assert waiting == attrs.evolve(
        begun,
        state="submitted",
        request_id="r-1",
        status="in_progress",
        updated=waiting.updated,
    )
    assert waiting.updated >= begun.updated

    result = {"status": "completed", "output": {"image": "https://h/두.png"}, "cost": 0.1}
    journal.mark_finished("r-1", "completed", result, origin=ORIGIN)
    over = entry(journal, local_id)
    assert over == attrs.evolve(waiting, state="completed", result=result, updated=over.updated)


def test_an_uncertain_submission(journal: Journal) -> None:
    local_id = begin(journal)
    journal.mark_uncertain(local_id, "no answer came", "r-1")
    found = entry(journal, local_id)
    assert (found.state, found.error, found.request_id) == ("uncertain", "no answer came", "r-1")
    assert journal.uncertain() == journal.unfinished() == [found]
    # The API knows it: then it is certain.
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    found = entry(journal, local_id)
    assert (found.state, found.error, found.status) == ("submitted", None, "in_queue")


def test_a_look_at_an_uncertain_submission_settles_it(journal: Journal) -> None:
    lost, found = begin(journal, "lost"), begin(journal, "found")
    for one in (lost, found):
        journal.mark_uncertain(one, "no answer came")
    assert keys(journal.uncertain()) == ["lost", "found"]
    assert journal.unfinished() == []
    journal.mark_refused(lost, "not in the request history")
    journal.mark_submitted(found, "r-1")
    assert journal.uncertain() == []
    assert keys(journal.unfinished()) == ["found"]
    assert entry(journal, lost).error == "not in the request history"


def test_a_doubt_does_not_take_back_a_request_id(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    journal.mark_uncertain(local_id, "x")
    assert entry(journal, local_id).request_id == "r-1"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_other_endings(journal: Journal, state: Any) -> None:
    local_id = submitted(journal, "r-1")
    journal.mark_finished("r-1", state, {"error": "x"}, origin=ORIGIN, error="out of memory")
    found = entry(journal, local_id)
    assert (found.state, found.result, found.error) == (state, {"error": "x"}, "out of memory")


def test_the_end_of_a_job_without_its_result(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    journal.mark_finished("r-1", "completed", {"a": 1}, origin=ORIGIN)
    journal.mark_finished("r-1", "completed", None, origin=ORIGIN)
    assert entry(journal, local_id).result == {"a": 1}


def test_a_job_that_is_over_stays_over(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    journal.mark_finished("r-1", "completed", {}, origin=ORIGIN)
    before = entry(journal, local_id)
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    assert entry(journal, local_id) == before


def test_a_status_is_written_once(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    before = entry(journal, local_id)
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    assert entry(journal, local_id) == before


def test_the_same_request_id_at_another_api(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    before = entry(journal, local_id)
    journal.mark_finished("r-1", "completed", {}, origin="http://127.0.0.1:1/v1")
    journal.mark_status("r-1", "in_queue", origin="http://127.0.0.1:1/v1")
    assert entry(journal, local_id) == before
    assert journal.unfinished(origin="http://127.0.0.1:1/v1") == []
    assert journal.unfinished(origin=ORIGIN) == [before]


def test_a_job_of_another_journal_is_not_noted(journal: Journal) -> None:
    journal.mark_finished("r-1", "completed", {}, origin=ORIGIN)
    assert list(journal.jobs()) == []


@pytest.mark.parametrize(
    ("act", "note"),
    [
        (lambda one: one.mark_submitted("x", "r-1"), "submission x is request r-1"),
        (
            lambda one: one.mark_uncertain("x", "?", "r-1"),
            "submission x may have been taken, perhaps as request r-1",
        ),
        (lambda one: one.mark_refused("x", "?"), "submission x was refused"),
    ],
)
def test_a_submission_that_is_not_there(journal: Journal, act: Any, note: str) -> None:
    words = f"the journal {journal.path}: it has no submission x; not recorded: {note}"
    with pytest.warns(JournalWarning, match=re.escape(words)):
        act(journal)


def test_where_warnings_are_errors(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    journal.mark_submitted("x", "r-1")  # as they are in these tests
    assert len(caplog.messages) == 1


def test_selecting(journal: Journal) -> None:
    begin(journal, "posting")
    for state in ("completed", "failed", "cancelled", "submitted"):
        journal.mark_submitted(begin(journal, state), f"r-{state}")
    for state in ("completed", "failed", "cancelled"):
        journal.mark_finished(f"r-{state}", state, {}, origin=ORIGIN)  # type: ignore[arg-type]  # it is one
    journal.mark_refused(begin(journal, "refused"), "x")
    journal.mark_uncertain(begin(journal, "uncertain"), "x")
    journal.begin("c/d", INPUT, origin=ORIGIN, key="another model")
    assert keys(journal.jobs()) == [
        *("posting", "completed", "failed", "cancelled", "submitted", "refused", "uncertain"),
        "another model",
    ]
    for state in ("completed", "failed", "cancelled", "submitted", "refused", "uncertain"):
        assert keys(journal.jobs(state)) == [state]  # type: ignore[arg-type]  # it is one
    assert keys(journal.jobs("posting")) == ["posting", "another model"]
    assert keys(journal.jobs(["failed", "completed"])) == ["completed", "failed"]
    assert keys(journal.jobs("posting", model_id="c/d")) == ["another model"]
    assert keys(journal.jobs([])) == []


def test_a_state_that_is_none(journal: Journal) -> None:
    with pytest.raises(errors.RunComfyError) as caught:
        journal.jobs("finished")  # type: ignore[arg-type]  # that is the point
    assert str(caught.value) == (
        f"the journal {journal.path}: there is no state 'finished'; there are cancelled, "
        "completed, failed, posting, refused, submitted, uncertain"
    )


def test_reading_holds_no_lock_and_sees_what_is_true(journal: Journal) -> None:
    ids = [begin(journal, str(number)) for number in range(4)]
    jobs = journal.jobs("posting")
    assert next(jobs).key == "0"
    begin(journal, "later")
    journal.mark_refused(ids[1], "x")
    with closing(sqlite3.connect(journal.path)) as other:
        other.execute("DELETE FROM submission WHERE key = '2'")
        other.commit()
    assert keys(jobs) == ["3"]


def test_finding_the_same_input(journal: Journal) -> None:
    same = digest(MODEL, INPUT)
    assert journal.find(same, origin=ORIGIN, key="0") is None
    first = begin(journal, "0")
    second = begin(journal, "0")
    begin(journal, "1")
    begin(journal, "0", seed=1)
    unnamed = begin(journal)

    def found(**where: Any) -> str | None:
        one = journal.find(same, **{"origin": ORIGIN, **where})
        return one.local_id if one else None

    assert found(key="0") == second
    assert found() == unnamed
    assert found(key="2") is None
    assert found(key="0", origin="http://127.0.0.1:1/v1") is None
    journal.mark_refused(second, "x")
    assert found(key="0") == first


def test_claiming(journal: Journal) -> None:
    first = journal.claim(MODEL, INPUT, origin=ORIGIN, key="0")
    assert isinstance(first, str)
    assert journal.claim(MODEL, INPUT, origin=ORIGIN, key="0") == entry(journal, first)
    assert isinstance(journal.claim(MODEL, INPUT, origin=ORIGIN, key="1"), str)
    assert isinstance(journal.claim(MODEL, INPUT, origin=ORIGIN), str)
    assert isinstance(journal.claim(MODEL, INPUT, origin=ORIGIN), Entry)
    journal.mark_refused(first, "x")
    again = journal.claim(MODEL, INPUT, origin=ORIGIN, key="0")
    assert isinstance(again, str)
    assert again != first


def test_claiming_what_is_refused_at_this_very_moment(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begin(journal)
    find = journal.find

    def refused_now(*arguments: Any, **options: Any) -> Entry | None:
        journal.mark_refused(first, "x")
        return find(*arguments, **options)

    monkeypatch.setattr(journal, "find", refused_now)
    assert isinstance(journal.claim(MODEL, INPUT, origin=ORIGIN), str)


def test_claiming_from_many_threads_and_processes(tmp_path: Path) -> None:
    source = """
import sys, threading
from runcomfy_core.journal import Journal
def work():
    for number in range(20):
        one = journal.claim("a/b", {"n": number}, origin="o", key=str(number))
        if isinstance(one, str):
            won.append(number)
won = []
with Journal(sys.argv[1]) as journal:
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(*won)
"""
    children = [script(source, tmp_path / "j.sqlite3") for _ in range(2)]
    won = [int(number) for child in children for number in output(child).split()]
    assert sorted(won) == list(range(20))


def test_inputs_that_are_not_stored(tmp_path: Path) -> None:
    with Journal(tmp_path / "j.sqlite3", store_inputs=False) as journal:
        found = entry(journal, begin(journal, prompt="something private"))
        assert found.input is None
        assert found.digest == digest(MODEL, {"prompt": "something private"})
    assert b"private" not in (tmp_path / "j.sqlite3").read_bytes()


def test_an_input_that_is_not_json(journal: Journal) -> None:
    with pytest.raises(JournalError, match="Path is not JSON serializable; nothing was sent"):
        begin(journal, image=Path("a.png"))


def test_the_token_is_not_in_it(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite3"
    with Journal(path, mask=lambda text: text.replace(TOKEN, "[token]")) as journal:
        local_id = journal.begin(
            f"m/{TOKEN}",
            {"prompt": f"x {TOKEN}", TOKEN: [TOKEN]},
            origin=f"https://{TOKEN}/v1",
            key=TOKEN,
        )
        journal.mark_uncertain(local_id, f"x {TOKEN}", TOKEN)
        journal.mark_status(TOKEN, TOKEN, origin=f"https://{TOKEN}/v1")
        found = entry(journal, local_id)
        assert found.input == {"prompt": "x [token]", "[token]": ["[token]"]}
        assert (found.request_id, found.status, found.key) == ("[token]", "[token]", "[token]")
        journal.mark_finished(
            TOKEN, "failed", {TOKEN: TOKEN}, origin=f"https://{TOKEN}/v1", error=TOKEN
        )
        journal.mark_refused(local_id, TOKEN)
        content = b"".join(one.read_bytes() for one in tmp_path.iterdir())
        assert b"[token]" in content
        assert b"SECRET" not in content
    assert b"SECRET" not in path.read_bytes()


def test_a_mask_that_fails_costs_nothing_after_a_post(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    local_id = submitted(journal, "r-1")

    def fail(_: str) -> str:
        raise RuntimeError("a bug")

    journal._mask = fail
    with pytest.warns(JournalWarning) as first:
        journal.mark_submitted(local_id, "r-1")
    with pytest.warns(JournalWarning) as then:
        journal.mark_finished("r-1", "completed", {"a": "x"}, origin=ORIGIN)
    messages = [str(one.message) for one in (*first.list, *then.list)]
    assert [one.partition("RuntimeError: a bug; ")[2] for one in messages] == [
        f"not recorded: submission {local_id} is request r-1",
        "not recorded: the result of request r-1",
        "not recorded: request r-1 is completed",
    ]
    caplog.set_level("DEBUG", "runcomfy")
    journal.mark_status("r-1", "in_queue", origin=ORIGIN)
    assert caplog.messages[-1].endswith("a status was not recorded: RuntimeError: a bug")
    with pytest.raises(JournalError, match="RuntimeError: a bug; nothing was sent"):
        begin(journal)


def test_a_result_that_is_no_json_leaves_the_rest(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    result: dict[str, object] = {}
    result["self"] = result
    with pytest.warns(JournalWarning, match="not recorded: the result of request r-1"):
        journal.mark_finished("r-1", "completed", result, origin=ORIGIN)
    assert entry(journal, local_id).state == "completed"


@pytest.mark.parametrize("text", ["{", "[1]", "", "[" * 100_000, None])
@pytest.mark.parametrize("column", ["input", "result"])
def test_what_can_t_be_read_is_left_out(journal: Journal, column: str, text: str | None) -> None:
    local_id = submitted(journal, "r-1")
    with closing(sqlite3.connect(journal.path)) as other:
        # One of two names of ours.
        other.execute(f"UPDATE submission SET {column} = ?", (text,))  # noqa: S608 - the column names are our own
        other.commit()
    found = entry(journal, local_id)
    assert getattr(found, column) is None
    assert found.request_id == "r-1"


def test_a_long_result(journal: Journal) -> None:
    local_id = submitted(journal, "r-1")
    result = {"output": {"image": "x" * 8_000_000, "items": ["é"] * 10_000}}
    journal.mark_finished("r-1", "completed", result, origin=ORIGIN)
    found = entry(journal, local_id)
    assert found.result == result
    assert len(repr(found)) < 600


def test_local_ids_sort_as_their_submissions_do(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, 1e9, 1.8e9, 1.8e9 + 0.001, 1e11])
    monkeypatch.setattr(
        "runcomfy_core.journal.entries.time", SimpleNamespace(time=lambda: next(times))
    )
    ids = [begin(journal) for _ in range(5)]
    assert ids == sorted(ids)
    assert {len(one) for one in ids} == {32}


def test_what_it_shows_of_itself(journal: Journal) -> None:
    assert repr(journal) == f"<journal {journal.path}>"


_HOLDER = """
import sys
from runcomfy_core.journal import Journal
journal = Journal(sys.argv[1])
print(journal.begin("a/b", {}, origin="o"), flush=True)
sys.stdin.readline()
journal.mark_submitted(journal.begin("a/b", {}, origin="o", key="second"), "r-2")
print("done", flush=True)
sys.stdin.readline()
"""


def test_what_a_living_process_is_posting_is_not_uncertain(journal: Journal) -> None:
    mine = begin(journal, "mine")
    with script(_HOLDER, journal.path) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        local_id = child.stdout.readline().strip()
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "done\n"
        assert entry(journal, local_id).state == "posting"
        assert journal.uncertain() == []
        assert len(list(journal.jobs("posting"))) == 2
        child.kill()
    found = entry(journal, local_id)
    assert (found.state, found.request_id) == ("uncertain", None)
    assert found.error is not None
    assert found.error.startswith("the process that submitted it ended before the answer was")
    assert journal.uncertain() == [found]
    assert [one.local_id for one in journal.jobs("posting")] == [mine]
    assert keys(journal.unfinished()) == ["second"]
    # The first to look wrote nothing: it stays so for all.
    with closing(sqlite3.connect(journal.path)) as other:
        states = other.execute("SELECT state FROM submission WHERE local_id = ?", (local_id,))
        assert states.fetchall() == [("posting",)]


def test_one_that_is_submitted_between_two_looks(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    local_id = begin(journal)
    name = journal._store.session()

    def ends(_: Path, session: str) -> bool:
        assert session == name
        journal.mark_submitted(local_id, "r-1")
        return False

    monkeypatch.setattr(sessions, "is_alive", ends)
    with Journal(journal.path) as other:
        assert entry(other, local_id).state == "submitted"


_KILLED = """
import sys
from runcomfy_core.journal import Journal
journal = Journal(sys.argv[1])
number = int(sys.argv[2])
while True:
    number += 1
    local_id = journal.begin("a/b", {"n": number, "prompt": "x" * (number % 7 * 500)}, origin="o")
    print("posting", local_id, flush=True)
    journal.mark_submitted(local_id, f"r-{number}")
    print("submitted", local_id, flush=True)
    journal.mark_finished(f"r-{number}", "completed", {"n": number}, origin="o")
    print("completed", local_id, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_killed_anywhere(tmp_path: Path) -> None:
    """What a call has returned from is there, however soon after it the process is killed."""
    path = tmp_path / "j.sqlite3"
    chance = random.Random(20260923)  # noqa: S311 - the same points each time
    least: dict[str, str] = {}
    for start in range(0, 20_000, 1000):
        with script(_KILLED, path, start) as child:
            assert child.stdout is not None
            lines = [child.stdout.readline() for _ in range(chance.randrange(1, 60))]
            child.kill()
            lines += child.stdout.readlines()
        least |= {local_id: state for state, local_id in map(str.split, lines)}
        assert integrity(path) == "ok"
        with Journal(path) as journal:
            found = {one.local_id: one for one in journal.jobs()}
        assert least.keys() <= found.keys()
        assert len(found) - len(least) <= start // 1000 + 1  # those on their way when it was killed
        for local_id, state in least.items():
            assert reached(found[local_id], state)
    assert {one.state for one in found.values()} <= {"uncertain", "submitted", "completed"}


def reached(entry: Entry, state: str) -> bool:
    """Whether an entry of a process that is gone is at least as far as it said."""
    if entry.state == "uncertain":
        return state == "posting"
    if entry.state == "submitted":
        return state in {"posting", "submitted"} and entry.request_id is not None
    return entry.result == {"n": (entry.input or {})["n"]}


def test_threads_that_only_read(journal: Journal) -> None:
    for number in range(30):
        submitted(journal, f"r-{number}")
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(len(list(journal.jobs())))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for number in range(30):
        journal.mark_finished(f"r-{number}", "completed", {}, origin=ORIGIN)
    for thread in threads:
        thread.join()
    assert counts == [30] * 8
