"""Every link within the built site leads somewhere; needs ``make docs``."""

from __future__ import annotations

import html.parser
import json
import urllib.parse
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "out" / "site" / "html"

pytestmark = pytest.mark.skipif(not SITE.is_dir(), reason="needs the site: make docs")


class _Page(html.parser.HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value)
            elif name in {"href", "src"}:
                self.links.append(value)


def test_every_link_leads_to_a_file_and_an_anchor_of_the_site() -> None:
    pages = {one: _Page(one.read_text(encoding="utf-8")) for one in SITE.rglob("*.html")}
    assert len(pages) > 100
    broken: list[str] = []
    for file, page in pages.items():
        for link in page.links:
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = urllib.parse.unquote(parts.path)
            target = (file.parent / path).resolve() if path else file
            anchor = urllib.parse.unquote(parts.fragment)
            leads = target.is_file() and (target not in pages or anchor in pages[target].anchors)
            if not leads:
                broken.append(f"{file.relative_to(SITE)}: {link}")
    assert not broken


def test_no_page_loads_anything_from_elsewhere() -> None:
    for file in SITE.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        for line in text.splitlines():
            if "<script" in line or "<link" in line or "<img" in line:
                assert 'src="http' not in line, file
                assert "fonts.g" not in line, file


def test_programs_find_every_model() -> None:
    models = json.loads((SITE / "models.json").read_text(encoding="utf-8"))["models"]
    index = (SITE / "llms.txt").read_text(encoding="utf-8")
    full = (SITE / "llms-full.txt").read_text(encoding="utf-8")
    assert len(models) >= 92
    for model in models:
        page = (SITE / "models" / f"{model['model_id']}.md").read_text(encoding="utf-8")
        assert f"`{model['model_id']}`" in page
        assert page in full
        assert f"](models/{model['model_id']}.md)" in index
        assert (SITE / model["page"]).is_file()
        for field in model["inputs"]:
            assert f"`{field['name']}" in page
