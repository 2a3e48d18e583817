from __future__ import annotations

import contextlib
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN, FakeClock, leaks
from support_server import (
    CUT_OFF,
    DROP_READ,
    DROP_UNREAD,
    HANG,
    RESET_READ,
    FaultServer,
    Step,
    says,
)

import runcomfy
from runcomfy import Client, Result, errors
from runcomfy_core.jobs import parting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runcomfy import Job, Status

URL = "https://files.example/a.png"
QUEUED = says({"status": "in_queue", "queue_position": 1})
RUNNING = says({"status": "in_progress"})
COMPLETED = says({"status": "completed"})
DONE = says({"request_id": "r-1", "status": "succeeded", "output": {"image": URL}})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def client(server: FaultServer, clock: FakeClock) -> Iterator[Client]:
    with Client(TOKEN, base_url=server.base_url, read_timeout=1, clock=clock) as made:
        yield made


@pytest.fixture
def job(client: Client) -> Job[Any]:
    return client.job("r-1", "a/b")


def interrupt() -> None:
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def test_a_wait_from_the_queue_to_the_picture(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    server.add(
        says({"status": "in_queue", "queue_position": 2}),
        QUEUED,
        QUEUED,
        RUNNING,
        RUNNING,
        COMPLETED,
        DONE,
    )
    seen: list[tuple[str, int | None]] = []
    result = job.wait(on_update=lambda status: seen.append((status.state, status.queue_position)))
    assert isinstance(result, Result)
    assert result.output == {"image": URL}
    assert result.urls == (URL,)
    assert result.raw["status"] == "succeeded"
    assert seen == [
        ("in_queue", 2),
        ("in_queue", 1),
        ("in_progress", None),
        ("completed", None),
    ]
    assert server.calls() == ["GET /requests/r-1/status"] * 6 + [
        "GET /requests/r-1/result?include_cost=true"
    ]
    assert server.connections == 1
    assert clock.sleeps == pytest.approx([1, 1.5, 2.25, 3.375, 5.0625], rel=0.1)


@pytest.mark.parametrize(
    "result",
    [
        {"status": "succeeded", "output": URL},
        {"status": "completed", "output": [URL]},
        {"status": "success", "output": {"images": [URL]}},
        {"status": "archived", "output": {"video": URL}},
        {"output": {"audio": URL}},
    ],
)
def test_each_way_to_say_that_it_went_well(
    job: Job[Any], server: FaultServer, result: dict[str, Any]
) -> None:
    server.add(says({"status": "succeeded"}), says(result))
    assert job.wait().output == result["output"]


def test_a_success_without_an_output(job: Job[Any], server: FaultServer) -> None:
    server.add(COMPLETED, says({"status": "completed"}))
    result = job.wait()
    assert result.output is None
    assert result.raw == {"status": "completed"}


@pytest.mark.parametrize(
    "too_early",
    [
        says({"error_code": 400005, "message": "not completed"}, 400),
        says({"error_code": 400005}),
        says({"status": "in_progress"}),
        says({"status": "in_queue"}),
        says({"status": "finalising"}),
        says({"status": "processing", "output": None}),
    ],
)
def test_a_result_that_is_not_there_yet(
    job: Job[Any], server: FaultServer, too_early: Step
) -> None:
    server.add(COMPLETED, too_early, COMPLETED, DONE)
    assert job.wait().output == {"image": URL}
    assert len(server.requests) == 4


def test_unknown_states_keep_waiting(job: Job[Any], server: FaultServer) -> None:
    server.add(says({"status": "Warming_Up"}), says({"status": "paused"}), COMPLETED, DONE)
    seen: list[str] = []
    job.wait(on_update=lambda status: seen.append(status.state))
    assert seen == ["warming_up", "paused", "completed"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"status": "failed", "error": "out of memory"}, "request r-1 failed: out of memory"),
        ({"status": "failed", "error": {"message": "oom", "code": 3}}, "request r-1 failed: oom"),
        ({"status": "completed", "error": "no"}, "request r-1 failed: no"),
        ({"status": "failed"}, "request r-1 failed: the API gives no reason"),
        ({"request_id": "r-1", "status": "failed", "error_code": 500123}, "request r-1 failed"),
    ],
)
def test_a_job_that_failed(
    job: Job[Any], server: FaultServer, answer: dict[str, Any], message: str
) -> None:
    server.add(COMPLETED, says(answer))
    with pytest.raises(errors.JobFailed) as caught:
        job.wait()
    assert str(caught.value).startswith(message)
    assert caught.value.raw == answer
    assert caught.value.error == answer.get("error")


@pytest.mark.parametrize(
    "script",
    [
        [says({"status": "cancelled"})],
        [says({"status": "canceled"})],
        [COMPLETED, says({"status": "cancelled"})],
    ],
)
def test_a_job_that_was_cancelled(job: Job[Any], server: FaultServer, script: list[Step]) -> None:
    server.add(*script)
    with pytest.raises(errors.JobCancelled, match="request r-1 was cancelled") as caught:
        job.wait()
    assert caught.value.raw["status"] in {"cancelled", "canceled"}
    assert len(server.requests) == len(script)


TROUBLE = [
    DROP_UNREAD,
    DROP_READ,
    RESET_READ,
    HANG,
    CUT_OFF,
    says({}, 429),
    says({}, 500),
    says(b"<html>", 502),
    says({}, 503),
    says({"error_code": 500001}),
    says(b"<html>"),
    says(b'{"status": "comp'),
    says(b""),
    says({"status": 7}),
    says(b"", 302, headers=["Location: http://127.0.0.1:1/"]),
    says({}, 408),
    says({"error_code": 400005}, 400),
]


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_costs_a_wait_time_and_nothing_else(
    job: Job[Any], server: FaultServer, clock: FakeClock, trouble: Step
) -> None:
    server.add(trouble, RUNNING, COMPLETED, trouble, COMPLETED, DONE)
    assert job.wait().output == {"image": URL}
    assert clock.sleeps == pytest.approx([1, 1.5, 2.25], rel=0.1)


def test_ten_minutes_of_outage_cost_ten_minutes(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    server.add(RUNNING, *[says({}, 503)] * 60, COMPLETED, DONE)
    assert job.wait(timeout=None).output == {"image": URL}
    assert sum(clock.sleeps) > 500
    assert max(clock.sleeps) <= 11


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (says({"error_code": 400004}, 400), errors.AuthenticationError),
        (says({}, 401), errors.AuthenticationError),
        (says({"error_code": 403001}, 403), errors.PermissionDenied),
        (says({"error_code": 404001}, 404), errors.NotFound),
        (says({"error_code": 400001}, 400), errors.NotFound),
        (says({"error_code": 400004}), errors.AuthenticationError),
        (says({}, 418), errors.ApiError),
    ],
)
def test_what_time_will_not_change_ends_a_wait(
    job: Job[Any], server: FaultServer, clock: FakeClock, step: Step, kind: type[errors.ApiError]
) -> None:
    for script in ([step], [COMPLETED, step]):
        server.add(*script)
        with pytest.raises(kind) as caught:
            job.wait()
        assert type(caught.value) is kind
        assert caught.value.request_id == "r-1"
        assert not leaks(caught.value)
    assert clock.sleeps == []


def test_retry_after_is_obeyed(job: Job[Any], server: FaultServer, clock: FakeClock) -> None:
    wait = ["Retry-After: 42"]
    server.add(
        says({}, 429, headers=wait),
        says({}, 503, headers=wait),
        says({"status": "in_progress"}, headers=wait),
        COMPLETED,
        says({}, 429, headers=wait),
        COMPLETED,
        DONE,
    )
    job.wait()
    assert clock.sleeps == [42, 42, 42, 42]


def test_a_wait_ends_at_its_deadline(job: Job[Any], server: FaultServer, clock: FakeClock) -> None:
    server.add(*[RUNNING] * 5)
    with pytest.raises(errors.WaitTimeout) as caught:
        job.wait(timeout=5)
    error = caught.value
    assert clock.now == pytest.approx(1005)
    assert error.job is job
    assert error.request_id == "r-1"
    assert str(error) == (
        "request r-1 was not over after 5 s (last seen: in_progress). It goes on remotely: wait "
        "for it again with this error's job.wait(), stop it with its job.cancel(), or pick it up "
        "elsewhere with model.job(client, 'r-1')"
    )
    assert error.__cause__ is None
    server._script.clear()
    server.add(COMPLETED, DONE)
    assert error.job.wait().output == {"image": URL}


def test_a_deadline_bounds_retry_after(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    server.add(says({}, 429, headers=["Retry-After: 3000"]), COMPLETED, DONE)
    assert job.wait(timeout=7).output == {"image": URL}
    assert clock.sleeps == [7]


def test_a_wait_that_never_saw_a_state_says_why(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    server.add(*[says({"message": "busy"}, 503)] * 9)
    with pytest.raises(
        errors.WaitTimeout, match=r"after 2 s \(last seen: HTTP 503 .*: busy\)\. It goes on"
    ) as caught:
        job.wait(timeout=2)
    assert isinstance(caught.value.__cause__, errors.ServerError)
    assert sum(clock.sleeps) == pytest.approx(2)
    assert not leaks(caught.value)


def test_a_wait_of_no_time_looks_once(job: Job[Any], server: FaultServer, clock: FakeClock) -> None:
    server.add(RUNNING, COMPLETED, DONE)
    with pytest.raises(errors.WaitTimeout, match=r"after 0 s \(last seen: in_progress\)"):
        job.wait(timeout=0)
    assert job.wait(timeout=0).output == {"image": URL}
    assert clock.sleeps == []


@pytest.mark.parametrize("timeout", [-1, float("nan"), float("inf"), True, "60"])
def test_a_timeout_that_is_none_is_refused_before_anything(
    job: Job[Any], server: FaultServer, timeout: Any
) -> None:
    with pytest.raises(errors.ConfigurationError, match="timeout must be a"):
        job.wait(timeout=timeout)
    assert server.connections == 0


async def awaited(_: Status) -> None:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("on_update", "message"),
    [("print", "must be a function, not 'print'"), (awaited, "must be a plain function")],
)
def test_a_callback_that_is_none_is_refused_before_anything(
    job: Job[Any], server: FaultServer, on_update: Any, message: str
) -> None:
    with pytest.raises(errors.ConfigurationError, match=message):
        job.wait(on_update=on_update)
    assert server.connections == 0


def test_an_error_of_the_callers_own_callback_is_not_taken_for_trouble(
    job: Job[Any], server: FaultServer
) -> None:
    def fail(_: Status) -> None:
        raise errors.ConnectionFailed("of the caller's own")

    server.add(QUEUED)
    with pytest.raises(errors.ConnectionFailed, match="of the caller's own"):
        job.wait(on_update=fail)


def test_a_status_is_tried_four_times(job: Job[Any], server: FaultServer, clock: FakeClock) -> None:
    server.add(DROP_READ, says({}, 503), says(b"<html>"), QUEUED)
    assert job.status().queue_position == 1
    assert clock.sleeps == [0.5, 1.0, 2.0]
    server.add(*[says({}, 503)] * 4, QUEUED)
    with pytest.raises(errors.ServerError):
        job.status()
    assert len(server.requests) == 8


def test_a_status_waits_a_little_on_request_and_no_longer(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    server.add(says({}, 429, headers=["Retry-After: 8"]), QUEUED)
    job.status()
    assert clock.sleeps == [8]
    server.add(says({}, 429, headers=["Retry-After: 11"]), QUEUED)
    with pytest.raises(errors.RateLimited) as caught:
        job.status()
    assert caught.value.retry_after == 11
    assert clock.sleeps == [8]


def test_a_status_that_is_refused_is_not_tried_again(job: Job[Any], server: FaultServer) -> None:
    server.add(says({}, 404), QUEUED)
    with pytest.raises(errors.NotFound):
        job.status()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("outcome", "done"),
    [
        ({"outcome": "cancelled", "status": "completed"}, True),
        ({"outcome": "canceled"}, True),
        ({"outcome": "not_cancellable", "status": "cancelled"}, False),
        ({"outcome": "cancellation_requested"}, False),
        ({"outcome": "requested", "status": "cancelled"}, False),
        ({"outcome": 7, "status": "cancelled"}, False),
        ({"status": "cancelled"}, True),
        ({"status": " Canceled\n"}, True),
        ({"outcome": None, "status": "cancelled"}, True),
        ({"outcome": " ", "status": "cancelled"}, True),
        ({"status": "completed"}, False),
        ({}, False),
    ],
)
def test_a_cancel_goes_by_its_outcome(
    job: Job[Any],
    server: FaultServer,
    outcome: object,
    done: bool,  # noqa: FBT001 - expected
) -> None:
    server.add(says(outcome, 202))
    assert job.cancel() is done


def test_a_cancelled_job_whose_status_says_completed(job: Job[Any], server: FaultServer) -> None:
    server.add(
        says({"outcome": "cancelled", "status": "completed"}, 202),
        COMPLETED,
        says({"status": "completed"}),
    )
    assert job.cancel()
    with pytest.raises(errors.JobCancelled):
        job.wait()


def test_a_cancel_is_tried_again(job: Job[Any], server: FaultServer, clock: FakeClock) -> None:
    server.add(DROP_READ, says({}, 500), says({"outcome": "cancelled"}, 202))
    assert job.cancel()
    assert [request.method for request in server.requests] == ["POST"] * 3
    assert clock.sleeps == [0.5, 1.0]


def test_a_cancel_with_a_timeout_is_sent_once(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    server.add(says({}, 500), says({"outcome": "cancelled"}, 202))
    with pytest.raises(errors.ServerError):
        job.cancel(timeout=3)
    assert job.cancel(timeout=3)
    assert clock.sleeps == []
    with pytest.raises(errors.ConfigurationError, match="more than zero"):
        job.cancel(timeout=0)


def test_a_job_by_name(job: Job[Any], client: Client) -> None:
    assert repr(job) == "<job r-1 of a/b>"
    assert repr(client.job("r-2")) == "<job r-2>"
    assert (job.request_id, job.model_id) == ("r-1", "a/b")


# --- a machine that sleeps ---


def test_a_night_slept_through_does_not_end_a_wait(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    """The clock jumps by eight hours in the second pause of a wait of a minute."""
    pausing = clock.sleep

    def sleep(seconds: float, /) -> None:
        pausing(seconds)
        if len(clock.sleeps) == 2:
            clock.now += 8 * 3600

    clock.sleep = sleep  # type: ignore[method-assign]  # what a closed lid does
    server.add(*[RUNNING] * 5, COMPLETED, DONE)
    assert job.wait(timeout=60).output == {"image": URL}


def test_a_night_slept_through_does_not_lengthen_a_wait(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    pausing = clock.sleep

    def sleep(seconds: float, /) -> None:
        pausing(seconds)
        if len(clock.sleeps) == 2:
            clock.now += 8 * 3600

    clock.sleep = sleep  # type: ignore[method-assign]  # likewise
    server.add(*[RUNNING] * 30)
    with pytest.raises(errors.WaitTimeout, match="was not over after 60 s"):
        job.wait(timeout=60)
    assert 54 < sum(clock.sleeps) < 60


def test_a_night_slept_through_in_a_request_allows_for_another_look(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    def jump() -> None:
        clock.now += 8 * 3600

    server.add(Step(then="close", hook=jump), COMPLETED, DONE)
    assert job.wait(timeout=2).output == {"image": URL}


# --- leaving the block of a job ---

CANCELLED = says({"outcome": "cancelled"}, 202)
TOO_LATE = says({"outcome": "not_cancellable"}, 202)


def test_a_job_that_was_waited_for_is_left_alone(job: Job[Any], server: FaultServer) -> None:
    server.add(COMPLETED, DONE)
    with job as entered:
        assert entered is job
        job.wait()
    assert [request.method for request in server.requests] == ["GET", "GET"]
    assert job.cancelled is None


@pytest.mark.parametrize(
    "script",
    [
        [says({"status": "cancelled"})],
        [COMPLETED, says({"status": "failed", "error": "no"})],
        [COMPLETED, says({"status": "cancelled"})],
    ],
)
def test_a_job_that_is_over_is_left_alone(
    job: Job[Any], server: FaultServer, script: list[Step]
) -> None:
    server.add(*script)
    with pytest.raises((errors.JobFailed, errors.JobCancelled)) as caught, job:
        job.wait()
    assert not hasattr(caught.value, "__notes__")
    assert len(server.requests) == len(script)


def test_a_job_that_was_seen_to_be_over_is_left_alone(job: Job[Any], server: FaultServer) -> None:
    server.add(COMPLETED)
    with job:
        job.status()
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "script",
    [
        [COMPLETED, says({"error_code": 400005}, 400)],
        [COMPLETED, says({"status": "in_progress"})],
    ],
)
def test_a_job_whose_result_is_not_there_is_not_over(
    job: Job[Any], server: FaultServer, script: list[Step]
) -> None:
    server.add(*script, CANCELLED)
    with pytest.raises(errors.WaitTimeout) as caught, job:
        job.wait(timeout=0)
    assert caught.value.__notes__ == [
        "Cancelled request r-1 before it ran; there is nothing to pay."
    ]


@pytest.mark.parametrize(
    ("cancel", "cancelled", "warning"),
    [
        (CANCELLED, True, None),
        (TOO_LATE, False, "left before its end: It was too late to cancel request r-1"),
        (says({}, 503), False, "left before its end: Cancelling request r-1 failed (HTTP 503"),
    ],
)
def test_leaving_without_a_wait_cancels(  # noqa: PLR0917 - the columns of the table
    job: Job[Any],
    server: FaultServer,
    caplog: pytest.LogCaptureFixture,
    cancel: Step,
    cancelled: bool,  # noqa: FBT001 - expected
    warning: str | None,
) -> None:
    server.add(cancel)
    with job:
        pass
    assert job.cancelled is cancelled
    assert server.calls() == ["POST /requests/r-1/cancel"]
    said = [one.getMessage() for one in caplog.records]
    assert len(said) == (0 if warning is None else 1)
    assert warning is None or said[0].startswith(warning)


def _look_and_fail(job: Job[Any]) -> None:
    job.status()
    raise LookupError("of the caller's own")


def test_leaving_by_an_error_cancels_and_says_so(job: Job[Any], server: FaultServer) -> None:
    server.add(QUEUED, TOO_LATE)
    with pytest.raises(LookupError) as caught, job:
        _look_and_fail(job)
    assert caught.value.__notes__ == [
        "It was too late to cancel request r-1: it goes on remotely and will be billed."
    ]
    assert job.cancelled is False


def test_leaving_a_job_that_was_cancelled_asks_no_more(job: Job[Any], server: FaultServer) -> None:
    server.add(TOO_LATE)
    with job:
        assert not job.cancel()
    assert len(server.requests) == 1
    assert job.cancelled is False


def test_leaving_is_bounded_in_time(
    job: Job[Any], server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parting, "CANCEL_LIMIT", 0.2)
    server.add(HANG)
    begin = time.monotonic()
    with job:
        pass
    assert time.monotonic() - begin < 10
    assert job.cancelled is False


def test_ctrl_c_in_a_wait_in_a_block_cancels_once(job: Job[Any], server: FaultServer) -> None:
    server.add(Step(then="hang", hook=interrupt), CANCELLED)
    with pytest.raises(KeyboardInterrupt) as caught, job:
        job.wait()
    assert caught.value.__notes__ == [
        "Cancelled request r-1 before it ran; there is nothing to pay."
    ]
    assert [request.method for request in server.requests] == ["GET", "POST"]
    assert job.cancelled is True


def test_ctrl_c_in_a_wait_in_a_block_cancels_once_also_when_that_fails(
    job: Job[Any], server: FaultServer
) -> None:
    server.add(Step(then="hang", hook=interrupt), says({}, 500))
    with pytest.raises(KeyboardInterrupt) as caught, job:
        job.wait()
    assert len(caught.value.__notes__) == 1
    assert [request.method for request in server.requests] == ["GET", "POST"]


def test_ctrl_c_while_leaving_is_not_swallowed(job: Job[Any], server: FaultServer) -> None:
    server.add(Step(then="hang", hook=interrupt))
    with pytest.raises(KeyboardInterrupt) as caught, job:
        pass
    assert caught.value.__notes__ == [
        "Cancelling request r-1 was interrupted: it may go on remotely and be billed."
    ]
    assert job.cancelled is False


def test_a_cancelled_job_stays_cancelled(job: Job[Any], server: FaultServer) -> None:
    server.add(CANCELLED, TOO_LATE)
    assert job.cancel()
    assert not job.cancel()
    assert job.cancelled is True


def test_a_wait_that_is_dropped_asks_for_nothing_more(job: Job[Any], server: FaultServer) -> None:
    """A generator that is thrown away is closed: it may not ask for steps then."""
    steps = job._wait(None, None)
    next(steps)
    steps.close()
    leaving = job._leave(None)
    next(leaving)
    leaving.close()
    assert server.connections == 0


# --- the log ---


def logged(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    ours = [one for one in caplog.records if one.name == "runcomfy" and one.levelno >= level]
    return [one.getMessage() for one in ours]


def test_a_job_is_two_lines_in_the_log(
    client: Client, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "runcomfy")
    server.add(says({"request_id": "r-1"}), RUNNING, COMPLETED)
    server.add(says({"status": "succeeded", "output": URL, "cost": 0.125}))
    job = client.submit("a/b", {"prompt": "a secret prompt"})
    job.wait()
    submitted, ended = logged(caplog)
    assert submitted == "submitted to a/b: request r-1"
    assert re.fullmatch(r"request r-1 completed after (0\.9|1\.[01]) s, 0\.125 USD", ended)
    server.add(COMPLETED, DONE)
    job.wait()
    assert len(logged(caplog)) == 2


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ([COMPLETED, DONE], "request r-1 completed after 0.0 s"),
        ([COMPLETED, says({"status": "failed"})], "request r-1 failed after 0.0 s"),
        ([says({"status": "cancelled"})], "request r-1 cancelled after 0.0 s"),
        ([COMPLETED, says({"status": "cancelled"})], "request r-1 cancelled after 0.0 s"),
    ],
)
def test_each_end_of_a_job_is_in_the_log(
    job: Job[Any],
    server: FaultServer,
    caplog: pytest.LogCaptureFixture,
    script: list[Step],
    line: str,
) -> None:
    caplog.set_level(logging.INFO, "runcomfy")
    server.add(*script)
    with contextlib.suppress(errors.JobFailed, errors.JobCancelled):
        job.wait()
    assert logged(caplog) == [line]


def test_no_log_line_holds_a_token_or_an_input(
    client: Client, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.add(says({"request_id": "r-1"}), QUEUED, says({}, 503), COMPLETED, DONE, CANCELLED)
    job = client.submit("a/b", {"prompt": "a secret prompt"})
    job.wait()
    job.cancel()
    assert len(logged(caplog, logging.DEBUG)) == 9
    assert TOKEN not in caplog.text
    assert "secret prompt" not in caplog.text
    assert URL not in caplog.text


def test_the_log_is_silent_unless_the_program_wants_it() -> None:
    """Python prints warnings of a logger that nobody configured; not those of ours."""
    program = "from runcomfy_core.logs import log; log.warning('here'); log.error('here')"
    root = Path(runcomfy.__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=root
    )
    assert run.stdout + run.stderr == ""


# --- wait, of one that was submitted for it ---


def test_a_run_without_an_interrupt_is_a_wait(job: Job[Any], server: FaultServer) -> None:
    server.add(RUNNING, COMPLETED, DONE)
    seen: list[Status] = []
    assert job.wait(60, seen.append).output == {"image": URL}
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("cancel", "note"),
    [
        (
            says({"outcome": "cancelled"}, 202),
            "Cancelled request r-1 before it ran; there is nothing to pay.",
        ),
        (
            says({"outcome": "not_cancellable"}, 202),
            "It was too late to cancel request r-1: it goes on remotely and will be billed.",
        ),
        (says({"message": "busy"}, 503), "Cancelling request r-1 failed (HTTP 503"),
        (HANG, "Cancelling request r-1 failed (timed out after "),
        (
            Step(then="hang", hook=interrupt),
            "Cancelling request r-1 was interrupted: it may go on remotely and be billed.",
        ),
    ],
)
def test_ctrl_c_cancels_once_and_says_what_came_of_it(
    job: Job[Any], server: FaultServer, clock: FakeClock, cancel: Step, note: str
) -> None:
    server.add(Step(then="hang", hook=interrupt), cancel)
    with pytest.raises(KeyboardInterrupt) as caught:
        job.wait(None, None)
    [said] = caught.value.__notes__
    assert said.startswith(note)
    assert [request.method for request in server.requests] == ["GET", "POST"]
    assert clock.sleeps == []
    assert not leaks(caught.value)


def test_ctrl_c_during_a_pause(job: Job[Any], server: FaultServer, clock: FakeClock) -> None:
    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    clock.sleep = pressed  # type: ignore[method-assign]  # what a key press does to a sleep
    server.add(QUEUED, says({"outcome": "cancelled"}, 202))
    with pytest.raises(KeyboardInterrupt) as caught:
        job.wait(None, None)
    assert caught.value.__notes__ == [
        "Cancelled request r-1 before it ran; there is nothing to pay."
    ]


def test_ctrl_c_before_the_first_question(
    job: Job[Any], server: FaultServer, clock: FakeClock
) -> None:
    def pressed() -> float:
        raise KeyboardInterrupt

    clock.monotonic = pressed  # type: ignore[method-assign]  # what a key press does to any call
    server.add(says({"outcome": "cancelled"}, 202))
    with pytest.raises(KeyboardInterrupt):
        job.wait()
    assert job.cancelled is True


def test_ctrl_c_when_the_server_is_gone(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base_url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"

    def pressed(_: float) -> None:
        raise KeyboardInterrupt

    clock.sleep = pressed  # type: ignore[method-assign]  # likewise
    with (
        Client(TOKEN, base_url=base_url, clock=clock) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.job("r-1").wait(None, None)
    [note] = caught.value.__notes__
    assert note.startswith("Cancelling request r-1 failed (Failed to establish a new connection")


def test_a_wait_that_times_out_cancels_nothing(job: Job[Any], server: FaultServer) -> None:
    server.add(RUNNING)
    with pytest.raises(errors.WaitTimeout):
        job.wait(0, None)
    assert [request.method for request in server.requests] == ["GET"]


def test_the_callback_may_press_ctrl_c(job: Job[Any], server: FaultServer) -> None:
    def press(_: Status) -> None:
        raise KeyboardInterrupt

    server.add(QUEUED, says({"outcome": "cancelled"}, 202))
    with pytest.raises(KeyboardInterrupt):
        job.wait(60, press)
    assert len(server.requests) == 2
