"""Where a client finds its token and its server.

Rules:

- Everything is checked here, before any network.
- A token travels as a :class:`Token`, which never shows its value: not in repr or str, not in a
  pickle, not in a traceback printed with locals. For that reason no function here keeps the plain
  text in a local variable while it raises.
- A message names where a wrong value came from; a token's value it never names.
"""

from __future__ import annotations

import ipaddress
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast, final
from urllib.parse import urlsplit

from .errors import ConfigurationError
from .normal_url import normal_url
from .numbers import as_number
from .spellings import MASK, Spellings
from .text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_BASE_URL: Final = "https://model-api.runcomfy.net/v1"

#: In the order in which they are asked (docs/contract.md, "Tokens").
TOKEN_VARIABLES: Final = ("RUNCOMFY_API_TOKEN", "RUNCOMFY_TOKEN")
BASE_URL_VARIABLE: Final = "RUNCOMFY_MODEL_API_BASE"

#: Jobs of one map that are under way at a time, if its caller says nothing.
MAX_IN_FLIGHT: Final = 32

#: Shorter tokens are a sandbox's.
_SHORTEST_MASKED: Final = 8

_NONE_FOUND = (
    "no RunComfy token found. Set the environment variable RUNCOMFY_API_TOKEN, or pass "
    'Client(token="..."); tokens are made on the profile page of a RunComfy account'
)


@final
class Token:
    """A token that knows where it came from and never shows what it is."""

    __slots__ = ("_spellings", "_value", "source")

    def __init__(self, value: object, source: str) -> None:
        self._spellings: Spellings | None = None
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """The token itself. Hold the result in no variable of a frame that may raise."""
        return cast("str", self._value)

    def fault(self) -> str | None:
        """Why this can't be a token, or None; the words don't hold the value."""
        if not isinstance(self._value, str):
            return f"is not a text but of type {type(self._value).__name__}"
        if not self._value:
            return "is empty"
        if any(char.isspace() for char in self._value):
            return "has white space in it, perhaps a line break at its end, or the word Bearer"
        if not self._value.isprintable():
            return "has control characters in it"
        if not self._value.isascii():
            return "has characters in it that are not ASCII"
        return None

    def mask(self, text: str, limit: int | None = None) -> str:
        """``text`` without the token, however it is spelt there, for words that a server chose.

        A token of a few letters is none of the API's, and would be found inside other words.

        Args:
            text: Of any length.
            limit: How many of its characters to take. A token that begins among them is masked as
                a whole, where a cut would leave half of it to be shown.
        """
        if len(self.reveal()) < _SHORTEST_MASKED:
            return text[:limit]
        if self._spellings is None:
            self._spellings = Spellings(self.reveal())
        return self._spellings.masked(text, limit)

    def mask_exactly(self, text: str) -> str:
        """``text`` without the token as it is written, for words that the caller chose.

        Which inputs are equal must not hang on spellings: what is submitted is told apart by it.
        """
        if len(self.reveal()) < _SHORTEST_MASKED:
            return text
        return text.replace(self.reveal(), MASK)

    def __repr__(self) -> str:
        return f"<token from {self.source}>"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a token is not pickled or copied, so that it stays in this process")


def find_token(argument: Token | None) -> Token:
    """The token to use, checked.

    Args:
        argument: What the caller passed, already wrapped, or None.

    Raises:
        ConfigurationError: There is none, or it can't be one.
    """
    for token in _candidates(argument):
        if fault := token.fault():
            raise ConfigurationError(f"{token.source} {fault}")
        return token
    raise ConfigurationError(_NONE_FOUND)


def _candidates(argument: Token | None) -> Iterator[Token]:
    """Each place's token, in order; an environment variable that is empty counts as not set."""
    if argument is not None:
        yield argument
    for name in TOKEN_VARIABLES:
        if os.environ.get(name):
            yield Token(os.environ[name], f"the environment variable {name}")
    path = _token_file()
    if path is not None:
        found = _read_token_file(path)
        if isinstance(found, str):
            raise ConfigurationError(f"the token file {path} {found}")
        if found is not None:
            yield found


def _token_file() -> Path | None:
    """The vendor's own place for it: the first of three directories that is named."""
    if own := os.environ.get("RUNCOMFY_CONFIG_DIR"):
        return Path(own) / "token.json"
    if shared := os.environ.get("XDG_CONFIG_HOME"):
        return Path(shared) / "runcomfy" / "token.json"
    try:
        return Path.home() / ".config" / "runcomfy" / "token.json"
    except RuntimeError:  # a user without a home directory
        return None


def _read_token_file(path: Path) -> Token | str | None:
    """The file's token, what is wrong with the file, or None when there is no file.

    A fault is returned, not raised: a JSON error carries the text that it could not read.
    """
    try:
        document: Any = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"can't be read: {error.strerror}"
    except (ValueError, RecursionError):
        return "is not JSON; log in again, or remove it"
    if not isinstance(document, dict):
        return "is not a JSON object; log in again, or remove it"
    value: object = cast("dict[str, Any]", document).get("access_token")
    if not value:
        return "has no access_token; log in again, or remove it"
    return Token(value, f"access_token in the token file {path}")


def find_base_url(argument: str | None) -> str:
    """The API's address with its version, checked, and in its normal form.

    Args:
        argument: What the caller passed, or None for ``RUNCOMFY_MODEL_API_BASE`` or the default.

    Raises:
        ConfigurationError: It is not an http(s) URL that the token may be sent to.
    """
    if argument is not None:
        source, value = "base_url", argument
    elif value := os.environ.get(BASE_URL_VARIABLE, ""):
        source = f"the environment variable {BASE_URL_VARIABLE}"
    else:
        return DEFAULT_BASE_URL
    if fault := _base_url_fault(value):
        raise ConfigurationError(f"{source} {fault}; it looks like {DEFAULT_BASE_URL}")
    return normal_url(value)


def _base_url_fault(value: object) -> str | None:
    """Why this can't be a base URL, or None. The words hold no part that may be a password."""
    if not isinstance(value, str):
        return f"is not a text but of type {type(value).__name__}"
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        return "has characters in it that are not part of a URL"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return "is not a URL: its host or port can't be read"
    faults = {
        "must begin with https:// (or with http:// for a sandbox on this machine)": parts.scheme
        not in {"http", "https"},
        "must not hold a user name or password": "@" in parts.netloc,
        "must name a host": not parts.hostname,
        "must not name port 0": port == 0,
        "must not have a query or a fragment": "?" in value or "#" in value,
        "must begin with https://, or the token would be sent in the clear": (
            parts.scheme == "http" and not is_loopback(urlsplit(normal_url(value)).hostname or "")
        ),
    }
    return next((words for words, found in faults.items() if found), None)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nothing sent to it leaves it."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def seconds(value: object, name: str, *, zero: bool) -> float:
    """A time limit, checked.

    Args:
        value: What the caller passed.
        name: The argument's name, for the message.
        zero: Whether zero is a limit.

    Raises:
        ConfigurationError: It is not a finite number of seconds, or below the least one.
    """
    least = "zero or more" if zero else "more than zero"
    value = as_number(value)
    # bool is an int to Python; a caller who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"{name} must be a number of seconds, not {shown(value)}")
    # Compared, not converted: an integer may be too long for a float.
    if (
        not -sys.float_info.max <= value <= sys.float_info.max
        or value < 0
        or (value == 0 and not zero)
    ):
        raise ConfigurationError(
            f"{name} must be a finite number of seconds, {least}: {shown(value)}"
        )
    return float(value)


def at_least_one(value: object, name: str) -> int:
    """A count, checked.

    Args:
        value: What the caller passed.
        name: The argument's name, for the message.

    Raises:
        ConfigurationError: It is not a whole number, or below 1.
    """
    value = as_number(value)
    # bool is an int to Python; a caller who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{name} must be a whole number, 1 or more: {shown(value)}")
    return value
