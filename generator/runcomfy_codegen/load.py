"""The only reader of model documents and their overlays, which it returns sorted by model id.

The path of a document is ``<schemas>/<model_id>.json``. An overlay beside it,
``<model_id>.overlay.json``, is a JSON merge patch (RFC 7396) with rules that the document states
only in prose. Refreshing the documents never changes an overlay.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from .digests import digest
from .errors import GeneratorError
from .jsontext import MOST_BYTES, JsonTextError, parse, pointer, unescaped

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

    from .errors import Diagnostics
    from .jsontext import JsonObject, JsonValue

OVERLAY_SUFFIX = ".overlay.json"

#: The glossary's file, directly below the folder of the schemas. No model can have it as its id.
GLOSSARY = "glossary.json"

_MODEL_ID = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")

#: The longest model id: far longer than real ids, and short enough for every file system.
LONGEST_ID = 200
_KEYS = frozenset({"model_id", "display_name", "categories", "input_schema", "output_schema"})


class Document(NamedTuple):
    """One model document with its overlay merged in.

    Attributes:
        file: The document's file as the user named it.
        overlay_file: The overlay's file, if there is one.
        own: The document without the overlay.
        overlay: The overlay alone, which tells from which file a value comes.
        digest: The digest of the document's name and of the content of both files.
    """

    file: str
    model_id: str
    display_name: str
    categories: tuple[str, ...]
    input_schema: JsonObject
    output_schema: JsonObject | None
    overlay_file: str
    own: JsonObject
    overlay: JsonObject
    digest: str

    def file_of(self, place: str) -> str:
        """Return the file that states the value at the pointer *place* of the merged document."""
        node: JsonValue = self.overlay
        for part in place.split("/")[1:]:
            key = unescaped(part)
            if isinstance(node, list):
                break  # a patch replaces a list whole
            if not isinstance(node, dict) or key not in node:
                return self.file
            node = node[key]
        return self.overlay_file or self.file


def load(schemas: Path, diagnostics: Diagnostics) -> list[Document]:
    """Read every model document under the folder *schemas*, sorted by model id.

    Faults are reported to *diagnostics*. A faulty document is still returned if its schemas can be
    examined, so that one run reports the faults of the schemas too.

    Raises:
        GeneratorError: There is no such folder, or no document in it.
    """
    if fault := folder_fault(schemas):
        raise GeneratorError(f"{fault}; name one with --schemas")
    files = sorted(file for file in schemas.rglob("*.json") if file != schemas / GLOSSARY)
    overlays = {file for file in files if file.name.endswith(OVERLAY_SUFFIX)}
    # A dictionary, because finding each overlay's document in a list would take quadratic time.
    documents = dict.fromkeys(file for file in files if file not in overlays)
    if not documents:
        raise GeneratorError(f"{schemas.as_posix()}: holds no model document (<model_id>.json)")
    for overlay in sorted(overlays):
        if _document_of(overlay) not in documents:
            diagnostics.error(
                overlay.as_posix(), "", "patches no document: there is none beside it"
            )
    loaded = (_load_one(file, schemas, overlays, diagnostics) for file in documents)
    return sorted((one for one in loaded if one is not None), key=lambda one: one.model_id)


def folder_fault(folder: Path) -> str:
    """Return why *folder* is not a folder; an empty string if it is one."""
    if folder.is_dir():
        return ""
    what = "is a file, not a folder" if folder.exists() else "no such folder"
    return f"{folder.as_posix()}: {what}"


def merge(target: JsonValue, patch: JsonValue) -> JsonValue:
    """Apply the JSON merge patch *patch* to *target* (RFC 7396) and return the result."""
    if not isinstance(patch, dict):
        return patch
    merged: JsonObject = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _document_of(overlay: Path) -> Path:
    return overlay.with_name(overlay.name.removesuffix(OVERLAY_SUFFIX) + ".json")


def _load_one(
    file: Path, schemas: Path, overlays: Container[Path], diagnostics: Diagnostics
) -> Document | None:
    document = _read_object(file, schemas, diagnostics)
    overlay: tuple[bytes, JsonObject] | None = (b"", {})
    overlay_file = file.with_name(file.name.removesuffix(".json") + OVERLAY_SUFFIX)
    if overlay_file in overlays:
        overlay = _read_object(overlay_file, schemas, diagnostics)
    if document is None or overlay is None:
        return None
    merged = merge(document[1], overlay[1])
    assert isinstance(merged, dict)  # noqa: S101 - an object patched with an object is an object
    relative = file.relative_to(schemas).as_posix()
    faults = list(_faults(merged, relative))
    for key, message in faults:
        source = overlay_file if key in overlay[1] else file
        diagnostics.error(source.as_posix(), "" if key is None else pointer(key), message)
    faulty = {key for key, _ in faults}
    sound = {key: value for key, value in merged.items() if key not in faulty}
    if "input_schema" not in sound or "output_schema" in faulty:
        return None
    model_id: str = sound.get("model_id", relative.removesuffix(".json"))
    return Document(
        file=file.as_posix(),
        model_id=model_id,
        display_name=sound.get("display_name", model_id),
        categories=tuple(sound.get("categories", ())),
        input_schema=sound["input_schema"],
        output_schema=sound.get("output_schema"),
        overlay_file=overlay_file.as_posix(),
        own=document[1],
        overlay=overlay[1],
        digest=digest(os.fsencode(file.as_posix()), document[0], overlay[0]),
    )


def _read_object(
    file: Path, schemas: Path, diagnostics: Diagnostics
) -> tuple[bytes, JsonObject] | None:
    """Return the content of *file*, as bytes and as a JSON object."""
    try:
        data = _read(file, schemas)
        value = parse(data)
    except JsonTextError as error:
        diagnostics.error(file.as_posix(), error.pointer, error.message)
        return None
    except OSError as error:
        diagnostics.error(file.as_posix(), "", f"can't be read: {error.strerror}")
        return None
    if not isinstance(value, dict):
        diagnostics.error(file.as_posix(), "", "is not a JSON object")
        return None
    return data, value


def _read(file: Path, schemas: Path) -> bytes:
    """Return the content of *file*, but at most one byte more than a document may have.

    Raises:
        OSError: The file can't be read.
        JsonTextError: The path is a link out of the folder *schemas*, or is not a plain file.
            Reading a pipe could wait forever.
    """
    if file.is_symlink() and not file.resolve().is_relative_to(schemas.resolve()):
        raise JsonTextError("", "is a symbolic link out of the schema folder; put the file there")
    if file.exists() and not (file.is_file() or file.is_dir()):
        raise JsonTextError("", "is not a plain file")
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _faults(document: JsonObject, relative: str) -> Iterator[tuple[str | None, str]]:
    """Yield (key, message) for each fault of a document's own keys; None is the whole document."""
    for key in sorted(document.keys() - _KEYS):
        yield key, f"is not a key of a model document; known are {', '.join(sorted(_KEYS))}"
    if "model_id" not in document:
        yield None, "lacks model_id"
    elif fault := _model_id_fault(document["model_id"], relative):
        yield "model_id", fault
    if "input_schema" not in document:
        yield None, "lacks input_schema"
    for key in ("input_schema", "output_schema"):
        if not isinstance(document.get(key, {}), dict):
            yield key, "is not an object"
    if not isinstance(document.get("display_name", ""), str):
        yield "display_name", "is not a string"
    categories = document.get("categories", [])
    if not (isinstance(categories, list) and all(isinstance(one, str) for one in categories)):
        yield "categories", "is not a list of strings"


def _model_id_fault(model_id: JsonValue, relative: str) -> str:
    """Return why *model_id* is wrong for the document at *relative*; empty if it is right."""
    if not isinstance(model_id, str):
        return "is not a string"
    if fault := id_fault(model_id):
        return fault
    if relative != f"{model_id}.json":
        return f"is {model_id!r}, but the file stands at {relative}; they must agree"
    return ""


def id_fault(text: str) -> str:
    """Return why *text* can't be part of URL paths and file paths; an empty string if it can."""
    if len(text) > LONGEST_ID:
        return f"has more than {LONGEST_ID} characters"
    if f"{text}.json" == GLOSSARY:
        return f"{text!r} would stand in the place of {GLOSSARY}"
    if not _MODEL_ID.fullmatch(text):
        return f"{text!r} is not letters, digits and ._- between slashes"
    # ".." would lead out of the folder, ".git" would hit the repository, and Windows drops a final
    # dot.
    if any(part.startswith(".") or part.endswith(".") for part in text.split("/")):
        return f"{text!r} has a part that begins or ends with a dot"
    return ""
