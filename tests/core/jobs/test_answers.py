from __future__ import annotations

import json
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_client import TOKEN, leaks

from runcomfy import errors
from runcomfy_core.config import Token
from runcomfy_core.jobs import answers
from runcomfy_core.wire.answer import Answer

MASK = Token(TOKEN, "the argument token")
RESULT = "the request id 'r-1'"


def answer(body: object = b"", status: int = 200, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, content, token=MASK)


def error(of: Answer, request_id: str | None = "r-1") -> Any:
    """What `read` raises; any, because a test knows which kind it asks for."""
    with pytest.raises(errors.RunComfyError) as caught:
        answers.read(of, about=RESULT, request_id=request_id)
    return caught.value


def submission_error(of: Answer) -> Any:
    with pytest.raises(errors.RunComfyError) as caught:
        answers.read_submission(of, "a/b")
    return caught.value


def test_an_object_is_read() -> None:
    for body in (b'{"a": "\xeb\x91\x90"}', b'\xef\xbb\xbf {"a": "\xeb\x91\x90"} '):
        assert answers.read(answer(body, 202), about=RESULT) == {"a": "두"}


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "the answer is empty"),
        (b" \n", "the answer is empty"),
        (b"<html>\x1b[1m<h1>Hi</h1>", "the answer is not a JSON object: <html> [1m<h1>Hi</h1>"),
        (b'{"status": "comp', 'the answer is not a JSON object: {"status": "comp'),
        (b"[]", "the answer is not a JSON object: []"),
        (b'"text"', 'the answer is not a JSON object: "text"'),
        (b"null", "the answer is not a JSON object: null"),
        (b'{"a": "\xff"}', 'the answer is not a JSON object: {"a": "\ufffd"}'),
        (b"[" * 100_000, "the answer is not a JSON object: " + "[" * 120 + "…"),
        (b'{"a": ' + b"9" * 5000 + b"}", 'the answer is not a JSON object: {"a": 999'),
    ],
)
def test_what_is_no_object_is_unexpected(body: bytes, what: str) -> None:
    raised = error(answer(body))
    assert type(raised) is errors.UnexpectedResponse
    assert str(raised).startswith(f"HTTP 200 (request r-1): {what}")
    assert (raised.status, raised.request_id) == (200, "r-1")
    assert str(raised).isprintable()
    assert len(str(raised)) < 250


def test_a_body_that_is_not_whole_is_unexpected_even_if_it_reads_well() -> None:
    raised = error(Answer(200, {}, b"{}", "the answer broke off after 2 bytes"))
    assert raised.summary == "HTTP 200 (request r-1): the answer broke off after 2 bytes"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    raised = error(answer({"error_code": 400002}, status, location="https://evil.example/"))
    assert type(raised) is errors.UnexpectedResponse
    assert "redirect, which is not followed: check the base URL" in str(raised)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        # the code first
        (400, 400001, errors.NotFound),
        (400, 400002, errors.InsufficientFunds),
        (400, 400004, errors.AuthenticationError),
        (403, 403001, errors.PermissionDenied),
        (404, 404001, errors.NotFound),
        (500, 400002, errors.InsufficientFunds),
        (400, "400004", errors.AuthenticationError),
        # then the status
        (401, None, errors.AuthenticationError),
        (402, None, errors.InsufficientFunds),
        (403, None, errors.PermissionDenied),
        (404, None, errors.NotFound),
        (429, None, errors.RateLimited),
        (500, None, errors.ServerError),
        (502, 123, errors.ServerError),
        (599, None, errors.ServerError),
        (600, None, errors.ServerError),
        (999, None, errors.ServerError),
        (999, "E_ODD", errors.ServerError),
        (200, 999001, errors.ServerError),
        (400, None, errors.ApiError),
        (408, None, errors.ApiError),
        (409, 409001, errors.ApiError),
        (422, 422001, errors.ApiError),
        (499, "E_ODD", errors.ApiError),
        # and with 200 the family of the code
        (200, 400002, errors.InsufficientFunds),
        (200, "400004", errors.AuthenticationError),
        (200, 429001, errors.RateLimited),
        (200, 500001, errors.ServerError),
        (200, 403, errors.PermissionDenied),
        (200, 422001, errors.ApiError),
        (202, "E_ODD", errors.ApiError),
    ],
)
def test_kinds_of_refusal(status: int, code: object, kind: type[errors.ApiError]) -> None:
    body = {"message": "no"} if code is None else {"error_code": code, "message": "no"}
    raised = error(answer(body, status))
    assert type(raised) is kind
    assert raised.status == status
    assert raised.request_id == "r-1"
    assert raised.error_code == (int(code) if code == "400004" else code)
    assert raised.message.startswith("no")


@pytest.mark.parametrize("code", [None, 0, "", "0", " ", False, True, [], {"a": 1}, 1.5])
def test_what_is_no_code_refuses_nothing(code: object) -> None:
    body = {"error_code": code, "status": "in_queue"}
    assert answers.read(answer(body), about=RESULT) == body


def test_odd_codes_stay_short() -> None:
    assert error(answer({"error_code": 10**20})).error_code == "(too long)"
    assert error(answer({"error_code": "1" * 200})).error_code == "1" * 60 + "…"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error_message": "a", "message": "b"}, "a"),
        ({"message": "b"}, "b"),
        ({"error": "c"}, "c"),
        ({"detail": "d"}, "d"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "too big"}]}, "body.seed: too big"),
        ({"error": {"message": "e\x1b[31m\n"}}, "e [31m"),
        ({}, "Conflict: {}"),
        (b"", "Conflict"),
        (b"<html>no</html>", "Conflict: <html>no</html>"),
    ],
)
def test_messages_of_refusals(body: object, message: str) -> None:
    assert error(answer(body, 409)).message == message


def test_a_status_without_a_name() -> None:
    assert error(answer(b"", 477)).message == "refused"


def test_a_wrong_id_is_named() -> None:
    raised = error(answer({"error_code": 400001, "message": "Malformed id"}, 400))
    assert raised.message == "Malformed id (the request id 'r-1' may be wrong)"
    raised = submission_error(answer({"error_code": 400001, "message": "Malformed id"}, 400))
    assert raised.message == "Malformed id (the model id 'a/b' may be wrong)"
    assert raised.error_code == 400001
    assert error(answer({"message": "gone"}, 404)).message == "gone"


@pytest.mark.parametrize(
    "read",
    [
        lambda of: answers.read_submission(of, "a/b"),
        lambda of: answers.read(of, about=RESULT, request_id="r-1"),
    ],
)
def test_not_found_where_the_base_url_lacks_the_version(read: Any) -> None:
    body = {"error_code": 404001, "message": "Not Found"}
    with pytest.raises(errors.NotFound) as caught:
        read(attrs.evolve(answer(body, 404), base_url="https://h/api"))
    assert caught.value.summary.endswith(
        ". The base URL https://h/api does not end in /v1, as https://model-api.runcomfy.net/v1 "
        "does: pass another base_url, or set the environment variable RUNCOMFY_MODEL_API_BASE"
    )
    for sound in ("https://h/v1", "https://h/api/v1", ""):
        with pytest.raises(errors.NotFound) as caught:
            read(attrs.evolve(answer(body, 404), base_url=sound))
        assert "base URL" not in str(caught.value)


def test_a_rate_limit_says_for_what_and_how_long() -> None:
    raised = submission_error(answer({"message": "slow down."}, 429, retry_after="7"))
    assert str(raised) == "HTTP 429: slow down (model a/b). The API asks to wait 7 s"
    assert isinstance(raised, errors.RateLimited)
    assert (raised.model_id, raised.request_id) == ("a/b", None)
    assert str(submission_error(answer({"message": "a/b is busy"}, 429))) == (
        "HTTP 429: a/b is busy"
    )
    about_job = error(answer({"message": "slow down"}, 429, retry_after="7"))
    assert about_job.summary == "HTTP 429 (request r-1): slow down. The API asks to wait 7 s"


def test_a_doubt_names_the_model_once() -> None:
    raised = submission_error(answer({"message": "no"}, 500))
    assert str(raised).startswith("a/b: the submission was sent, but HTTP 500: no. The job may")


def test_a_failed_jobs_own_error_is_no_refusal() -> None:
    for body in (
        {"request_id": "r-1", "status": "failed", "error": "out of memory"},
        {"request_id": "r-1", "status": "Failed", "error_code": 500123},
    ):
        assert answers.read(answer(body), about=RESULT) == body
    assert type(error(answer({"status": "failed", "error_code": 400004}))) is (
        errors.AuthenticationError
    )


def test_too_early() -> None:
    for status in (200, 400):
        assert answers.too_early(error(answer({"error_code": 400005}, status)))
        assert answers.too_early(error(answer({"error_code": "400005"}, status)))
    assert not answers.too_early(error(answer({"error_code": 400004}, 400)))


def test_a_refusal_says_when_to_come_back() -> None:
    assert error(answer({}, 429, retry_after="12")).retry_after == 12.0
    assert error(answer({}, 503, retry_after="12")).retry_after == 12.0
    assert error(answer({}, 429)).retry_after is None


@pytest.mark.parametrize("status", [200, 202])
def test_a_submission_gives_its_request_id(status: int) -> None:
    body = {"request_id": "aZ_9-" + "x" * 123, "status": 7, "status_url": ["odd"]}
    assert answers.read_submission(answer(body, status), "a/b") == body["request_id"]


@pytest.mark.parametrize(
    ("of", "words", "request_id"),
    [
        (answer({"message": "busy"}, 503), "HTTP 503: busy", None),
        (answer({"request_id": "r-9", "error_code": 400002}, 500), "HTTP 500", "r-9"),
        (answer(b"<h1>Bad Gateway</h1>", 502), "Bad Gateway: <h1>Bad Gateway</h1>", None),
        (answer({"error_code": 500001, "message": "oops"}), "HTTP 200, error_code 500001", None),
        (answer(b"", 302), "redirect, which is not followed", None),
        (answer(b""), "the answer is empty", None),
        (answer(b"<html>"), "not a JSON object: <html>", None),
        (answer(b'{"request_id" : "r-9", "status_u'), "not a JSON object", "r-9"),
        (answer({}), "the answer has no usable request id: {}", None),
        (answer({"request_id": 7}), 'no usable request id: {"request_id": 7}', None),
        (answer({"request_id": "../x"}), "no usable request id", None),
        (answer({"request_id": "x" * 129}), "no usable request id", None),
        (answer({"request_id": "r-9\n"}), "no usable request id", None),
        (answer({"request_id": ""}), "no usable request id", None),
        (Answer(200, {}, b'{"request_id": "r-9"', "it broke off"), "it broke off", "r-9"),
    ],
)
def test_a_submission_that_may_have_been_taken(
    of: Answer, words: str, request_id: str | None
) -> None:
    raised = submission_error(of)
    assert type(raised) is errors.SubmissionUncertain
    assert words in str(raised)
    assert "The job may exist and be billed" in str(raised)
    assert (raised.model_id, raised.status, raised.request_id) == ("a/b", of.status, request_id)


@pytest.mark.parametrize(
    ("of", "kind"),
    [
        (answer({"error_code": 400002}), errors.InsufficientFunds),
        (answer({"error_code": 400004}, 400), errors.AuthenticationError),
        (answer(b"", 402), errors.InsufficientFunds),
        (answer(b"<html>", 413), errors.ApiError),
        (answer({}, 429, retry_after="3"), errors.RateLimited),
        (answer({"message": "no such model"}, 404), errors.NotFound),
    ],
)
def test_a_submission_that_was_refused(of: Answer, kind: type[errors.ApiError]) -> None:
    assert type(submission_error(of)) is kind


def test_an_echoed_token_is_shown_nowhere() -> None:
    long = "x" * 290 + TOKEN  # where a message is cut short
    for body in (
        {"error_code": 400004, "message": f"bad token {TOKEN}"},
        {"error_code": 400004, "message": long},
        {"note": TOKEN, "request_id": f"/{TOKEN}/"},
        f"<pre>Authorization: Bearer {TOKEN}</pre>".encode(),
        b"y" * 108 + TOKEN.encode(),
    ):
        for status in (200, 400, 500):
            of = answer(body, status)
            found = [submission_error(of)]
            if status != 200 or not isinstance(body, dict) or "error_code" in body:
                found.append(error(of))
            for one in found:
                assert not leaks(one)
    assert error(answer({"message": f"bad {TOKEN}"}, 401)).message == "bad [token]"


def test_request_ids() -> None:
    assert answers.is_request_id("aZ_9-")
    assert not any(map(answers.is_request_id, ["", "a/b", "é", "x" * 129, None, 7]))


@given(st.binary(max_size=200), st.integers(100, 599))
def test_whatever_a_server_sends_only_our_errors_come_out(body: bytes, status: int) -> None:
    for read in (
        lambda: answers.read(answer(body, status), about=RESULT, request_id="r-1"),
        lambda: answers.read_submission(answer(body, status), "a/b"),
    ):
        try:
            read()
        except errors.RunComfyError as raised:
            assert str(raised).isprintable()  # noqa: PT017 - it need not be raised
