"""``make demo``: the main job on real input, from a schema to a finished picture.

It generates the client, starts the sandbox, and submits the request that the seed model's own page
shows. With ``LIVE=1`` and a token in ``RUNCOMFY_API_TOKEN`` it calls the real API instead, which
costs money.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import urllib3
from PIL import Image
from runcomfy_codegen.cli import main as codegen

from .sandbox import Sandbox

if TYPE_CHECKING:
    from runcomfy import Status

SCHEMAS = Path("schemas")
SEED = SCHEMAS / "wan-ai" / "wan-2-6" / "image-to-image.json"
OUT = Path("out")


def main() -> int:
    """Run the demo in the project's root; return the exit code."""
    if not SEED.is_file():
        return _fail(f"{SEED} is not here; run 'make demo' in the project's root")
    live = os.environ.get("LIVE") == "1"
    if live and not os.environ.get("RUNCOMFY_API_TOKEN"):
        return _fail("LIVE=1 calls the real API: set RUNCOMFY_API_TOKEN")
    _say("1. Generate the client from its schemas")
    if code := codegen(["generate"]):
        return code
    importlib.invalidate_caches()  # modules may have been written a moment ago
    with contextlib.ExitStack() as stack:
        if live:
            _say("\n2. Call the real API (this costs money)")
            _run(base_url=None, token=None)
            _mistake(None)
        else:
            sandbox = stack.enter_context(Sandbox(SCHEMAS))
            _say(f"\n2. Start a local Model API: {sandbox.base_url} (no token, no bill)")
            _run(base_url=sandbox.base_url, token="sandbox")  # noqa: S106 - any text will do
            _mistake(sandbox)
    return 0


def _run(base_url: str | None, token: str | None) -> None:
    """Submit the seed page's own request, follow it, and save its picture."""
    # Imported here, because step 1 may only just have written it.
    from runcomfy import Client  # noqa: PLC0415
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415

    # What the page sends is what its schema gives as samples.
    samples = json.loads(SEED.read_bytes())["input_schema"]["properties"]
    start = time.monotonic()

    def report(status: Status) -> None:
        place = "" if status.queue_position is None else f", position {status.queue_position}"
        _say(f"   {time.monotonic() - start:5.1f} s  {status.state}{place}")

    with Client(token, base_url=base_url) as client:
        _say(f"\n3. Submit to {model.MODEL_ID}")
        job = model.submit(
            client, prompt=samples["prompt"]["default"], image_urls=samples["image_urls"]["default"]
        )
        _say(f"   request {job.request_id}")
        try:
            result = job.wait(timeout=600, on_update=report)
        except KeyboardInterrupt:
            outcome = "cancelled" if job.cancel(timeout=4) else "too late to cancel: it goes on"
            _say(f"   request {job.request_id}: {outcome}")
            raise
    for number, url in enumerate(result.urls):
        file = _download(url, OUT / f"{result.request_id}-{number}.png")
        with Image.open(file) as picture:
            size = f"{picture.width} x {picture.height} {picture.format}"
        _say(f"   saved {file}: {size}, {file.stat().st_size:,} bytes")
    _say(f"   {time.monotonic() - start:.1f} s in all")


def _mistake(sandbox: Sandbox | None) -> None:
    """Show that a wrong input is named before anything is sent."""
    from runcomfy import errors  # noqa: PLC0415 - as above
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415

    _say("\n4. Make three mistakes in one input")
    before = len(sandbox.requests) if sandbox else 0
    try:
        model.Input(
            prompt="Two monsters in a studio",
            image_urls=[],
            image_size="1024x1024",  # type: ignore[arg-type] # the mistake; a checker finds it too
            negative_prompt="blurry " * 85 + "hands",
        )
    except errors.InvalidInput as error:
        for problem in error.problems:
            _say(f"   {problem}")
    if sandbox:
        _say(f"   {len(sandbox.requests) - before} requests were made, 0 USD spent")


def _download(url: str, file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with (
        urllib3.PoolManager() as pool,
        contextlib.closing(pool.request("GET", url, preload_content=False)) as answer,
        file.open("wb") as out,
    ):
        for part in answer.stream():
            out.write(part)
    return file


def _fail(problem: str) -> int:
    print(f"demo: {problem}", file=sys.stderr)  # noqa: T201 - a command's own words
    return 1


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - likewise


def run() -> int:
    """Run the demo as a command: what goes wrong with the API is a line, not a traceback."""
    try:
        return main()
    except KeyboardInterrupt:
        return _fail("interrupted")
    except Exception as error:
        # The client's errors: by their module, since the client may only just have been written.
        if type(error).__module__ != "runcomfy.errors":
            raise
        return _fail(str(error))


if __name__ == "__main__":
    sys.exit(run())
