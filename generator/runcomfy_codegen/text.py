"""Schema text as Python source: one filter for each place where it may land.

Rules:

- Whatever the text holds, the result is one literal, one docstring or one comment line.
- Printable text stays as it is, in its own language; the rest is escaped.
"""

from __future__ import annotations

import itertools
import re
import textwrap
from typing import TYPE_CHECKING

from .ir import Text

if TYPE_CHECKING:
    from .jsontext import JsonValue

#: The generated code's line length, for docstrings, which the formatter leaves alone.
LINE_LENGTH = 100

#: A run of quotes that would end a docstring.
_QUOTES = re.compile('"{3,}')


def literal(value: JsonValue | Text | tuple[JsonValue, ...]) -> str:
    """Return the Python literal for a JSON value, a tuple of them, or words.

    ``repr`` escapes whatever doesn't print: control and direction characters, lone surrogates.
    """
    return repr(value.words if isinstance(value, Text) else value)


def docstring(text: Text, indent: int) -> str:
    """Return *text* as a docstring that stands *indent* columns from the left.

    Lines stay lines, with what they are indented by, and are wrapped where they are too long. Of
    blank lines one is left: two stand between the statements of a module and nowhere else.
    """
    wrapped = [one for line in text.words.splitlines() for one in _wrapped(line, indent)]
    lines = [one for before, one in itertools.pairwise(["", *wrapped]) if before or one]
    while lines and not lines[-1]:
        lines.pop()
    margin = " " * indent
    shown = [f"{margin}{line}".rstrip() for line in lines or [""]]
    first = f'"""{shown[0].lstrip()}'
    fits = indent + len(first) + 3 <= LINE_LENGTH
    if len(shown) == 1 and fits and not shown[0].endswith('"'):
        return f'{first}"""'
    return "\n".join([first, *shown[1:], f'{margin}"""'])


def _wrapped(line: str, indent: int) -> list[str]:
    words = " ".join(line.split())
    hang = line[: len(line) - len(line.lstrip(" "))]
    # The opening quotes take three columns of the first line, which is any line's worst case.
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
    """Escape what would end a docstring, or not print."""
    line = _QUOTES.sub(lambda run: run[0].replace('"', r"\""), line.replace("\\", "\\\\"))
    return "".join(
        character if character.isprintable() else repr(character)[1:-1] for character in line
    )
