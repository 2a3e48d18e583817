"""The layout of generated code, made by one pinned version of ruff's formatter with fixed settings.

The formatter runs once over all files. A process for each file would take longer than everything
else together.
"""

from __future__ import annotations

import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GeneratorError, not_installed
from .text import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUFF = Path(sysconfig.get_path("scripts")) / "ruff"


def formatted(files: Mapping[str, str]) -> dict[str, str]:
    """Return *files*, a map of relative path to Python source, formatted.

    Raises:
        GeneratorError: The formatter is missing, or a file is not valid Python.
    """
    with tempfile.TemporaryDirectory(prefix="runcomfy-codegen-") as name:
        folder = Path(name)
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        command = [
            str(_RUFF),
            "format",
            "--isolated",
            "--no-cache",
            f"--line-length={LINE_LENGTH}",
            "--target-version=py311",
            name,
        ]
        try:
            run = subprocess.run(  # noqa: S603 - a fixed command, without a shell
                command, capture_output=True, check=False, text=True, encoding="utf-8"
            )
        except FileNotFoundError:
            raise not_installed("codegen", "its formatter, ruff,") from None
        if run.returncode != 0:
            raise GeneratorError(f"the formatter refuses the output: {run.stderr.strip()}")
        return {path: (folder / path).read_bytes().decode() for path in files}
