"""Build the reference site: gather the hand-written pages, add the models', run Sphinx.

Sphinx reads ``out/site/source`` and writes ``out/site/html``. Warnings are errors.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

from .models import read_models
from .pages import model_pages, plain_pages

ROOT = Path(__file__).resolve().parents[2]

#: Files that stand elsewhere in the repository, and what they are called on the site.
_BROUGHT = {"CHANGELOG.md": "changes.md", "benchmarks/RESULTS.md": "results.md"}


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="make docs", description="Build the reference site.")
    parser.add_argument("--schemas", type=Path, default=ROOT / "schemas")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "site")
    options = parser.parse_args()
    began = time.monotonic()
    source, html = options.out / "source", options.out / "html"
    count = _gather(options.schemas, source)
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going"]
    # The doctrees stand apart from the pages, which are published as they are.
    command += ["-j", "auto", "-d", str(options.out / "doctrees"), str(source), str(html)]
    done = subprocess.run(command, check=False)  # noqa: S603 - Sphinx, with our own arguments
    if done.returncode:
        return done.returncode
    pages = sum(1 for _ in html.rglob("*.html"))
    size = sum(one.stat().st_size for one in html.rglob("*") if one.is_file())
    seconds = time.monotonic() - began
    print(f"{html}: {count} models, {pages} pages, {size / 1e6:.1f} MB, {seconds:.0f} s")
    return 0


def _no_page(_: str, names: list[str]) -> list[str]:
    """Leave out what Sphinx would take for pages of its own."""
    return [name for name in names if name.endswith((".md", ".ipynb", "__pycache__"))]


def _gather(schemas: Path, source: Path) -> int:
    """Write the folder that Sphinx reads; return how many models there are."""
    if source.exists():
        shutil.rmtree(source)
    shutil.copytree(ROOT / "docs", source)
    for path, name in _BROUGHT.items():
        shutil.copy(ROOT / path, source / name)
    shutil.copytree(ROOT / "benchmarks" / "charts", source / "charts")
    shutil.copytree(ROOT / "examples", source / "examples", ignore=_no_page)
    # The one page that leads to a file which stands elsewhere in the repository.
    performance = source / "performance.md"
    text = performance.read_text(encoding="utf-8").replace("../benchmarks/RESULTS.md", "results.md")
    performance.write_text(text, encoding="utf-8")
    hand_written = {
        path.relative_to(source).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(source.rglob("*.md"))
    }
    models = read_models(schemas)
    files = {f"models/{path}": text for path, text in model_pages(models).items()}
    plain = plain_pages(models, hand_written) | hand_written
    files |= {f"extra/{path}": text for path, text in plain.items()}
    for path, text in files.items():
        file = source / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return len(models)


if __name__ == "__main__":
    sys.exit(main())
