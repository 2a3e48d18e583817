"""Expected output beside its input: ``tests/cases/<name>/schemas`` and what it gives.

A sound case holds ``expected/``, every file but the copied runtime, and ``stderr.txt`` where there
are warnings; an unsound one (``errors``) holds ``stderr.txt`` alone. ``make golden`` rewrites both,
and fails when anything changed, so that a change is looked at. The checksums, which change with
every word, are left out.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from runcomfy_codegen.cli import main

CASES = Path(__file__).parents[1] / "cases"
CHECKSUM = re.compile(rb"\A(.*\n)# The checksum .*\n")


@pytest.mark.parametrize("name", sorted(case.name for case in CASES.iterdir()))
def test_case(
    name: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    case = CASES / name
    monkeypatch.chdir(case)  # so that messages name "schemas/..."
    code = main(["generate", "--out", str(tmp_path), "--package", "client"])
    made = {
        f"expected/{file.relative_to(tmp_path / 'client').as_posix()}": CHECKSUM.sub(
            rb"\1", file.read_bytes()
        )
        for file in sorted((tmp_path / "client" / "models").rglob("*.py"))
    }
    if stderr := capsys.readouterr().err:
        made["stderr.txt"] = stderr.encode()
    expected = {
        file.relative_to(case).as_posix(): file.read_bytes()
        for file in sorted(case.rglob("*"))
        if file.is_file() and file.relative_to(case).parts[0] != "schemas"
    }
    if request.config.getoption("--golden"):
        _rewrite(case, made)
    assert code == (1 if name.startswith("errors") else 0)
    assert made.keys() == expected.keys()
    for path, data in made.items():
        assert data.decode() == expected[path].decode(), path


def _rewrite(case: Path, made: dict[str, bytes]) -> None:
    shutil.rmtree(case / "expected", ignore_errors=True)
    (case / "stderr.txt").unlink(missing_ok=True)
    for path, data in made.items():
        (case / path).parent.mkdir(parents=True, exist_ok=True)
        (case / path).write_bytes(data)
