"""The docstrings of a generated module: the schema's own text, and its limits in our words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .facts import facts
from .ir import Text
from .summary import summary

if TYPE_CHECKING:
    from .ir import Field, Model, Record


def module_doc(model: Model) -> Text:
    """Return the docstring of a model's module."""
    page = f"models/{model.endpoint.model_id}.html"
    return Text(f"{_title(model)}\n\n{summary(model).words}\nIts page in the reference: {page}")


def model_words(model: Model) -> Text:
    """Return what a program that chooses a model is told of it."""
    return Text(f"{_title(model)} {summary(model).words}")


def _title(model: Model) -> str:
    categories = ", ".join(category.words for category in model.categories)
    about = f" ({categories})" if categories else ""
    return f"{model.display_name.words}{about}."


def input_doc(model: Model) -> Text:
    """Return the docstring of a model's ``Input``."""
    title, description = model.input.title.words.strip(), model.input.description.words.strip()
    first = f"An input of {model.display_name.words}{f' ({title})' if title else ''}."
    return Text("\n\n".join(filter(None, [first, description])))


def class_doc(record: Record) -> Text:
    """Return the docstring of the class for an object inside an input."""
    return Text(_words(record) or "An object inside an input.")


def field_doc(field: Field) -> Text:
    """Return the docstring of a field: its description, a blank line, then limits and default."""
    return Text("\n\n".join(filter(None, [field_words(field), " ".join(facts(field))])))


def field_words(field: Field) -> str:
    """Return the description of a field, without its limits; empty if it has none."""
    # A title that repeats the name, as in "Seed: The number that …" for ``seed``, is left out.
    title = field.title.words.strip()
    if field.description.words.strip() and title.casefold() == field.wire.replace("_", " "):
        return field.description.words.strip()
    return _words(field)


def _words(one: Field | Record) -> str:
    title, description = one.title.words.strip(), one.description.words.strip()
    if title and description:
        return f"{title}: {description}"
    return description or title
