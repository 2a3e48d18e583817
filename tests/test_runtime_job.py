from __future__ import annotations

import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from runcomfy import Client, Result, errors
from runcomfy._job import run_to_end
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
    with Client(TOKEN, base_url=server.base_url, read_timeout=0.4, clock=clock) as made:
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
        "for it again with job.wait(), or stop it with job.cancel()"
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
        ({"status": "cancelled"}, False),
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


# --- run_to_end ---


def test_a_run_without_an_interrupt_is_a_wait(job: Job[Any], server: FaultServer) -> None:
    server.add(RUNNING, COMPLETED, DONE)
    seen: list[Status] = []
    assert run_to_end(job, 60, seen.append).output == {"image": URL}
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
        (HANG, "Cancelling request r-1 failed (Read timed out."),
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
        run_to_end(job, None, None)
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
        run_to_end(job, None, None)
    assert caught.value.__notes__ == [
        "Cancelled request r-1 before it ran; there is nothing to pay."
    ]


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
        run_to_end(client.job("r-1"), None, None)
    [note] = caught.value.__notes__
    assert note.startswith("Cancelling request r-1 failed (Failed to establish a new connection")


def test_a_wait_that_times_out_cancels_nothing(job: Job[Any], server: FaultServer) -> None:
    server.add(RUNNING)
    with pytest.raises(errors.WaitTimeout):
        run_to_end(job, 0, None)
    assert [request.method for request in server.requests] == ["GET"]


def test_the_callback_may_press_ctrl_c(job: Job[Any], server: FaultServer) -> None:
    def press(_: Status) -> None:
        raise KeyboardInterrupt

    server.add(QUEUED, says({"outcome": "cancelled"}, 202))
    with pytest.raises(KeyboardInterrupt):
        run_to_end(job, 60, press)
    assert len(server.requests) == 2
