from __future__ import annotations

import copy
import pickle
from pathlib import Path

import pytest

from runcomfy import Problem, errors

PROBLEMS = [Problem("/prompt", "required", None, None, "is missing"), Problem("", "x", 1, 2, "no")]

ALL = [
    errors.ConfigurationError("wrong"),
    errors.InvalidInput("a/b", PROBLEMS),
    errors.ApiError(418, "teapot", "no coffee", request_id="r-1"),
    errors.RateLimited(429, None, "slow down", retry_after=2.5),
    errors.UnexpectedResponse(200, "not JSON", request_id="r-1"),
    errors.ConnectionFailed("refused", request_id="r-1"),
    errors.SubmissionUncertain("a/b", "no answer came", status=502, request_id="r-1"),
    errors.DownloadFailed("https://files.example/a.png", Path("a.png"), "it is gone", received=3),
    errors.JobFailed("r-1", {"message": "out of memory"}, {"status": "failed"}),
    errors.JobCancelled("r-1", {"status": "cancelled"}),
]


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_between_processes(error: errors.RunComfyError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own bytes
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            errors.InvalidInput("a/b", PROBLEMS),
            (
                "a/b: 2 problems in the input; nothing was sent\n"
                "  /prompt: is missing\n"
                "  the input: no"
            ),
        ),
        (errors.InvalidInput("a/b", PROBLEMS[:1]), "a/b: 1 problem in the input; nothing was sent"),
        (
            errors.InsufficientFunds(400, 400002, "no balance"),
            (
                "HTTP 400, error_code 400002: no balance. Add to the account's balance, then "
                "submit again; no job was made"
            ),
        ),
        (errors.ApiError(418, None, "no", request_id="r-1"), "HTTP 418 (request r-1): no"),
        (
            errors.ServerError(503, None, "busy", model_id="a/b", retry_after=2.5),
            "HTTP 503: busy (model a/b). The API asks to wait 2.5 s",
        ),
        (errors.UnexpectedResponse(200, "empty", request_id="r"), "HTTP 200 (request r): empty"),
        (errors.ConnectionFailed("refused"), "refused"),
        (
            errors.ConnectionFailed("refused", request_id="r-1"),
            (
                "refused (request r-1). The job goes on, or is over; pick it up with "
                "model.job(client, 'r-1')"
            ),
        ),
        (
            errors.SubmissionUncertain("a/b", "no answer came", request_id="r-1"),
            (
                "a/b: the submission was sent, but no answer came. The job may exist and be "
                "billed. Its request id is r-1. Look at the account's request history before "
                "submitting again. model.job(client, 'r-1') asks for this one."
            ),
        ),
        (errors.JobFailed("r", {"message": "oom\x1b"}, {}), "request r failed: oom"),
        (errors.JobFailed("r", None, {}), "request r failed: the API gives no reason"),
        (errors.JobCancelled("r", {}), "request r was cancelled"),
    ],
)
def test_messages(error: errors.RunComfyError, message: str) -> None:
    assert str(error).startswith(message)


def test_everything_has_one_base() -> None:
    for name in errors.__all__:
        base = UserWarning if name.endswith("Warning") else errors.RunComfyError
        assert issubclass(getattr(errors, name), base)
    assert issubclass(errors.WaitTimeout, TimeoutError)
    assert issubclass(errors.InvalidInput, ValueError)


def test_a_refused_input_is_represented_by_its_problems() -> None:
    error = errors.InvalidInput("a/b", PROBLEMS)
    assert repr(error) == f"InvalidInput('a/b', {tuple(PROBLEMS)!r})"
