"""Bits that rot: a journal that is not as it was written never has a job paid for again."""

from __future__ import annotations

import os
import random
import re
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN, FakeClock
from support_journal import MODEL, ORIGIN, begin, output, script
from support_map import Api, journal_bytes, prompts

from runcomfy import Client, Result
from runcomfy_core.journal import Entry, Journal, JournalError, JournalWarning, digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: How many bits are flipped, one at a time.
FLIPS = int(os.environ.get("JOURNAL_FLIPS", "250"))

WHAT_THEN = (
    "; put back a sound copy of it, if you have one; else move it away, with its -wal and -shm "
    "files, and look at the account's request history before submitting again, since a new journal "
    "knows of nothing that was submitted"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.sqlite3"


def body(number: int) -> dict[str, Any]:
    return {"prompt": f"number {number}", "more": "x" * (number * 7 % 300)}


STATES: list[Any] = [
    *("posting", "uncertain", "refused", "submitted", "completed", "failed", "cancelled"),
]


def fill(path: Path, count: int) -> dict[int, Entry | None]:
    """Write down so many inputs, in all states; what is found of each, None for refused ones."""
    with Journal(path) as journal:
        for number in range(count):
            state = STATES[number % len(STATES)]
            local_id = journal.claim(MODEL, body(number), origin=ORIGIN, key="1")
            assert isinstance(local_id, str)
            request_id = f"r-{number}"
            if state == "uncertain":
                journal.mark_uncertain(local_id, "no answer", request_id)
            elif state == "refused":
                journal.mark_refused(local_id)
            elif state != "posting":
                journal.mark_submitted(local_id, request_id)
                if state != "submitted":
                    result = {"output": "u" * (number * 97 % 3000)}
                    journal.mark_finished(request_id, state, result, origin=ORIGIN)
        # Free pages, which a damaged list of them may confuse with others.
        for number in range(10):
            journal.mark_refused(begin(journal, n=number, more="y" * 2000))
        journal.mark_refused(begin(journal))
        journal.prune(older_than=0)
        for number in range(2, count, len(STATES)):  # the refused were forgotten
            journal.mark_refused(begin(journal, **body(number)))
    with Journal(path) as journal:
        return {number: found(journal, number) for number in range(count)}


def found(journal: Journal, number: int) -> Entry | None:
    return journal.find(digest(MODEL, body(number)), origin=ORIGIN, key="1")


def flips(content: bytes, count: int) -> Iterator[bytes]:
    """The content with one bit changed: each of the file's header, and some of the rest."""
    chance = random.Random(33)  # noqa: S311 - the same bits in every run
    rest = len(content) * 8 - 800
    places = [*chance.sample(range(800), count // 4)]
    places += [800 + one for one in chance.sample(range(rest), count - len(places))]
    for place in places:
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        yield bytes(changed)


def put(path: Path, content: bytes) -> None:
    """Put a file in the place of the journal, with nothing beside it."""
    for one in path.parent.glob(f"{path.name}-*"):
        one.unlink()
    path.write_bytes(content)


def judge(path: Path, known: dict[int, Entry | None]) -> str:
    """Resume what is known: an error, or what is true; what would be submitted again fails."""
    said: list[str] = []
    try:
        with Journal(path) as journal:
            for number, was in known.items():
                try:
                    now = found(journal, number)
                    if now is None:
                        claimed = journal.claim(MODEL, body(number), origin=ORIGIN, key="1")
                        assert was is None or isinstance(claimed, Entry), "submitted again"
                        continue
                except JournalError as error:
                    said.append(str(error))
                    continue
                assert was is not None, "not refused any more"
                assert (now.local_id, now.request_id, now.state, now.error) == (
                    *(was.local_id, was.request_id, was.state, was.error),
                )
                # The API tells it again.
                assert now.result in (was.result, None)
    except JournalError as error:
        return "error when opened" if str(path) in str(error) else "error of something else"
    assert all(str(path) in words for words in said)
    return "error" if said else "right"


@pytest.mark.filterwarnings("ignore::runcomfy.errors.JournalWarning")
def test_no_single_bit_has_a_job_submitted_again(path: Path) -> None:
    known = fill(path, 28)
    content = path.read_bytes()
    counts: Counter[str] = Counter()
    for changed in flips(content, FLIPS):
        put(path, changed)
        counts[judge(path, known)] += 1
    print(f"{FLIPS} flips in {len(content)} bytes: {dict(counts)}")  # noqa: T201 - the figures
    assert min(counts.values()) > 0
    assert len(counts) == 3


@pytest.mark.filterwarnings("ignore::runcomfy.errors.JournalWarning")
def test_a_map_over_a_damaged_journal(path: Path) -> None:
    inputs = prompts(*(f"ok {number}" for number in range(6)), "fails", "dropped", "runs")
    with Api() as api:

        def mapped() -> Counter[str]:
            try:
                with Client(
                    TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path
                ) as client:
                    pairs = list(client.map(MODEL, inputs, timeout=20))
            except JournalError:
                return Counter(["opened"])
            return Counter(
                str(value["prompt"]) if isinstance(outcome, Result) else type(outcome).__name__
                for value, outcome in pairs
            )

        right = mapped()
        sent = sorted(api.submitted)
        content = path.read_bytes()
        kinds: Counter[str] = Counter()
        for changed in flips(content, FLIPS // 8):
            put(path, changed)
            now = mapped()
            assert now.keys() <= {*right, "JournalError", "opened"}
            assert sorted(api.submitted) == sent
            kinds["right" if now == right else "error"] += 1
        assert len(kinds) == 2


def places(path: Path, text: str) -> list[int]:
    """Where in the file a text stands."""
    return [one.start() for one in re.finditer(re.escape(text.encode()), path.read_bytes())]


def change(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_row_that_is_not_as_it_was_written(path: Path) -> None:
    with Journal(path) as journal:
        local_id = begin(journal, "1", prompt="one")
        begin(journal, "1", prompt="two")
        journal.mark_submitted(local_id, "r-with-a-name")
    change(path, places(path, "r-with-a-name")[0])  # the table's pages come first
    damaged = f"the journal {path}: it is damaged: row 1 is not as it was written{WHAT_THEN}"
    with Journal(path) as journal:
        one = digest(MODEL, {"prompt": "one"})
        for look in (
            lambda: journal.find(one, origin=ORIGIN, key="1"),
            lambda: journal.get(local_id),
            journal.unfinished,
            lambda: list(journal.jobs()),
        ):
            with pytest.raises(JournalError) as caught:
                look()
            assert str(caught.value) == damaged
        with pytest.raises(JournalError) as caught:
            journal.claim(MODEL, {"prompt": "one"}, origin=ORIGIN, key="1")
        assert str(caught.value) == f"{damaged}; nothing was sent"
        # What is noted of it is not written, for that would hide the damage.
        with pytest.warns(JournalWarning, match="row 1 is not as it was written"):
            journal.mark_refused(local_id)
        # The others are there.
        two = journal.find(digest(MODEL, {"prompt": "two"}), origin=ORIGIN, key="1")
        assert two is not None
        begin(journal)


def test_a_row_whose_text_is_no_text(path: Path) -> None:
    with Journal(path) as journal:
        local_id = begin(journal)
    content = bytearray(path.read_bytes())
    content[places(path, local_id)[0]] |= 0x80
    path.write_bytes(content)
    with Journal(path) as journal, pytest.raises(JournalError) as caught:
        list(journal.jobs())
    assert str(caught.value) == (
        f"the journal {path}: it is damaged: row 1 holds a text that can't be read{WHAT_THEN}"
    )


@pytest.mark.parametrize("which", [0, 1, 2])
def test_what_a_claim_rests_on(path: Path, which: int) -> None:
    """The digest stands in the row and in two indexes."""
    with Journal(path) as journal:
        begin(journal, "1")
    name = digest(MODEL, {"prompt": "x"})
    found = places(path, name)
    assert len(found) == 3
    change(path, found[which])
    with Journal(path) as journal:
        for look in (
            lambda: journal.find(name, origin=ORIGIN, key="1"),
            lambda: journal.claim(MODEL, {"prompt": "x"}, origin=ORIGIN, key="1"),
        ):
            with pytest.raises(JournalError, match="it is damaged: "):
                look()


def test_an_index_by_state_that_misses_a_row(path: Path) -> None:
    with Journal(path) as journal:
        journal.mark_submitted(begin(journal), "r-1")
    in_row, in_index = places(path, "submitted")[:2]
    for place in (in_row, in_index):
        change(path, place)
        with (
            Journal(path) as journal,
            pytest.raises(JournalError, match="its indexes differ about row 1;"),
        ):
            journal.unfinished()
        change(path, place)


def test_a_result_that_is_damaged_is_asked_for_again(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Api() as api:
        for _ in range(2):
            with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path) as client:
                [(_, result)] = client.map(MODEL, prompts("ok and well"))
                assert isinstance(result, Result)
                assert result.output == "ok and well"
            [place] = places(path, '"output":"ok and well')
            change(path, place + len('"output":"'))
        with Journal(path) as journal:
            [entry] = journal.jobs()
            assert (entry.state, entry.input, entry.result) == ("completed", None, None)
        assert "row 1 of a journal has lost its input and result" in caplog.text
        with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=path) as client:
            list(client.map(MODEL, prompts("ok and well")))
            [entry] = client.journal.jobs()
            assert entry.result == {"status": "succeeded", "output": "ok and well"}
        assert api.submitted == ["ok and well"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP INDEX submission_by_digest_again", "its index submission_by_digest_again is not as"),
        ("DROP INDEX submission_by_state", "its index submission_by_state is not as it was made"),
        ("DROP TRIGGER begun_by_an_earlier_version", "its trigger begun_by_an_earlier_version is"),
        ("ALTER TABLE submission ADD COLUMN more", "its table submission is not as it was made"),
        ("PRAGMA user_version = 0", "it says that it has format 0"),
        ("PRAGMA user_version = -2", "it says that it has format -2"),
    ],
)
def test_tables_that_are_not_as_they_were_made(path: Path, statement: str, words: str) -> None:
    Journal(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
        connection.commit()
    with pytest.raises(JournalError, match=f"it is damaged: {words}"):
        Journal(path)


# --- what is still in the write-ahead log ---

_KILLED = """
import os, sys
from runcomfy_core.journal import Journal
journal = Journal(sys.argv[1])
for number in range(30):
    found = journal.claim("a/b", {"n": number}, origin="o", key="1")
    journal.mark_submitted(found, f"r-{number}")
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_log_that_a_killed_process_left(path: Path) -> None:
    with script(_KILLED, path) as child:
        child.wait(timeout=60)
    files = {one: one.read_bytes() for one in path.parent.iterdir()}
    log = path.with_name(f"{path.name}-wal")
    counts: Counter[str] = Counter()
    for changed in (files[log], b"", *flips(files[log], FLIPS // 4)):
        for one in list(path.parent.iterdir()):
            one.unlink()
        for one, content in files.items():
            one.write_bytes(changed if one == log else content)
            one.chmod(0o600)
        try:
            with Journal(path) as journal:
                for number in range(30):
                    entry = journal.find(digest("a/b", {"n": number}), origin="o", key="1")
                    assert entry is not None
                    assert entry.state in {"submitted", "uncertain"}
            counts["right"] += 1
        except JournalError as error:
            assert "it is damaged: it ends with submission " in str(error)  # noqa: PT017 - one of two
            counts["error"] += 1
    # All of it was there, and none.
    assert counts["right"] > 0
    assert counts["error"] > FLIPS // 10


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_an_older_copy_in_its_place(path: Path) -> None:
    with Journal(path) as journal:
        begin(journal)
    older = path.read_bytes()
    with script(_KILLED, path) as child:
        child.wait(timeout=60)
    for one in path.parent.glob("*-*al"):
        one.unlink()
    path.write_bytes(older)
    with pytest.raises(JournalError) as caught:
        Journal(path)
    assert str(caught.value) == (
        f"the journal {path}: it is damaged: it ends with submission 1, and a process wrote 31 "
        "down: its -wal file was removed or damaged, or the file is an older copy (to go on "
        f"without what it lacks, remove the files {path}-session-*){WHAT_THEN}"
    )
    for one in path.parent.glob("*-session-*"):
        one.unlink()
    Journal(path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_new_journal_in_its_place(path: Path) -> None:
    with script(_KILLED, path) as child:
        child.wait(timeout=60)
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink()
    with Journal(path) as journal:
        begin(journal)
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_session_file_that_says_nothing(path: Path) -> None:
    with Journal(path) as journal:
        begin(journal)
        for number, said in enumerate((b"", b"\0" * 20, b" -x", b"\xff" * 30)):
            path.with_name(f"{path.name}-session-{number}").write_bytes(said)
        Journal(path).close()
        assert b"x" in journal_bytes(path)


def test_what_a_session_says_is_no_more_than_what_is_there(path: Path) -> None:
    """While others write, and close, and are killed."""
    source = """
import sys
from runcomfy_core.journal import Journal
for round in range(20):
    with Journal(sys.argv[1]) as journal:
        for number in range(5):
            journal.begin("a/b", {"n": number}, origin="o")
print("done")
"""
    children = [script(source, path) for _ in range(3)]
    assert [output(child) for child in children] == ["done\n"] * 3
