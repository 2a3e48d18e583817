"""The model documents of a folder: one JSON file for each model.

The sandbox ignores overlays, because it stands for the vendor's server, which has none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs

from .check import Checker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class DocumentError(Exception):
    """A document, or the folder of documents, can't be used; the message names it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{path}: {problem}")


@attrs.frozen
class Model:
    """A model.

    Attributes:
        model_id: The id, with slashes.
        display_name: The name for people.
        categories: The categories, such as ``image-to-image``.
        input_schema: The schema of the input, as the document has it.
        kind: ``model``, ``workflow`` or ``inference``.
        checker: The checker of inputs against `input_schema`.
    """

    model_id: str
    display_name: str
    categories: tuple[str, ...]
    input_schema: Mapping[str, Any]
    kind: str
    checker: Checker = attrs.field(eq=False, repr=False)

    def settings(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return `value` with defaults for the properties that it leaves out.

        The default of a required property is sample text and is not used.
        """
        required = self.input_schema.get("required", ())
        defaults = {
            name: schema["default"]
            for name, schema in self.input_schema.get("properties", {}).items()
            if isinstance(schema, dict) and "default" in schema and name not in required
        }
        return {**defaults, **value}


def read_models(directory: Path) -> dict[str, Model]:
    """Return every model under `directory`, by its id, sorted.

    Args:
        directory: Searched to any depth for ``*.json``; ``*.overlay.json`` is skipped, and so is
            the ``glossary.json`` directly below it.

    Raises:
        DocumentError: A file is broken, two name the same model, or there is none.
    """
    models: dict[str, Model] = {}
    for path in sorted(directory.rglob("*.json")):
        if path.name.endswith(".overlay.json") or path == directory / "glossary.json":
            continue
        model = _read(path)
        if model.model_id in models:
            raise DocumentError(path, f"another file describes {model.model_id} too")
        models[model.model_id] = model
    if not models:
        raise DocumentError(
            directory, "there is no model document here; name the folder with --schemas"
        )
    return dict(sorted(models.items()))


def _read(path: Path) -> Model:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as exc:
        raise DocumentError(path, f"not readable as JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise DocumentError(path, "not a JSON object")
    categories = _member(path, document, "categories", list)
    if not all(isinstance(category, str) for category in categories):
        raise DocumentError(path, '"categories" must hold strings')
    schema = _member(path, document, "input_schema", dict)
    try:
        checker = Checker(schema)
    except ValueError as exc:
        raise DocumentError(path, f'"input_schema" is not a JSON Schema: {exc}') from exc
    return Model(
        model_id=_member(path, document, "model_id", str),
        display_name=_member(path, document, "display_name", str),
        categories=tuple(categories),
        input_schema=schema,
        kind=str(document.get("kind", "model")),
        checker=checker,
    )


_NAMES: dict[type, str] = {str: "a string", list: "an array", dict: "an object"}


def _member(path: Path, document: Mapping[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    if not isinstance(value, kind) or value == "":
        raise DocumentError(path, f'"{name}" must be {_NAMES[kind]}')
    return value
