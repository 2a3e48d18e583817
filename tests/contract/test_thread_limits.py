"""A system that gives no thread: what each call says of it, and that none loses a job.

In processes of their own, for the servers here need threads.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support_client import TOKEN
from support_journal import output, script
from support_map import Api

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEAD = f"""
import asyncio, os, sys, threading, warnings
from runcomfy import AsyncClient, Client, errors
from runcomfy_core.journal import Journal
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

OPTIONS = dict(token={TOKEN!r}, base_url=sys.argv[1], allow_private_media=True)
PICTURE = {{"prompt": "ok", "image_urls": ["http://127.0.0.1:1/a.png"]}}

def exhausted(*_):
    raise RuntimeError("can't start new thread")

start = threading._start_new_thread

def exhaust():
    threading._start_new_thread = exhausted

def say(call):
    try:
        print(repr(call()))
    except errors.RunComfyError as error:
        print(f"{{type(error).__name__}}: {{error}}")

def asynchronous(coroutine, **options):
    async def main():
        async with AsyncClient(**OPTIONS, **options) as client:
            return await coroutine(client)
    return lambda: asyncio.run(main())

def synchronous(call, **options):
    def main():
        with Client(**OPTIONS, **options) as client:
            return call(client)
    return main

async def listed(pairs):
    return [f"{{type(outcome).__name__}}: {{outcome}}" async for _, outcome in pairs]
"""

LIMIT = (
    "End some of this process's threads, or raise the limit on them (ulimit -u, or a container's "
    "limit on processes)"
)
NOTHING_SENT = f"ThreadsExhausted: can't start new thread: nothing was sent. {LIMIT}"
GOES_ON = f"{NOTHING_SENT}. The job goes on, or is over; pick it up with model.job(client, 'r-0')"


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(polls=0) as running:
        yield running


CALLS = {
    "submit": 'asynchronous(lambda client: client.submit("a/b", {"prompt": "ok"}))',
    "submit with a journal": (
        'asynchronous(lambda client: client.submit("a/b", {"prompt": "ok"}), journal=sys.argv[2])'
    ),
    "run": "asynchronous(lambda client: model.run(client, PICTURE, media='skip'))",
    "blocking map": 'synchronous(lambda client: list(client.map("a/b", [{"prompt": "ok"}])))',
    "blocking map with a journal": (
        'synchronous(lambda client: list(client.map("a/b", [{"prompt": "ok"}])), '
        "journal=sys.argv[2])"
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_sends_nothing_says_so(api: Api, tmp_path: Path, call: str) -> None:
    source = f"""{HEAD}
exhaust()
call = {CALLS[call]}
say(call)
if os.path.exists(sys.argv[2]):
    print({{entry.state for entry in Journal(sys.argv[2]).jobs()}} - {{"refused"}})
"""
    said = output(script(source, api.base_url, tmp_path / "j")).splitlines()
    assert said[0] == NOTHING_SENT
    assert said[1:] in ([], ["set()"])
    assert api.requests == 0


@pytest.mark.parametrize("call", ["wait()", "status()", "cancel()"])
def test_what_is_about_a_job_names_it(api: Api, call: str) -> None:
    source = f"""{HEAD}
exhaust()
say(asynchronous(lambda client: client.job("r-0").{call}))
"""
    assert output(script(source, api.base_url)) == f"{GOES_ON}\n"
    assert api.requests == 0


def test_each_input_of_a_map_says_so_and_so_does_each_job_that_is_resumed(
    api: Api, tmp_path: Path
) -> None:
    source = f"""{HEAD}
say(asynchronous(lambda client: client.submit("a/b", {{"prompt": "ok"}}), journal=sys.argv[2]))
exhaust()
say(asynchronous(lambda client: listed(client.map("a/b", [{{"prompt": "other"}}])))),
for call in (
    asynchronous(lambda client: listed(client.journal.resume()), journal=sys.argv[2]),
    synchronous(lambda client: list(client.journal.resume()), journal=sys.argv[2]),
):
    say(call)
threading._start_new_thread = start
say(asynchronous(lambda client: listed(client.journal.resume()), journal=sys.argv[2]))
"""
    said = output(script(source, api.base_url, tmp_path / "j")).splitlines()
    assert said[0] == "<job r-0 of a/b>"
    assert said[1] == f'["{NOTHING_SENT}"]'
    assert said[2] == f'["{GOES_ON}"]'
    assert said[3] == NOTHING_SENT
    assert "request_id='r-0', output='ok'" in said[4]
    assert api.submitted == ["ok"]


def test_media_are_looked_at_without_a_thread(api: Api) -> None:
    source = f"""{HEAD}
exhaust()
for call in (
    synchronous(lambda client: model.check_media(PICTURE, client)),
    asynchronous(lambda client: model.check_media(PICTURE, client)),
    synchronous(lambda client: model.submit(client, PICTURE, media="check")),
    asynchronous(lambda client: model.submit(client, PICTURE, media="check")),
):
    say(call)
"""
    said = output(script(source, api.base_url)).splitlines()
    assert sum("can't be read" in one for one in said) == 4, said
    assert api.requests == 0


@pytest.mark.parametrize("journal", [False, True])
def test_what_was_paid_for_is_seen_to_the_end(api: Api, tmp_path: Path, *, journal: bool) -> None:
    """One thread is there: it makes do."""
    source = f"""{HEAD}
left = [1]

def last(*arguments):
    if not left:
        exhausted()
    left.pop()
    return start(*arguments)

threading._start_new_thread = last
options = {{"journal": sys.argv[2]}} if {journal} else {{}}

async def all_of_it(client):
    jobs = await asyncio.gather(*(client.submit("a/b", {{"prompt": "ok"}}) for _ in range(40)))
    results = await asyncio.gather(*(job.wait() for job in jobs))
    return len(results), len(await listed(client.map("a/b", [{{"prompt": "ok"}}] * 40)))

say(asynchronous(all_of_it, **options))
"""
    assert output(script(source, api.base_url, tmp_path / "j")) == "(40, 40)\n"
    assert len(api.submitted) == 80


@pytest.mark.skipif(sys.platform != "linux", reason="where the limit counts threads")
def test_a_real_limit(api: Api) -> None:
    source = f"""{HEAD}
import resource

for call in (
    submit := asynchronous(lambda client: client.submit("a/b", {{"prompt": "ok"}})),
    synchronous(lambda client: client.submit("a/b", {{"prompt": "ok"}})),
):
    say(call)  # imports what it needs
if not os.getuid():  # whom the limit does not bind
    os.setgid(65534)
    os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
say(submit)
say(synchronous(lambda client: list(client.map("a/b", [{{"prompt": "ok"}}]))))
"""
    said = output(script(source, api.base_url)).splitlines()
    assert said == ["<job r-0 of a/b>", "<job r-1 of a/b>", NOTHING_SENT, NOTHING_SENT]


def test_a_python_without_the_optional_queue(api: Api, tmp_path: Path) -> None:
    """Some builds of Python lack ``_queue``, and what stands for it waits in another way."""
    source = f"""
import sys

sys.modules["_queue"] = None
{HEAD}
import queue

assert queue.SimpleQueue is queue._PySimpleQueue
prompts = [{{"prompt": "ok"}}] * 40
say(synchronous(lambda client: len(list(client.map("a/b", prompts)))))
say(synchronous(lambda client: len(list(client.map("a/b", prompts))), journal=sys.argv[2]))
say(synchronous(lambda client: len(list(client.journal.resume())), journal=sys.argv[2]))
say(asynchronous(lambda client: listed(client.map("a/b", prompts[:1]))))
print(model.check_media(PICTURE, Client(**OPTIONS)))
"""
    said = output(script(source, api.base_url, tmp_path / "j")).splitlines()
    assert said[:3] == ["40", "40", "0"]
    assert "request_id='r-80', output='ok'" in said[3]
    assert "can't be read" in said[4]
