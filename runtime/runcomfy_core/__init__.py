"""The hand-written client that generated packages import and hand out.

Importing it loads nothing else: each name below is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module

from .misspelt import missing
from .version import __version__

# Not from typing, which takes most of the time of this import. Checkers go by the name.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from runcomfy_core.jobs.job import Job
    from runcomfy_core.jobs.result import Result
    from runcomfy_core.jobs.saving import Progress
    from runcomfy_core.jobs.states import Status
    from runcomfy_core.map.many import MapProgress
    from runcomfy_core.media.report import MediaItem, MediaReport, Unchecked
    from runcomfy_core.media.values import Media, MediaList, MediaMode
    from runcomfy_core.model.catalog import ModelModule
    from runcomfy_core.model.output import Output

    from .async_client import AsyncClient
    from .client import Client
    from .jobs.async_job import AsyncJob
    from .journal import Entry, Journal
    from .problem import Problem
    from .unset import UNSET

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
]

_HOMES = {
    "UNSET": "unset",
    "AsyncClient": "async_client",
    "AsyncJob": "jobs.async_job",
    "Client": "client",
    "Entry": "journal",
    "Job": "jobs.job",
    "Journal": "journal",
    "MapProgress": "map.many",
    "Media": "media.values",
    "MediaItem": "media.report",
    "MediaList": "media.values",
    "MediaMode": "media.values",
    "MediaReport": "media.report",
    "ModelModule": "model.catalog",
    "Output": "model.output",
    "Problem": "problem",
    "Progress": "jobs.saving",
    "Result": "jobs.result",
    "Status": "jobs.states",
    "Unchecked": "media.report",
}


# Checkers see the imports above, and what is misspelt.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise missing(__name__, name)
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value  # found without this function the next time
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
