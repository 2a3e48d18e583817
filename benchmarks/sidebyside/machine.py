"""The head of the results: the machine and versions, without host name, user or paths."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import platform
from pathlib import Path

#: The peers in the benchmark environment, without the packages that they depend on.
PEERS = (
    "aiohttp",
    "attrs",
    "cattrs",
    "datamodel-code-generator",
    "fal-client",
    "fastjsonschema",
    "httpx",
    "jsonschema",
    "jsonschema-rs",
    "msgspec",
    "openai",
    "openapi-python-client",
    "pydantic",
    "replicate",
    "requests",
    "urllib3",
    "wavespeed",
)


def head() -> str:
    """The machine, the versions and the date, as Markdown."""
    today = dt.datetime.now(tz=dt.UTC).date()
    versions = ", ".join(f"{name} {version(name)}" for name in PEERS)
    implementation = f"{platform.python_implementation()} {platform.python_version()}"
    return "\n".join(
        [
            f"- {today.isoformat()}; {implementation}, {platform.system()} {platform.machine()}",
            f"- {_processor()}, {os.cpu_count()} cores, {_memory()} of memory",
            f"- {versions}",
        ]
    )


def version(distribution: str) -> str:
    """The installed version of a distribution."""
    return importlib.metadata.version(distribution)


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    if facts.exists():  # on Linux, where platform.processor() is often empty
        for line in facts.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{total / 1024**3:.0f} GiB"
