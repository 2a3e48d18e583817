"""Functions that tests run in other processes, to see what can be passed between processes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, BinaryIO

from support_client import TOKEN, FakeClock

from runcomfy import Client, Problem, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = "a/b"


class OwnError(errors.JobFailed):
    """A caller's own error, whose __init__ has other parameters, and which holds an open file."""

    def __init__(self, batch: str, file: BinaryIO) -> None:
        super().__init__("r-1", "no", {"status": "failed"})
        self.batch = batch
        self.file = file


class Unloadable:
    """An object that can be pickled but not unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return _refuse, ()


def _refuse() -> object:
    raise LookupError("it is not here")


def actuals(file: BinaryIO) -> dict[str, object]:
    """Return values that a caller may pass for a field, some of which can't be pickled."""
    return {
        "file": file,
        "generator": (number for number in range(3)),
        "lock": threading.Lock(),
        "function": lambda: None,
        "thread": threading.current_thread(),
        "unloadable": Unloadable(),
        "list": ["kept", file, {"deep": [file]}],
        "dict": {"kept": 1, "file": file},
        "tuple": ("kept", file),
        "deep": [[[[[file]]]]],
    }


def waits(base_url: str) -> None:
    """Wait for a job, and for too short a time."""
    with Client(TOKEN, base_url=base_url, clock=FakeClock()) as client:
        client.submit(MODEL, {"prompt": "x"}).wait(timeout=2)


def runs_a_model(base_url: str) -> object:
    """Run a model; its result has a type of its own."""
    with Client(TOKEN, base_url=base_url, clock=FakeClock()) as client:
        return model.run(client, prompt="x", image_urls=["https://example.com/a.png"], media="skip")


def maps(base_url: str) -> list[Any]:
    """Map, and return the outcomes."""
    with Client(TOKEN, base_url=base_url, clock=FakeClock()) as client:
        # The inputs can't be pickled, because the second holds a lock.
        inputs: list[dict[str, object]] = [{"prompt": "x"}, {"prompt": threading.Lock()}]
        pairs = client.map(MODEL, inputs, ordered=True, max_in_flight=1, timeout=2)
        return [outcome for _, outcome in pairs]


def refuses(path: Path) -> None:
    """Refuse an input that can't be pickled."""
    with path.open("rb") as file:
        problems = [
            Problem(f"/{name}", "type", "string", value, f"is {name}")
            for name, value in actuals(file).items()
        ]
        error = errors.InvalidInput(MODEL, problems)
        error.add_note("a note of the caller's")
        raise error


def refuses_fields(path: Path) -> None:
    """Refuse fields of a model."""
    fields: dict[str, Any] = {"prompt": (one for one in "ab"), "seed": threading.Lock()}
    with path.open("rb") as file:
        model.Input(image_urls=file, **fields)  # type: ignore[arg-type]  # that is the point


def fails(path: Path) -> None:
    """Raise a caller's own error."""
    raise OwnError("batch 7", path.open("rb"))


def submits_and_returns(base_url: str) -> object:
    """Return a live job, which can't leave its process."""
    with Client(TOKEN, base_url=base_url, clock=FakeClock()) as client:
        return client.submit(MODEL, {"prompt": "x"})
