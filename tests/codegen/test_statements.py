from __future__ import annotations

import pytest

from runcomfy_codegen.statements import (
    Code,
    call,
    code,
    grouped,
    indented,
    joined,
    named,
    negated,
    otherwise,
    when,
)


def lines(*texts: str) -> list[Code]:
    return [Code(text) for text in texts]


def test_what_is_emitted_knows_what_it_uses() -> None:
    inner = call("at", '"/x"', "index")
    assert inner == Code('at("/x", index)', frozenset({"at"}))
    assert code("if {}: {{}}", inner) == Code('if at("/x", index): {}', inner.uses)
    outer = call("broken", inner, "'matches(a)'", named("UNSET"))
    assert outer.text == "broken(at(\"/x\", index), 'matches(a)', UNSET)"
    assert outer.uses == {"at", "broken", "UNSET"}
    assert joined(" or ", [inner, "y"]) == Code('at("/x", index) or y', inner.uses)
    assert not Code("", inner.uses)


def test_a_block_keeps_what_its_lines_use() -> None:
    test, body = call("is_text", "x"), call("missing", "p")
    [head, line] = when(test, [body])
    assert head.uses == {"is_text"}
    assert line.uses == {"missing"}
    [both, _] = when(test, [code("if {}:", body), Code("    y")])
    assert both == Code("if is_text(x) and missing(p):", frozenset({"is_text", "missing"}))
    assert otherwise([code("if {}:", body), Code("    y")])[0].uses == {"missing"}
    assert negated(grouped(code("{} and y", test))).uses == {"is_text"}


@pytest.mark.parametrize(
    ("test", "opposite"),
    [
        ("f(x)", "not f(x)"),
        ("x is None", "not (x is None)"),
        ("a and b", "not (a and b)"),
        ("a or b", "not (a or b)"),
    ],
)
def test_negated(test: str, opposite: str) -> None:
    assert negated(Code(test)).text == opposite


def test_grouped() -> None:
    assert grouped(Code("f(x)")).text == "f(x)"
    assert grouped(Code("a and b")).text == "(a and b)"


def test_one_bare_test_joins_its_condition() -> None:
    a = Code("a")
    assert when(a, lines("if b:", "    c")) == lines("if a and b:", "    c")
    assert when(a, lines("if b:", "    c", "else:", "    d")) == [
        Code("if a:"),
        *indented(lines("if b:", "    c", "else:", "    d")),
    ]
    assert when(a, lines("b", "c")) == lines("if a:", "    b", "    c")
    assert when(a, []) == []


def test_one_test_continues_as_elif() -> None:
    assert otherwise(lines("if b:", "    c")) == lines("elif b:", "    c")
    assert otherwise(lines("if b:", "    c", "if d:", "    e")) == [
        Code("else:"),
        *indented(lines("if b:", "    c", "if d:", "    e")),
    ]
    assert otherwise(lines("b")) == lines("else:", "    b")
    assert otherwise([]) == []
