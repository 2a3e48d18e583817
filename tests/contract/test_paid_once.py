"""A submission is interrupted at each of its instructions: what was paid for is never hidden.

A sample of the places in each run; all of them with INJECT_EVERYWHERE=1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support_client import TOKEN, FakeClock
from support_injection import chosen, inject, places
from support_till import Account, Till, notes

from runcomfy import Client
from runcomfy.models.wan_ai import wan_2_6_image_to_image as wan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support_injection import Place

# A socket that is interrupted between its making and its first owner is closed by the collector.
pytestmark = pytest.mark.filterwarnings(
    r"ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)

MODEL = "a/b"
URLS = ["https://example.com/a.png"]

CALLS: dict[str, Callable[[Client, str], object]] = {
    "client.submit": lambda client, prompt: client.submit(MODEL, {"prompt": prompt}),
    "model.submit": lambda client, prompt: wan.submit(
        client, prompt=prompt, image_urls=URLS, media="skip"
    ),
    "model.run": lambda client, prompt: wan.run(
        client, prompt=prompt, image_urls=URLS, media="skip"
    ),
}

#: Functions that hand a job, or a result, to the caller. Between the last instruction of one and
#: the next of its caller Python looks for no signal, so nothing can be raised there but by a test.
HANDS_OVER = {
    "Client.submit",
    "Client.post_job",
    "Client.run_job",
    "Client._pursued",
    "Binding.submit",
    "Binding.run",
    "submit",
    "run",
}


def hands_over(place: Place) -> bool:
    return place.name == "RETURN_VALUE" and place.function in HANDS_OVER


@pytest.fixture
def api() -> Iterator[Till]:
    with Till() as running:
        yield running


def examine(
    api: Till,
    call: Callable[[Client, str], object],
    at: int,
    kind: type[BaseException],
    journal: Path | None = None,
) -> list[str]:
    """Interrupt a call, and return what is wrong then."""
    prompt = f"number {at} {kind.__name__}"
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock(), journal=journal) as client:
        injected = inject(lambda: call(client, prompt), at, kind)
        if injected is None or injected.error is None or injected.place is None:
            return []
        said = notes(injected.error)
        entries = None if journal is None else list(client.journal.jobs())
        # No connection is left in the midst of an answer.
        again = client.submit(MODEL, {"prompt": f"after {prompt}"})
    api.settle()
    assert api.taken(f"after {prompt}") == [again.request_id]
    if hands_over(injected.place):
        return []
    found = Account(api.taken(prompt), said, entries).faults()
    return [f"{at}: {injected.place}: {fault}" for fault in found]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_without_a_journal_the_exception_tells_of_the_job(
    api: Till, call: Callable[[Client, str], object], kind: type[BaseException]
) -> None:
    with Client(TOKEN, base_url=api.base_url, clock=FakeClock()) as client:
        call(client, "the first call imports")
        count = len(places(lambda: call(client, "to count")))
    assert count > 1000
    found: list[str] = []
    for at in chosen(count, 40):
        found += examine(api, call, at, kind)
    assert found == []
