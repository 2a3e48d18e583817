"""The table of faults: everything the API is known to do against its documentation, and worse.

A fault is armed for the requests to one endpoint; ``file`` stands for output files. A fault that
changes a good answer waits for one: ``completed-for-succeeded`` lets results pass unchanged until a
job has succeeded.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs

from . import ranges
from .answers import Answer, Code
from .deliveries import Broken, Chunked, Ending, Mismeasured, Unanswered
from .spoil import (
    fail,
    instead,
    lost,
    refile,
    refuse,
    reshape,
    restate,
    retry_later,
    rewrite,
    without,
)

if TYPE_CHECKING:
    from .spoil import Body, Exchange, Spoiler

_API = ("submit", "status", "result", "cancel", "catalog")
ENDPOINTS = (*_API, "file")


@attrs.frozen
class Fault:
    """A way in which the sandbox can misbehave.

    Attributes:
        description: What the caller sees, in one line.
        spoiler: The function that produces the answer.
        on: The endpoints for which it can be armed.
        parameters: The parameters that it accepts, besides those that every fault accepts.
    """

    description: str
    spoiler: Spoiler
    on: tuple[str, ...] = _API
    parameters: tuple[str, ...] = ()


def _error_under_key(exchange: Exchange) -> Answer:
    key = exchange.parameters.get("key", "message")
    return Answer(400, {"error_code": int(Code.BAD_ID), key: "The resource id is malformed."})


def _detail_list(_: Exchange) -> Answer:
    places = [
        {"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"},
        {"loc": ["body", "seed"], "msg": "Input should be an integer", "type": "int_type"},
    ]
    return Answer(422, {"error_code": int(Code.INVALID_INPUT), "detail": places})


def _current_state(exchange: Exchange) -> Answer:
    request_id = exchange.call.path["request_id"]
    return Answer(
        200, {"request_id": request_id, "status": exchange.parameters.get("state", "in_progress")}
    )


def _redirect(exchange: Exchange) -> Answer:
    return Answer(307, b"", {"location": exchange.parameters.get("location", exchange.call.url)})


def _completed(body: Body, _: Exchange) -> Body | None:
    return body | {"status": "completed"} if "output" in body else None


def _cancel_completed(body: Body, _: Exchange) -> Body | None:
    return body | {"status": "completed"} if body["outcome"] == "cancelled" else None


def _extra(body: Body, _: Exchange) -> Body:
    return body | {"instance_id": "i-1", "cancellation_requested": False, "new": {"a": [1]}}


def _half_json(answer: Answer, _: Exchange) -> Answer:
    text = json.dumps(answer.body)
    headers = {"content-type": "application/json"}
    return attrs.evolve(answer, body=text[: len(text) // 2].encode(), headers=headers)


def _broken(ending: Ending) -> Spoiler:
    def change(answer: Answer, exchange: Exchange) -> Answer:
        delivery = Broken(ending, exchange.parameters.get("offset"))
        return attrs.evolve(answer, delivery=delivery)

    return lost(change)


def _unanswered(ending: Ending) -> Spoiler:
    return lost(lambda answer, _: attrs.evolve(answer, delivery=Unanswered(ending)))


def _wrong_length(answer: Answer, exchange: Exchange) -> Answer:
    return attrs.evolve(answer, delivery=Mismeasured(exchange.parameters.get("surplus", 1)))


def _changed_file(answer: Answer, body: bytes) -> Answer:
    """Invert every byte, so that a mixture of this file and the original is easy to detect."""
    return ranges.replaced(answer, body.translate(_INVERTED))


def _without_ranges(answer: Answer, _: bytes) -> Answer:
    kept = {name: value for name, value in answer.headers.items() if name != "accept-ranges"}
    return attrs.evolve(answer, headers=kept)


_HTML = "<!doctype html><title>Please wait</title><p>We are checking your browser.</p>"
_REASON = {"error_code": 500001, "error_message": "The model ran out of memory."}
_JSON = {"content-type": "application/json"}
_RESULT = ("result",)
_STATES = ("status", "result")
_REQUESTS = ("status", "result", "cancel")
_FILE = ("file",)
_INVERTED = bytes(range(255, -1, -1))

FAULTS: dict[str, Fault] = {
    # Errors in all their forms. The server does nothing: no job is created or cancelled.
    "error-in-200": Fault(
        "HTTP 200 with error_code 400002", refuse(200, Code.NO_BALANCE, "No balance left.")
    ),
    "no-balance": Fault(
        "HTTP 400 with error_code 400002", refuse(400, Code.NO_BALANCE, "No balance left.")
    ),
    "no-balance-402": Fault(
        "HTTP 402 with error_code 400002", refuse(402, Code.NO_BALANCE, "No balance left.")
    ),
    "bad-token": Fault(
        "HTTP 400 with error_code 400004", refuse(400, Code.BAD_TOKEN, "The token has expired.")
    ),
    "bad-token-401": Fault(
        "HTTP 401 with error_code 400004", refuse(401, Code.BAD_TOKEN, "The token has expired.")
    ),
    "forbidden": Fault(
        "HTTP 403 with error_code 403001",
        refuse(403, Code.FORBIDDEN, "The request belongs to another token."),
        on=ENDPOINTS,
    ),
    "not-found": Fault(
        "HTTP 404 with error_code 404001",
        refuse(404, Code.NOT_FOUND, "The request has expired."),
        on=ENDPOINTS,
    ),
    "detail-list": Fault("HTTP 422 with the errors in a detail list", instead(_detail_list)),
    "error-message-variants": Fault(
        "HTTP 400 with the text under key (message, error, detail, ...; message if not given)",
        instead(_error_under_key),
        parameters=("key",),
    ),
    "request-timeout": Fault(
        "HTTP 408", instead(lambda _: Answer(408, {"error": "Timed out."})), on=ENDPOINTS
    ),
    "rate-limited": Fault(
        "HTTP 429 with Retry-After: retry_after (1 if not given)",
        retry_later(429, "Too many requests."),
        on=ENDPOINTS,
        parameters=("retry_after",),
    ),
    "unavailable": Fault(
        "HTTP 503 with Retry-After: retry_after (1 if not given)",
        retry_later(503, "The service is unavailable."),
        on=ENDPOINTS,
        parameters=("retry_after",),
    ),
    "server-error": Fault(
        "HTTP 500 with a detail string",
        instead(lambda _: Answer(500, {"detail": "Internal Server Error"})),
        on=ENDPOINTS,
    ),
    "redirect": Fault(
        "HTTP 307 to location (the same URL if not given)",
        instead(_redirect),
        on=ENDPOINTS,
        parameters=("location",),
    ),
    "respond": Fault(
        "the status, headers and body it was armed with; HTTP 200 and {} if not given",
        instead(lambda _: Answer(200, {})),
        on=ENDPOINTS,
    ),
    # Lost and broken answers. The server does the work: the job IS created, or cancelled.
    "html": Fault(
        "HTTP 200 with an HTML page",
        lost(lambda *_: Answer(200, _HTML, {"content-type": "text/html; charset=utf-8"})),
        on=ENDPOINTS,
    ),
    "truncated-json": Fault("the right answer's JSON, its second half missing", lost(_half_json)),
    "truncated-body": Fault(
        "the connection closes in the body, at offset (its middle if not given)",
        _broken(Ending.CLOSED),
        on=ENDPOINTS,
        parameters=("offset",),
    ),
    "stalled-body": Fault(
        "no more of the body from offset (its middle if not given), until the caller closes the "
        "connection",
        _broken(Ending.SILENT),
        on=ENDPOINTS,
        parameters=("offset",),
    ),
    "wrong-length": Fault(
        "Content-Length is too large by surplus (1 if not given), and the connection closes after "
        "the body; a negative surplus cuts the body instead",
        lost(_wrong_length),
        on=ENDPOINTS,
        parameters=("surplus",),
    ),
    "chunked": Fault(
        "the right answer in chunks, without Content-Length",
        lost(lambda honest, _: attrs.evolve(honest, delivery=Chunked())),
        on=ENDPOINTS,
    ),
    "empty-body": Fault(
        "the right status and no body",
        lost(lambda honest, _: attrs.evolve(honest, body=b"", headers=_JSON)),
    ),
    "not-an-object": Fault(
        "the right answer inside a JSON list",
        lost(lambda honest, _: attrs.evolve(honest, body=[honest.body])),
    ),
    "drop": Fault(
        "the connection closes without an answer",
        _unanswered(Ending.CLOSED),
        on=ENDPOINTS,
    ),
    "stall": Fault(
        "no answer, until the caller closes the connection",
        _unanswered(Ending.SILENT),
        on=ENDPOINTS,
    ),
    # Correct answers in another form, about which the sources disagree.
    "status-202-submit": Fault(
        "HTTP 202 and a status field",
        rewrite(lambda body, _: body | {"status": "in_queue"}, status=202),
        on=("submit",),
    ),
    "no-request-id": Fault(
        "the right answer without request_id",
        without("request_id"),
        on=("submit", *_REQUESTS),
    ),
    "extra-fields": Fault("the right answer and fields that no document names", rewrite(_extra)),
    "unknown-state": Fault(
        "the status is state (warming_up if not given)",
        restate("warming_up"),
        on=_STATES,
        parameters=("state",),
    ),
    "canceled-spelling": Fault(
        "the status is canceled, with one l", restate("canceled"), on=_REQUESTS
    ),
    "cancel-status-completed": Fault(
        "outcome cancelled beside status completed; waits for a job that can be cancelled",
        rewrite(_cancel_completed),
        on=("cancel",),
    ),
    "too-early-400005": Fault(
        "HTTP 400 with error_code 400005",
        refuse(400, Code.TOO_EARLY, "The result is not ready."),
        on=_RESULT,
    ),
    "result-current-state": Fault(
        "HTTP 200 with state (in_progress if not given) and no output",
        instead(_current_state),
        on=_RESULT,
        parameters=("state",),
    ),
    "completed-for-succeeded": Fault(
        "status completed; waits for a job that succeeded", rewrite(_completed), on=_RESULT
    ),
    "failed": Fault(
        "status failed and an error object; waits for a job that succeeded",
        fail(_REASON),
        on=_RESULT,
    ),
    "failed-string": Fault(
        "status failed and the error as a string; waits for a job that succeeded",
        fail("The model ran out of memory."),
        on=_RESULT,
    ),
    "bare-string-output": Fault(
        "output is the URL itself; waits for a job that succeeded",
        reshape(lambda _, urls: urls[0]),
        on=_RESULT,
    ),
    "bare-list-output": Fault(
        "output is a list of URLs; waits for a job that succeeded",
        reshape(lambda _, urls: urls),
        on=_RESULT,
    ),
    "singular-output": Fault(
        "output is one URL under image, video or audio; waits for a job that succeeded",
        reshape(lambda key, urls: {key: urls[0]}),
        on=_RESULT,
    ),
    "plural-output": Fault(
        "output is a list under images, videos or audios; waits for a job that succeeded",
        reshape(lambda key, urls: {f"{key}s": urls}),
        on=_RESULT,
    ),
    "no-cost": Fault(
        "no cost, though it was asked for; waits for an answer with one",
        without("cost"),
        on=_RESULT,
    ),
    # Faults of file servers.
    "changed-file": Fault(
        "another file of the same length, under another ETag; waits for a file",
        refile(_changed_file),
        on=_FILE,
    ),
    "range-ignored": Fault(
        "the whole file, whatever part was asked for; waits for a file",
        refile(_without_ranges),
        on=_FILE,
    ),
}
