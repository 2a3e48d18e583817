"""Our own descriptions of fields that many models have: ``<schemas>/glossary.json``.

The file is an object. Each key is the JSON name of a field. The value is an entry or a list of
entries, of which the first that fits is used::

    {"prompt": [{"when": {"category": "image-to-image"}, "title": "…", "description": "…"},
                {"title": "…", "description": "…"}]}

``when`` may name categories of a model (``category``) and JSON types of the field (``type``), each
as a string or a list of strings. An entry without it always fits.

Rules:

- A field's own title and description, from its schema or an overlay, take precedence. The glossary
  fills what is missing.
- If a field's own text is not English, the glossary's text comes first and its own text follows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .errors import GeneratorError
from .jsontext import JsonTextError, parse, pointer
from .load import GLOSSARY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from .errors import Diagnostics
    from .jsontext import JsonObject, JsonValue
    from .load import Document

_CONDITIONS: Final = ("category", "type")


class Entry(NamedTuple):
    """A title and description for a field.

    Attributes:
        categories: The categories of models to which the entry applies; empty for all.
        types: The JSON types of fields to which the entry applies; empty for all.
        title: A few words, without a full stop.
        description: One or two sentences.
    """

    categories: frozenset[str]
    types: frozenset[str]
    title: str
    description: str


class Glossary(NamedTuple):
    """All entries, by the name of the field in JSON.

    Attributes:
        entries: The entries for each field name.
        content: The bytes of the file, which show whether it has changed.
    """

    entries: Mapping[str, tuple[Entry, ...]]
    content: bytes

    @classmethod
    def read(cls, schemas: Path, diagnostics: Diagnostics) -> Glossary:
        """Read the glossary of the folder *schemas*, which is empty if there is no file.

        All faults of the file are reported to *diagnostics*.

        Raises:
            GeneratorError: The file exists and can't be read.
        """
        file = schemas / GLOSSARY
        try:
            content = file.read_bytes() if file.is_file() else b""
        except OSError as error:
            raise GeneratorError(f"{file.as_posix()}: can't be read: {error.strerror}") from None
        if not content:
            return cls({}, b"")
        try:
            value = parse(content)
        except JsonTextError as error:
            diagnostics.error(file.as_posix(), error.pointer, error.message)
            return cls({}, content)
        faults = list(_faults(value))
        for place, message in faults:
            diagnostics.error(file.as_posix(), place, message)
        if faults or not isinstance(value, dict):
            return cls({}, content)
        return cls({name: tuple(map(_entry, _listed(one))) for name, one in value.items()}, content)

    def find(self, name: str, categories: Iterable[str], types: Iterable[str]) -> Entry | None:
        """Return the entry for a field, or None.

        Args:
            name: The field's name in JSON.
            categories: The model's categories.
            types: The JSON types that the field may have.
        """
        for entry in self.entries.get(name, ()):
            if entry.categories and entry.categories.isdisjoint(categories):
                continue
            if entry.types and entry.types.isdisjoint(types):
                continue
            return entry
        return None

    def worded(self, schema: JsonObject, categories: Iterable[str]) -> JsonObject:
        """Return a copy of an object's *schema* with titles and descriptions for its fields.

        Fields of objects inside it, and inside its lists, get them too.
        """
        fields = schema.get("properties")
        if not isinstance(fields, dict):
            return schema
        known = tuple(categories)
        worded = {name: self._field(name, one, known) for name, one in fields.items()}
        return {**schema, "properties": worded}

    def missing(self, documents: Iterable[Document]) -> dict[str, list[str]]:
        """Return the names of fields without any description, with the models that have them."""
        missing: dict[str, list[str]] = {}
        for document in documents:
            fields = document.input_schema.get("properties")
            for name, field in fields.items() if isinstance(fields, dict) else ():
                if not isinstance(field, dict) or any(_words(field)):
                    continue
                if self.find(name, document.categories, _types(field)) is None:
                    missing.setdefault(name, []).append(document.model_id)
        return missing

    def _field(self, name: str, field: JsonValue, categories: tuple[str, ...]) -> JsonValue:
        if not isinstance(field, dict):
            return field
        worded = self.worded(field, categories)
        if isinstance(items := worded.get("items"), dict):
            worded = {**worded, "items": self.worded(items, categories)}
        entry = self.find(name, categories, _types(field))
        if entry is None:
            return worded
        title, description = _words(field)
        if _is_english(title + description):
            words = title or ("" if description else entry.title), description or entry.description
        else:
            own = f"{title}: {description}" if title and description else title or description
            words = entry.title, f"{entry.description}\n\n{own}"
        # The title and description come first, where a reader of the schema looks for them.
        first = {"title": words[0], "description": words[1]}
        return {**{key: text for key, text in first.items() if text}, **_without(worded, first)}


def _without(schema: JsonObject, keys: Mapping[str, object]) -> JsonObject:
    return {key: value for key, value in schema.items() if key not in keys}


def _words(field: JsonObject) -> tuple[str, str]:
    """Return a field's own title and description, stripped."""
    title, description = field.get("title", ""), field.get("description", "")
    return (
        title.strip() if isinstance(title, str) else "",
        description.strip() if isinstance(description, str) else "",
    )


def _types(field: JsonObject) -> list[str]:
    stated = field.get("type", [])
    return stated if isinstance(stated, list) else [stated]


def _is_english(words: str) -> bool:
    """Tell whether *words* may be English, that is, whether all letters are in its alphabet."""
    return all(char.isascii() or not char.isalpha() for char in words)


def _listed(value: Any) -> list[Any]:  # JSON: one entry or several
    return value if isinstance(value, list) else [value]


def _entry(value: JsonObject) -> Entry:
    when = value.get("when", {})
    categories, types = (frozenset(_listed(when.get(one, []))) for one in _CONDITIONS)
    return Entry(categories, types, value["title"], value["description"])


def _faults(value: JsonValue) -> Iterator[tuple[str, str]]:
    """Yield (pointer, message) for each fault of a glossary."""
    if not isinstance(value, dict):
        yield "", "is not a JSON object: field names, and the words of each"
        return
    for name, listed in value.items():
        if listed == []:
            yield pointer(name), "is an empty list; give an entry, or leave the name out"
        for i, entry in enumerate(_listed(listed)):
            place = pointer(name, i) if isinstance(listed, list) else pointer(name)
            yield from _entry_faults(entry, place)


def _entry_faults(entry: JsonValue, place: str) -> Iterator[tuple[str, str]]:
    if not isinstance(entry, dict):
        yield place, "is not an object with title, description and perhaps when"
        return
    for key in sorted(entry.keys() - {"when", "title", "description"}):
        yield place + pointer(key), "is not a key of an entry: title, description and when are"
    for key in ("title", "description"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            yield place, f"lacks a {key}: a text that is not empty"
    when = entry.get("when", {})
    if not isinstance(when, dict):
        yield f"{place}/when", "is not an object with category, type or both"
        return
    for key, wanted in when.items():
        if key not in _CONDITIONS:
            yield f"{place}/when{pointer(key)}", "is no condition: category and type are"
        elif not _listed(wanted) or not all(isinstance(one, str) for one in _listed(wanted)):
            yield f"{place}/when{pointer(key)}", "is neither a string nor a list of strings"
