"""Schema text as Python source: one filter for each place where it can appear.

Rules:

- Whatever the text contains, the result is one literal, one docstring or one comment line.
- Printable text stays unchanged, in its own language. All other characters are escaped.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from typing import TYPE_CHECKING

from .ir import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .jsontext import JsonValue

#: The line length of generated code. Docstrings are wrapped here, as the formatter doesn't do it.
LINE_LENGTH = 100

#: Columns that a line inside brackets stands from the left.
_MARGIN = 4

#: A run of quotes that would end a docstring.
_QUOTES = re.compile('"{3,}')


def literal(value: JsonValue | Text | tuple[JsonValue, ...]) -> str:
    """Return the Python literal for a JSON value, a tuple of them, or a text.

    ``repr`` escapes everything that doesn't print: control characters, direction marks and lone
    surrogates.
    """
    return repr(value.words if isinstance(value, Text) else value)


def packed(items: Iterable[str], before: str, after: str = "", brackets: str = "") -> str:
    """Return a statement with a list of *items*: on one line, or on as few as hold it.

    The formatter would give each item a line of its own: of an import, a third of a module.

    Args:
        items: What is listed.
        before: What the statement begins with.
        after: What it ends with.
        brackets: What the list stands in even on one line; else round brackets where it takes more.
    """
    items = list(items)
    listed = ", ".join(items)
    line = f"{before}{brackets[:1]}{listed}{brackets[1:]}{after}"
    if len(line) <= LINE_LENGTH:
        return line
    lines = [""]
    for item in items:
        longer = f"{lines[-1]} {item},".lstrip()
        if lines[-1] and _MARGIN + len(longer) > LINE_LENGTH:
            lines.append(f"{item},")
        else:
            lines[-1] = longer
    margin = " " * _MARGIN
    brackets = brackets or "()"
    first, last = f"{before}{brackets[0]}", f"{brackets[1]}{after}  # fmt: skip"
    return "\n".join([first, *(margin + one for one in lines), last])


def docstring(text: Text, indent: int, *, tight: bool = False) -> str:
    """Return *text* as a docstring that is indented by *indent* columns.

    Line breaks and indentation stay, and long lines are wrapped. Several blank lines become one,
    because two blank lines separate the statements of a module and occur nowhere else.

    Args:
        text: The words.
        indent: Where they stand.
        tight: Whether the quotes close on the last of several lines, and not on one of their own.
    """
    wrapped = [one for line in text.words.splitlines() for one in _wrapped(line, indent)]
    lines = [one for before, one in itertools.pairwise(["", *wrapped]) if before or one]
    while lines and not lines[-1]:
        lines.pop()
    margin = " " * indent
    shown = [f"{margin}{line}".rstrip() for line in lines or [""]]
    shown[0] = f'"""{shown[0].lstrip()}'
    *_, last = shown
    fits = len(last) + (indent if len(shown) == 1 else 0) + 3 <= LINE_LENGTH
    if (tight or len(shown) == 1) and fits and not last.endswith('"'):
        return "\n".join(shown) + '"""'
    return "\n".join([*shown, f'{margin}"""'])


def _wrapped(line: str, indent: int) -> list[str]:
    words = " ".join(line.split())
    hang = line[: len(line) - len(line.lstrip(" "))]
    # The first line has three columns less because of the quotes, and every line is wrapped so.
    room = LINE_LENGTH - indent - 3
    wrapped = textwrap.wrap(
        _escaped(words),
        room,
        initial_indent=hang,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped or [""]


def comment(text: Text) -> str:
    """Return *text* for the rest of a comment line."""
    return _escaped(" ".join(text.words.split()))


def _escaped(line: str) -> str:
    """Escape characters that would end the docstring or don't print."""
    line = _QUOTES.sub(lambda run: run[0].replace('"', r"\""), line.replace("\\", "\\\\"))
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in line
    )
