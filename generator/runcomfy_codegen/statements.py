"""Python source text that records which names it uses: expressions, and statements as lines.

Rules:

- Code that emits a name of the runtime records it with :func:`call` or :func:`named`. Names are
  never searched for in the text, because text from a schema may look like one.
- Nothing here knows about schemas. The arguments are valid expressions and statements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

INDENT = "    "

_NOTHING: frozenset[str] = frozenset()


class Code(NamedTuple):
    """An expression, a line or several lines of Python.

    Attributes:
        text: The Python source.
        uses: The names in the source that the module has to import.
    """

    text: str
    uses: frozenset[str] = _NOTHING

    def __str__(self) -> str:
        return self.text

    def __bool__(self) -> bool:
        return bool(self.text)


def code(pattern: str, *parts: Code | str) -> Code:
    """Insert *parts* at the braces of *pattern*, as :meth:`str.format` does."""
    texts: list[str] = []
    uses = _NOTHING
    for part in parts:
        if isinstance(part, Code):
            texts.append(part.text)
            uses |= part.uses
        else:
            texts.append(part)
    return Code(pattern.format(*texts), uses)


def named(name: str) -> Code:
    """Return a name that the module has to import."""
    return Code(name, frozenset((name,)))


def call(name: str, *arguments: Code | str) -> Code:
    """Return the call of a function that the module has to import."""
    listed = joined(", ", arguments)
    return Code(f"{name}({listed.text})", listed.uses | {name})


def joined(separator: str, parts: Iterable[Code | str]) -> Code:
    """Join *parts* with *separator*, as :meth:`str.join` does."""
    texts: list[str] = []
    uses = _NOTHING
    for part in parts:
        texts.append(str(part))
        if isinstance(part, Code):
            uses |= part.uses
    return Code(separator.join(texts), uses)


def grouped(test: Code) -> Code:
    """Put *test* in parentheses if it combines several tests."""
    several = " and " in test.text or " or " in test.text
    return Code(f"({test.text})", test.uses) if several else test


def negated(test: Code) -> Code:
    """Return the opposite of *test*."""
    several = any(word in test.text for word in (" and ", " or ", " is "))
    return Code(f"not ({test.text})" if several else f"not {test.text}", test.uses)


def when(condition: Code, body: list[Code]) -> list[Code]:
    """Put *body* under *condition*; a body that is a single ``if`` is merged with it."""
    if not body:
        return []
    first, *others = body
    if first.text.startswith("if ") and all(one.text.startswith(INDENT) for one in others):
        inner = first.text.removeprefix("if ").removesuffix(":")
        return [Code(f"if {condition.text} and {inner}:", condition.uses | first.uses), *others]
    return [code("if {}:", condition), *indented(body)]


def otherwise(body: list[Code]) -> list[Code]:
    """Continue an ``if`` with *body*: a single ``if`` becomes ``elif``, more go under ``else``."""
    if not body:
        return []
    first, *others = body
    if first.text.startswith("if ") and all(one.text.startswith((INDENT, "el")) for one in others):
        return [Code(f"el{first.text}", first.uses), *others]
    return [Code("else:"), *indented(body)]


def indented(lines: list[Code]) -> list[Code]:
    """Indent *lines* by one level."""
    return [Code(f"{INDENT}{one.text}", one.uses) for one in lines]
