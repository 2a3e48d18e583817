from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_schemas import ROOT, SUITE

from runcomfy_codegen.backtracking import LENGTH, MOST_STEPS, TooSlowError, check
from runcomfy_codegen.patterns import PatternError, to_python

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Patterns that are known for what they do to a backtracking engine.
CATASTROPHIC = [
    r"(a+)+$",
    r"^(a+)+$",
    r"^(a*)*$",
    r"([a-zA-Z]+)*$",
    r"(a|aa)+$",
    r"(a|a?)+$",
    r"(.*a){11}$",
    r"^(([a-z])+.)+[A-Z]([a-z])+",
    r"^(.*)*$",
    r"(x+x+)+y",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2}))$",
    r"^\d+(\d+)*$",
    r"^(\w+\s?)*$",
    r"(\s*)*x",
    r"a*a*a*a*b",
    r"^.*.*.*=$",
    r"(\d+)+x",
    r"^(?:a?){30}a{30}$",
    r"(?:\w*\s*)*x$",
    r"^((ab)*)*$",
    r"(?:a|b|ab)*c",
    r"(.+)+\.",
    r"^(\d|\d\d)+$",
    r"^(a*)+b$",
    r"(?=(a+)+b)a",
    r"^(?!(a+)+b).*$",
    r"(?<=a)(a+)+b",
    r"([^]*)*x",
    r"(a{1,100}){1,100}b",
    r"^(([^,]*)*,)*$",
    r".*.*x",
    r"^([a-z0-9]+-?)*$",
    r"<!--(.|\n|\s)*-->",
    r"(?:.*,)*x",
    r"(\w+)(\w+)(\w+)!",
    r"^(?:a|ab|b)*?c",
    r"^(a+?)+?$",
    r"(a+)+(?<x>b)",
    r"(?:(a)\1?)*b",
    r"^(?:(?:a|ab)(?:c|bcd)(?:d*))*$",
]

#: Patterns as schemas have them; each with texts that it has most to do with.
HARMLESS = [
    "^a*$",
    "a+",
    "f.o",
    r"\S",
    r"^\S+$",
    r"a*b",
    r"[a-z]+\d",
    r"^[\w.-]{1,64}$",
    r"^[^\n]{0,2000}$",
    r"^[a-z]{0,64}[a-z]{0,64}$",
    r"^\s*\S+\s*$",
    r"^(\d+)x(\d+)$",
    r"^\d+:\d+$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^\d{1,3}(\.\d{1,3}){3}$",
    r"^#[0-9a-fA-F]{6}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"^(?:\.\d+)*$",
    r"^([a-z]+,)*[a-z]+$",
    r"^[a-z0-9]+(-[a-z0-9]+)*$",
    r"(?:[a-z]+\.)+",
    r"(?:[a-z]+\.)+x",
    r"(?:a,)*x",
    r"(?:[^,]*,)*;",
    r"^(foo|bar|baz)+$",
    r"^(?:a|bb)*c$",
    r"^https?://.*\.(png|jpg|jpeg|webp)$",
    r"^https?://.*\.(png|jpg)(\?.*)?$",
    r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$",
    r"^(?!\s*$).+",
    r"^(?!.*\.\.)[a-z.]+$",
    r"^data:image/(png|jpeg);base64,[A-Za-z0-9+/]+={0,2}$",
    r"^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
    r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    r"^(\+|-)?\d+(\.\d+)?$",
    r"^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$",
    r"^([01]\d|2[0-3]):[0-5]\d$",
    r'^"(?:[^"\\]|\\.)*"$',
    r"^(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?:25[0-5]|2[0-4]\d|1?\d?\d)){3}$",
    r"^(?:(?:a)|^b|(?:^c))+$",
    r"^(?<year>\d{4})",
    r"^(a)\1$",
    r"\bword\b",
    r"",
    r"^(?:)$",
]

#: Texts that make an engine go back: what matches for long, and then doesn't.
UNITS = [
    *("a", "ab", "a,", "a.", "1", "1.", "a-", " ", "\t", "aA", '"a', '\\"', ".", "0", "-", "x"),
    *("aa,", "1:", "foo", "foobar", "é", "a@", "a@a.", "1e+", "a b ", "AAAA", "255.", "\n", ";"),
    *("https://a.png?", "data:image/png;base64,", "word ", "\u2028", "c", "bb"),
]
ATTACKS = [
    *((unit * LENGTH)[:LENGTH] + tail for unit in UNITS for tail in ("", "!")),
    *(head + unit * (LENGTH // 2) for head in ('"', "https://") for unit in ("a", '\\"', ".png?")),
    "data:image/png;base64," + "AAAA" * (LENGTH // 4) + "=!",
]


@pytest.mark.parametrize("pattern", CATASTROPHIC)
def test_what_backtracks_without_end_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match=r"could take (endless|10\^\d+) steps on a text of 5000"):
        to_python(pattern)


@pytest.mark.parametrize("pattern", HARMLESS)
def test_what_schemas_have_is_taken_and_is_quick(pattern: str) -> None:
    compiled = re.compile(to_python(pattern))
    for text in ATTACKS:
        begin = time.process_time()
        compiled.search(text)
        assert time.process_time() - begin < 1.0, text[:20]


def test_the_suite_s_patterns_and_the_catalog_s_are_taken() -> None:
    folders = [ROOT / "schemas", *([SUITE] if SUITE.is_dir() else [])]
    for folder in folders:
        for file in sorted(folder.rglob("*.json")):
            for pattern in patterns(json.loads(file.read_bytes())):
                if r"\p" not in pattern:
                    to_python(pattern)


def patterns(value: Any) -> Iterator[str]:
    """Every pattern in a JSON value."""
    if isinstance(value, list):
        for one in value:
            yield from patterns(one)
    elif isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        if isinstance(value.get("patternProperties"), dict):
            yield from value["patternProperties"]
        for one in value.values():
            yield from patterns(one)


#: Small patterns made of what makes engines go back.
PIECES = st.recursive(
    st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "ab", r"\b", "(?=a)", "(?!b)", ""]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "*?", "{0,40}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda several: f"(?:{'|'.join(several)})"),
    ),
    max_leaves=6,
)


@given(PIECES, st.sampled_from(["", "^"]), st.sampled_from(["", "$", "c$", "c"]))
def test_whatever_is_taken_is_quick(body: str, head: str, tail: str) -> None:
    try:
        compiled = re.compile(to_python(f"{head}{body}{tail}"))
    except PatternError:
        return
    for unit in ("a", "b", "ab", "aab", "abb"):
        text = (unit * LENGTH)[:LENGTH] + "!"
        begin = time.process_time()
        compiled.search(text)
        assert time.process_time() - begin < 1.5


def test_the_bound_grows_with_what_may_be_gone_through() -> None:
    assert MOST_STEPS >= LENGTH**2
    check(r"\A[a-z]{0,100}[a-z]{0,100}x")
    with pytest.raises(TooSlowError):
        check(r"\A[a-z]{0,4000}[a-z]{0,4000}[a-z]{0,4000}x")


def test_sets_of_every_kind_are_told_apart() -> None:
    check(r"^(?:[^a]+a)*\Z")
    check(r"^(?:[^a-y]+a)*\Z")
    check(r"^(?:[^b]b)*\Z")
    check("^(?:[a-cx-z]+d)*\\Z")
    with pytest.raises(TooSlowError):
        check(r"^(?:\w+\d)*\Z")  # Python's own categories are taken for anything
    with pytest.raises(TooSlowError):
        check(r"^(?:[\w-]+[a])*\Z")
    with pytest.raises(TooSlowError):
        check(r"^(?:[^a]+b)*\Z")


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("a" * 2001, "has more than 2000 characters"),
        ("a*+", "is not a regular expression: a + behind a quantifier"),
        ("a{2}+", "is not a regular expression: a + behind a quantifier"),
        ("(?>a)", "has a group that ECMAScript has not"),
        ("(?mi:a)", "has a group that ECMAScript has not"),
        ("(?-i:a)", "has a group that ECMAScript has not"),
        ("(?x)a", "has a group that ECMAScript has not"),
        ("(?", "has a group that ECMAScript has not"),
        ("(" * 900 + ")" * 900, "is not a regular expression"),
    ],
)
def test_what_else_is_refused(pattern: str, fault: str) -> None:
    with pytest.raises(PatternError) as caught:
        to_python(pattern)
    assert str(caught.value).startswith(fault)
