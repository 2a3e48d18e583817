from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from support_schemas import document, save

from runcomfy import models

sys.path.append(str(Path(__file__).parents[2] / "tools"))

from reference.models import by_category, read_models
from reference.pages import model_pages, plain_pages
from reference.snippets import snippets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference.models import ModelView

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="views", scope="module")
def views_of_the_catalog() -> Sequence[ModelView]:
    return read_models(ROOT / "schemas")


def test_every_sample_is_sound(views: Sequence[ModelView]) -> None:
    for view in views:
        assert models.get(view.model_id).validate(view.sample) == [], view.model_id
        jsonschema.Draft202012Validator(json.loads(view.schema)).validate(dict(view.sample))


def test_every_snippet_is_sound_python(views: Sequence[ModelView]) -> None:
    for view in views:
        found = snippets(view)
        compile(found.python, view.model_id, "exec")
        compile(found.asynchronous, view.model_id, "exec")
        assert f"import {view.module.rpartition('.')[2]} as model" in found.python


def test_every_field_has_words_and_its_choices(views: Sequence[ModelView]) -> None:
    pages = model_pages(views)
    for view in views:
        page = pages[f"{view.path}.md"]
        for field in view.inputs:
            assert field.words, (view.model_id, field.name)
            assert f"| `{field.name}` |" in page
            for choice in field.choices:
                assert f"`{choice}`" in page


def test_required_fields_come_first(views: Sequence[ModelView]) -> None:
    for view in views:
        required = [field.required for field in view.inputs]
        assert required == sorted(required, reverse=True)


def test_lists_have_every_model_once(views: Sequence[ModelView]) -> None:
    pages = model_pages(views)
    vendors = "\n".join(text for path, text in pages.items() if path.startswith("vendor/"))
    for view in views:
        assert vendors.count(f"`{view.model_id}`") == 1
    assert sum(map(len, by_category(views).values())) >= len(views)


def test_a_schema_can_put_no_markup_on_a_page(tmp_path: Path) -> None:
    hostile = "</td><script>alert(1)</script> | [x](javascript:alert(1)) `{{ 1 }}` ```\n\n# H\n:::"
    field = {"type": "string", "title": hostile, "description": hostile, "default": hostile}
    raw = document(prompt=field, style={**field, "enum": [hostile, "|"]})
    raw["display_name"] = hostile
    schemas = save(tmp_path, raw)
    (view,) = read_models(schemas)
    page = model_pages([view])["acme/paint.md"]
    table = [line for line in page.splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in table[:2]] == ["prompt", "style"]
    heading = next(line for line in page.splitlines() if line.startswith("# "))
    for line in (heading, *table):
        assert "<script" not in line.replace("\\<script", "")
        assert "](" not in line.replace("\\](", "")


def test_what_programs_read_names_every_model(views: Sequence[ModelView]) -> None:
    pages = plain_pages(views, {"start.md": "# Start\n\nText.\n"})
    entries = json.loads(pages["models.json"])["models"]
    assert [one["model_id"] for one in entries] == [view.model_id for view in views]
    assert "- [Start](start.md)" in pages["llms.txt"]
    assert pages["llms-full.txt"].startswith("# Start")
