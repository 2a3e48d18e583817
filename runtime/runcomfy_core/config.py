"""Finds a client's token and base URL, and checks its settings.

Rules:

- Everything is checked before the network is used.
- A token is passed around as a :class:`Token`, which never shows its value: not in repr or str, not
  in a pickle, not in a traceback with locals. So no function here has the plain text in a local
  variable when it raises.
- A message says where a wrong value came from, but never shows the value of a token.
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
from .interrupts import pass_on
from .normal_url import normal_url
from .numbers import as_number
from .spellings import MASK, Spellings
from .text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_BASE_URL: Final = "https://model-api.runcomfy.net/v1"

#: Environment variables that may hold the token, in order of precedence (docs/contract.md,
#: "Tokens").
TOKEN_VARIABLES: Final = ("RUNCOMFY_API_TOKEN", "RUNCOMFY_TOKEN")
BASE_URL_VARIABLE: Final = "RUNCOMFY_MODEL_API_BASE"

#: The default for the most jobs of one map that are under way at a time.
MAX_IN_FLIGHT: Final = 32

#: The length of the shortest token that is masked. A shorter one can only belong to a sandbox.
_SHORTEST_MASKED: Final = 8

_NONE_FOUND = (
    "no RunComfy token found. Set the environment variable RUNCOMFY_API_TOKEN, or pass "
    'Client(token="..."); tokens are made on the profile page of a RunComfy account'
)


@final
class Token:
    """A token that knows where it came from, and never shows its value."""

    __slots__ = ("_spellings", "_value", "source")

    def __init__(self, value: object, source: str) -> None:
        self._spellings: Spellings | None = None
        self._value = value
        self.source = source

    def reveal(self) -> str:
        """Return the token itself. Never keep it in a variable of a function that may raise."""
        return cast("str", self._value)

    def fault(self) -> str | None:
        """Return why this can't be a token, without its value, or None if it can."""
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
        """Return a server's text with every spelling of the token masked.

        A very short token is left alone: it is not one of the API's, and would be found inside
        other words.

        Args:
            text: A text of any length.
            limit: How many characters of the text to take. A token that begins within the limit is
                masked as a whole, where a plain cut would leave half of it.
        """
        if len(self.reveal()) < _SHORTEST_MASKED:
            return text[:limit]
        if self._spellings is None:
            self._spellings = Spellings(self.reveal())
        return self._spellings.masked(text, limit)

    def mask_exactly(self, text: str) -> str:
        """Return a user's text with the token masked where it stands exactly.

        Other spellings are left alone, because two different inputs must stay different.
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
    """Return the token to use, checked.

    Args:
        argument: The token that the user passed, already wrapped, or None.

    Raises:
        ConfigurationError: There is no token, or it is not a valid one.
    """
    for token in _candidates(argument):
        if fault := token.fault():
            raise ConfigurationError(f"{token.source} {fault}")
        return token
    raise ConfigurationError(_NONE_FOUND)


def _candidates(argument: Token | None) -> Iterator[Token]:
    """Yield the token of each place, in order; an empty environment variable counts as not set."""
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
    """Return the path of the vendor's token file, or None if there is no directory for it."""
    if own := os.environ.get("RUNCOMFY_CONFIG_DIR"):
        return Path(own) / "token.json"
    if shared := os.environ.get("XDG_CONFIG_HOME"):
        return Path(shared) / "runcomfy" / "token.json"
    try:
        return Path.home() / ".config" / "runcomfy" / "token.json"
    except RuntimeError as error:  # the user has no home directory
        pass_on(error)
        return None


def _read_token_file(path: Path) -> Token | str | None:
    """Return the token in the file, or what is wrong with the file, or None if there is no file.

    A fault is returned and not raised here, because a JSON error holds the text that it could not
    parse, and would become the context of our error.
    """
    try:
        document: Any = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        pass_on(error)
        return None
    except OSError as error:
        pass_on(error)
        return f"can't be read: {error.strerror}"
    except (ValueError, RecursionError) as error:
        pass_on(error)
        return "is not JSON; log in again, or remove it"
    if not isinstance(document, dict):
        return "is not a JSON object; log in again, or remove it"
    value: object = cast("dict[str, Any]", document).get("access_token")
    if not value:
        return "has no access_token; log in again, or remove it"
    return Token(value, f"access_token in the token file {path}")


def find_base_url(argument: str | None) -> str:
    """Return the base URL of the API, checked, and in its normal form.

    Args:
        argument: The URL that the user passed, or None for ``RUNCOMFY_MODEL_API_BASE`` or the
            default.

    Raises:
        ConfigurationError: The value is not an http(s) URL that the token may be sent to.
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
    """Return why this can't be a base URL, without any part that may be a password, or None."""
    if not isinstance(value, str):
        return f"is not a text but of type {type(value).__name__}"
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        return "has characters in it that are not part of a URL"
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        pass_on(error)
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
    """Return whether a host name or address means this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError as error:
        pass_on(error)
        return False


def seconds(value: object, name: str, *, zero: bool) -> float:
    """Check a number of seconds, and return it.

    Args:
        value: The value that the user passed.
        name: The argument's name, for the message.
        zero: Whether zero is allowed.

    Raises:
        ConfigurationError: The value is not a finite number of seconds, or is too small.
    """
    least = "zero or more" if zero else "more than zero"
    value = as_number(value)
    # A bool is an int in Python, but a user who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigurationError(f"{name} must be a number of seconds, not {shown(value)}")
    # The value is compared before it is converted, because an integer may be too large for a float.
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
    """Check a count, and return it.

    Args:
        value: The value that the user passed.
        name: The argument's name, for the message.

    Raises:
        ConfigurationError: The value is not a whole number, or is below 1.
    """
    value = as_number(value)
    # A bool is an int in Python, but a user who passes True means something else.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigurationError(f"{name} must be a whole number, 1 or more: {shown(value)}")
    return value
