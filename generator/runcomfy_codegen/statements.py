"""Python statements as lists of lines: putting tests and blocks together.

Nothing here knows of schemas; the texts that come in are sound expressions and statements.
"""

from __future__ import annotations

INDENT = "    "


def grouped(test: str) -> str:
    """Put *test* in parentheses where it is joined of several."""
    return f"({test})" if " and " in test or " or " in test else test


def negated(test: str) -> str:
    """Return the opposite of *test*."""
    joined = any(word in test for word in (" and ", " or ", " is "))
    return f"not ({test})" if joined else f"not {test}"


def when(condition: str, body: list[str]) -> list[str]:
    """Put *body* under *condition*; a body that is one bare test joins it."""
    if not body:
        return []
    alone = body[0].startswith("if ") and all(line.startswith(INDENT) for line in body[1:])
    if alone:
        inner = body[0].removeprefix("if ").removesuffix(":")
        return [f"if {condition} and {inner}:", *body[1:]]
    return [f"if {condition}:", *indented(body)]


def otherwise(body: list[str]) -> list[str]:
    """Continue an ``if`` with *body*: one test as an ``elif``, more under an ``else``."""
    if not body:
        return []
    if body[0].startswith("if ") and all(line.startswith((INDENT, "el")) for line in body[1:]):
        return [f"el{body[0]}", *body[1:]]
    return ["else:", *indented(body)]


def indented(lines: list[str]) -> list[str]:
    """Move *lines* a level in."""
    return [f"{INDENT}{line}" for line in lines]
