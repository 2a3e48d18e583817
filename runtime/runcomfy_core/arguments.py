"""The error for an argument that a client does not have, with the one that was probably meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .misspelt import near

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names that other libraries use for an argument, as ``_plain`` returns them, and what to do.
_ELSEWHERE: Final = {
    "accesstoken apikey apitoken auth authorization authtoken bearer bearertoken credentials key "
    "password secret secretkey": "did you mean token?",
    "address api apibase apibaseurl apiurl base baseuri endpoint endpointurl host origin server "
    "serverurl uri url": "did you mean base_url?",
    "attempts maxattempts maxretries maxretry numretries retries retry": (
        "did you mean submit_attempts? What costs nothing is repeated anyhow"
    ),
    "requesttimeout timeout timeouts timeoutseconds": (
        "read_timeout is the time for an answer, connect_timeout the time for a connection; how "
        "long to wait for a job is said where it is waited for: run(..., timeout=...)"
    ),
    "httpproxy httpsproxy proxies proxy proxyurl": (
        "proxies are taken from the environment variables HTTPS_PROXY and NO_PROXY"
    ),
    "db database history": "did you mean journal?",
}


def misnamed(name: str, unknown: Sequence[str], known: Sequence[str]) -> str:
    """Return the message for a client that was called with wrong arguments.

    Args:
        name: The class that was called.
        unknown: The names of arguments that the class does not have; empty if too many arguments
            were passed by position.
        known: The names of the arguments that the class has.
    """
    if not unknown:
        return f"{name}() takes all but the token by name: {name}(token, base_url=...)"
    one = unknown[0]
    plain = _plain(one)
    hints = [hint for names, hint in _ELSEWHERE.items() if plain in names.split()]
    hints += [f"did you mean {other}?" for other in known if _plain(other) == plain]
    hints += [near(one, known).removeprefix("; "), f"there are {', '.join(known)}"]
    return f"{name}() has no argument {one!r}; {next(filter(None, hints))}"


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())
