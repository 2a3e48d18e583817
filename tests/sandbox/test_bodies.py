from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3
from support_sandbox import SCHEMAS, SOUND, WAN

from runcomfy_sandbox import bodies
from runcomfy_sandbox.answers import LARGEST_BODY, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MIB = 1024 * 1024


async def _parts(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def test_a_body_is_read_whole() -> None:
    async def read() -> bytes:
        async with bodies.Turn(asyncio.Lock()) as turn:
            return await turn.read(_parts(b"ab", b"", b"c"))

    assert asyncio.run(read()) == b"abc"


def test_of_a_body_that_is_too_large_one_byte_more_is_kept() -> None:
    async def read() -> bytes:
        async with bodies.Turn(asyncio.Lock()) as turn:
            return await turn.read(_parts(*[bytes(MIB)] * 80))

    assert len(asyncio.run(read())) == LARGEST_BODY + 1


def test_large_bodies_take_turns_and_small_ones_do_not_wait() -> None:
    async def play() -> list[str]:
        lock = asyncio.Lock()
        small_is_read = asyncio.Event()
        read: list[str] = []

        async def large(name: str) -> None:
            async def stream() -> AsyncIterator[bytes]:
                yield bytes(2 * MIB)
                assert lock.locked()
                read.append(f"{name} begins")
                await small_is_read.wait()
                read.append(f"{name} ends")

            async with bodies.Turn(lock) as turn:
                await turn.read(stream())

        async def small() -> None:
            async with bodies.Turn(lock) as turn:
                await turn.read(_parts(b"{", b"}"))
            read.append("small")
            small_is_read.set()

        await asyncio.gather(large("first"), large("second"), small())
        return read

    assert asyncio.run(play()) == [
        "first begins",
        "small",
        "first ends",
        "second begins",
        "second ends",
    ]


def test_a_body_that_stops_coming_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE", 0.05)

    async def play() -> bool:
        lock = asyncio.Lock()

        async def stalled() -> AsyncIterator[bytes]:
            yield bytes(2 * MIB)
            await asyncio.Event().wait()

        with pytest.raises(Refusal) as refused:
            async with bodies.Turn(lock) as turn:
                await turn.read(stalled())
        assert refused.value.answer.status == 408
        assert "No byte of the body came for 0.05 seconds." in str(refused.value.answer.body)
        return lock.locked()

    assert asyncio.run(play()) is False


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads memory from /proc")
def test_twelve_large_bodies_at_once_are_not_all_held() -> None:
    script = "import sys; from runcomfy_sandbox.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "--port", "0", "--schemas", str(SCHEMAS)]
    body = json.dumps({**SOUND, "prompt": "x" * (30 * MIB)}).encode()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        origin = server.stdout.readline().split()[4]
        before = _peak(server.pid)
        statuses: list[int] = []

        def post() -> None:
            with urllib3.PoolManager() as pool:
                reply = pool.request(
                    "POST",
                    f"{origin}/v1/models/{WAN}",
                    body=body,
                    headers={"authorization": "Bearer t"},
                    retries=False,
                    timeout=60,
                )
                statuses.append(reply.status)

        threads = [threading.Thread(target=post) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        held = _peak(server.pid) - before
        server.terminate()
    assert statuses == [200] * 12
    # A body, its copy as text and the value in it; all twelve would be 360 MiB of bodies alone.
    assert held < 200 * MIB


def _peak(pid: int) -> int:
    """The most memory that a process has held, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
