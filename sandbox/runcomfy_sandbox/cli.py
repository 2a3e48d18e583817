"""The command ``runcomfy-sandbox``. Besides the demo, no other module of the sandbox prints."""

from __future__ import annotations

import argparse
import contextlib
import errno
import ipaddress
import math
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from runcomfy_codegen import console

if TYPE_CHECKING:
    from collections.abc import Sequence


_PORT = 8787
_HIGHEST_PORT = 65535


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C.

    Args:
        arguments: The command line; by default the process's own.

    Returns:
        The exit code: 0 after Ctrl-C, 1 if the sandbox could not start, 2 for wrong usage or an
        unexpected failure.
    """
    return console.run(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    try:
        # Imported here, so that a missing extra gives a message instead of a traceback.
        from .documents import DocumentError  # noqa: PLC0415
        from .sandbox import Sandbox  # noqa: PLC0415
        from .timeline import Timeline  # noqa: PLC0415
    except ModuleNotFoundError as exc:
        return _fail(
            f"the extra 'sandbox' is not installed ({exc.name} is missing): "
            "pip install 'runcomfy-models[sandbox]', or '.[sandbox]' in a clone"
        )
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sandbox = Sandbox(
            options.schemas,
            timeline=Timeline(options.queue_seconds, options.run_seconds),
            token=options.token,
            host=options.host,
            port=options.port,
        )
    except DocumentError as exc:
        return _fail(str(exc))
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        try:
            stack.enter_context(sandbox)
        except OSError as exc:
            return _fail(_reason(exc, options))
        _introduce(sandbox.origin, sandbox.model_count, options)
        _forever()
    return 0


def _introduce(origin: str, count: int, options: argparse.Namespace) -> None:
    address = ipaddress.ip_address(urlsplit(origin).hostname or "")
    base_url = f"{origin}/v1"
    if address.is_unspecified:  # a wildcard address can't be connected to
        base_url = base_url.replace(str(address), "127.0.0.1" if address.version == 4 else "::1")  # noqa: PLR2004 - the version number of IPv4
    token = "any-text" if options.token is None else "<the --token>"
    models = "1 model" if count == 1 else f"{count} models"
    _say(f"The sandbox listens on {origin} with {models}. Ctrl-C stops it.")
    if address.is_loopback:
        _say("Nobody but this machine reaches it; --host would name another address.")
    else:
        _say(
            f"WARNING: {options.host} is not a loopback address: whoever reaches this machine can "
            "use the sandbox and make it misbehave."
        )
    _say("To use it:")
    _say(f"  export RUNCOMFY_MODEL_API_BASE={base_url}")
    _say(f"  export RUNCOMFY_API_TOKEN={token}")


def _reason(exc: OSError, options: argparse.Namespace) -> str:
    if exc.errno == errno.EADDRINUSE:
        return (
            f"port {options.port} on {options.host} is in use; "
            "name another with --port (0 takes a free one)"
        )
    return f"cannot listen on {options.host} port {options.port}: {exc.strerror or exc}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runcomfy-sandbox",
        description="A local Model API: real HTTP, no token to buy, no bill.",
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    add("--port", type=_port, default=_PORT, help="0 takes a free one (default: %(default)s)")
    add("--schemas", type=Path, default=Path("schemas"), metavar="DIR", help="the model documents")
    add("--token", type=_token, help="the only token to accept (default: any)")
    add("--queue-seconds", type=_seconds, default=1.0, metavar="N", help="how long a job queues")
    add("--run-seconds", type=_seconds, default=2.0, metavar="N", help="how long it then runs")
    return parser


def _port(text: str) -> int:
    with contextlib.suppress(ValueError):
        if 0 <= (port := int(text)) <= _HIGHEST_PORT:
            return port
    raise argparse.ArgumentTypeError(f"not a port (0 to {_HIGHEST_PORT}): {text!r}")


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        if 0 <= (seconds := float(text)) < math.inf:
            return seconds
    raise argparse.ArgumentTypeError(f"not a number of seconds: {text!r}")


def _token(text: str) -> str:
    """Parse a token that a client could send; the error message doesn't contain it."""
    if not text or " " in text or not (text.isascii() and text.isprintable()):
        raise argparse.ArgumentTypeError(
            "no client sends such a token: it is empty, or has white space or characters that "
            "are not printable ASCII"
        )
    return text


def _forever() -> None:
    """Wait for a signal while the server runs in its own thread."""
    threading.Event().wait()


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    """Handle SIGTERM like Ctrl-C."""
    raise KeyboardInterrupt


def _fail(problem: str) -> int:
    print(f"runcomfy-sandbox: {problem}", file=sys.stderr)  # noqa: T201 - a command prints
    return 1


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command prints, and flushes so that a pipe shows each line at once
