"""What makes a distribution of a generated package: a ``pyproject.toml`` and a README beside it.

Both are a start. They are written where they are missing, and are then their owner's: no later run
changes them or compares them.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import jinja2

from .output import replace_file
from .templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

#: Our own distribution, which every generated package needs.
_OURS = "runcomfy-models"

_FILES = ("pyproject.toml", "README.md")


def write_project(out: Path, package: str, model_ids: Collection[str]) -> list[Path]:
    """Write the files that are missing beside the *package* in the folder *out*; return them.

    Raises:
        OSError: One of them can't be written.
    """
    environment = jinja2.Environment(  # noqa: S701 - the names in it are checked
        loader=jinja2.FileSystemLoader(TEMPLATES / "project"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    written: list[Path] = []
    for name in _FILES:
        target = out / name
        if target.exists() or target.is_symlink():
            continue
        template = environment.get_template(f"{name}.jinja")
        text = template.render(package=package, model_ids=sorted(model_ids), needs=_needs())
        replace_file(target, text.encode())
        written.append(target)
    return written


def _needs() -> str:
    """Return what the package depends on: this version of the runtime, or a later one that fits."""
    try:
        own = version(_OURS)
    except PackageNotFoundError:  # run from its source, without an installation
        return _OURS
    major = int(own.partition(".")[0])
    return f"{_OURS}>={own},<{major + 1}"
