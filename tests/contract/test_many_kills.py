"""Three maps share a journal, and are killed and started again: nothing is paid twice or lost.

A round is one journal, 300 inputs and three processes that map all of them, while the API spoils a
quarter of its answers and kills whoever has just sent a request. Whoever was killed starts again,
until all three are through. What was paid is counted by the API. The suite runs three rounds::

    ROUNDS=60 .venv/bin/python -m pytest tests/contract/test_many_kills.py -q -s

runs sixty, twenty with each signal, and prints the figures of each round and of all.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, get_args

import attrs
import pytest
from support_journal import script
from support_many_kills import MAP, SPOILT, KillingApi, Place

from runcomfy_core.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support_many_kills import Post

    from runcomfy_core.journal import Entry

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

ROUNDS = int(os.environ.get("ROUNDS", "3"))
INPUTS = 300
PROCESSES = 3
KILLS = 5 if "ROUNDS" in os.environ else 3
PATIENCE = 60.0


@attrs.frozen
class Run:
    """A map that was through.

    Attributes:
        said: By its prompt, what an input's outcome said and which request it names.
        starts: How often it was started until then.
        spared: How often it was through although it had been killed: too late, or in vain.
    """

    said: dict[str, tuple[str, str | None]]
    starts: int
    spared: int


@pytest.fixture(scope="module")
def figures() -> Iterator[Counter[str]]:
    """The figures of all rounds, which are printed at the end."""
    total: Counter[str] = Counter()
    yield total
    print(f"\nall: {_in_words(total)}")  # noqa: T201 - for whoever runs it with -s


@pytest.mark.parametrize("number", range(ROUNDS))
def test_maps_that_are_killed_pay_once(number: int, tmp_path: Path, figures: Counter[str]) -> None:
    kind = (signal.SIGINT, signal.SIGKILL, signal.SIGTERM)[number % 3]
    way = ("async", "sync")[number % 2]
    chance = random.Random(number)  # noqa: S311 - the same plan in every run
    moments = sorted(chance.sample(range(1, INPUTS * 9 // 10), KILLS))
    plan = [(moment, chance.choice(get_args(Place))) for moment in moments]
    file = tmp_path / "journal"
    began = time.monotonic()

    with KillingApi(kind, plan, number) as api:
        with ThreadPoolExecutor(PROCESSES) as pool:
            lanes = [pool.submit(_through, api, file, f"{lane}", way) for lane in range(PROCESSES)]
            runs = [lane.result() for lane in lanes]
        # What was refused may be submitted again: now all is taken that can be.
        api.faulty = False
        runs.append(_through(api, file, "last", way))
    with Journal(file) as journal:
        entries = list(journal.jobs())

    found = _findings(api, entries)
    found["rounds"] = 1
    found["starts"] = sum(run.starts for run in runs)
    found["spared"] = sum(run.spared for run in runs)
    figures.update(found)
    seconds = time.monotonic() - began
    print(  # noqa: T201 - for whoever runs it with -s
        f"\n{number} {kind.name} {way}, {seconds:.1f} s: {_in_words(found)}"
    )
    assert found["taken twice"] == 0
    assert found["lost"] == 0
    assert found["unexplained"] == 0
    assert len(entries) == INPUTS + found["refused"]
    assert found["completed"] + found["uncertain"] == INPUTS
    assert found["killed"] == KILLS
    for run in runs:
        _check_outcomes(api, run)
    assert (
        sum(said != "SubmissionUncertain" for said, _ in runs[-1].said.values())
        == (found["completed"])
    )


def _through(api: KillingApi, file: Path, lane: str, way: str) -> Run:
    """Start a map again and again until it is through."""
    spared = 0
    for start in range(KILLS + 1):
        token = f"token-of-{lane}-{start}"
        # On a loop, Ctrl-C is one thing under asyncio.run, and another without it.
        own_way = "loop" if way == "async" and start % 2 else way
        handler = "handler" if start % 2 else "none"
        process = script(MAP, api.base_url, file, INPUTS, token, own_way, handler)
        api.victims[token] = process
        try:
            said, complaints = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        if process.returncode == 0:
            spared += token in api.killed
            listed = json.loads(said)
            outcomes = {prompt: (word, request_id) for prompt, word, request_id in listed}
            assert len(outcomes) == len(listed) == INPUTS
            return Run(outcomes, start + 1, spared)
        assert token in api.killed, complaints
        assert process.returncode in {-signal.SIGKILL, -signal.SIGTERM, -signal.SIGINT, 143}, (
            complaints
        )
    raise AssertionError(lane)


def _findings(api: KillingApi, entries: list[Entry]) -> Counter[str]:
    """What the API counted, held against the journal."""
    live = {_prompt(entry): entry for entry in entries if entry.state != "refused"}
    times = Counter(api.taken.values())
    uncertain = [entry for entry in live.values() if entry.request_id is None]
    found = Counter(
        {
            "inputs": INPUTS,
            "killed": len(api.killed),
            "requests": api.requests,
            "spoilt": api.spoilt,
            "POSTs": sum(map(len, api.posts.values())),
            "taken": len(api.taken),
            "taken twice": sum(count > 1 for count in times.values()),
            "lost": sum(
                prompt not in live or live[prompt].request_id not in {None, request_id}
                for request_id, prompt in api.taken.items()
            ),
            "completed": sum(entry.state == "completed" for entry in live.values()),
            "uncertain": len(uncertain),
            "refused": sum(entry.state == "refused" for entry in entries),
        }
    )
    for entry in uncertain:
        prompt = _prompt(entry)
        why = _why(api, api.posts[prompt], entry)
        taken = "taken" if times[prompt] else "not taken"
        found[f"{why}, {taken}" if why else "unexplained"] += 1
    return found


def _why(api: KillingApi, posts: list[Post], entry: Entry) -> str | None:
    """Why nobody can know whether a submission was taken; None if somebody could."""
    assert entry.state == "uncertain"
    assert entry.error
    last = posts[-1] if posts else None
    if last is not None and SPOILT.get(last.fate, (True, False))[1]:
        return "spoilt"
    ended = "ended before the answer" in entry.error or "came before the answer" in entry.error
    # It had been written down, and the POST had not left, or not arrived, or a try before it
    # was refused.
    never = last is None or last.request_id is None
    if ended and (never or last is None or last.token in api.killed):
        return "killed"
    return None


def _check_outcomes(api: KillingApi, run: Run) -> None:
    """See that what a map said of each input is true."""
    for prompt, (said, request_id) in run.said.items():
        if said == prompt:
            assert request_id is not None
            assert api.taken[request_id] == prompt
        else:
            assert said in {
                "InsufficientFunds",
                "RateLimited",
                "ServerError",
                "SubmissionUncertain",
            }


def _prompt(entry: Entry) -> str:
    assert entry.input is not None
    return str(entry.input["prompt"])


def _in_words(figures: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in figures.items())
