"""Many jobs in flight in one process: threads, memory, CPU, and how late each end is noticed.

    python benchmarks/in_flight.py [--jobs 10000] [--seconds 60]

A stand-in for the API runs in a separate process and answers from memory. Each job ends a fixed
time after its submission. Its request id contains that time, on the clock that both processes
share. The client maps over as many inputs as there are jobs, all in flight at once, without a
journal.

"Late" is the time from the end of a job at the server until the caller has the result. It is given
in seconds, and relative to the pause between two status requests at that moment.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import resource
import statistics
import sys
import threading
import time
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "generated"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "runtime"))

from runcomfy import Client
from runcomfy_core.wire.polls import LONGEST_PAUSE, QUESTIONS

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from runcomfy_core.map.many import MapProgress


class StandIn(asyncio.Protocol):
    """A server that answers like the API and records when it was asked."""

    requests = 0
    seconds = 60.0
    #: When each job was last found not to be over.
    asked: dict[bytes, float]

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for the answers."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a TCP server always gets this type
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request as soon as it is complete."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line[:15].lower() == b"content-length:":
                length = int(line[15:])
        if not end or len(body) < length:
            return
        self._received = b""
        answer = json.dumps(self._answer(head.split(b" ", 2)[1])).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: " + str(len(answer)).encode()
        self._transport.write(head + b"\r\n\r\n" + answer)

    def _answer(self, path: bytes) -> dict[str, object]:
        kind = type(self)
        kind.requests += 1
        now = time.monotonic()
        if path.startswith(b"/v1/models/"):
            # The ends are spread, so that they don't come in one burst.
            end = now + kind.seconds * random.uniform(1, 2)  # noqa: S311 - not used for a secret
            return {"request_id": f"{kind.requests}-{end * 1e6:.0f}"}
        name = path.split(b"/")[3]
        over = now * 1e6 >= int(name.partition(b"-")[2])
        if path.endswith(b"/status"):
            if not over:
                kind.asked[name] = now
            return {"status": "completed" if over else "in_progress"}
        return {"status": "succeeded", "output": {"asked": kind.asked.get(name, now)}}


def serve(seconds: float, pipe: Connection) -> None:
    """Run the stand-in until the other process ends it, then send it the number of requests."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        StandIn.seconds, StandIn.asked = seconds, {}
        server = await loop.create_server(StandIn, "127.0.0.1", 0, backlog=128)
        pipe.send(server.sockets[0].getsockname()[1])
        await loop.run_in_executor(None, pipe.recv)
        pipe.send(StandIn.requests)

    asyncio.run(main())


@attrs.define
class Measured:
    """The measurements in the client's process."""

    times: list[float] = attrs.field(factory=list)
    in_flight: list[int] = attrs.field(factory=list)
    threads: int = 0
    late: list[float] = attrs.field(factory=list)
    shares: list[float] = attrs.field(factory=list)

    def progress(self, state: MapProgress) -> None:
        """Note how many jobs are in flight."""
        self.times.append(time.monotonic())
        self.in_flight.append(state.in_flight)
        self.threads = max(self.threads, threading.active_count())

    def deliver(self, request_id: str, asked: float) -> None:
        """Note how late a job's end is."""
        end = int(request_id.partition("-")[2]) / 1e6
        late = time.monotonic() - end
        jobs = self.in_flight[bisect_right(self.times, asked) - 1]
        self.late.append(late)
        self.shares.append(late / max(LONGEST_PAUSE, jobs / QUESTIONS))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    process = context.Process(target=serve, args=(options.seconds, far), daemon=True)
    process.start()
    port = pipe.recv()

    seen = Measured()
    begin, cpu = time.monotonic(), time.process_time()
    submitted = 0.0
    inputs = [{"prompt": str(number)} for number in range(options.jobs)]
    with Client("a-token", base_url=f"http://127.0.0.1:{port}/v1") as client:
        outcomes = client.map(
            "a/b", inputs, max_in_flight=options.jobs, on_progress=seen.progress, timeout=None
        )
        for _, outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            submitted = submitted or time.monotonic() - begin
            seen.deliver(outcome.request_id, outcome.output["asked"])
    elapsed, cpu = time.monotonic() - begin, time.process_time() - cpu
    pipe.send(None)
    requests = pipe.recv()
    process.join()

    # The unit of the kernel's figure is KiB on Linux and bytes on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
    print(f"{options.jobs} jobs, {max(seen.in_flight)} in flight at once, {elapsed:.1f} s")
    print(f"threads at most      {seen.threads}")
    print(f"memory at most       {rss:.0f} MiB")
    print(f"first result after   {submitted:.1f} s")
    print(f"requests             {requests}, {requests / elapsed:.0f} a second")
    print(f"CPU                  {cpu:.1f} s, {cpu / requests * 1e6:.0f} us a request")
    for name, values in (("late, seconds", seen.late), ("late, in pauses", seen.shares)):
        cuts = statistics.quantiles(values, n=100)
        print(
            f"{name:20} median {statistics.median(values):.2f}, 99 % {cuts[98]:.2f}, "
            f"most {max(values):.2f}"
        )


if __name__ == "__main__":
    main()
