from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import runcomfy
from runcomfy import errors
from runcomfy_core import (
    client as _client,
)
from runcomfy_core import (
    problem as _problem,
)
from runcomfy_core import (
    unset as _unset,
)
from runcomfy_core import (
    version as _version,
)
from runcomfy_core.jobs import job, result, states


def test_the_names_are_those_of_the_modules() -> None:
    assert runcomfy.Client is _client.Client
    assert runcomfy.Job is job.Job
    assert runcomfy.Problem is _problem.Problem
    assert runcomfy.Result is result.Result
    assert runcomfy.Status is states.Status
    assert runcomfy.UNSET is _unset.UNSET
    assert runcomfy.__version__ == _version.__version__
    assert runcomfy.errors is errors
    assert runcomfy.models is importlib.import_module("runcomfy.models")
    assert dir(runcomfy) == sorted(runcomfy.__all__), "and none of its own imports"
    for name in runcomfy.__all__:
        assert getattr(runcomfy, name) is not None


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="'runcomfy' has no attribute 'Cleint'"):
        runcomfy.Cleint  # type: ignore[attr-defined] # noqa: B018 - that is the point


@pytest.mark.parametrize("module", ["runcomfy", "runcomfy.errors", "runcomfy_core.jobs.job"])
def test_importing_it_loads_no_network(module: str) -> None:
    heavy = {"urllib3", "cattrs", "requests"} | (
        {"attrs"} if module != "runcomfy_core.jobs.job" else set()
    )
    program = f"import sys, {module}; print(sorted({heavy!r} & set(sys.modules)))"
    root = Path(runcomfy.__file__).parent.parent
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        cwd=root,
    )
    assert run.stdout.strip() == "[]"
