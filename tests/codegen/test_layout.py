from __future__ import annotations

from pathlib import Path

import pytest

from runcomfy_codegen import layout
from runcomfy_codegen.errors import GeneratorError


def test_all_files_are_laid_out_alike() -> None:
    made = layout.formatted({"a.py": "x=1\n", "b/c.py": f"y = [{'1, ' * 50}]"})
    assert made["a.py"] == "x = 1\n"
    assert len(made["b/c.py"].splitlines()) > 50


def test_settings_of_the_caller_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ruff.toml").write_text('[format]\nquote-style = "single"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert layout.formatted({"a.py": "x='a'\n"}) == {"a.py": 'x = "a"\n'}


def test_what_is_not_python_is_an_error() -> None:
    with pytest.raises(GeneratorError, match=r"the formatter refuses the output: .*a\.py"):
        layout.formatted({"a.py": "x = = 1\n"})


def test_a_missing_formatter_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_RUFF", Path("/nowhere/ruff"))
    with pytest.raises(GeneratorError, match=r"install 'runcomfy-models\[codegen\]'"):
        layout.formatted({"a.py": "x = 1\n"})
