"""A map that is killed, anywhere and many times, and started again: none lost, none doubled.

The API runs here; the map runs in processes of its own, which kill themselves in the middle of a
request or of a write to the journal, or between two.
"""

from __future__ import annotations

import json
import random
import signal
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support_journal import output, script
from support_sandbox import SCHEMAS, WAN

from runcomfy_core.journal import Journal
from runcomfy_sandbox import Sandbox, Timeline
from runcomfy_sandbox.jobs import Jobs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runcomfy_sandbox.jobs import Job

INPUTS = 1000
KILLS = 20

#: Maps over inputs, and prints what came of each. It kills itself when it has come to the n-th of
#: the points before and after a request or a write. Its clock is fast: a pause of a second takes
#: 10 ms.
_MAP = """
import json, os, signal, sys, threading, time
from runcomfy import Client, Result
from runcomfy_core.http import transport
from runcomfy_core.journal import store

base_url, journal, count, point = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

class Fast:
    def monotonic(self):
        return time.monotonic() * 100
    def sleep(self, seconds):
        time.sleep(seconds / 100)

passed = 0
lock = threading.Lock()

def come():
    global passed
    with lock:
        passed += 1
        if passed == point:
            os.kill(os.getpid(), signal.SIGKILL)

def deadly(function):
    def call(*arguments):
        come()
        found = function(*arguments)
        come()
        return found
    return call

transport.Transport.send = deadly(transport.Transport.send)
store.Store.write = deadly(store.Store.write)

model, image = sys.argv[5], "https://example.com/a.png"
inputs = [{"prompt": f"number {n}", "image_urls": [image]} for n in range(count)]
found = []
with Client("a-token", base_url=base_url, clock=Fast(), journal=journal, read_timeout=30) as client:
    for value, outcome in client.map(model, inputs, max_in_flight=100):
        said = outcome.request_id if isinstance(outcome, Result) else type(outcome).__name__
        found.append((value["prompt"], said))
print(json.dumps({"found": found, "points": passed}))
"""


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the API took: each request id with its prompt."""
    taken: dict[str, str] = {}
    submit = Jobs.submit

    def noted(self: Jobs, model: Any, value: Mapping[str, Any], owner: str) -> Job:
        job = submit(self, model, value, owner)
        taken[job.request_id] = value["prompt"]
        return job

    monkeypatch.setattr(Jobs, "submit", noted)
    return taken


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(SCHEMAS, timeline=Timeline(0.02, 0.03)) as running:
        yield running


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_map_that_is_killed_twenty_times(
    sandbox: Sandbox, taken: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "journal"
    chance = random.Random(5)  # noqa: S311 - the same points in every run
    # Points that all runs come to together: two for each request and write. On a busy machine more
    # submissions are uncertain, which nothing more is done for.
    whole = 8 * INPUTS
    for _ in range(KILLS):
        # Each gets on by a twentieth of the way, more or less.
        point = chance.randrange(1, whole // KILLS * 2)
        run = script(_MAP, sandbox.base_url, file, INPUTS, point, WAN)
        _, complaints = run.communicate(timeout=60)
        assert run.returncode == -signal.SIGKILL, complaints
    last = json.loads(output(script(_MAP, sandbox.base_url, file, INPUTS, 0, WAN)))

    found = dict(last["found"])
    assert len(last["found"]) == len(found) == INPUTS
    submissions = Counter(taken.values())
    doubled = [prompt for prompt, times in submissions.items() if times > 1]
    with Journal(file) as journal:
        entries = list(journal.jobs())
    known = {entry.request_id for entry in entries if entry.request_id is not None}
    uncertain = {prompt for prompt, said in found.items() if said == "SubmissionUncertain"}
    lost = [
        prompt
        for request_id, prompt in taken.items()
        if request_id not in known and prompt not in uncertain
    ]
    good = {prompt for prompt, said in found.items() if taken.get(said) == prompt}
    states = Counter(entry.state for entry in entries)
    print(  # noqa: T201 - the figures, for whoever runs it with -s
        f"{INPUTS} inputs, {KILLS} kills: {len(taken)} jobs, {len(doubled)} doubled, "
        f"{len(lost)} lost, {len(good)} results, {len(uncertain)} uncertain; {dict(states)}"
    )
    assert doubled == []
    assert lost == []
    assert good | uncertain == set(found)
    # Killed between a submission and the note of its answer: no more than were in flight then.
    assert len(uncertain) <= KILLS * 32
    assert {entry.state for entry in entries} <= {"completed", "uncertain", "refused"}
    assert states["completed"] == len(good)
    assert states["uncertain"] == len(uncertain)


def test_two_processes_with_one_journal_submit_each_input_once(
    sandbox: Sandbox, taken: dict[str, str], tmp_path: Path
) -> None:
    count = 150
    runs = [script(_MAP, sandbox.base_url, tmp_path / "journal", count, 0, WAN) for _ in range(2)]
    found = [dict(json.loads(output(run))["found"]) for run in runs]
    assert found[0] == found[1]
    assert len(found[0]) == len(taken) == count
    assert {request: prompt for prompt, request in found[0].items()} == taken
