"""A running sandbox, and a plain HTTP client for it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import urllib3

from runcomfy_sandbox import ManualClock, Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCHEMAS = Path(__file__).parent.parent / "schemas"
WAN = "wan-ai/wan-2-6/image-to-image"
SEEDREAM = "bytedance/seedream-5.0-pro/image-to-image"
SOUND = {"prompt": "a quiet harbour", "image_urls": ["https://example.com/a.png"]}
TOKEN = "a-token"
ALL_OVER = 1_000.0


@attrs.frozen
class Reply:
    status: int
    headers: urllib3.HTTPHeaderDict
    data: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.data)


@attrs.frozen
class Stage:
    sandbox: Sandbox
    clock: ManualClock
    http: urllib3.PoolManager

    def call(
        self,
        method: str,
        url: str,
        body: object = None,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send a request without retries or redirects; `url` may be a path."""
        own = {"runcomfy-sandbox": "1"}
        if token is not None:
            own["authorization"] = f"Bearer {token}"
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        target = url if url.startswith("http") else self.sandbox.origin + url
        reply = self.http.request(
            method,
            target,
            body=sent,
            headers={**own, **(headers or {})},
            retries=False,
            timeout=5,
        )
        return Reply(reply.status, reply.headers, reply.data)

    def get(self, url: str, token: str | None = TOKEN) -> Reply:
        return self.call("GET", url, token=token)

    def post(self, url: str, body: object = None, token: str | None = TOKEN) -> Reply:
        return self.call("POST", url, body, token=token)

    def submit(self, model_id: str = WAN, body: object = None) -> Any:
        """Submit, and return the answer, which must be a success."""
        reply = self.post(f"/v1/models/{model_id}", SOUND if body is None else body)
        assert reply.status in (200, 202), reply.body
        return reply.body

    def reset(self) -> Stage:
        """Reset the sandbox, so that no job is running, no fault armed and no request logged."""
        self.clock.advance(ALL_OVER)
        self.sandbox.disarm()
        self.sandbox.forget()
        return self


@contextlib.contextmanager
def open_stage(schemas: Path = SCHEMAS, token: str | None = None) -> Iterator[Stage]:
    clock = ManualClock()
    sandbox = Sandbox(schemas, clock=clock, timeline=Timeline(10, 20), token=token)
    with sandbox, urllib3.PoolManager() as http:
        yield Stage(sandbox, clock, http)


def write_model(directory: Path, model_id: str = "maker/model", **changes: object) -> Path:
    """Write a model document with *changes*; None removes a member."""
    document = {
        "model_id": model_id,
        "display_name": "A model",
        "categories": ["text-to-image"],
        "input_schema": {"type": "object", "properties": {"prompt": {"type": "string"}}},
        **changes,
    }
    path = directory / f"{model_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in document.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")
    return path
