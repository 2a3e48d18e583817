"""``make demo``: a job with real input, from the schema to the finished picture.

The demo generates the client, starts the sandbox, and submits the request that the seed model's
page shows. With ``LIVE=1`` and a token in ``RUNCOMFY_API_TOKEN`` it calls the real API instead,
which costs money.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from runcomfy_codegen import console
from runcomfy_codegen.cli import main as codegen
from runcomfy_core.errors import RunComfyError

from .sandbox import Sandbox

if TYPE_CHECKING:
    from runcomfy import Client, MediaReport, Status
    from runcomfy.errors import InvalidInput

SCHEMAS = Path("schemas")
SEED = SCHEMAS / "wan-ai" / "wan-2-6" / "image-to-image.json"
OUT = Path("out")


def main() -> int:
    """Run the demo in the project's root and return the exit code."""
    if not SEED.is_file():
        return _fail(f"{SEED} is not here; run 'make demo' in the project's root")
    live = os.environ.get("LIVE") == "1"
    if live and not os.environ.get("RUNCOMFY_API_TOKEN"):
        return _fail("LIVE=1 calls the real API: set RUNCOMFY_API_TOKEN")
    _say("1. Generate the client from its schemas")
    if code := codegen(["generate"]):
        return code
    importlib.invalidate_caches()  # step 1 may have written new modules
    # Imported here, because step 1 may have written it just now.
    from runcomfy import Client  # noqa: PLC0415

    if live:
        _say("\n2. Call the real API (this costs money)")
        with Client() as client:
            _run(client, None)
            _mistakes(client, None)
        return 0
    with Sandbox(SCHEMAS) as sandbox:
        _say(f"\n2. Start a local Model API: {sandbox.base_url} (no token, no bill)")
        # The sandbox's pictures are on this machine, so private addresses must be allowed.
        with Client("sandbox", base_url=sandbox.base_url, allow_private_media=True) as client:
            _run(client, sandbox)
            _mistakes(client, sandbox)
    return 0


def _run(client: Client, sandbox: Sandbox | None) -> None:
    """Submit the seed page's own request, follow the job, and save its picture."""
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415 - may be new

    # The page's request consists of the samples in its schema.
    samples = json.loads(SEED.read_bytes())["input_schema"]["properties"]
    urls = _pictures(client, sandbox, samples["image_urls"]["default"])
    start = time.monotonic()

    def report(status: Status) -> None:
        place = "" if status.queue_position is None else f", position {status.queue_position}"
        _say(f"   {time.monotonic() - start:5.1f} s  {status.state}{place}")

    _say(f"\n4. Submit to {model.MODEL_ID}")
    # _pictures has just checked the pictures, so they aren't checked again.
    job = model.submit(client, prompt=samples["prompt"]["default"], image_urls=urls, media="skip")
    _say(f"   request {job.request_id}")
    try:
        result = job.wait(timeout=600, on_update=report)
    except KeyboardInterrupt:
        outcome = "cancelled" if job.cancel(timeout=4) else "too late to cancel: it goes on"
        _say(f"   request {job.request_id}: {outcome}")
        raise
    for file in result.download(OUT):
        with Image.open(file) as picture:
            size = f"{picture.width} x {picture.height} {picture.format}"
        _say(f"   saved {file}: {size}, {file.stat().st_size:,} bytes")
    _say(f"   {time.monotonic() - start:.1f} s in all")


def _pictures(client: Client, sandbox: Sandbox | None, urls: list[str]) -> list[str]:
    """Check the page's own pictures; return them, or the sandbox's if they can't be read."""
    from runcomfy import errors  # noqa: PLC0415 - may be new
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415 - may be new

    _say("\n3. Look at the page's own pictures before anything is paid for")
    try:
        report = model.check_media({"image_urls": urls}, client)
    except errors.ConnectionFailed as error:
        fault = str(error)
    else:
        _tell(report)
        fault = "" if not report.problems else "they would be refused"
    if not fault:
        return urls
    _say(f"   {fault}")
    if sandbox is None:
        _say("   the API may reach them all the same: they are sent unchecked")
        return urls
    urls = [sandbox.sample("good.png"), sandbox.sample("good.jpg")]
    _say("   so two pictures that the sandbox serves take their place:")
    _tell(model.check_media({"image_urls": urls}, client))
    return urls


def _tell(report: MediaReport) -> None:
    for problem in report.problems:
        _say(f"   {problem}")
    for item in report.items:
        size = f"{item.width} x {item.height} {item.type}, {item.size:,} bytes"
        _say(f"   {item.path}: {size}, of which {item.bytes_read:,} were read")


def _mistakes(client: Client, sandbox: Sandbox | None) -> None:
    """Show that mistakes in an input are reported before anything is sent."""
    from runcomfy import errors  # noqa: PLC0415 - may be new
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model  # noqa: PLC0415 - may be new

    _say("\n5. Make three mistakes in one input")
    before = _submissions(sandbox)
    try:
        model.Input(
            prompt="Two monsters in a studio",
            image_urls=[],
            image_size="1024x1024",  # type: ignore[arg-type] # a deliberate mistake, which mypy finds too
            negative_prompt="blurry " * 85 + "hands",
        )
    except errors.InvalidInput as error:
        _list(error)
    _say("\n6. Submit a picture that is too small, from memory")
    small = io.BytesIO()
    Image.new("RGB", (300, 300)).save(small, "PNG")
    images: list[str | bytes] = [small.getvalue()]
    if sandbox is not None:
        images.append(sandbox.sample("small.png"))
    try:
        model.submit(client, prompt="Two monsters in a studio", image_urls=images)
    except errors.InvalidInput as error:
        _list(error)
    if sandbox is not None:
        _say(f"   {_submissions(sandbox) - before} submissions were made of these two, 0 USD spent")


def _list(error: InvalidInput) -> None:
    for problem in error.problems:
        _say(f"   {problem}")


def _submissions(sandbox: Sandbox | None) -> int:
    requests = [] if sandbox is None else sandbox.requests
    return sum(request.method == "POST" for request in requests)


def _fail(problem: str) -> int:
    print(f"demo: {problem}", file=sys.stderr)  # noqa: T201 - a command prints
    return 1


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command prints


def run() -> int:
    """Run the demo as a command; an error of the API is printed as one line without a traceback."""
    try:
        return main()
    except KeyboardInterrupt:
        return _fail("interrupted")
    except RunComfyError as error:
        return _fail(str(error))


if __name__ == "__main__":
    sys.exit(console.run(run))
