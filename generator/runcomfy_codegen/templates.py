"""The path of the templates: inside the installed package, or beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent

TEMPLATES = next(
    folder for folder in (_HERE / "templates", _HERE.parents[1] / "templates") if folder.is_dir()
)
