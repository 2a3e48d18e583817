"""The order of the passes, in one place.

``load → dialect → words → parse → render → verify``: what comes out is a map of path to bytes,
where each rendered file has its checksum. Nothing is written here, and nothing comes out when
anything is wrong. A model whose schema, and whose module on disk, are as the manifest notes them is
not made again.
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
from .names import module_path
from .templates import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .errors import Finding
    from .ir import Model
    from .load import Document


class Build(NamedTuple):
    """What a run makes.

    Attributes:
        files: Every file of the client: path below the output folder, with forward slashes, to
            content.
        warnings: What is doubtful in the schemas, sorted by place.
        manifest: What to note, once the files are written.
        kept: The paths of the files that were read in the output folder, and are as they should be.
        wordless: Names of fields that neither a schema nor the glossary describes, each with the
            ids of the models that have it.
    """

    files: Mapping[str, bytes]
    warnings: tuple[Finding, ...]
    manifest: Manifest
    kept: frozenset[str]
    wordless: Mapping[str, Sequence[str]]


def build(schemas: Path, package: str, out: Path | None = None, *, strict: bool = False) -> Build:
    """Make the client *package* of the documents under the folder *schemas*.

    Args:
        schemas: Where the documents stand.
        package: The import name of the client.
        out: The folder that holds the last run's output, to reuse what has not changed.
        strict: Treat warnings as errors.

    Raises:
        SchemaError: Something is wrong with the schemas; it holds all that is.
        GeneratorError: They can't be read, the formatter is missing, or a module is not what its
            schema promises, which is a fault of the generator.
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
    # The index and the vendors' packages depend on which models there are, and on nothing else.
    shared = last.others(out) if out and last.entries.keys() == entries.keys() else None
    kept = {entry.path for entry, _ in reused.values()}.union(shared or ())
    if shared is None:
        modules = {one.model_id: module_path(one.model_id) for one in documents}
        with _extra():
            from .ir import Package  # noqa: PLC0415 - as below
            from .render import render_shared  # noqa: PLC0415 - as below
        rendered = render_shared(Package(package, modules))
        shared = {path: _summed(path, data) for path, data in rendered.items()}
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
            from .render import render_models  # noqa: PLC0415 - jinja2 is not needed otherwise
            from .verify import verify  # noqa: PLC0415 - likewise only where there is work
        sources = {one.model_id: one for one in documents}
        for model, (path, data) in zip(models, render_models(package, models), strict=True):
            verify(path, data.decode(), model)
            files[path] = _summed(path, data)
            source = sources[model.endpoint.model_id]
            own = tuple(one for one in warnings if one.file in (source.file, source.overlay_file))
            entries[source.model_id] = Entry(source.digest, path, digest(files[path]), own)
    return entries, files


def _summed(path: str, data: bytes) -> bytes:
    return with_checksum(path.partition("/")[2], data)


@contextlib.contextmanager
def _extra() -> Iterator[None]:
    """Import what is needed only where there is work; say what to install where it is missing."""
    try:
        with uncollected():
            yield
    except ModuleNotFoundError as error:
        raise not_installed("codegen", str(error.name)) from None


def _parse(
    documents: Sequence[Document], glossary: Glossary, diagnostics: Diagnostics
) -> tuple[Model, ...]:
    with _extra():
        # Here and not above: they import datamodel-code-generator, which takes a third of a second.
        from .dialect import standardise  # noqa: PLC0415
        from .parse import parse  # noqa: PLC0415
    standards = [standardise(document, diagnostics) for document in documents]
    return tuple(
        parse(one.with_words(glossary), diagnostics) for one in standards if one is not None
    )


def _check_names(documents: Sequence[Document], diagnostics: Diagnostics) -> None:
    """Report models whose modules would be in each other's place."""
    owners: dict[tuple[str, ...], str] = {}
    for document in documents:
        module = module_path(document.model_id)
        owner = owners.setdefault(module, document.model_id)
        if owner != document.model_id:
            _clash(document, owner, module, diagnostics)
    # A module that stands alone can't share its name with a vendor's package.
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
