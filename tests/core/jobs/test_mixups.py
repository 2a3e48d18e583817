"""Answers about another model's job are told, once, and cost nothing."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from support_async import AsyncFakeClock
from support_client import TOKEN, FakeClock
from support_server import FaultServer, says

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.jobs.mixups import other_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODEL = "a/b"
OTHER = {"model_id": "c/d"}
URL = "https://h/a.png"


@pytest.mark.parametrize(
    ("raw", "other"),
    [
        ({}, None),
        ({"model_id": "a/b"}, None),
        ({"model_id": " /A/b/ "}, None),
        ({"model_id": ""}, None),
        ({"model_id": None}, None),
        ({"model_id": ["c/d"]}, None),
        ({"model": "c/d"}, None),
        (OTHER, "c/d"),
        ({"model_id": "a/b/c"}, "a/b/c"),
        ({"model_id": "a/b", "output": OTHER}, "c/d"),
        ({"error": OTHER}, "c/d"),
        ({"input": OTHER}, None),
        ({"output": [f"{URL}?model_id=c%2Fd&x=1"]}, "c/d"),
        ({"output": {"image": f"{URL}?x=1&model_id=a%2fb"}}, None),
        ({"output": f"{URL}?model_id="}, None),
        ({"output": "https://[/?model_id=c/d"}, None),
        ({"output": "https://h/models/c/d/a.png"}, None),
        ({"output": f"{URL}?{'&'.join('x=1' for _ in range(1000))}"}, None),
    ],
)
def test_what_an_answer_names(raw: dict[str, Any], other: str | None) -> None:
    assert other_model(raw, MODEL) == other


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def in_thread(server: FaultServer, call: Callable[[Any], Any]) -> object:
    with Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client:
        return call(client)


def on_loop(server: FaultServer, call: Callable[[Any], Any]) -> object:
    async def run() -> object:
        async with AsyncClient(TOKEN, base_url=server.base_url, clock=AsyncFakeClock()) as client:
            return await call(client)

    return asyncio.run(run())


QUEUED = says({"status": "in_queue"})
OVER = says({"status": "completed"})
DONE = says({"status": "succeeded", "output": URL})
WORDS = (
    "request r-1 was asked about as a job of a/b, and an answer names the model 'c/d': see whether "
    "model, token and base URL are those that it was submitted with"
)
#: What is asked, and what the server says.
CALLS: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
    "status": (lambda job: job.status(), [says({"status": "in_queue", **OTHER})]),
    "cancel": (lambda job: job.cancel(), [says({"outcome": "cancelled", **OTHER})]),
    "wait": (
        lambda job: job.wait(),
        [says({"status": f"s{number}", **OTHER}) for number in range(3)]
        + [OVER, says({"status": "succeeded", "output": URL, **OTHER})],
    ),
    "result": (lambda job: job.wait(), [OVER, says({"status": "succeeded", "output": OTHER})]),
    "URL": (
        lambda job: job.wait(),
        [OVER, says({"status": "succeeded", "output": [f"{URL}?model_id=c/d"]})],
    ),
}


@pytest.mark.parametrize("ask", [in_thread, on_loop])
@pytest.mark.parametrize("name", CALLS)
def test_it_is_told_once(
    server: FaultServer,
    caplog: pytest.LogCaptureFixture,
    ask: Callable[..., object],
    name: str,
) -> None:
    call, steps = CALLS[name]
    server.add(*steps)
    with pytest.warns(errors.JobWarning) as told:
        assert ask(server, lambda client: call(client.job("r-1", MODEL))) is not None
    assert [str(one.message) for one in told] == [WORDS]
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [WORDS]


@pytest.mark.parametrize("ask", [in_thread, on_loop])
def test_it_is_nothing_that_ends_a_wait(server: FaultServer, ask: Callable[..., Any]) -> None:
    server.add(says({"status": "in_queue", **OTHER}), OVER, DONE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ask(server, lambda client: client.job("r-1", MODEL).wait()).output == URL


def test_jobs_of_no_model_or_of_their_own(server: FaultServer) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for model_id in (None, "c/d", "C/D"):
            server.add(says({"status": "in_queue", **OTHER}), OVER, DONE)
            with Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client:
                client.job("r-1", model_id).wait()
    assert told == []


def test_a_map_tells_it_of_each_job(server: FaultServer) -> None:
    for number in range(2):
        server.add(says({"request_id": f"r-{number}"}), OVER)
        server.add(says({"status": "succeeded", "output": URL, **OTHER}))
    with (
        Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client,
        pytest.warns(errors.JobWarning) as told,
    ):
        list(client.map(MODEL, [{"prompt": "x"}] * 2, max_in_flight=1))
    assert [str(one.message).split(" was")[0] for one in told] == ["request r-0", "request r-1"]


def test_it_does_not_show_the_token(server: FaultServer) -> None:
    server.add(says({"status": "in_queue", "model_id": TOKEN}))
    with pytest.warns(errors.JobWarning, match=r"names the model '\[token\]'"):
        in_thread(server, lambda client: client.job("r-1", MODEL).status())
