r"""Taking a secret out of a text in which a server may have spelt it otherwise; no I/O.

A server that shows a request on its error page escapes it for the page's language, may change its
case, and may show a header in Base64. Known here are the escapes of JSON (``\u0041``, ``\/``), of
URLs (``%41``) and of HTML (``&#65;``), each of them applied several times over; any case; white
space and zeros between the letters; and both alphabets of Base64.

Rules:

- A text is masked before it is cut, or cut here: half a secret is known for one only where "…"
  follows it.
- A text without any of this costs little: it is searched as a whole, and letter by letter only
  where there is something to find. Of one that is full of it, the rest is masked as a whole.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What stands for a secret.
MASK: Final = "[token]"

#: Characters that are searched at a time.
_STEP: Final = 64 * 1024

#: Characters that one of a secret, escaped, may take up.
_WIDEST: Final = 64

#: Steps of a text that are searched letter by letter, which takes a tenth of a second each.
_MOST: Final = 16

#: What stands where a text was cut, and how much of a secret before it is more than chance.
_CUT: Final = "…"
_LEAST_HALF: Final = 6

#: How often escapes of escapes are undone.
_LEVELS: Final = 4

_HEX: Final = "([0-9A-Fa-f]{2})"
#: A backslash alone escapes whatever follows.
_ESCAPE: Final = re.compile(
    rf"\\+(?:(?:u00|U0{{6}}|x){_HEX}|u\{{0*{_HEX}\}})?"
    rf"|%(?:25)*{_HEX}"
    rf"|&(?:amp;)*(?:\#[xX]0*{_HEX};?|\#0*([0-9]{{2,3}});?|(amp|lt|gt|quot|apos);)"
)
#: Two of its groups are no hexadecimal numbers.
_DECIMAL, _NAME = 5, 6
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}

_IN_BASE64: Final = re.compile(r"[A-Za-z0-9+/_=-]{0,4}")


class _Word(str):
    """A spelling that repr doesn't show, for tracebacks printed with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(MASK)


class Spellings:
    """The spellings of a secret."""

    __slots__ = ("_ahead", "_encoded", "_least", "_words")

    def __init__(self, secret: str) -> None:
        # As it is, and as it is read where escapes are undone: it may hold what looks like some.
        self._words = tuple(map(_Word, dict.fromkeys((secret.lower(), _plain(secret)))))
        self._encoded = tuple(map(_Word, dict.fromkeys(map(str.lower, _in_base64(secret)))))
        both = (*self._words, *self._encoded)
        self._least = min(map(len, both))
        self._ahead = _WIDEST * max(map(len, both))

    def masked(self, text: str, limit: int | None = None) -> str:
        """Return *text* without the secret.

        Args:
            text: Of any length.
            limit: How many of its characters to take; a secret that begins among them is masked as
                a whole.
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
        """Where the secret begins and ends in a text, as far as it begins before *end*."""
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
        """Where the secret begins and ends in a short text."""
        for letters in (_letters(text), _unescaped_letters(text)):
            plain = "".join(letter.char for letter in letters)
            for word in self._words:
                for place in _all(word, plain):
                    yield letters[place].begin, letters[place + len(word) - 1].end
            for word in self._encoded:
                for place in _all(word, plain):
                    last = letters[place + len(word) - 1].end
                    # The letters at its end depend on what follows the secret, too.
                    more = _IN_BASE64.match(text, last)
                    yield letters[place].begin, last if more is None else more.end()

    def _halves(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the secret was cut off, and "…" says so; in messages, which are short."""
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
    """What is in Base64 of any text that holds a secret, wherever in the text that is."""
    content = secret.encode("utf-8", "replace")
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + content).decode()
        # What its ends are depends on what stands around the secret.
        inner = encoded[(0, 2, 3)[before] : 4 * ((before + len(content)) // 3)]
        yield inner
        yield inner.replace("+", "-").replace("/", "_")


def _all(word: str, text: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _plain(text: str) -> str:
    """A text without escapes, white space and capitals."""
    for _ in range(_LEVELS):
        if not any(map(text.__contains__, "\\%&")):
            break
        text, count = _ESCAPE.subn(_unescaped, text)
        if not count:
            break
    return "".join(text.replace("\0", "").split()).lower()


class _Letter(NamedTuple):
    """A character as it is compared, and where in a text it, or its escape, stands."""

    char: str
    begin: int
    end: int


def _letters(text: str) -> list[_Letter]:
    """A text's characters, in small letters."""
    # One that becomes two in small letters is no letter of a secret.
    return [
        _Letter(small if len(small := char.lower()) == 1 else char, place, place + 1)
        for place, char in enumerate(text)
    ]


def _unescaped_letters(text: str) -> list[_Letter]:
    """A text's characters without escapes and white space, in small letters."""
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
    """What an escape stands for."""
    group = escape.lastindex
    if group is None:
        return ""
    said = escape[group]
    if group == _NAME:
        return _NAMED[said]
    return chr(int(said, 10 if group == _DECIMAL else 16))
