"""A local Model API for development and tests: real HTTP, no account, no cost.

`Sandbox` runs it inside a process, and the command ``runcomfy-sandbox`` runs it on its own.

Each module imports only from those above it:

    deliveries  the ways to send an answer, complete or broken
    answers     calls and answers as plain values; the error codes
    timeline    how long a job queues and runs; a clock that tests control
    check       the check of an input against its schema
    documents   the model documents of a folder
    catalog     search and pages of the models
    sizes       the picture size that an input asks for
    pictures    PNG, JPEG, WebP and GIF files
    sounds      WAV files
    ranges      range requests for files
    samples     good and bad files for media checks
    jobs        jobs and their states
    media       the output files of jobs
    tokens      bearer tokens
    api         the endpoints under /v1
    spoil       the kinds of faults
    faults      the table of faults
    armory      the faults that are armed
    journal     the log of requests
    control     the endpoints under /sandbox
    wire        the conversion between HTTP and calls and answers
    app         the routes
    server      the uvicorn server
    sandbox     the sandbox in a background thread
    cli         the sandbox as a command
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
