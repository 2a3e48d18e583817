"""Every generated page of the site, as a map of path to text. Nothing is written here."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from .models import by_category, by_vendor
from .snippets import snippets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .models import FieldView, ModelView

_TEMPLATES = Path(__file__).parent / "templates"

#: What Markdown would take for markup in the middle of a sentence.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|$~])")

#: What stands between backticks as it is, in a table too.
_PLAIN_CODE = re.compile(r"[^`|<>&\\\n]*")


def model_pages(models: Sequence[ModelView]) -> dict[str, str]:
    """Return the pages of *models* and their lists, for Sphinx: path below ``models`` to text."""
    environment = _environment()
    page = environment.get_template("model.md.jinja")
    listing = environment.get_template("list.md.jinja")
    pages: dict[str, str] = {}
    for model in models:
        up = "../" * model.path.count("/")
        pages[f"{model.path}.md"] = page.render(
            model=model, snippets=snippets(model), up=up, root=f"{up}../"
        )
    groups = {"category": by_category(models), "vendor": by_vendor(models)}
    for kind, grouped in groups.items():
        for name, some in grouped.items():
            pages[f"{kind}/{name}.md"] = listing.render(
                title=name, counted=_counted(len(some)), models=some, up="../"
            )
    pages["index.md"] = environment.get_template("index.md.jinja").render(
        counted=_counted(len(models)),
        categories=groups["category"],
        vendors=groups["vendor"],
    )
    return pages


def plain_pages(models: Sequence[ModelView], guide: Mapping[str, str]) -> dict[str, str]:
    """Return what programs read, by path below the site's root.

    Args:
        models: All models.
        guide: The hand-written pages, by path, as Markdown.
    """
    page = _environment().get_template("plain.md.jinja")
    pages = {
        f"models/{model.path}.md": page.render(model=model, snippets=snippets(model))
        for model in models
    }
    whole = "\n\n".join([*guide.values(), *pages.values()])
    entries = [
        {
            "model_id": model.model_id,
            "display_name": model.name,
            "categories": model.categories,
            "summary": model.summary,
            "module": f"runcomfy.models.{model.module}",
            "page": f"models/{model.path}.html",
            "inputs": [
                {"name": field.wire, "type": field.type, "required": field.required}
                for field in model.inputs
            ],
        }
        for model in models
    ]
    pages["models.json"] = json.dumps({"models": entries}, indent=1, ensure_ascii=False) + "\n"
    pages["llms.txt"] = _llms(models, guide)
    pages["llms-full.txt"] = whole
    return pages


def _llms(models: Sequence[ModelView], guide: Mapping[str, str]) -> str:
    """Return the index for language models (llmstxt.org)."""
    lines = [
        "# RunComfy Models",
        "",
        "> A typed Python client for RunComfy's Model API, generated from the schemas of its",
        "> models. Inputs are checked before money is spent, and a job is submitted once.",
        "",
        "## Guide",
        "",
        *(f"- [{_heading(text)}]({path})" for path, text in guide.items()),
        "",
        "## Models",
        "",
        *(f"- [{one.model_id}](models/{one.path}.md): {one.summary}" for one in models),
    ]
    return "\n".join(lines) + "\n"


def _heading(text: str) -> str:
    return next((line[2:] for line in text.splitlines() if line.startswith("# ")), "")


def _counted(count: int) -> str:
    return f"{count} models" if count != 1 else "1 model"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(  # noqa: S701 - the output is Markdown; its filters escape
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"md": _escaped, "cell": _cell, "told": _told, "plain": _plain}
    return environment


def _escaped(text: str) -> str:
    """Return *text* so that Markdown shows it as it is."""
    return _MARKUP.sub(r"\\\1", text)


def _cell(text: str) -> str:
    """Return *text* for one cell of a table."""
    return _escaped(text).replace("\n\n", "<br>").replace("\n", " ")


def _code(text: str) -> str:
    """Return *text* as code in one cell of a table, where no backtick and no bar may stand."""
    if _PLAIN_CODE.fullmatch(text):
        return f"`{text}`"
    return f"<code>{_escaped(text.replace('&', '&amp;'))}</code>"


def _told(field: FieldView) -> str:
    """Return all that a table says of a field, in one cell."""
    parts = [_cell(field.words)] if field.words else []
    if field.choices:
        parts.append(f"One of {', '.join(map(_code, field.choices))}.")
    parts += [_cell(fact) for fact in field.facts]
    return "<br>".join(parts)


def _plain(field: FieldView) -> str:
    parts = [" ".join(field.words.split())] if field.words else []
    if field.choices:
        parts.append(f"One of {', '.join(field.choices)}.")
    return " ".join([*parts, *field.facts])
