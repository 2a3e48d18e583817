"""The manifest: a record of the last run, so that the next one makes only what has changed.

Rules:

- Content decides, never a time stamp: a file on disk is reused if its digest is the one recorded
  for the same input and the same generator.
- A manifest is a cache. If it is missing, corrupt or from another generator, everything is made.
- It is written last, so that the next run completes a run that was killed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

from .digests import digest
from .errors import Finding, GeneratorError
from .folders import files_below, names_in, read
from .output import replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: Packages whose version affects the output.
_DECIDING = frozenset({"datamodel_code_generator", "jinja2", "ruff"})


class Entry(NamedTuple):
    """One model's module.

    Attributes:
        source: The digest of the model's document and overlay.
        path: The module's path below the output folder.
        output: The digest of the module.
        warnings: The warnings about the model's schema.
    """

    source: str
    path: str
    output: str
    warnings: tuple[Finding, ...] = ()


class Manifest(NamedTuple):
    """The record of a run.

    Attributes:
        generator: The digest of the generator that ran.
        entries: The models' modules, by model id.
        shared: The digests of all other files, by their path below the output folder.
    """

    generator: str
    entries: Mapping[str, Entry]
    shared: Mapping[str, str]

    @classmethod
    def read(cls, file: Path, generator: str) -> Self:
        """Return the manifest in *file*; an empty one if it is unusable or of another generator."""
        nothing = cls(generator, {}, {})
        try:
            noted: Any = json.loads(file.read_bytes())
            if noted["generator"] != generator:
                return nothing
            entries = {
                model_id: Entry(
                    str(one["source"]),
                    str(one["path"]),
                    str(one["output"]),
                    tuple(Finding(*map(str, finding)) for finding in one["warnings"]),
                )
                for model_id, one in noted["entries"].items()
            }
            shared = {str(path): str(found) for path, found in noted["shared"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return nothing
        paths = [*shared, *(one.path for one in entries.values())]
        # An edited manifest must not lead outside the output folder.
        if any(path.startswith("/") or ".." in path.split("/") for path in paths):
            return nothing
        return cls(generator, entries, shared)

    def write(self, file: Path) -> None:
        """Write this manifest to *file*.

        Raises:
            GeneratorError: The file can't be written.
        """
        entries = {
            model_id: {
                "source": one.source,
                "path": one.path,
                "output": one.output,
                "warnings": one.warnings,
            }
            for model_id, one in self.entries.items()
        }
        noted = {"generator": self.generator, "entries": entries, "shared": dict(self.shared)}
        text = json.dumps(noted, sort_keys=True)
        if _read(str(file)) == text.encode():
            return
        try:
            replace_file(file, text.encode())
        except OSError as error:
            raise GeneratorError(f"{file}: can't be written: {error.strerror}") from None

    def module(self, model_id: str, source: str, out: Path) -> tuple[Entry, bytes] | None:
        """Return the module that was made from *source* before, if it is still there unchanged."""
        entry = self.entries.get(model_id)
        if entry is None or entry.source != source:
            return None
        data = _read(f"{out}/{entry.path}")
        return None if data is None or digest(data) != entry.output else (entry, data)

    def has(self, path: str, out: Path) -> bool:
        """Tell whether a file that is no model's still is as it was made."""
        data = _read(f"{out}/{path}") if path in self.shared else None
        return data is not None and digest(data) == self.shared[path]

    def others(self, out: Path) -> dict[str, bytes] | None:
        """Return all files that belong to no model, if all are still there unchanged."""
        found = {path: _read(f"{out}/{path}") for path in self.shared}
        if any(data is None or digest(data) != self.shared[path] for path, data in found.items()):
            return None
        return cast("dict[str, bytes]", found)


def noted_digests(file: Path) -> dict[str, str]:
    """Return the digests of the last run's files by path, whichever generator wrote *file*."""
    try:
        noted: Any = json.loads(file.read_bytes())
        modules = {str(one["path"]): str(one["output"]) for one in noted["entries"].values()}
        return modules | {str(path): str(found) for path, found in noted["shared"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def manifest_file(out: Path, package: str) -> Path:
    """Return the path of the manifest of *package*, which is beside it in the folder *out*."""
    return out / f".{package}.manifest.json"


def generator_digest(templates: Path) -> str:
    """Return the digest of everything except the schemas that affects the output."""
    here = str(Path(__file__).parent)
    own = sorted(name for name in names_in(here) if name.endswith(".py"))
    below = files_below(str(templates))
    return digest(*_contents(here, own), *_contents(str(templates), below), *_versions())


def _contents(folder: str, files: Iterable[str]) -> Iterator[bytes]:
    for path in files:
        data = _read(f"{folder}/{path}")
        if data is not None:  # an editor's lock file is a dangling link
            yield path.encode()
            yield data


def _versions() -> list[bytes]:
    """Return the names of the deciding packages' metadata folders, which contain their versions.

    importlib.metadata has the versions too, but importing it takes longer than all the rest here.
    """
    names = {name.lower() for folder in sys.path for name in names_in(folder or ".")}
    installed = (name for name in sorted(names) if name.endswith(".dist-info"))
    return [name.encode() for name in installed if name.split("-")[0] in _DECIDING]


def _read(file: str) -> bytes | None:
    try:
        return read(file)
    except OSError:
        return None
