"""The audit, against a stand-in of the advisories' service on this machine."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from support_schemas import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADVISORY = {
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "It does harm.",
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "victim"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}],
            "versions": ["1.0"],
        }
    ],
}


@contextmanager
def service(*advisories: Any) -> Iterator[str]:
    """A service that knows *advisories* for every package; yields its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps({"vulns": advisories} if advisories else {}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
        finally:
            server.shutdown()
            thread.join()


def audited(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Audit a folder that holds one package."""
    folder = tmp_path / "site" / "victim-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: victim\nVersion: 1.0\n")
    command = [sys.executable, str(ROOT / "tools" / "audit.py"), "--path", str(folder.parent)]
    return subprocess.run([*command, *options], capture_output=True, text=True, check=False)


def test_an_advisory_fails(tmp_path: Path) -> None:
    with service(ADVISORY) as url:
        run = audited(tmp_path, "--osv-url", url)
    assert run.stderr.strip() == "victim 1.0: PYSEC-2026-1, mended in 2.0"
    assert run.stdout.strip() == "1 packages audited, 1 advisories"
    assert run.returncode == 1


def test_no_advisory_passes(tmp_path: Path) -> None:
    with service() as url:
        run = audited(tmp_path, "--osv-url", url)
    assert (run.returncode, run.stdout.strip()) == (0, "1 packages audited, 0 advisories")


def test_without_a_network_there_is_no_verdict_and_it_says_so(tmp_path: Path) -> None:
    with service() as url:
        pass
    run = audited(tmp_path, "--osv-url", url)
    assert run.stderr.startswith("NOT AUDITED: the advisories can't be had here")
    assert run.returncode == 0


def test_what_is_not_understood_fails(tmp_path: Path) -> None:
    run = audited(tmp_path, "--no-such-option")
    assert run.stderr.startswith("pip-audit failed: ")
    assert run.returncode == 1
