"""The order of the passes, in one place.

``load → dialect → words → parse → render → verify`` turns the schemas into a map of path to bytes,
in which each rendered file has its checksum. Nothing is written here, and there is no result if
anything is wrong. A model is skipped if both its schema and its module on disk are as the manifest
records them.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, NamedTuple

from .checksums import with_checksum
from .digests import digest
from .errors import Diagnostics, not_installed
from .glossary import Glossary
from .imports import uncollected
from .load import load
from .manifest import Entry, Manifest, generator_digest, manifest_file
from .names import module_path, schemas_path
from .templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .errors import Finding
    from .ir import Model
    from .load import Document


class Build(NamedTuple):
    """The result of a run.

    Attributes:
        files: The content of every file of the client, by path below the output folder, with
            forward slashes.
        warnings: Doubtful things in the schemas, sorted by place.
        manifest: The manifest to write after the files.
        kept: The paths of files that were read from the output folder and need no change.
        wordless: Names of fields that neither a schema nor the glossary describes, each with the
            ids of the models that have it.
    """

    files: Mapping[str, bytes]
    warnings: tuple[Finding, ...]
    manifest: Manifest
    kept: frozenset[str]
    wordless: Mapping[str, Sequence[str]]


def build(schemas: Path, package: str, out: Path | None = None, *, strict: bool = False) -> Build:
    """Make the client *package* from the documents under the folder *schemas*.

    Args:
        schemas: The folder of the documents.
        package: The import name of the client.
        out: The folder with the last run's output, from which unchanged files are reused.
        strict: Treat warnings as errors.

    Raises:
        SchemaError: The schemas have errors; the exception lists all of them.
        GeneratorError: The schemas can't be read, the formatter is missing, or a module differs
            from what its schema promises, which is a bug in the generator.
    """
    diagnostics = Diagnostics()
    documents = load(schemas, diagnostics)
    glossary = Glossary.read(schemas, diagnostics)
    _check_names(documents, diagnostics)
    # All modules may hold the glossary's words, so a change of it makes them anew.
    generator = digest(generator_digest(TEMPLATES).encode(), glossary.content)
    last = Manifest(generator, {}, {})
    if out is not None:
        last = Manifest.read(manifest_file(out, package), generator)
        # Without what it tells of the models, all of it has to be read from the schemas again.
        if not last.has(schemas_path(package), out):
            last = Manifest(generator, {}, {})
    reused: dict[str, tuple[Entry, bytes]] = {}
    stale: list[Document] = []
    for document in documents:
        found = out and last.module(document.model_id, document.digest, out)
        if found:
            reused[document.model_id] = found
            diagnostics.warnings += found[0].warnings
        else:
            stale.append(document)
    models = _parse(stale, glossary, diagnostics) if stale else ()
    warnings = diagnostics.finish(strict=strict)
    entries, files = _modules(documents, models, reused, package, warnings)
    # The index and the vendor packages depend only on the set of models.
    shared = last.others(out) if out and last.entries.keys() == entries.keys() else None
    kept = {entry.path for entry, _ in reused.values()}.union(shared or ())
    if shared is None:
        modules = {one.model_id: module_path(one.model_id) for one in documents}
        with _extra():
            from .ir import Package  # noqa: PLC0415 - needed only where there is work
            from .render import render_shared  # noqa: PLC0415 - needs jinja2
        rendered = render_shared(Package(package, modules))
        shared = {path: _summed(path, data) for path, data in rendered.items()}
    told = schemas_path(package)
    if stale or told not in shared:
        before = (out / told).read_bytes() if out and reused else b""
        shared[told] = _summed(told, _told(told, documents, models, before))
        kept.discard(told)
    files |= shared
    noted = {path: digest(data) for path, data in shared.items()}
    manifest = Manifest(generator, entries, noted)
    wordless = glossary.missing(documents)
    return Build(dict(sorted(files.items())), warnings, manifest, frozenset(kept), wordless)


def _modules(
    documents: Sequence[Document],
    models: Sequence[Model],
    reused: Mapping[str, tuple[Entry, bytes]],
    package: str,
    warnings: Sequence[Finding],
) -> tuple[dict[str, Entry], dict[str, bytes]]:
    """Return the manifest's entry and the module of each model, made or reused."""
    entries = {model_id: entry for model_id, (entry, _) in reused.items()}
    files = {entry.path: data for entry, data in reused.values()}
    if models:
        with _extra():
            from .render import render_models  # noqa: PLC0415 - needs jinja2
            from .verify import verify  # noqa: PLC0415 - needed only where there is work
        sources = {one.model_id: one for one in documents}
        for model, (path, data) in zip(models, render_models(package, models), strict=True):
            verify(path, data.decode(), model)
            files[path] = _summed(path, data)
            source = sources[model.endpoint.model_id]
            own = tuple(one for one in warnings if one.file in (source.file, source.overlay_file))
            entries[source.model_id] = Entry(source.digest, path, digest(files[path]), own)
    return entries, files


def _told(
    path: str, documents: Sequence[Document], models: Sequence[Model], before: bytes
) -> bytes:
    """Return the module that tells of all models.

    Args:
        path: Where it stands.
        documents: All of them, in the order of their ids.
        models: Those that are made anew.
        before: The module of the last run, for the others; empty where there are none.
    """
    with _extra():
        from .render import render_schemas  # noqa: PLC0415 - needs jinja2
        from .shipped import read_shipped, shipped  # noqa: PLC0415 - needed only where there is work
    texts = read_shipped(before) | {one.endpoint.model_id: shipped(one) for one in models}
    return render_schemas(path, {one.model_id: texts[one.model_id] for one in documents})


def _summed(path: str, data: bytes) -> bytes:
    return with_checksum(path.partition("/")[2], data)


@contextlib.contextmanager
def _extra() -> Iterator[None]:
    """Allow imports of packages that only some runs need; if one is missing, say how to get it."""
    try:
        with uncollected():
            yield
    except ModuleNotFoundError as error:
        raise not_installed("codegen", str(error.name)) from None


def _parse(
    documents: Sequence[Document], glossary: Glossary, diagnostics: Diagnostics
) -> tuple[Model, ...]:
    with _extra():
        # Imported here because datamodel-code-generator takes a third of a second to import.
        from .dialect import standardise  # noqa: PLC0415
        from .parse import parse  # noqa: PLC0415
    standards = [standardise(document, diagnostics) for document in documents]
    return tuple(
        parse(one.with_words(glossary), diagnostics) for one in standards if one is not None
    )


def _check_names(documents: Sequence[Document], diagnostics: Diagnostics) -> None:
    """Report models whose modules would have the same path."""
    owners: dict[tuple[str, ...], str] = {}
    for document in documents:
        module = module_path(document.model_id)
        owner = owners.setdefault(module, document.model_id)
        if owner != document.model_id:
            _clash(document, owner, module, diagnostics)
    # A module directly below models can't share its name with a vendor package.
    vendors = {module[0]: owner for module, owner in owners.items() if len(module) > 1}
    for document in documents:
        module = module_path(document.model_id)
        if len(module) == 1 and module[0] in vendors:
            _clash(document, vendors[module[0]], module, diagnostics)


def _clash(
    document: Document, other: str, module: tuple[str, ...], diagnostics: Diagnostics
) -> None:
    message = f"{document.model_id} and {other} would both be models.{'.'.join(module)} in Python"
    diagnostics.error(document.file, "/model_id", message)
