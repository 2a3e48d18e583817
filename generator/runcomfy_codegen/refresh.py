"""What a pull changes: a comparison of the catalog's entries with the documents on disk.

Nothing is written here. Rules:

- Only entries of the kind ``model``, or without a kind, count: ``POST /models/{model_id}`` accepts
  them, and the client has bindings for them. Workflows and inference entries are left out.
- An entry goes through the generator's own passes, with its overlay. If they refuse it, if its id
  can't be a path, or if its Python name is taken, the model keeps its old version, and the other
  entries go on.
- A new document can be stored on every system. Its path has no name that Windows reserves for a
  device, and no folder that differs from another only in capitals.
- A model is gone if its document is valid and the catalog has no entry with its id.
- Overlays are read, but never written. Nothing in the tree is read through a symbolic link.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from .dialect import standardise
from .entries import document_of, nests_within, text_of
from .errors import Diagnostics
from .jsontext import DEEPEST, JsonTextError, parse, pointer, same
from .load import GLOSSARY, OVERLAY_SUFFIX, id_fault, load
from .names import DEVICES, module_path
from .parse import parse as parse_schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .errors import Finding
    from .jsontext import JsonObject
    from .load import Document

#: The file name that findings about the API's answer show.
CATALOG = "catalog"


@attrs.frozen
class Refresh:
    """What a pull changes.

    Attributes:
        writes: New content, by path below the schemas folder.
        removals: Paths of the files to remove.
        added: Ids of new models, sorted.
        changed: Ids of models whose document changes, sorted.
        gone: Ids of models that the catalog no longer has, sorted.
        unchanged: How many documents agree with the catalog.
        refused: How many entries were refused, so that the old version stays or none is added.
        findings: Why the entries were refused.
        left_out: How many entries are not of the kind ``model``.
    """

    writes: Mapping[str, bytes]
    removals: tuple[str, ...]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    unchanged: int
    refused: int
    findings: tuple[Finding, ...]
    left_out: int


def compare(
    root: Path,
    shown: Path,
    entries: Iterable[JsonObject],
    *,
    prune: bool = False,
    with_descriptions: bool = False,
) -> Refresh:
    """Return the changes that make the documents under *root* agree with the catalog's *entries*.

    Args:
        root: The folder of the documents; it may not exist.
        shown: The same folder as the user named it, for findings.
        entries: The entries of the catalog.
        prune: Remove the documents and overlays of models that are gone.
        with_descriptions: Keep descriptions in every document.
    """
    tree = _Tree(root, shown)
    left_out = 0
    listed: dict[str, JsonObject] = {}
    for i, entry in enumerate(entries):
        if entry.get("kind", "model") not in ("model", None):
            left_out += 1
        elif (message := _id_fault(entry.get("model_id"))) is None:
            listed[entry["model_id"]] = entry
        else:
            tree.refuse(f"#{i}", CATALOG, pointer("models", i, "model_id"), message)
    gone = sorted(tree.sound_ids() - listed.keys())
    made: dict[str, JsonObject] = {}
    texts: dict[str, bytes] = {}
    for model_id in sorted(listed):
        if not tree.has_place_for(model_id):
            continue
        if not nests_within(DEEPEST, listed[model_id]):
            tree.refuse(model_id, tree.name(model_id), "", f"nests deeper than {DEEPEST} levels")
            continue
        made[model_id] = document_of(
            listed[model_id], tree.old.get(model_id), with_descriptions=with_descriptions
        )
        try:
            texts[model_id] = text_of(made[model_id])
        except UnicodeEncodeError:
            tree.refuse(model_id, tree.name(model_id), "", "holds half a surrogate pair")
    _check(tree, texts)
    _check_names(tree, texts, pruned=gone if prune else ())
    for one in sorted(tree.unsound.keys() - listed.keys()):
        tree.refuse(one, tree.name(one), *tree.unsound[one])  # the catalog doesn't know it
    sound = sorted(texts.keys() - tree.refused)
    written = [one for one in sound if one not in tree.old or not same(made[one], tree.old[one])]
    beside = [path for one in gone for path in (f"{one}.json", one + OVERLAY_SUFFIX)]
    return Refresh(
        writes={f"{one}.json": texts[one] for one in written},
        removals=tuple(path for path in beside if prune and path in tree.files),
        added=tuple(one for one in written if one not in tree.old),
        changed=tuple(one for one in written if one in tree.old),
        gone=tuple(gone),
        unchanged=len(sound) - len(written),
        refused=len(tree.refused),
        findings=tuple(sorted(tree.diagnostics.errors)),
        left_out=left_out,
    )


class _Tree:
    """The documents on disk, and the entries that can't be stored beside them."""

    def __init__(self, root: Path, shown: Path) -> None:
        self.root = root
        self.shown = shown
        self.files: dict[str, bool] = {}  # by path: whether it is a plain file
        self.folders: set[str] = set()
        if root.is_dir():
            self._survey("")
        # The actual spelling of each path, by the path in lower case.
        self._spellings: dict[str, str] = {}
        self._note_spellings(sorted({*self.files, *self.folders}))
        self.old: dict[str, JsonObject] = {}
        self.unsound: dict[str, tuple[str, str]] = {}
        for path in sorted(self.files):
            if path.endswith(".json") and path != GLOSSARY and not path.endswith(OVERLAY_SUFFIX):
                self._read(path)
        self.diagnostics = Diagnostics()
        self.refused: set[str] = set()

    def name(self, model_id: str) -> str:
        """Return the path of the document of *model_id* as the user would write it."""
        return (self.shown / f"{model_id}.json").as_posix()

    def refuse(self, key: str, file: str, place: str, message: str) -> None:
        self.refused.add(key)
        self.diagnostics.error(file, place, message)

    def sound_ids(self) -> set[str]:
        return {one for one, document in self.old.items() if document.get("model_id") == one}

    def has_place_for(self, model_id: str) -> bool:
        """Reserve the path for the document of *model_id*; tell whether it can be written there."""
        path = f"{model_id}.json"
        parents = [one.as_posix() for one in Path(path).parents][:-1]
        hindrance = next((one for one in parents if one in self.files), None)
        if path in self.folders:
            hindrance = path
        if model_id in self.unsound:
            self.refuse(model_id, self.name(model_id), *self.unsound[model_id])
        elif hindrance is not None:
            message = f"{(self.shown / hindrance).as_posix()} stands in the way"
            self.refuse(model_id, self.name(model_id), "", message)
        elif path not in self.files and (fault := self._windows_fault(model_id, parents)):
            self.refuse(model_id, self.name(model_id), "/model_id", fault)
        else:
            self.files.setdefault(path, True)
            self.folders.update(parents)
            self._note_spellings(parents)
        return model_id not in self.refused

    def _windows_fault(self, model_id: str, parents: Iterable[str]) -> str:
        """Return why Windows can't store the document of *model_id*; an empty string if it can."""
        for part in model_id.split("/"):
            if part.partition(".")[0].lower() in DEVICES:
                return f"{model_id!r} can't be stored on Windows, where {part} is a device"
        for folder in parents:
            other = self._spellings.get(folder.lower(), folder)
            if other != folder:
                return (
                    f"{folder} and {other} differ in capitals alone, and are one on Windows and "
                    "macOS"
                )
        return ""

    def _note_spellings(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._spellings.setdefault(path.lower(), path)

    def _survey(self, place: str) -> None:
        with os.scandir(self.root / place) as found:
            for one in found:
                path = f"{place}{one.name}"
                if one.is_dir(follow_symlinks=False):
                    self.folders.add(path)
                    self._survey(f"{path}/")
                else:
                    self.files[path] = one.is_file(follow_symlinks=False)

    def _read(self, path: str) -> None:
        model_id = path.removesuffix(".json")
        if not self.files[path]:
            self.unsound[model_id] = ("", "is not a plain file; a pull writes no other")
            return
        try:
            document = parse((self.root / path).read_bytes())
        except JsonTextError as error:
            message = f"{error.message}; mend or remove it, and pull again"
            self.unsound[model_id] = (error.pointer, message)
            return
        if isinstance(document, dict):
            self.old[model_id] = document
        else:
            self.unsound[model_id] = ("", "is not a JSON object; mend or remove it")


def _id_fault(model_id: object) -> str | None:
    """Return why the catalog's *model_id* can't name a document, or nothing if it can."""
    if not isinstance(model_id, str):
        return "is not a string" if model_id is not None else "is missing"
    if fault := id_fault(model_id):
        return fault
    if f"{model_id}.json".endswith(OVERLAY_SUFFIX):
        return f"{model_id!r} would stand in the place of an overlay"
    return None


def _check(tree: _Tree, texts: Mapping[str, bytes]) -> None:
    """Run the generator's passes on *texts*, each with its overlay."""
    if not texts:
        return
    # load reads files, and the real ones must not change before all entries are checked.
    with tempfile.TemporaryDirectory(prefix="runcomfy-pull-") as name:
        scratch = Path(name)
        for model_id, text in texts.items():
            target = scratch / f"{model_id}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text)
            if (overlay := model_id + OVERLAY_SUFFIX) in tree.files:
                (scratch / overlay).write_bytes((tree.root / overlay).read_bytes())
        diagnostics = Diagnostics()
        for document in load(scratch, diagnostics):
            _run_passes(document, diagnostics)
    for finding in diagnostics.errors:
        path = Path(finding.file).relative_to(scratch).as_posix()
        model_id = path.removesuffix(OVERLAY_SUFFIX).removesuffix(".json")
        shown = (tree.shown / path).as_posix()
        tree.refuse(model_id, shown, finding.pointer, finding.message)


def _run_passes(document: Document, diagnostics: Diagnostics) -> None:
    try:
        standard = standardise(document, diagnostics)
        if standard is not None:
            parse_schemas(standard, diagnostics)
    # A bug in the passes that one entry triggers must not stop the other entries.
    except Exception as error:  # noqa: BLE001
        message = f"the generator fails on it: {type(error).__name__}: {error}"
        diagnostics.error(document.file, "", message)


def _check_names(tree: _Tree, texts: Iterable[str], *, pruned: Iterable[str]) -> None:
    """Refuse new models whose module path is taken; models on disk come first, then by id."""
    owners: dict[tuple[str, ...], str] = {}
    kept = tree.old.keys() - set(pruned)
    for model_id in [*sorted(kept), *sorted(set(texts) - kept - tree.refused)]:
        module = module_path(model_id)
        other = next((owners[one] for one in _rivals(module) if one in owners), None)
        if other is not None and model_id not in kept:
            message = f"{model_id} and {other} would both be models.{'.'.join(module)} in Python"
            tree.refuse(model_id, tree.name(model_id), "/model_id", message)
            continue
        owners[module] = model_id
        # A module directly below models can't share its name with a vendor package.
        if len(module) > 1:
            owners.setdefault((module[0], "*"), model_id)


def _rivals(module: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield module
    yield (module[0], "*") if len(module) == 1 else module[:1]
