"""The order of the passes, in one place.

``load → dialect → parse → render``: what comes out is a map of path to bytes. Nothing is written
here, and nothing comes out when anything is wrong.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import attrs

from .dialect import standardise
from .errors import Diagnostics, GeneratorError
from .ir import Package
from .load import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .dialect import Standard
    from .errors import Finding
    from .ir import Model
    from .load import Document


@attrs.frozen
class Build:
    """What a run makes.

    Attributes:
        files: Every file of the client: path below the output folder, with forward slashes, to
            content.
        warnings: What is doubtful in the schemas, sorted by place.
    """

    files: Mapping[str, bytes]
    warnings: tuple[Finding, ...]


def build(schemas: Path, package: str, *, strict: bool = False) -> Build:
    """Make the client *package* of the documents under the folder *schemas*.

    Args:
        schemas: Where the documents stand.
        package: The import name of the client.
        strict: Treat warnings as errors.

    Raises:
        SchemaError: Something is wrong with the schemas; it holds all that is.
        GeneratorError: They can't be read, or the formatter is missing.
    """
    diagnostics = Diagnostics()
    documents = load(schemas, diagnostics)
    standards = [standardise(document, diagnostics) for document in documents]
    models = _parse([one for one in standards if one is not None], diagnostics)
    warnings = diagnostics.finish(strict=strict)

    with _extra():
        from .render import render  # noqa: PLC0415 - jinja2 is needed only where all is well
    return Build(render(Package(package, models)), warnings)


@contextlib.contextmanager
def _extra() -> Iterator[None]:
    """Say what to install where a package of the ``codegen`` extra is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        message = f"{error.name} is missing; install runcomfy-models[codegen]"
        raise GeneratorError(message) from None


def _parse(standards: Sequence[Standard], diagnostics: Diagnostics) -> tuple[Model, ...]:
    with _extra():
        # Here and not above: it imports datamodel-code-generator, which takes half a second.
        from .parse import parse  # noqa: PLC0415

    models: list[Model] = []
    owners: dict[tuple[str, ...], str] = {}
    for standard in standards:
        model = parse(standard, diagnostics)
        models.append(model)
        _claim(model.module, standard.document, owners, diagnostics)
    # A module that stands alone can't share its name with a vendor's package.
    vendors = {path[0]: owner for path, owner in owners.items() if len(path) > 1}
    for standard, model in zip(standards, models, strict=True):
        if len(model.module) == 1 and model.module[0] in vendors:
            _clash(standard.document, vendors[model.module[0]], model.module, diagnostics)
    return tuple(models)


def _claim(
    module: tuple[str, ...],
    document: Document,
    owners: dict[tuple[str, ...], str],
    diagnostics: Diagnostics,
) -> None:
    owner = owners.setdefault(module, document.model_id)
    if owner != document.model_id:
        _clash(document, owner, module, diagnostics)


def _clash(
    document: Document, other: str, module: tuple[str, ...], diagnostics: Diagnostics
) -> None:
    message = f"{document.model_id} and {other} would both be models.{'.'.join(module)} in Python"
    diagnostics.error(document.file, "/model_id", message)
