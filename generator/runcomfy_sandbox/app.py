"""Which path leads where: the ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from . import ranges, samples, wire
from .answers import Answer, Refusal, error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from .answers import Call
    from .api import Api
    from .armory import Armory
    from .control import Control
    from .journal import Journal
    from .media import Files

    Handler = Callable[[Call], Answer]
    Endpoint = Callable[[Request], Awaitable[Response]]


def build(api: Api, files: Files, control: Control, armory: Armory, journal: Journal) -> Starlette:
    """The application.

    Args:
        api: The endpoints under /v1.
        files: The files that jobs put out.
        control: The endpoints under /sandbox.
        armory: The faults that may spoil the endpoints under /v1 and the files.
        journal: Where requests to them are logged.
    """

    def spoilable(on: str, handle: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            call = await wire.read(request)
            journal.note(request.method, request.url.path, call)
            # From here to the answer nothing awaits: requests take their turn one by one.
            return wire.response(armory.answer(on, call, lambda: _settled(handle, call)))

        return endpoint

    async def file(request: Request) -> Response:
        call = await wire.read(request)
        # Drawing a large picture takes a second, in which the others shall not wait.
        honest = await run_in_threadpool(_settled, files.output, call)
        # Spoiled first, so that the part is one of the file that the caller is to see.
        return wire.response(ranges.asked(call, armory.answer("file", call, lambda: honest)))

    def get(path: str, on: str, handle: Handler) -> Route:
        return Route(f"/v1{path}", spoilable(on, handle), methods=["GET"])

    def post(path: str, on: str, handle: Handler) -> Route:
        return Route(f"/v1{path}", spoilable(on, handle), methods=["POST"])

    return Starlette(
        routes=[
            get("/requests/{request_id}/status", "status", api.status),
            get("/requests/{request_id}/result", "result", api.result),
            post("/requests/{request_id}/cancel", "cancel", api.cancel),
            get("/models", "catalog", api.search),
            get("/models/categories", "catalog", api.categories),
            get("/models/{model_id:path}", "catalog", api.model),
            post("/models/{model_id:path}", "submit", api.submit),
            Route("/files/{request_id}/{name}", file, methods=["GET"]),
            Route("/samples", _plain(samples.index), methods=["GET"]),
            Route("/samples/{name}", _sample, methods=["GET"]),
            Route("/", _plain(control.guide), methods=["GET"]),
            Route("/sandbox", _plain(control.guide), methods=["GET"]),
            Route("/sandbox/faults", _plain(control.faults), methods=["GET"]),
            Route("/sandbox/faults", _plain(control.arm), methods=["POST"]),
            Route("/sandbox/faults", _plain(control.disarm), methods=["DELETE"]),
            Route("/sandbox/requests", _plain(control.requests), methods=["GET"]),
            Route("/sandbox/requests", _plain(control.forget), methods=["DELETE"]),
        ],
        exception_handlers={HTTPException: _http_error, ClientDisconnect: _nobody},
    )


def _plain(handle: Handler) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        return wire.response(_settled(handle, await wire.read(request)))

    return endpoint


async def _sample(request: Request) -> Response:
    call = await wire.read(request)
    answer = await run_in_threadpool(_settled, samples.sample, call)  # drawn on first use
    return wire.response(ranges.asked(call, answer))


def _settled(handle: Handler, call: Call) -> Answer:
    try:
        return handle(call)
    except Refusal as refusal:
        return refusal.answer


async def _http_error(_: Request, exc: Exception) -> Response:
    """A path or a method that there is not, in the API's form rather than as text."""
    status, headers, detail = 500, None, "error"
    if isinstance(exc, HTTPException):  # always; the signature is Starlette's
        status, headers, detail = exc.status_code, exc.headers, exc.detail
    answer = error(status, status * 1000 + 1, detail)
    return wire.response(Answer(status, answer.body, headers or {}))


async def _nobody(_request: Request, _exc: Exception) -> Response:
    """The caller left in the middle of a request, which is no error of ours; this goes nowhere."""
    return Response()
