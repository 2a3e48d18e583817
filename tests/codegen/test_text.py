from __future__ import annotations

import ast
import inspect

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support_json import JSON

from runcomfy_codegen.ir import Text
from runcomfy_codegen.text import comment, docstring, literal, packed

NASTY = st.text() | st.text(alphabet="\"\\'\n\r\t\0{}#% \ud800\u202e\x85\u2028é프a")


@given(NASTY | JSON)
def test_a_literal_is_its_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value  # type: ignore[arg-type] # any JSON value


@given(NASTY)
def test_a_literal_of_words_prints_on_one_line(words: str) -> None:
    source = literal(Text(words))
    assert ast.literal_eval(source) == words
    assert source.isprintable()


@given(NASTY, st.sampled_from([0, 4, 8]))
@example('"""\nimport os\n"""', 4)
@example("\n\n\na\n \n\t\n\n\nb\n\n", 0)
@example('ends with "', 0)
@example("ends with \\", 0)
@example('\\"""', 4)
@example("", 4)
@example('""""""', 0)
def test_a_docstring_is_one_string_of_the_same_words(words: str, indent: int) -> None:
    source = docstring(Text(words), indent)
    assert all(line.isprintable() for line in source.split("\n"))
    assert "\n\n\n" not in source
    body = f"{' ' * indent}{source}\n"
    tree = ast.parse(f"if 1:\n{body}" if indent else body)
    statement = tree.body[0].body[0] if isinstance(tree.body[0], ast.If) else tree.body[0]
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    assert isinstance(statement.value.value, str)
    assert statement.value.value.split() == words.split()


@given(NASTY)
def test_a_comment_stays_on_its_line(words: str) -> None:
    shown = comment(Text(words))
    assert shown.isprintable()
    assert ast.parse(f"# {shown}\nx = 1").body[0].lineno == 2


def test_lines_and_their_indent_are_kept_and_wrapped() -> None:
    words = "One.\n\nArgs:\n    x: " + "word " * 30
    doc = ast.literal_eval(docstring(Text(words), 4))
    lines = inspect.cleandoc(doc).split("\n")
    assert lines[:3] == ["One.", "", "Args:"]
    assert all(line.startswith("    ") for line in lines[3:])
    assert all(len(line) <= 96 for line in lines)
    assert len(lines) > 4


def test_words_cannot_be_printed_without_a_filter() -> None:
    with pytest.raises(TypeError, match="needs a filter"):
        str(Text("x"))
    with pytest.raises(TypeError, match="needs a filter"):
        f"{Text('x')}"


def test_a_list_is_packed_into_few_lines() -> None:
    assert packed(["a", "b"], "from x import ") == "from x import a, b"
    assert packed(["a: b"], "def f", " -> c:", "()") == "def f(a: b) -> c:"
    assert packed([], "def f", ":", "()") == "def f():"
    assert packed(["'a'"], "x = ", "", "[]") == "x = ['a']"
    assert packed(["'a'" * 40], "x = ", "", "[]").endswith(",\n]  # fmt: skip")
    names = [f"name_{number}" for number in range(30)]
    long = packed(names, "def f", " -> c:", "()")
    first, *inner, last = long.splitlines()
    assert (first, last) == ("def f(", ") -> c:  # fmt: skip")
    assert " ".join(line.strip() for line in inner) == f"{', '.join(names)},"
    assert [len(line) for line in inner] == [92, 93, 84]
    assert all(line.startswith("    name") for line in inner)


def test_a_tight_docstring_closes_where_its_words_end() -> None:
    text = Text("One.\n\nTwo.")
    assert docstring(text, 4, tight=True) == '"""One.\n\n    Two."""'
    assert docstring(text, 4) == '"""One.\n\n    Two.\n    """'
    for last in ('"', "x" * 95):  # a quote too many, or no room
        told = docstring(Text(f"One.\n\n{last}"), 4, tight=True)
        assert told.endswith('\n    """')
