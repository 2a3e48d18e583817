from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runcomfy_codegen.patterns import PatternError, to_python


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("^a$", ["a"], ["a\n", "\na", "ab"]),
        (r"^\d$", ["5"], ["٥"]),
        (r"^\w$", ["a", "_"], ["é"]),
        (r"^\W$", ["é", "-"], ["a"]),
        (r"^[\d\w]$", ["5", "a"], ["é", "٥"]),
        (r"^\s$", [" ", "\u00a0", "\ufeff", "\u2028"], ["\x1c", "\u180e"]),
        (r"^[^\s]$", ["\x1c"], ["\ufeff"]),
        ("^.$", ["a", "\x85", "프"], ["\n", "\r", "\u2028"]),
        (r"\bé", [], ["é"]),
        ("^[^]$", ["\n", "a"], [""]),
        ("a[]", [], ["a", "a]"]),
        (r"^\u0041\x42\u{1F600}$", ["AB😀"], ["ab😀"]),
        (r"^\cJ$", ["\n"], ["J"]),
        (r"^a\/b$", ["a/b"], []),
        (r"^(?<year>\d{4})$", ["2026"], ["26"]),
        (r"(?<=a)b(?!c)", ["ab"], ["abc", "b"]),
        ("^[a&&b]$", ["&"], ["&&"]),
        (r"^[\]\-]$", ["]", "-"], ["a"]),
        (r"^[[]$", ["["], [""]),
        ("프롬", ["프롬프트"], ["프"]),
    ],
)
def test_a_pattern_means_what_ecmascript_means(
    pattern: str, matching: list[str], other: list[str]
) -> None:
    compiled = re.compile(to_python(pattern))
    assert [text for text in matching if not compiled.search(text)] == []
    assert [text for text in other if compiled.search(text)] == []


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(", "is not a regular expression: missing )"),
        ("a**", "is not a regular expression: multiple repeat"),
        ("a\\", "ends with a backslash"),
        (r"\p{Letter}", r"has \p, which can't be translated"),
        (r"\k<a>", r"has \k, which can't be translated"),
        (r"[\D]", r"has \D inside a class, which can't be translated"),
        ("(?P<a>b)", "has a group that ECMAScript has not"),
        ("(?i)a", "has a group that ECMAScript has not"),
        ("(?#note)", "has a group that ECMAScript has not"),
        (r"\u{110000}", "names a character that Unicode has not"),
    ],
)
def test_what_can_not_be_translated_is_refused(pattern: str, fault: str) -> None:
    with pytest.raises(PatternError) as caught:
        to_python(pattern)
    assert str(caught.value).startswith(fault)


@given(st.text() | st.text(alphabet=r"\[]^$.()?*+{}|-dDwWsSbBuxcp0a<=!:,P"))
def test_a_pattern_is_translated_or_refused(pattern: str) -> None:
    try:
        translated = to_python(pattern)
    except PatternError:
        return
    re.compile(translated)
