"""The files that make a generated package a distribution: a ``pyproject.toml`` and a README.

They are only a start. A file is written if it is missing, and then belongs to the user: later runs
neither change nor compare it.
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
    """Write the files that are missing beside *package* in the folder *out*; return their paths.

    Raises:
        OSError: A file can't be written.
    """
    environment = jinja2.Environment(  # noqa: S701 - the output is not HTML, and the names in it are checked
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
    """Return the package's requirement: this version of the runtime, or a later compatible one."""
    try:
        own = version(_OURS)
    except PackageNotFoundError:  # run from a source tree that is not installed
        return _OURS
    major = int(own.partition(".")[0])
    return f"{_OURS}>={own},<{major + 1}"
