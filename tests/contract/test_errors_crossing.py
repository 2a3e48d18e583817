"""What crosses between processes, and what becomes of what can't.

A request id that is lost on the way is a job that is paid for and never found again.
"""

from __future__ import annotations

import asyncio
import copy
import json
import multiprocessing
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import cloudpickle  # type: ignore[import-untyped]  # it has no types
import pytest
from support_client import TOKEN, FakeClock
from support_crossing import (
    MODEL,
    OwnError,
    actuals,
    fails,
    maps,
    refuses,
    refuses_fields,
    runs_a_model,
    submits_and_returns,
    waits,
)
from support_server import FaultServer, says

from runcomfy import (
    UNSET,
    AsyncClient,
    Client,
    Entry,
    MapProgress,
    MediaItem,
    MediaReport,
    Problem,
    Progress,
    Result,
    Status,
    Unchecked,
    errors,
    models,
)
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_core.download.saver import FileSaver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Cross = Any  # takes one thing, and returns what arrives of it

PICKLES: dict[str, Cross] = {
    **{
        f"pickle {protocol}": lambda one, protocol=protocol: pickle.loads(  # noqa: S301 - our own
            pickle.dumps(one, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "cloudpickle": lambda one: pickle.loads(cloudpickle.dumps(one)),  # noqa: S301 - our own
}
COPIES: dict[str, Cross] = {"copy": copy.copy, "deepcopy": copy.deepcopy}
WAYS = PICKLES | COPIES

PROBLEMS = [Problem("/seed", "maximum", 5, 6, "is 6"), Problem("", "not", None, [1], "no")]
RAW = {"status": "failed", "error": {"message": "oom"}}


def in_every_form() -> Iterator[errors.RunComfyError]:
    """Every public error, about a job and about none."""
    yield errors.RunComfyError("plain")
    yield errors.ConfigurationError("wrong")
    yield errors.ConfigurationError("closed", "r-1", submitted=True)
    yield errors.ConfigurationError("closed", submitted=None)
    yield errors.InvalidInput("a/b", PROBLEMS)
    yield errors.JournalError(Path("j.sqlite3"), "it is locked")
    yield errors.JournalError(Path("j.sqlite3"), "it is damaged", submitted=None)
    kinds: list[Any] = [
        errors.ApiError,
        *(one for one in vars(errors).values() if _is_public(one) and one.__base__ in _API),
    ]
    for kind in kinds:
        yield kind(418, "teapot", "no coffee", request_id="r-1", retry_after=2.5)
        yield kind(418, 418001, "no coffee", model_id="a/b")
    yield errors.InputRefused(422, None, "no", model_id="a/b", problems=PROBLEMS)
    yield errors.UnexpectedResponse(200, "not JSON", request_id="r-1")
    yield errors.ConnectionFailed("refused", request_id="r-1")
    yield errors.ConnectionFailed("refused")
    yield errors.SubmissionUncertain("a/b", "no answer", status=502, request_id="r-1")
    yield errors.ThreadsExhausted("can't start new thread")
    yield errors.ThreadsExhausted("can't start new thread", "r-1", submitted=True)
    yield errors.JobFailed("r-1", RAW["error"], RAW)
    yield errors.JobCancelled("r-1", {"status": "cancelled"})
    yield errors.WaitTimeout("r-1", 3.0, "in_queue")
    yield errors.DownloadFailed("https://h/a.png?x=1", Path("a.png"), "it is gone", 3, "r-1")


_API = (errors.ApiError, errors.NotFound.__base__)


def _is_public(one: object) -> bool:
    return isinstance(one, type) and one.__name__ in errors.__all__


ERRORS = list(in_every_form())


def test_every_error_is_in_these_tests() -> None:
    public = {name for name in errors.__all__ if not name.endswith("Warning")}
    assert {type(error).__name__ for error in ERRORS} == public


def told(error: errors.RunComfyError) -> dict[str, Any]:
    """What an error says and knows, but for a live job."""
    known = {name: value for name, value in vars(error).items() if name != "job"}
    return {
        **known,
        "message": str(error),
        "repr": repr(error),
        "args": error.args,
        "submitted": error.submitted,
        "request_id": error.request_id,
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error(error: errors.RunComfyError, way: str) -> None:
    sent = copy.copy(error)
    sent.add_note("a note")
    sent.addition = " (tried twice)"
    sent.mine = {"of": "the caller's"}  # type: ignore[attr-defined]
    twin = WAYS[way](sent)
    assert type(twin) is type(error)
    assert twin is not sent
    assert twin.__notes__ == ["a note"]
    assert told(twin) == told(sent)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_args_of_an_error_make_it_again(error: errors.RunComfyError) -> None:
    """A queue that stores JSON, such as Celery's, has the class, the args, and nothing else."""
    stored = [json.loads(json.dumps(one, default=repr)) for one in error.args]
    twin = type(error)(*stored)
    assert twin.submitted is error.submitted
    assert twin.request_id == error.request_id
    if isinstance(error, errors.InvalidInput):
        assert str(twin).startswith(
            "a/b: 2 problems in the input; nothing was sent\n  the input: P"
        )
        twin = errors.InvalidInput("a/b", repr(error.problems))
        assert str(twin).startswith("a/b: 1 problem in the input; nothing was sent\n  the input: (")
    else:
        assert str(twin) == str(error)


@pytest.mark.parametrize("way", WAYS)
def test_an_error_with_what_cannot_go_anywhere(way: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with pytest.raises(errors.InvalidInput) as caught:
        refuses(path)
    twin = WAYS[way](caught.value)
    assert type(twin) is errors.InvalidInput
    assert str(twin) == str(caught.value)
    assert twin.__notes__ == ["a note of the caller's"]
    if way in COPIES:
        assert twin.problems[0].actual is caught.value.problems[0].actual
        return
    found: dict[str, Any] = {one.message.removeprefix("is "): one.actual for one in twin.problems}
    if way == "cloudpickle":  # by it, functions can go
        del found["function"]
    else:
        assert found.pop("function").startswith("<function ")
    assert found.pop("generator").startswith("<generator ")
    assert found.pop("lock").startswith("<unlocked ")
    assert found.pop("thread").startswith("<_MainThread(")
    assert found.pop("unloadable").startswith("<support_crossing.Unloadable ")
    assert found == {
        "file": "<BufferedReader>",
        "list": ["kept", "<BufferedReader>", {"deep": ["<BufferedReader>"]}],
        "dict": {"kept": 1, "file": "<BufferedReader>"},
        "tuple": ("kept", "<BufferedReader>"),
        "deep": [[[["[<BufferedReader>]"]]]],
    }


@pytest.mark.parametrize("way", WAYS)
def test_a_problem(way: str) -> None:
    for problem in PROBLEMS:
        assert WAYS[way](problem) == problem
    lock = actuals(open("/dev/null", "rb"))  # noqa: PTH123, SIM115 - closed with it
    lock["file"].close()  # type: ignore[attr-defined]
    twin = WAYS[way](Problem("/a", "type", {"b": lock["lock"]}, lock["lock"], "no"))
    assert (twin.path, twin.rule, twin.message) == ("/a", "type", "no")
    if way in PICKLES:
        assert twin.actual.startswith("<unlocked ")
        assert twin.limit == {"b": twin.actual}
    else:
        assert twin.actual is lock["lock"]


@pytest.mark.parametrize("way", WAYS)
def test_an_error_of_a_caller_s_own_kind(way: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        twin = WAYS[way](OwnError("batch 7", file))
    assert type(twin) is OwnError
    assert (twin.request_id, twin.batch, twin.raw) == ("r-1", "batch 7", {"status": "failed"})
    assert str(twin) == "request r-1 failed: no"
    if way in PICKLES:
        assert str(twin.file) == "<BufferedReader>"
    else:
        assert twin.file is file


REPORT = MediaReport(
    problems=tuple(PROBLEMS),
    unchecked=(Unchecked("/video", "fps<", 30, "needs PyAV"),),
    items=(MediaItem("/a", "image/png", 1, 2, 3, None, None, 4),),
)
ENTRY = Entry(
    "l-1", MODEL, "https://h/v1", "d", "1", {"prompt": "x"}, "r-1", "completed", None, None, RAW,
    1.0, 2.0,
)  # fmt: skip
VALUES: list[Any] = [
    Result("r-1", model.Output(image="https://h/a.png"), RAW, FileSaver("127.0.0.1:1")),
    Result("r-1", {"image": "https://h/a.png"}, RAW),
    Status("in_queue", 3, RAW, 2.0),
    REPORT,
    ENTRY,
    MapProgress(3, 2, 1, 0),
    Progress("https://h/a.png", Path("a.png"), 1, None),
    UNSET,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value(value: Any, way: str) -> None:
    twin = WAYS[way](value)
    assert type(twin) is type(value)
    assert twin == value
    assert getattr(twin, "raw", None) == getattr(value, "raw", None)
    assert repr(twin) == repr(value)


@pytest.mark.parametrize("way", WAYS)
def test_the_inputs_and_outputs_of_all_models(way: str) -> None:
    for model_id in models.MODULES:
        module: Any = models.get(model_id)
        for kind in vars(module).values():
            if not isinstance(kind, type) or not attrs.has(kind) or kind is Problem:
                continue
            one = kind.__new__(kind)
            for number, field in enumerate(attrs.fields(kind)):
                value = [UNSET, None, b"\x00", "두", [1.5]][number % 5]
                object.__setattr__(one, field.name, value)
            twin = WAYS[way](one)
            assert type(twin) is kind
            assert twin == one


# --- jobs ---


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


IN_ONE_SENTENCE = (
    "a job holds a connection and stays in its process: send its request_id, and pick it up there "
    "with model.job(client, 'r-1')"
)


@pytest.mark.parametrize("way", WAYS)
def test_a_live_job_says_how_to_pick_it_up(way: str) -> None:
    async def asynchronously() -> None:
        async with AsyncClient(TOKEN) as client:
            with pytest.raises(TypeError) as caught:
                WAYS[way](client.job("r-1"))
            assert str(caught.value) == IN_ONE_SENTENCE

    with Client(TOKEN) as client, pytest.raises(TypeError) as caught:
        WAYS[way](client.job("r-1", MODEL))
    assert str(caught.value) == IN_ONE_SENTENCE
    asyncio.run(asynchronously())


def check_timeout(error: object) -> None:
    """What another process gets of a wait that was too short."""
    assert isinstance(error, errors.WaitTimeout)
    assert (error.request_id, error.submitted) == ("r-1", True)
    assert "request r-1 was not over after 2 s (last seen: in_progress)" in str(error)
    assert str(error).endswith("pick it up elsewhere with model.job(client, 'r-1')")
    assert error.job.request_id == "r-1"
    assert repr(error.job) == "<job r-1 of another process: use model.job(client, 'r-1')>"
    for call in (error.job.status, error.job.wait, error.job.cancel, error.job.__enter__):
        with pytest.raises(errors.ConfigurationError) as caught:
            call()
        assert str(caught.value).startswith(
            "this job's client is in another process: pick the job up with model.job(client, 'r-1')"
        )
        assert (caught.value.request_id, caught.value.submitted) == ("r-1", True)
    # And on to a third.
    assert pickle.loads(pickle.dumps(error)).job.request_id == "r-1"  # noqa: S301 - our own


@pytest.mark.parametrize("way", WAYS)
def test_a_wait_that_was_too_short(server: FaultServer, way: str) -> None:
    server.add(*[says({"status": "in_progress"})] * 9)
    with Client(TOKEN, base_url=server.base_url, clock=FakeClock()) as client:
        job = client.job("r-1", MODEL)
        with pytest.raises(errors.WaitTimeout) as caught:
            job.wait(timeout=2)
        twin = WAYS[way](caught.value)
        if way in COPIES:
            assert twin.job is job
        else:
            check_timeout(twin)


# --- real processes ---


@pytest.fixture(params=["fork", "spawn"])
def method(request: pytest.FixtureRequest) -> Iterator[Any]:
    with warnings.catch_warnings():
        # Of forking a process with threads, which is what callers do.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield multiprocessing.get_context(request.param)


@pytest.fixture(params=["ProcessPoolExecutor", "Pool"])
def call(request: pytest.FixtureRequest, method: Any) -> Iterator[Callable[..., Any]]:
    """Call in another process; return what came of it, or what arrived of what it raised."""
    if request.param == "Pool":
        with method.Pool(1) as pool:
            yield lambda function, *given: _outcome(lambda: pool.apply(function, given))
    else:
        with ProcessPoolExecutor(1, mp_context=method) as executor:
            yield lambda function, *given: _outcome(executor.submit(function, *given).result)


def _outcome(called: Callable[[], object]) -> object:
    try:
        return called()
    except Exception as error:  # noqa: BLE001 - of whatever kind
        return error


def test_between_processes(server: FaultServer, call: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"x")
    taken, running = says({"request_id": "r-1"}), says({"status": "in_progress"})
    over = says({"status": "completed"})

    server.add(taken, *[running] * 3)
    check_timeout(call(waits, server.base_url))

    server._script.clear()
    server.add(taken, *[running] * 3)
    outcomes = call(maps, server.base_url)
    check_timeout(outcomes[0])
    assert type(outcomes[1]) is errors.InvalidInput
    assert "/prompt" in str(outcomes[1])

    server._script.clear()
    server.add(taken, says({}, 401))
    refused = call(waits, server.base_url)
    assert type(refused) is errors.AuthenticationError
    assert (refused.request_id, refused.submitted) == ("r-1", True)

    server.add(taken, over, says({"status": "succeeded", "output": {"image": "https://h/a.png"}}))
    result = call(runs_a_model, server.base_url)
    assert (type(result), result.request_id) == (Result, "r-1")
    assert result.output == model.Output(image="https://h/a.png")
    with pytest.raises(errors.DownloadFailed, match=r"model\.job"):  # as it was where it came from
        result.download(tmp_path / "files")

    for function in (refuses, refuses_fields):
        invalid = call(function, path)
        assert type(invalid) is errors.InvalidInput
        assert invalid.submitted is False
    assert [problem.path for problem in invalid.problems] == ["/prompt", "/image_urls", "/seed"]

    failed = call(fails, path)
    assert (type(failed), failed.batch, failed.request_id) == (OwnError, "batch 7", "r-1")

    server.add(taken)
    assert IN_ONE_SENTENCE in str(call(submits_and_returns, server.base_url))
