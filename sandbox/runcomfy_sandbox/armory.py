"""The faults that are armed. For each endpoint they fire in the order in which they were armed.

Any thread can arm a fault; it fires on the server's thread.
"""

from __future__ import annotations

import functools
import re
import threading
from typing import TYPE_CHECKING, Any

import attrs

from .faults import ENDPOINTS, FAULTS
from .spoil import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .answers import Answer, Call

_COMMON = ("status", "headers", "body")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
# Headers that the server computes from the body. The fault `wrong-length` makes wrong ones.
_COMPUTED = ("content-length", "transfer-encoding")
_HIGHEST_STATUS = 599


@attrs.define
class Armed:
    """An armed fault that waits for requests.

    Attributes:
        on: The endpoint.
        fault: The name of the fault.
        times: How many more requests it affects.
        parameters: The parameters with which it was armed.
    """

    on: str
    fault: str
    times: int
    parameters: Mapping[str, Any]


class Armory:
    """The armed faults."""

    def __init__(self) -> None:
        self._armed: list[Armed] = []
        self._lock = threading.Lock()

    def arm(self, on: str, fault: str, times: int, parameters: Mapping[str, Any]) -> None:
        """Arm a fault for the next requests to an endpoint.

        Args:
            on: One of `ENDPOINTS`.
            fault: A name in `FAULTS`.
            times: How many requests it affects.
            parameters: The fault's own parameters. Every fault also accepts ``status`` (a number),
                ``headers`` (an object of strings) and ``body`` (a string is sent unchanged,
                anything else as JSON), which replace that part of the answer. Faults that don't
                rewrite a good answer accept ``taken`` (a boolean): whether the server still does
                the work.

        Raises:
            ValueError: A name is unknown or a value has the wrong type; the message says what is
                accepted.
        """
        _check(on, fault, times, parameters)
        with self._lock:
            self._armed.append(Armed(on, fault, times, dict(parameters)))

    def disarm(self) -> None:
        """Disarm all faults."""
        with self._lock:
            self._armed.clear()

    def armed(self) -> list[Armed]:
        """Return the armed faults, in the order in which they were armed."""
        with self._lock:
            return [attrs.evolve(armed) for armed in self._armed]

    def answer(self, on: str, call: Call, honest: Callable[[], Answer]) -> Answer:
        """Return the answer to a call: the correct one, or the one that the first fault produces.

        Args:
            on: The endpoint.
            call: The request.
            honest: Does the work and returns the correct answer. It runs at most once.
        """
        honest = functools.cache(honest)
        with self._lock:
            armed = next((armed for armed in self._armed if armed.on == on), None)
            if armed is None:
                return honest()
            exchange = Exchange(call, armed.parameters, honest)
            answer = FAULTS[armed.fault].spoiler.run(exchange)
            if answer is None:
                return honest()
            armed.times -= 1
            if not armed.times:
                self._armed.remove(armed)
        return _replaced(answer, armed.parameters)


def _replaced(answer: Answer, parameters: Mapping[str, Any]) -> Answer:
    changes = {name: parameters[name] for name in ("status", "body") if name in parameters}
    headers = {name.lower(): value for name, value in parameters.get("headers", {}).items()}
    return attrs.evolve(answer, headers={**answer.headers, **headers}, **changes)


def _check(on: str, fault: str, times: int, parameters: Mapping[str, Any]) -> None:
    _expect(on in ENDPOINTS, f"on must be one of {', '.join(ENDPOINTS)}")
    _expect(fault in FAULTS, f"there is no fault {fault!r}; known are {', '.join(FAULTS)}")
    known = FAULTS[fault]
    _expect(on in known.on, f"{fault} can be armed on {', '.join(known.on)}")
    _expect(_is_whole(times) and times >= 1, "times must be a whole number from 1")
    takes = (*known.parameters, *_COMMON, *(() if known.spoiler.fixed else ("taken",)))
    for name in parameters:
        _expect(name in takes, f"{fault} takes no {name!r}; it takes {', '.join(takes)}")
    status = parameters.get("status", 200)
    _expect(
        _is_whole(status) and 200 <= status <= _HIGHEST_STATUS,  # noqa: PLR2004 - the lowest final HTTP status
        f"status must be a whole number from 200 to {_HIGHEST_STATUS}",
    )
    _expect(isinstance(parameters.get("taken", False), bool), "taken must be true or false")
    _check_headers(parameters.get("headers", {}))
    for name in ("key", "state", "location"):
        _expect(isinstance(parameters.get(name, ""), str), f"{name} must be a string")
    seconds = parameters.get("retry_after", 1)
    _expect(_is_header("retry-after", str(seconds)), "retry_after must fit into a header")
    _expect(_is_whole(parameters.get("surplus", 1)), "surplus must be a whole number")
    offset = parameters.get("offset", 0)
    _expect(_is_whole(offset) and offset >= 0, "offset must be a whole number from 0")
    location = parameters.get("location", "")
    _expect(_is_header("location", location), "location must fit into a header")


def _check_headers(headers: object) -> None:
    if not isinstance(headers, dict):
        raise ValueError("headers must be an object")  # noqa: TRY004 - all checks of parameters raise the same type
    for name, value in headers.items():
        _expect(_is_header(name, value), f"{name!r}: {value!r} is no HTTP header")
        _expect(name.lower() not in _COMPUTED, f"the server computes {name} itself")


def _is_header(name: object, value: object) -> bool:
    texts = isinstance(name, str) and isinstance(value, str)
    return texts and bool(_HEADER_NAME.fullmatch(str(name)) and _HEADER_VALUE.fullmatch(str(value)))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - a call reads like an assertion
    if not holds:
        raise ValueError(otherwise)
