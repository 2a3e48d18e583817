"""Kill a command at each of its file operations in turn, each time from a fresh start."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

# The driver runs in a separate process, because forking is safe only without other threads. Python
# calls audit hooks before a file operation, so a process that is killed at the n-th one has done
# n - 1. Afterwards the tree must be the old or the new one, a second run must make it the new one,
# and nothing else may be left beside it.
_DRIVER = """
import json, os, shutil, signal, sys
from pathlib import Path

work, fresh = Path(sys.argv[1], "work"), Path(sys.argv[1], "fresh")
root = work / "schemas"
{setup}

def snapshot():
    return {{str(one.relative_to(root)): (one.lstat().st_mode, one.is_file() and one.read_text())
            for one in sorted(root.rglob("*"))}}

def child(step):
    pid = os.fork()
    if pid == 0:
        left = step
        def hook(event, arguments):
            nonlocal left
            left -= event == "open" or event.startswith(("os.", "shutil."))
            if left == 0:
                left = -1
                os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(hook)
        code = 9
        try:
            code = run() or 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]

def start():
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(fresh, work, symlinks=True)

sys.stdout = open(os.devnull, "w")
start()
old = snapshot()
assert child(-1) == 0
new = snapshot()
seen = {{"old": 0, "new": 0, "missing": 0}}
step = 1 - {every}
while True:
    step += {every}
    start()
    if child(step) != signal.SIGKILL:
        break
    if not root.exists():
        seen["missing"] += 1
    else:
        assert snapshot() in (old, new), step
        seen["old" if snapshot() == old else "new"] += 1
    recover()
    assert snapshot() in (old, new), step
    assert child(-1) == 0, step
    assert snapshot() == new, step
    assert [one.name for one in work.iterdir()] == ["schemas"], step
assert snapshot() == new
print(json.dumps(seen), file=sys.__stdout__)
"""


def kill_at_every_step(folder: Path, setup: str, *, every: int = 1) -> dict[str, int]:
    """Kill a run at each step; count the trees that were found after it.

    Args:
        folder: The folder that contains ``fresh/schemas``, the tree to start from.
        setup: Python source that defines ``run()``, which works on ``root``, and ``recover()``,
            which does what a next run does first.
        every: Kill only at every n-th step.

    Returns:
        How often the tree was ``old``, ``new`` or ``missing``.
    """
    if sys.platform == "win32":
        pytest.skip("needs fork")
    source = _DRIVER.format(setup=setup, every=every)
    done = subprocess.run(
        [sys.executable, "-c", source, folder],
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    seen: Any = json.loads(done.stdout)
    return dict(seen)
