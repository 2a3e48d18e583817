r"""Translate regular expressions from ECMAScript's dialect, which schemas use, to Python's.

The dialects differ in details. In Python ``$`` also matches before a line break at the end, ``\d``,
``\w`` and ``\b`` cover all of Unicode, and ``\s`` differs by a few characters. Syntax without a
counterpart (``\p{…}``, ``\k<name>``) is refused, and so are patterns that could take too long
(:mod:`runcomfy_codegen.backtracking`).
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

from .backtracking import TooSlowError, check

_WORD = "A-Za-z0-9_"
#: ECMAScript's white space: Unicode's spaces, line terminators, and the byte order mark.
_SPACE = r"\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"

#: The members of each escape, written as inside a character class.
_CLASSES = {"d": "0-9", "w": _WORD, "s": _SPACE}
#: Escapes that mean the same in both dialects.
_SAME = frozenset("tnrfv0123456789bB")
#: Characters that lose their special meaning when they are escaped.
_SYNTAX = frozenset("^$\\.*+?()[]{}|/-")

#: Characters that may follow "(?". ECMAScript's newer flags, such as "(?i:", aren't translated.
_GROUPS = frozenset(":=!<")

#: The longest pattern that is accepted. Those of real schemas have a few dozen characters.
LONGEST = 2_000

_HEX = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}")
_CONTROL = re.compile(r"c([A-Za-z])")


class PatternError(ValueError):
    """A pattern that can't be translated. The message says why, as a predicate."""


class Translated(NamedTuple):
    """A pattern in Python's dialect, with the most steps that it can take."""

    text: str
    steps: int


def to_python(pattern: str) -> str:
    """Return *pattern* in the dialect of Python's :mod:`re`.

    Raises:
        PatternError: The pattern can't be translated.
    """
    return translate(pattern).text


@functools.cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Return *pattern* compiled; None if it can't be translated, which is reported elsewhere."""
    try:
        return re.compile(translate(pattern).text)
    except PatternError:
        return None


@functools.cache
def translate(pattern: str) -> Translated:
    """Return *pattern* in the dialect of Python's :mod:`re`, with the most steps that it can take.

    Raises:
        PatternError: The pattern is not a regular expression, has syntax without a counterpart in
            Python, or could take too long.
    """
    if len(pattern) > LONGEST:
        raise PatternError(f"has more than {LONGEST} characters")
    parts: list[str] = []
    i, in_class = 0, False
    while i < len(pattern):
        character = pattern[i]
        if character == "\\":
            part, i = _escape(pattern, i + 1, in_class=in_class)
        elif in_class:
            in_class = character != "]"
            # Python warns about these characters, which aren't special in ECMAScript.
            part, i = (f"\\{character}" if character in "[&~|" else character), i + 1
        elif character == "[":
            part, i = _open_class(pattern, i)
            in_class = part[-1] != "]" and part not in {r"(?!)", r"[\s\S]"}
        else:
            part, i = _plain(pattern, i)
        parts.append(part)
    translated = "".join(parts)
    try:
        re.compile(translated)
        steps = check(translated)
    except TooSlowError as error:
        raise PatternError(str(error)) from None
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"is not a regular expression: {error}") from None
    return Translated(translated, steps)


def _plain(pattern: str, i: int) -> tuple[str, int]:
    if pattern[i] == "$":
        return r"\Z", i + 1
    if pattern[i] == ".":
        return r"[^\n\r\u2028\u2029]", i + 1
    if pattern.startswith("(?<", i) and pattern[i + 3 : i + 4] not in {"=", "!", ""}:
        return "(?P<", i + 3
    if pattern.startswith("(?", i) and pattern[i + 2 : i + 3] not in _GROUPS:
        raise PatternError("has a group that ECMAScript has not")
    if pattern[i] in "*+?}" and pattern[i + 1 : i + 2] == "+":
        raise PatternError("is not a regular expression: a + behind a quantifier")
    return pattern[i], i + 1


def _open_class(pattern: str, i: int) -> tuple[str, int]:
    """Translate the start of a class. ``[]`` matches nothing, ``[^]`` matches any character."""
    if pattern.startswith("[^]", i):
        return r"[\s\S]", i + 3
    if pattern.startswith("[]", i):
        return r"(?!)", i + 2
    return ("[^", i + 2) if pattern.startswith("[^", i) else ("[", i + 1)


def _escape(pattern: str, i: int, *, in_class: bool) -> tuple[str, int]:
    """Translate the escape whose letter is at *i*; return the result and the end of the escape."""
    if i == len(pattern):
        raise PatternError("ends with a backslash")
    letter = pattern[i]
    if letter in _CLASSES:
        return (_CLASSES[letter] if in_class else f"[{_CLASSES[letter]}]"), i + 1
    if letter.lower() in _CLASSES and letter.isupper():
        if in_class:
            raise PatternError(f"has \\{letter} inside a class, which can't be translated")
        return f"[^{_CLASSES[letter.lower()]}]", i + 1
    if letter in "bB" and not in_class:
        return f"(?a:\\{letter})", i + 1
    if match := _HEX.match(pattern, i):
        code = int(match[1] or match[2] or match[3], 16)
        if code > 0x10FFFF:  # noqa: PLR2004 - the last character of Unicode
            raise PatternError("names a character that Unicode has not")
        return (f"\\U{code:08x}" if not 0xD800 <= code < 0xE000 else f"\\u{code:04x}"), match.end()  # noqa: PLR2004 - surrogates
    if match := _CONTROL.match(pattern, i):
        return f"\\x{ord(match[1]) % 32:02x}", match.end()
    if letter in _SYNTAX or letter in _SAME:
        return (f"\\{letter}" if letter != "/" else "/"), i + 1
    raise PatternError(f"has \\{letter}, which can't be translated")
