"""A local Model API: real HTTP, no token to buy, no bill.

`Sandbox` runs it inside a process, the command ``runcomfy-sandbox`` runs it on its own.

The modules, each importing only from those above it:

    deliveries  how an answer goes out, whole or not
    answers     what is answered, before it becomes HTTP; the error codes
    timeline    how long a job queues and runs; a clock that tests set
    check       an input against its schema
    documents   the model documents of a directory
    catalog     search and pages over them
    sizes       how large a picture was asked for
    pictures    PNG, JPEG, WebP and GIF
    sounds      WAV
    ranges      files, and the parts of them that are asked for
    samples     files to check media with, good and bad
    jobs        jobs and their states
    media       what a job puts out
    tokens      bearer tokens
    api         the endpoints under /v1
    spoil       the kinds of misbehaviour
    faults      the table of misbehaviours
    armory      which of them are armed
    journal     the log of requests
    control     the endpoints under /sandbox
    wire        from HTTP to a call, from an answer to HTTP
    app         which path leads where
    server      uvicorn, bound, counted and stopped
    sandbox     all of it in a background thread
    cli         all of it as a command
    demo        ``make demo``
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .documents import DocumentError
    from .journal import LoggedRequest
    from .sandbox import Sandbox
    from .timeline import ManualClock, Timeline

__all__ = ["DocumentError", "LoggedRequest", "ManualClock", "Sandbox", "Timeline"]

_HOMES = {
    "DocumentError": "documents",
    "LoggedRequest": "journal",
    "ManualClock": "timeline",
    "Sandbox": "sandbox",
    "Timeline": "timeline",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use, so that the command can say which extra is missing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
