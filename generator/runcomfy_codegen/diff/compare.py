"""The comparison of two schema trees, by model and field.

Both trees go through the generator's own passes, including overlays and the dialect pass. If the
generator refuses a document, the comparison fails too. Neither datamodel-code-generator nor jinja2
is needed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..dialect import standardise
from ..errors import Diagnostics
from ..load import load
from .changes import Change, Effect, Found, Kind, ordered
from .history import restore
from .inputs import input_changes
from .media import media_changes
from .outputs import output_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..dialect import Standard
    from ..jsontext import JsonObject

_INPUT, _OUTPUT = "/input_schema", "/output_schema"


def read(schemas: Path, diagnostics: Diagnostics, shown: str = "") -> dict[str, Standard]:
    """Read the documents under the folder *schemas*, by model id.

    Args:
        schemas: The folder.
        diagnostics: Collects errors and warnings.
        shown: The folder's name in messages, if it differs from *schemas*.

    Raises:
        GeneratorError: There is no such folder, or no document in it.
    """
    own = Diagnostics()
    standards = [standardise(document, own) for document in load(schemas, own)]
    for one in own.errors:
        below = one.file.removeprefix(schemas.as_posix())
        diagnostics.error(shown + below if shown else one.file, one.pointer, one.message)
    return {one.document.model_id: one for one in standards if one is not None}


def read_revision(schemas: Path, revision: str, diagnostics: Diagnostics) -> dict[str, Standard]:
    """Read the documents under the folder *schemas* as they were at a git *revision*.

    Raises:
        GeneratorError: git can't provide them.
    """
    with tempfile.TemporaryDirectory(prefix="runcomfy-codegen-") as folder:
        restore(schemas, revision, Path(folder))
        return read(Path(folder), diagnostics, f"{revision}:{schemas.as_posix()}")


def compare(old: dict[str, Standard], new: dict[str, Standard]) -> tuple[Change, ...]:
    """List every change from the tree *old* to *new*, in order."""
    changes: list[Change] = []
    for model_id in old.keys() | new.keys():
        if model_id not in new:
            changes.append(Change(model_id, "", Kind.BREAKING, "model removed"))
        elif model_id not in old:
            changes.append(Change(model_id, "", Kind.COMPATIBLE, "model added"))
        else:
            changes += (
                Change(model_id, one.place, one.effect.kind, one.what, one.old, one.new)
                for one in _model_changes(old[model_id], new[model_id])
            )
    return ordered(changes)


def _model_changes(old: Standard, new: Standard) -> Iterator[Found]:
    for key in ("display_name", "categories"):
        before, after = (getattr(one.document, key) for one in (old, new))
        if before != after:
            values = (list(one) if isinstance(one, tuple) else one for one in (before, after))
            yield Found(f"/{key}", Effect.WORDS, f"{key} changed".replace("_", " "), *values)
    # Most models are identical in both trees and need no walk.
    if not _identical(old.input, new.input):
        yield from input_changes(old.input, new.input, _INPUT)
    fields = [set(one.input["properties"]) for one in (old, new)]
    common = fields[0] & fields[1]
    before, after = (
        {name: rules for name, rules in one.media_rules.items() if name in common}
        for one in (old, new)
    )
    yield from media_changes(before, after, _INPUT)
    if not _identical(old.output, new.output):
        yield from output_changes(old.output, new.output, _OUTPUT)


def _identical(old: JsonObject, new: JsonObject) -> bool:
    """Tell whether both are equal, including all text and the order of keys."""
    return json.dumps(old) == json.dumps(new)
