from __future__ import annotations

import gc
import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from runcomfy_codegen.imports import uncollected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Leave the collector as it was found."""
    yield
    gc.unfreeze()
    gc.enable()


def test_what_is_imported_is_no_concern_of_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_apart.py").write_text("import gc\non = gc.isenabled()\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    gc.unfreeze()
    with uncollected():
        module = importlib.import_module("imported_apart")
    del sys.modules["imported_apart"]
    assert not module.on
    assert gc.isenabled()
    assert gc.get_freeze_count()


def test_nothing_is_done_where_nothing_was_imported() -> None:
    gc.unfreeze()
    with uncollected():
        import json  # noqa: F401, PLC0415 - it is there already
    assert gc.get_freeze_count() == 0


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    with pytest.raises(ModuleNotFoundError), uncollected():
        importlib.import_module("there_is_no_such_module")
    assert not gc.isenabled()
