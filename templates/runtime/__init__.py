"""A typed client for RunComfy's Model API.

Importing it loads nothing else: each name below, and each model under ``models``, is loaded when it
is first used.
"""

from __future__ import annotations

from importlib import import_module

from ._misspelt import missing, watch_imports
from ._version import __version__

# Not from typing, which takes most of the time of this import. Checkers go by the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    # The generator writes models beside this file; where this file is kept, it is not there.
    from . import errors, models  # type: ignore[attr-defined, unused-ignore]
    from ._async import AsyncClient, AsyncJob
    from ._catalog import ModelModule
    from ._client import Client
    from ._jobs.job import Job
    from ._jobs.result import Result
    from ._jobs.saving import Progress
    from ._jobs.states import Status
    from ._journal import Entry, Journal
    from ._map.many import MapProgress
    from ._media.report import MediaItem, MediaReport, Unchecked
    from ._media.values import Media, MediaList, MediaMode
    from ._output import Output
    from ._problem import Problem
    from ._unset import UNSET

__all__ = [
    "UNSET",
    "AsyncClient",
    "AsyncJob",
    "Client",
    "Entry",
    "Job",
    "Journal",
    "MapProgress",
    "Media",
    "MediaItem",
    "MediaList",
    "MediaMode",
    "MediaReport",
    "ModelModule",
    "Output",
    "Problem",
    "Progress",
    "Result",
    "Status",
    "Unchecked",
    "__version__",
    "errors",
    "models",
]

_HOMES = {
    "UNSET": "_unset",
    "AsyncClient": "_async",
    "AsyncJob": "_async",
    "Client": "_client",
    "Entry": "_journal",
    "Job": "_jobs.job",
    "Journal": "_journal",
    "MapProgress": "_map.many",
    "Media": "_media.values",
    "MediaItem": "_media.report",
    "MediaList": "_media.values",
    "MediaMode": "_media.values",
    "MediaReport": "_media.report",
    "ModelModule": "_catalog",
    "Output": "_output",
    "Problem": "_problem",
    "Progress": "_jobs.saving",
    "Result": "_jobs.result",
    "Status": "_jobs.states",
    "Unchecked": "_media.report",
}


watch_imports()

# Checkers see the imports above, and what is misspelt.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name in {"errors", "models"}:
            return import_module(f".{name}", __name__)
        if name not in _HOMES:
            raise missing(__name__, name)
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value  # found without this function the next time
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
