"""The ASGI application: the routes to the endpoints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Route

from . import ranges, samples, wire
from .answers import Answer, Code, Refusal, error
from .bodies import Turn
from .guard import HostCheck

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from .answers import Call
    from .api import Api
    from .armory import Armory
    from .control import Control
    from .journal import Journal
    from .media import Files

    Handler = Callable[[Call], Answer]
    Endpoint = Callable[[Request], Awaitable[Response]]


_MISDIRECTED = error(
    421,
    Code.MISDIRECTED,
    "The sandbox serves requests whose Host is an IP address, localhost, or what --host names.",
)


def build(  # noqa: PLR0913, PLR0917 - one parameter for each part of the sandbox
    api: Api, files: Files, control: Control, armory: Armory, journal: Journal, host: str
) -> ASGIApp:
    """Return the application.

    Args:
        api: The endpoints under /v1.
        files: The output files of jobs.
        control: The endpoints under /sandbox.
        armory: The armed faults, which can affect the endpoints under /v1 and the files.
        journal: The log of requests to the endpoints under /v1 and the files.
        host: The name or address on which the sandbox listens.
    """
    endpoints = _Endpoints(armory, journal)

    async def file(_: Request, call: Call) -> Answer:
        # Drawing a large picture takes a second, during which other requests must not wait.
        honest = await run_in_threadpool(_settled, files.output, call)
        # The fault is applied first, so that the range is taken from the file it produces.
        return ranges.asked(call, armory.answer("file", call, lambda: honest))

    def get(path: str, on: str, handle: Handler) -> Route:
        return Route(f"/v1{path}", endpoints.spoilable(on, handle), methods=["GET"])

    def post(path: str, on: str, handle: Handler) -> Route:
        return Route(f"/v1{path}", endpoints.spoilable(on, handle), methods=["POST"])

    app = Starlette(
        routes=[
            get("/requests/{request_id}/status", "status", api.status),
            get("/requests/{request_id}/result", "result", api.result),
            post("/requests/{request_id}/cancel", "cancel", api.cancel),
            get("/models", "catalog", api.search),
            get("/models/categories", "catalog", api.categories),
            get("/models/{model_id:path}", "catalog", api.model),
            post("/models/{model_id:path}", "submit", api.submit),
            Route("/files/{request_id}/{name}", endpoints.reading(file), methods=["GET"]),
            Route("/samples", endpoints.plain(samples.index), methods=["GET"]),
            Route("/samples/{name}", endpoints.reading(_sample), methods=["GET"]),
            Route("/", endpoints.plain(control.guide), methods=["GET"]),
            Route("/sandbox", endpoints.plain(control.guide), methods=["GET"]),
            Route("/sandbox/faults", endpoints.plain(control.faults), methods=["GET"]),
            Route("/sandbox/faults", endpoints.plain(control.arm), methods=["POST"]),
            Route("/sandbox/faults", endpoints.plain(control.disarm), methods=["DELETE"]),
            Route("/sandbox/requests", endpoints.plain(control.requests), methods=["GET"]),
            Route("/sandbox/requests", endpoints.plain(control.forget), methods=["DELETE"]),
        ],
        exception_handlers={HTTPException: _http_error, ClientDisconnect: _nobody},
    )
    return HostCheck(app, wire.response(_MISDIRECTED), host)


class _Endpoints:
    """A factory of Starlette endpoints from functions that answer a call."""

    def __init__(self, armory: Armory, journal: Journal) -> None:
        self._armory = armory
        self._journal = journal
        self._large = asyncio.Lock()

    def reading(self, answer: Callable[[Request, Call], Awaitable[Answer]]) -> Endpoint:
        """Return an endpoint that reads the whole body and then answers."""

        async def endpoint(request: Request) -> Response:
            # The turn lasts as long as the body is needed.
            async with Turn(self._large) as turn:
                try:
                    call = await wire.read(request, turn)
                except Refusal as refusal:
                    return wire.response(refusal.answer)
                return wire.response(await answer(request, call))

        return endpoint

    def spoilable(self, on: str, handle: Handler) -> Endpoint:
        """Return an endpoint of the API, whose requests are logged and subject to faults."""

        async def answer(request: Request, call: Call) -> Answer:
            self._journal.note(request.method, request.url.path, call)
            # Nothing awaits from here to the answer, so requests are answered one at a time.
            return self._armory.answer(on, call, lambda: _settled(handle, call))

        return self.reading(answer)

    def plain(self, handle: Handler) -> Endpoint:
        """Return any other endpoint."""

        async def answer(_: Request, call: Call) -> Answer:
            return _settled(handle, call)

        return self.reading(answer)


async def _sample(_: Request, call: Call) -> Answer:
    answer = await run_in_threadpool(_settled, samples.sample, call)  # drawn on first use
    return ranges.asked(call, answer)


def _settled(handle: Handler, call: Call) -> Answer:
    try:
        return handle(call)
    except Refusal as refusal:
        return refusal.answer


async def _http_error(_: Request, exc: Exception) -> Response:
    """Answer an unknown path or method with an error in the API's form instead of plain text."""
    status, headers, detail = 500, None, "error"
    if isinstance(exc, HTTPException):  # always true; the wider signature is Starlette's
        status, headers, detail = exc.status_code, exc.headers, exc.detail
    answer = error(status, status * 1000 + 1, detail)
    return wire.response(Answer(status, answer.body, headers or {}))


async def _nobody(_request: Request, _exc: Exception) -> Response:
    """Answer a caller who left during a request. Nobody receives this, and it is not an error."""
    return Response()
