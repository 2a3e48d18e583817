"""Name the lowest versions that pyproject.toml allows of what the client imports.

``make`` downloads these, and a test runs a job with them (tests/test_wheel.py).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement

PYPROJECT: Final = Path(__file__).parent.parent / "pyproject.toml"

#: The extras that the client imports something of.
EXTRAS: Final = ("progress", "video")


def lowest() -> dict[str, str]:
    """Return each package with its lowest version, of the client and of its extras."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in EXTRAS for line in project["optional-dependencies"][extra]),
    ]
    return dict(_lowest(Requirement(line)) for line in lines)


def _lowest(requirement: Requirement) -> tuple[str, str]:
    """Return a package and the version from which it is allowed.

    Raises:
        ValueError: The requirement names none.
    """
    (version,) = [one.version for one in requirement.specifier if one.operator == ">="]
    return requirement.name, version


if __name__ == "__main__":
    print(*(f"{name}=={version}" for name, version in lowest().items()))
