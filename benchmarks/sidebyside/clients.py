"""The contenders in a job's round of four requests: submit, two status requests, result.

Each contender is set up once in a separate process, and is shared by all threads if its docs allow
it. All of them use plain HTTP and parse the answers as JSON.
"""

# The peers are installed where the benchmarks run, and nowhere else:
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import http.client
import json
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TOKEN: Final = "bench-" + "0" * 32
MODEL: Final = "wan-ai/wan-2-6/image-to-image"
INPUT: Final = {
    "prompt": "On the left sits a monster, and on the right sits another monster.",
    "image_urls": ["https://example.com/left.png", "https://example.com/right.png"],
    "image_size": "1280*720 (16:9)",
}
_HEADERS: Final = {"Authorization": f"Bearer {TOKEN}"}


def ours(origin: str, threads: int) -> Callable[[], object]:  # noqa: ARG001 - its pool is its own
    """One Client for all threads; the input is checked, the result typed."""
    from runcomfy import Client  # noqa: PLC0415 - for this contender alone
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415 - for this contender alone

    client = Client(TOKEN, base_url=f"{origin}/v1")

    def call() -> object:
        job = model.submit(client, INPUT, media="skip")
        job.status()
        return job.wait().output

    return call


def fal_client(origin: str, threads: int) -> Callable[[], object]:  # noqa: ARG001 - its pool is its own
    """One SyncClient for all threads; its pool is not for its users to set."""
    import fal_client as fal  # noqa: PLC0415 - for this contender alone
    from fal_client import client as module  # noqa: PLC0415 - for this contender alone

    # FAL_QUEUE_RUN_HOST sets only the host. The scheme is constant, and TLS would slow only fal.
    module.QUEUE_URL_FORMAT = f"{origin}/"
    client = fal.SyncClient(key=TOKEN)

    def call() -> object:
        handle = client.submit("fal-ai/model", INPUT)
        handle.status()
        return handle.get()

    return call


def replicate(origin: str, threads: int) -> Callable[[], object]:  # noqa: ARG001 - its pool is its own
    """One Client for all threads. Its last poll has the result, but it asks again as others do."""
    import replicate as module  # noqa: PLC0415 - for this contender alone

    client = module.Client(api_token=TOKEN, base_url=origin)

    def call() -> object:
        prediction = client.predictions.create(version="1" * 64, input=INPUT)
        for _ in range(3):
            prediction.reload()
        return prediction.output

    # It creates its HTTP client at the first call. Threads that do so at the same time would close
    # each other's and fail.
    call()
    return call


def requests(origin: str, threads: int) -> Callable[[], object]:  # noqa: ARG001 - one a thread
    """One Session for each thread, since its docs don't call it thread-safe."""
    import requests as module  # noqa: PLC0415 - for this contender alone

    local = threading.local()

    def fetch(method: str, path: str, body: object = None) -> Any:
        if not hasattr(local, "session"):
            local.session = module.Session()
            local.session.headers.update(_HEADERS)
        return local.session.request(method, origin + path, json=body).json()

    return _plain(fetch)


def httpx(origin: str, threads: int) -> Callable[[], object]:
    """One Client for all threads; a connection is kept for each."""
    import httpx as module  # noqa: PLC0415 - for this contender alone

    limits = module.Limits(max_keepalive_connections=threads)
    client = module.Client(base_url=origin, headers=_HEADERS, limits=limits)

    def fetch(method: str, path: str, body: object = None) -> Any:
        return client.request(method, path, json=body).json()

    return _plain(fetch)


def urllib3(origin: str, threads: int) -> Callable[[], object]:
    """One HTTPConnectionPool for all threads; a connection is kept for each. No retries."""
    import urllib3 as module  # noqa: PLC0415 - for this contender alone

    pool = module.connectionpool.connection_from_url(origin, maxsize=threads)

    def fetch(method: str, path: str, body: object = None) -> Any:
        return pool.request(method, path, json=body, headers=_HEADERS, retries=False).json()

    return _plain(fetch)


def http_client(origin: str, threads: int) -> Callable[[], object]:  # noqa: ARG001 - one a thread
    """One connection for each thread: the lower bound."""
    local = threading.local()
    headers = {**_HEADERS, "Content-Type": "application/json"}

    def fetch(method: str, path: str, body: object = None) -> Any:
        if not hasattr(local, "connection"):
            local.connection = http.client.HTTPConnection(urlsplit(origin).netloc)
        data = None if body is None else json.dumps(body)
        local.connection.request(method, path, data, _HEADERS if data is None else headers)
        return json.loads(local.connection.getresponse().read())

    return _plain(fetch)


async def aiohttp(
    origin: str, tasks: int
) -> tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[None]]]:
    """One ClientSession, with tasks instead of threads."""
    import aiohttp as module  # noqa: PLC0415 - for this contender alone

    session = module.ClientSession(
        base_url=origin, headers=_HEADERS, connector=module.TCPConnector(limit=tasks)
    )

    async def fetch(method: str, path: str, body: object = None) -> Any:
        async with session.request(method, path, json=body) as answer:
            return await answer.json()

    async def call() -> object:
        name = (await fetch("POST", f"/v1/models/{MODEL}", INPUT))["request_id"]
        for _ in range(2):
            await fetch("GET", f"/v1/requests/{name}/status")
        return (await fetch("GET", f"/v1/requests/{name}/result"))["output"]

    return call, session.close


def _plain(fetch: Callable[..., Any]) -> Callable[[], object]:
    def call() -> object:
        name = fetch("POST", f"/v1/models/{MODEL}", INPUT)["request_id"]
        for _ in range(2):
            fetch("GET", f"/v1/requests/{name}/status")
        return fetch("GET", f"/v1/requests/{name}/result")["output"]

    return call
