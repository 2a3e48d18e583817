"""Print the lowest versions that pyproject.toml allows for the client and some extras.

``make`` downloads these, and a test runs jobs with them (tests/contract/test_wheel.py).
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Sequence

PYPROJECT: Final = Path(__file__).parent.parent / "pyproject.toml"

#: Extras that allow more than one version. The packages of the other extras are pinned.
EXTRAS: Final = ("progress", "sandbox", "video")


def lowest(extras: Sequence[str]) -> dict[str, str]:
    """Return the lowest version of each package that the client and *extras* need."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    lines = [
        *project["dependencies"],
        *(line for extra in extras for line in project["optional-dependencies"][extra]),
    ]
    return dict(_lowest(Requirement(line)) for line in lines)


def _lowest(requirement: Requirement) -> tuple[str, str]:
    """Return a package and its lowest version.

    Raises:
        ValueError: The requirement states no lowest version.
    """
    (version,) = [one.version for one in requirement.specifier if one.operator == ">="]
    return requirement.name, version


if __name__ == "__main__":
    print(*(f"{name}=={version}" for name, version in lowest(sys.argv[1:] or EXTRAS).items()))
