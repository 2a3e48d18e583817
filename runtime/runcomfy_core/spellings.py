r"""Removes a secret from a server's text, in any spelling that the server may use. No I/O.

A server that shows a request on an error page may escape it, change its case, or show a header in
Base64. These spellings are recognized: the escapes of JSON (``\u0041``, ``\/``), of URLs (``%41``)
and of HTML (``&#65;``), even if several are applied on top of each other; any case; white space and
null characters between the letters; and both alphabets of Base64.

Rules:

- A text must be masked before it is cut, or be cut by :meth:`Spellings.masked`. The first half of a
  secret is recognized only if "…" follows it.
- A text without the secret costs little: it is searched in large steps, and letter by letter only
  in a step that has the secret. If too many steps have it, the rest of the text is masked as a
  whole.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The text that replaces a secret.
MASK: Final = "[token]"

#: The number of characters in one step.
_STEP: Final = 64 * 1024

#: The most characters that one escaped character of a secret may take.
_WIDEST: Final = 64

#: The most steps that are searched letter by letter. Each takes a tenth of a second.
_MOST: Final = 16

#: The mark at the end of a text that was cut.
_CUT: Final = "…"

#: The fewest characters of a secret before the mark that are masked; fewer may be chance.
_LEAST_HALF: Final = 6

#: How many layers of escapes are undone.
_LEVELS: Final = 4

_HEX: Final = "([0-9A-Fa-f]{2})"
#: Matches an escape. A backslash without a code just escapes the character after it.
_ESCAPE: Final = re.compile(
    rf"\\+(?:(?:u00|U0{{6}}|x){_HEX}|u\{{0*{_HEX}\}})?"
    rf"|%(?:25)*{_HEX}"
    rf"|&(?:amp;)*(?:\#[xX]0*{_HEX};?|\#0*([0-9]{{2,3}});?|(amp|lt|gt|quot|apos);)"
)
#: The two groups of the pattern that are not hexadecimal numbers: a decimal number, and a name.
_DECIMAL, _NAME = 5, 6
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

_IN_BASE64: Final = re.compile(r"[A-Za-z0-9+/_=-]{0,4}")


class _Word(str):
    """A spelling of the secret whose repr hides it, since tracebacks may show locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


class Spellings:
    """The spellings of a secret."""

    __slots__ = ("_ahead", "_encoded", "_least", "_words")

    def __init__(self, secret: str) -> None:
        # The second spelling is what remains of the secret after escapes are undone, because the
        # secret itself may hold something that looks like an escape.
        self._words = tuple(map(_Word, dict.fromkeys((secret.lower(), _plain(secret)))))
        self._encoded = tuple(map(_Word, dict.fromkeys(map(str.lower, _in_base64(secret)))))
        both = (*self._words, *self._encoded)
        self._least = min(map(len, both))
        self._ahead = _WIDEST * max(map(len, both))

    def masked(self, text: str, limit: int | None = None) -> str:
        """Return *text* without the secret.

        Args:
            text: A text of any length.
            limit: How many characters of the text to take. A secret that begins within the limit is
                masked as a whole.
        """
        end = len(text) if limit is None else min(limit, len(text))
        places = [*self._places(text, end), *self._halves(text[:end])]
        kept: list[str] = []
        done = 0
        for begin, over in sorted(places):
            if begin >= done:
                kept += text[done:begin], MASK
            done = max(done, over)
        return "".join(kept) + text[done:end] if kept else text[:end]

    def _places(self, text: str, end: int) -> Iterator[tuple[int, int]]:
        """Yield where the secret begins and ends in a text, wherever it begins before *end*."""
        if len(text) < self._least:
            return
        searched = 0
        for start in range(0, end, _STEP):
            part = text[start : start + _STEP + self._ahead]
            if self._is_in(part.lower()) or self._is_in(_plain(part)):
                searched += 1
                if searched > _MOST:
                    yield start, end
                    return
                for begin, over in self._found(part):
                    if begin < _STEP and start + begin < end:
                        yield start + begin, start + over

    def _is_in(self, plain: str) -> bool:
        return any(map(plain.__contains__, (*self._words, *self._encoded)))

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the secret begins and ends in a short text."""
        for letters in (_letters(text), _unescaped_letters(text)):
            plain = "".join(letter.char for letter in letters)
            for word in self._words:
                for place in _all(word, plain):
                    yield letters[place].begin, letters[place + len(word) - 1].end
            for word in self._encoded:
                for place in _all(word, plain):
                    last = letters[place + len(word) - 1].end
                    # The last letters of the Base64 also depend on what follows the secret.
                    more = _IN_BASE64.match(text, last)
                    yield letters[place].begin, last if more is None else more.end()

    def _halves(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the first part of the secret stands before a "…", in a short text."""
        if _CUT not in text or len(text) > _STEP:
            return
        secret = self._words[0]
        for place in _all(_CUT, text):
            before = text[max(0, place - len(secret)) : place].lower()
            for length in range(len(before), _LEAST_HALF - 1, -1):
                if secret.startswith(before[-length:]):
                    yield place - length, place
                    break


def _in_base64(secret: str) -> Iterator[str]:
    """Yield what the Base64 of any text that holds a secret contains, wherever the secret is."""
    content = secret.encode("utf-8", "replace")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode()
        # The first and last letters are left out, because they depend on the text around the
        # secret.
        inner = encoded[(0, 2, 3)[before] : 4 * ((before + len(content)) // 3)]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _all(word: str, text: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _plain(text: str) -> str:
    """Return a text without escapes and white space, in lower case."""
    for _ in range(_LEVELS):
        if not any(map(text.__contains__, "\\%&")):
            break
        text, count = _ESCAPE.subn(_unescaped, text)
        if not count:
            break
    return "".join(text.replace("\0", "").split()).lower()


class _Letter(NamedTuple):
    """A character in the form that is compared, and where it, or its escape, stands in a text."""

    char: str
    begin: int
    end: int


def _letters(text: str) -> list[_Letter]:
    """Return a text's characters in lower case."""
    # A character whose lower case has two characters is not part of a secret, and stays as it is.
    return [
        _Letter(small if len(small := char.lower()) == 1 else char, place, place + 1)
        for place, char in enumerate(text)
    ]


def _unescaped_letters(text: str) -> list[_Letter]:
    """Return a text's characters without escapes and white space, in lower case."""
    letters = [_Letter(char, place, place + 1) for place, char in enumerate(text)]
    for _ in range(_LEVELS):
        escapes = list(_ESCAPE.finditer("".join(letter.char for letter in letters)))
        if not escapes:
            break
        read: list[_Letter] = []
        done = 0
        for escape in escapes:
            first, over = escape.span()
            read += letters[done:first]
            begin, end = letters[first].begin, letters[over - 1].end
            read += [_Letter(char, begin, end) for char in _unescaped(escape)]
            done = over
        letters = read + letters[done:]
    return [
        _Letter(small, letter.begin, letter.end)
        for letter in letters
        if len(small := letter.char.lower()) == 1 and not small.isspace() and small != "\0"
    ]


def _unescaped(escape: re.Match[str]) -> str:
    """Return the character that an escape stands for, or "" for a plain backslash."""
    group = escape.lastindex
    if group is None:
        return ""
    said = escape[group]
    if group == _NAME:
        return _NAMED[said]
    return chr(int(said, 10 if group == _DECIMAL else 16))
