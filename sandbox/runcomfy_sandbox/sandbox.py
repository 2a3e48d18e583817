"""The sandbox inside a process, as a real server in a background thread."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .api import Api
from .app import build
from .armory import Armory
from .control import Control
from .documents import read_models
from .jobs import Jobs
from .journal import Journal
from .media import Files
from .samples import SAMPLES
from .server import SandboxServer, bind
from .timeline import Timeline
from .tokens import Gate

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import TracebackType

    from .journal import LoggedRequest


class Sandbox:
    """A Model API on this machine, which listens while its ``with`` block runs.

    Args:
        schemas: The folder of model documents.
        clock: Returns seconds and never runs backwards. A test can control a `ManualClock`.
        timeline: How long a job queues and runs; 1 and 2 seconds by default.
        token: The only valid token; by default every token that is not empty is valid.
        host: The name or address on which to listen.
        port: The port; 0 takes a free one.

    Raises:
        DocumentError: A model document is broken.
    """

    def __init__(  # noqa: PLR0913 - all but the first are optional keywords
        self,
        schemas: Path | str,
        *,
        clock: Callable[[], float] = time.monotonic,
        timeline: Timeline | None = None,
        token: str | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        models = read_models(Path(schemas))
        jobs = Jobs(clock, timeline or Timeline())
        self._armory = Armory()
        self._journal = Journal()
        app = build(
            Api(models, Gate(token), jobs),
            Files(jobs),
            Control(self._armory, self._journal),
            self._armory,
            self._journal,
            host,
        )
        self._address = (host, port)
        self._server = SandboxServer(app)
        self._thread = threading.Thread(target=self._serve, name="runcomfy-sandbox", daemon=True)
        self._listener: socket.socket | None = None
        self._failure: BaseException | None = None
        self.origin = ""
        """The scheme, host and port, such as ``http://127.0.0.1:8787``, once it listens."""
        self.model_count = len(models)
        """The number of models that are served."""

    def __enter__(self) -> Self:
        """Start the server, and return once it listens.

        Raises:
            OSError: The host is unknown or not on this machine, or the port is in use.
            RuntimeError: The sandbox was started before, or the server did not start.
        """
        if self._listener is not None:
            raise RuntimeError("a sandbox runs once; make another")
        self._listener = bind(*self._address)
        host, port = self._listener.getsockname()[:2]
        self.origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._thread.start()
        self._server.listening.wait()
        if self._failure is not None:
            self._thread.join()
            raise RuntimeError("the sandbox did not start") from self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def base_url(self) -> str:
        """The base URL for a client, with the version: ``http://127.0.0.1:8787/v1``."""
        return f"{self.origin}/v1"

    @property
    def requests(self) -> list[LoggedRequest]:
        """Return the last 10,000 requests to the API, in the order in which they arrived."""
        return self._journal.requests()

    @property
    def connections(self) -> int:
        """Return how many TCP connections were accepted so far."""
        return self._server.accepted

    def sample(self, name: str) -> str:
        """Return the URL of a good or bad sample, for a media field.

        Args:
            name: A name in `runcomfy_sandbox.samples`, such as ``good.png``.

        Raises:
            ValueError: There is no such sample; the message lists all of them.
        """
        if name not in SAMPLES:
            raise ValueError(f"there is no sample {name!r}; known are {', '.join(SAMPLES)}")
        return f"{self.origin}/samples/{name}"

    def arm(self, on: str, fault: str, times: int = 1, **parameters: Any) -> None:
        """Arm a fault for the next requests to an endpoint. The fault armed first fires first.

        Args:
            on: ``submit``, ``status``, ``result``, ``cancel``, ``catalog`` or ``file``.
            fault: A name in `runcomfy_sandbox.faults`.
            times: How many requests it affects.
            parameters: The fault's own parameters, and ``status``, ``headers``, ``body`` and
                ``taken``, which `runcomfy_sandbox.armory` describes.

        Raises:
            ValueError: A name is unknown, or a value has the wrong type.
        """
        self._armory.arm(on, fault, times, parameters)

    def disarm(self) -> None:
        """Disarm all faults."""
        self._armory.disarm()

    def forget(self) -> None:
        """Clear the log of requests."""
        self._journal.clear()

    def _serve(self) -> None:
        listener = self._listener
        try:
            self._server.run(sockets=None if listener is None else [listener])
        except BaseException as exc:  # noqa: BLE001 - the thread that waits raises it again
            self._failure = exc
        finally:
            if listener is not None:
                listener.close()
            self._server.listening.set()
