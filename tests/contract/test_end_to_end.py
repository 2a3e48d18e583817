"""The generated client against the sandbox, over real sockets; time is a clock that both share."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import urllib3
from support_client import picture
from support_schemas import ROOT, SEED

from runcomfy import Client, errors, models
from runcomfy.models.bytedance import seedream_5_0_pro_image_to_image as seedream
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_sandbox import ManualClock, Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runcomfy import Status

INPUT: Any = {"prompt": "두 괴물", "image_urls": [picture()]}


class SharedClock:
    """Sleeping moves the sandbox's time on, and takes none."""

    def __init__(self) -> None:
        self.server = ManualClock()

    def monotonic(self) -> float:
        return self.server()

    def sleep(self, seconds: float, /) -> None:
        self.server.advance(seconds)


@pytest.fixture
def clock() -> SharedClock:
    return SharedClock()


@pytest.fixture
def sandbox(clock: SharedClock) -> Iterator[Sandbox]:
    with Sandbox(ROOT / "schemas", clock=clock.server, timeline=Timeline(2, 5)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox, clock: SharedClock) -> Iterator[Client]:
    with Client("a-token", base_url=sandbox.base_url, clock=clock) as made:
        yield made


def calls(sandbox: Sandbox) -> list[str]:
    """The API calls so far, without the ids."""
    return [f"{one.method} {one.path.split('?')[0].split('/')[-1]}" for one in sandbox.requests]


def test_a_run_gives_a_picture_over_one_connection(client: Client, sandbox: Sandbox) -> None:
    seen: list[tuple[str, int | None]] = []

    def note(status: Status) -> None:
        seen.append((status.state, status.queue_position))

    result = model.run(client, **INPUT, image_size="800*1200 (2:3)", on_update=note)
    assert seen == [("in_queue", 0), ("in_progress", None), ("completed", None)]
    assert result.output.images == list(result.urls)
    assert result.raw["status"] == "succeeded"
    assert calls(sandbox).count("POST image-to-image") == 1
    assert calls(sandbox)[-1] == "GET result"
    assert sandbox.connections == 1
    picture = urllib3.request("GET", result.urls[0])
    assert picture.data.startswith(b"\x89PNG\r\n")


def test_submit_now_and_wait_in_another_client(
    client: Client, sandbox: Sandbox, clock: SharedClock
) -> None:
    job = model.submit(client, model.Input(**INPUT))
    assert job.status().state == "in_queue"
    with Client("a-token", base_url=sandbox.base_url, clock=clock) as other:
        result = model.job(other, job.request_id).wait(timeout=60)
    assert result.request_id == job.request_id
    assert result.output.images


def test_an_input_is_checked_in_each_of_its_forms(client: Client, sandbox: Sandbox) -> None:
    urls = ["https://example.com/a.png"]
    value = model.Input(prompt="x", image_urls=urls)
    urls.clear()
    wrong: list[Any] = [value, {**INPUT, "image_urls": []}]
    for one in wrong:
        with pytest.raises(errors.InvalidInput) as caught:
            model.submit(client, one)
        assert [problem.rule for problem in caught.value.problems] == ["minItems"]
    with pytest.raises(errors.InvalidInput, match=r"did you mean 'prompt'\?") as caught:
        model.run(client, promt="x", image_urls=["https://example.com/a.png"])  # type: ignore[call-overload] # the mistake
    assert [problem.path for problem in caught.value.problems] == ["/prompt", "/promt"]
    with pytest.raises(TypeError, match="pass an input or its fields, not both: prompt"):
        model.submit(client, model.Input(**INPUT), prompt="x")  # type: ignore[call-overload] # the mistake
    with pytest.raises(TypeError, match=r"takes runcomfy\..*\.Input or a dict, not builtins\.str"):
        model.submit(client, "a prompt")  # type: ignore[call-overload] # the mistake
    assert sandbox.requests == []


def test_a_wrong_argument_is_found_before_anything_is_paid_for(
    client: Client, sandbox: Sandbox
) -> None:
    wrong: list[dict[str, Any]] = [{"timeout": -1}, {"timeout": "5"}, {"on_update": 5}]
    for arguments in wrong:
        with pytest.raises(errors.ConfigurationError):
            model.run(client, **INPUT, **arguments)
    with pytest.raises(TypeError, match=r"a Client or an AsyncClient, not of type runcomfy\."):
        model.submit(model.Input(**INPUT))  # type: ignore[call-overload] # the mistake
    with pytest.raises(TypeError, match="not of type abc"):
        model.job(Client, "r")  # type: ignore[call-overload] # the mistake
    assert sandbox.requests == []


def test_what_a_callback_raises_names_the_job_that_goes_on(
    client: Client, sandbox: Sandbox
) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        model.run(client, **INPUT, on_update=lambda _: 1 // 0)
    (note,) = caught.value.__notes__
    request_id = sandbox.requests[-1].path.split("/")[-2]
    assert f"request {request_id} goes on remotely" in note


def test_a_closed_client_says_so_and_no_more(client: Client) -> None:
    model.submit(client, **INPUT)
    client.close()
    with pytest.raises(errors.ConfigurationError, match="the client is closed") as caught:
        model.submit(client, **INPUT)
    assert not hasattr(caught.value, "__notes__")


def test_what_is_left_out_is_not_sent_and_what_is_set_is(client: Client, sandbox: Sandbox) -> None:
    """The sandbox checks bodies against the schema itself, and would refuse a null."""
    model.submit(client, **INPUT, seed=None, negative_prompt=None)
    model.submit(client, **INPUT, seed=0, prompt_extend=True)
    seedream.submit(client, prompt="", image=[picture()])
    assert calls(sandbox) == ["POST image-to-image"] * 3


def test_cancel_is_true_only_for_a_queued_job(client: Client, clock: SharedClock) -> None:
    queued = model.submit(client, **INPUT)
    assert queued.cancel() is True
    with pytest.raises(errors.JobCancelled, match=queued.request_id):
        queued.wait()
    running = model.submit(client, **INPUT)
    clock.sleep(3)
    assert running.cancel() is False
    assert running.wait().output.images


def test_a_wait_ends_in_time_and_the_job_goes_on(client: Client) -> None:
    job = model.submit(client, **INPUT)
    with pytest.raises(errors.WaitTimeout, match="It goes on remotely") as caught:
        job.wait(timeout=4)
    assert caught.value.job is job
    assert job.wait().output.images


def test_a_model_without_bindings(client: Client) -> None:
    result = client.submit(SEED, INPUT).wait()
    assert result.output == result.raw["output"]
    with pytest.raises(errors.NotFound) as caught:
        client.submit("no/such/model", INPUT)
    assert caught.value.error_code == 400001


@pytest.mark.parametrize(
    ("on", "fault"),
    [
        ("status", "unknown-state"),
        ("status", "rate-limited"),
        ("status", "unavailable"),
        ("status", "html"),
        ("status", "truncated-json"),
        ("status", "drop"),
        ("result", "too-early-400005"),
        ("result", "result-current-state"),
        ("result", "completed-for-succeeded"),
        ("result", "bare-string-output"),
        ("result", "bare-list-output"),
        ("result", "singular-output"),
        ("result", "server-error"),
        ("result", "empty-body"),
        ("submit", "status-202-submit"),
    ],
)
def test_no_known_oddity_costs_a_result(
    client: Client, sandbox: Sandbox, on: str, fault: str
) -> None:
    sandbox.arm(on, fault)
    result = model.run(client, **INPUT)
    assert result.output.images or result.output.image
    assert calls(sandbox).count("POST image-to-image") == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("error-in-200", errors.InsufficientFunds),
        ("no-balance", errors.InsufficientFunds),
        ("no-balance-402", errors.InsufficientFunds),
        ("bad-token", errors.AuthenticationError),
        ("bad-token-401", errors.AuthenticationError),
        ("forbidden", errors.PermissionDenied),
        ("not-found", errors.NotFound),
        ("detail-list", errors.InputRefused),
        ("server-error", errors.SubmissionUncertain),
        ("html", errors.SubmissionUncertain),
        ("truncated-json", errors.SubmissionUncertain),
        ("truncated-body", errors.SubmissionUncertain),
        ("empty-body", errors.SubmissionUncertain),
        ("no-request-id", errors.SubmissionUncertain),
        ("redirect", errors.SubmissionUncertain),
        ("drop", errors.SubmissionUncertain),
    ],
)
def test_a_submission_is_sent_once_whatever_happens(
    client: Client, sandbox: Sandbox, fault: str, kind: type[errors.RunComfyError]
) -> None:
    sandbox.arm("submit", fault)
    with pytest.raises(kind) as caught:
        model.submit(client, **INPUT)
    assert type(caught.value) is kind
    assert "a-token" not in str(caught.value)
    assert calls(sandbox).count("POST image-to-image") == 1


@pytest.mark.parametrize("fault", ["rate-limited", "unavailable"])
def test_a_submission_that_was_asked_to_come_back_is_sent_again(
    client: Client, sandbox: Sandbox, fault: str
) -> None:
    sandbox.arm("submit", fault)
    assert model.submit(client, **INPUT).request_id
    assert calls(sandbox).count("POST image-to-image") == 2


@pytest.mark.parametrize("fault", ["failed", "failed-string"])
def test_a_failed_job_says_why_and_keeps_its_answer(
    client: Client, sandbox: Sandbox, fault: str
) -> None:
    sandbox.arm("result", fault)
    with pytest.raises(errors.JobFailed) as caught:
        model.run(client, **INPUT)
    assert caught.value.raw["status"] == "failed"
    assert caught.value.request_id in str(caught.value)


def test_outcome_counts_and_not_the_status_beside_it(client: Client, sandbox: Sandbox) -> None:
    sandbox.arm("cancel", "cancel-status-completed")
    job = model.submit(client, **INPUT)
    assert job.cancel() is True
    with pytest.raises(errors.JobCancelled):
        job.wait()


def test_models_are_listed_and_found() -> None:
    assert models.get(SEED) is model
    assert set(models.MODULES) >= {SEED, seedream.MODEL_ID}
    with pytest.raises(KeyError, match="did you mean wan-ai/wan-2-6/image-to-image"):
        models.get("wan-ai/wan-2-6/image-to-imag")


LOADED = """
import sys
import {module}
heavy = {heavy!r}
found = [name for name in heavy if name in sys.modules]
assert not found, found
"""


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("runcomfy", ["attrs", "attr", "cattrs", "urllib3", "typing_extensions"]),
        ("runcomfy.errors", ["attrs", "attr", "cattrs", "urllib3"]),
        ("runcomfy.models", ["attrs", "attr", "cattrs", "urllib3"]),
        (model.__name__, ["cattrs", "urllib3", "http.client", "json", "difflib", "logging"]),
    ],
)
def test_an_import_loads_only_what_it_needs(module: str, heavy: list[str]) -> None:
    program = LOADED.format(module=module, heavy=heavy)
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "generated")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
