"""A table of what a server can do with a submission, and of the required outcome."""

from __future__ import annotations

import attrs
from support_server import CUT_OFF, DROP_READ, DROP_UNREAD, HANG, RESET_READ, Step, answer, says

from runcomfy import errors

MODEL = "wan-ai/wan-2-6/image-to-image"
TAKEN = {"request_id": "r-1", "status_url": "https://evil.example/status"}

UNCERTAIN = errors.SubmissionUncertain
HTML = b"<html><h1>Bad Gateway</h1></html>"
ELSEWHERE = "Location: http://127.0.0.1:1/v1/models/x"
SOON = ["Retry-After: 3"]
#: The message about a dropped connection, which the client may notice while sending or reading.
DROPPED = "no answer came: (Remote end closed connection|.*Connection reset|.*Broken pipe)"


@attrs.frozen
class Row:
    """A row of the table: what the server does with each POST, and the required outcome."""

    name: str
    step: Step
    kind: type[errors.RunComfyError]
    words: str
    status: int | None = None
    request_id: str | None = None
    sent: int = 1


FINAL = [
    Row("dropped before the headers are read", DROP_UNREAD, UNCERTAIN, DROPPED, sent=0),
    Row("dropped after the body", DROP_READ, UNCERTAIN, DROPPED),
    Row("reset", RESET_READ, UNCERTAIN, DROPPED),
    Row("hung", HANG, UNCERTAIN, "no answer came: timed out after 1 s"),
    Row("dropped in the answer's headers", Step(b"HTTP/1.1 2", "close"), UNCERTAIN, "no answer"),
    Row("dropped in the answer", CUT_OFF, UNCERTAIN, "broke off after 26 bytes", 200, "r-1"),
    Row(
        "hung in the answer",
        Step(answer(b'{"request_id": "r-1",', length=99), "hang"),
        UNCERTAIN,
        "timed out after 1 s",
        200,
        "r-1",
    ),
    *[
        Row(str(status), says(b"", status, headers=[ELSEWHERE]), UNCERTAIN, "redirect", status)
        for status in (301, 302, 303, 307, 308)
    ],
    Row("400", says({"message": "no"}, 400), errors.ApiError, "HTTP 400: no", 400),
    Row("400001", says({"error_code": 400001}, 400), errors.NotFound, "may be wrong", 400),
    Row("400002", says({"error_code": 400002}, 400), errors.InsufficientFunds, "balance", 400),
    Row("400004", says({"error_code": 400004}, 400), errors.AuthenticationError, "token", 400),
    Row("401", says({}, 401), errors.AuthenticationError, "Check the token", 401),
    Row("402", says({}, 402), errors.InsufficientFunds, "no job was made", 402),
    Row("403", says({}, 403), errors.PermissionDenied, "HTTP 403", 403),
    Row(
        "404",
        says({}, 404),
        errors.NotFound,
        f"the model id '{MODEL}', or the base URL, may be wrong",
        404,
    ),
    Row("408", says({}, 408), errors.ApiError, "HTTP 408", 408),
    Row("409", says({}, 409), errors.ApiError, "HTTP 409", 409),
    Row("413", says(HTML, 413), errors.ApiError, "<html>", 413),
    Row("422", says({"detail": ["a", "b"]}, 422), errors.InputRefused, "a; b", 422),
    Row(
        "429 that names a request",
        says({"request_id": "r-1"}, 429),
        errors.RateLimited,
        "HTTP 429",
        429,
    ),
    Row("500", says({}, 500), UNCERTAIN, "HTTP 500", 500),
    Row("500 that says 429", says({"error_code": 429001}, 500), UNCERTAIN, "HTTP 500", 500),
    Row("500+Retry-After", says({}, 500, headers=SOON), UNCERTAIN, "HTTP 500", 500),
    Row("502", says(HTML, 502), UNCERTAIN, "HTTP 502: Bad Gateway: <html>", 502),
    Row("503", says({}, 503), UNCERTAIN, "HTTP 503", 503),
    Row(
        "503+Retry-After that names a request",
        says({"request_id": "r-1"}, 503, headers=SOON),
        UNCERTAIN,
        "HTTP 503",
        503,
        "r-1",
    ),
    Row("504", says({}, 504), UNCERTAIN, "HTTP 504", 504),
    Row("504 that names a request", says(TAKEN, 504), UNCERTAIN, "HTTP 504", 504, "r-1"),
    Row("HTML", says(HTML), UNCERTAIN, "not a JSON object: <html>", 200),
    Row("truncated JSON", says(b'{"request_id": "r-1"'), UNCERTAIN, "not a JSON", 200, "r-1"),
    Row("a list", says([TAKEN]), UNCERTAIN, "not a JSON object", 200, "r-1"),
    Row("empty", says(b""), UNCERTAIN, "the answer is empty", 200),
    Row("204", Step(b"HTTP/1.1 204 No Content\r\n\r\n"), UNCERTAIN, "answer is empty", 204),
    Row("a number as id", says({"request_id": 7}), UNCERTAIN, "no usable request id", 200),
    Row("a path as id", says({"request_id": "../../x"}), UNCERTAIN, "no usable request id", 200),
    Row("200+400002", says({"error_code": 400002}), errors.InsufficientFunds, "400002", 200),
    Row("200+400004", says({"error_code": "400004"}), errors.AuthenticationError, "400004", 200),
    Row(
        "200+400002 that names a job and its state",
        says({"error_code": 400002, "request_id": "r-1", "status": "in_queue"}),
        UNCERTAIN,
        "error_code 400002",
        200,
        "r-1",
    ),
    Row("999", says({}, 999), UNCERTAIN, "HTTP 999", 999),
    Row("101", Step(b"HTTP/1.1 101 Switch\r\n\r\n", "close"), UNCERTAIN, "no status of", 101),
    Row("000", Step(b"HTTP/1.1 000 Odd\r\n\r\n{}", "close"), UNCERTAIN, "no answer came"),
    Row("200+500001", says({"error_code": 500001}), UNCERTAIN, "error_code 500001", 200),
]


REFUSED = [
    Row("429", says({}, 429), errors.RateLimited, "HTTP 429", 429),
    Row("429+Retry-After", says({}, 429, headers=SOON), errors.RateLimited, "HTTP 429", 429),
    Row("429 in HTML", says(HTML, 429), errors.RateLimited, "HTTP 429", 429),
    Row("200+429001", says({"error_code": 429001}), errors.RateLimited, "429001", 200),
    Row("503+Retry-After", says({}, 503, headers=SOON), errors.ServerError, "HTTP 503", 503),
]
