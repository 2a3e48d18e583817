from __future__ import annotations

import pytest

from runcomfy_codegen.errors import Diagnostics, Finding, SchemaError


def test_a_finding_reads_as_file_pointer_message() -> None:
    assert str(Finding("a.json", "/x/0", "is bad")) == "a.json#/x/0: is bad"


def test_a_finding_is_one_line_that_no_terminal_obeys() -> None:
    finding = Finding("a.json", "/x\n\x1b[2J", "is \u202ebad\u2028 in 프롬프트")
    assert str(finding) == r"a.json#/x\n\x1b[2J: is \u202ebad\u2028 in 프롬프트"


def test_finish_raises_everything_sorted_by_place() -> None:
    diagnostics = Diagnostics()
    diagnostics.error("b.json", "", "second")
    diagnostics.error("a.json", "/z", "first")
    diagnostics.warn("a.json", "", "a warning")
    with pytest.raises(SchemaError, match=r"a\.json#/z: first\nb\.json#: second") as caught:
        diagnostics.finish()
    assert [finding.file for finding in caught.value.findings] == ["a.json", "b.json"]


def test_warnings_are_errors_only_when_strict() -> None:
    diagnostics = Diagnostics()
    diagnostics.warn("a.json", "/x", "is odd")
    assert diagnostics.finish() == (Finding("a.json", "/x", "is odd"),)
    with pytest.raises(SchemaError, match="is odd"):
        diagnostics.finish(strict=True)
