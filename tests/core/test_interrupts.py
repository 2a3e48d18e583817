from __future__ import annotations

import functools
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from runcomfy_core.interrupts import handlers_part, interrupts, pass_on, raised_by_handler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs alarms")


class AlarmError(TimeoutError):
    """What the caller's handlers raise."""


def rings(_: int, frame: object) -> None:
    raise AlarmError(frame)


class Bell:
    def __call__(self, *_: object) -> None:
        rings(1, None)

    def ring(self, _: int, frame: object) -> None:
        raise AlarmError(frame)


def rings_with_more(_: object, *__: object) -> None:
    rings(1, None)


HANDLERS: list[Callable[..., Any]] = [
    rings,
    lambda *_: rings(1, None),
    functools.partial(rings_with_more, "more"),
    Bell(),
    Bell().ring,
]


class Ring(Protocol):
    """Calls a function, during which an alarm comes, and returns what it raised."""

    def __call__(
        self, function: Callable[[], object], handler: Callable[..., Any] = rings
    ) -> BaseException: ...


@pytest.fixture
def ring() -> Iterator[Ring]:
    before = signal.getsignal(signal.SIGALRM)

    def call(function: Callable[[], object], handler: Callable[..., Any] = rings) -> BaseException:
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(OSError) as caught:  # noqa: PT011 - which it is, is for the test to say
            function()
        return caught.value

    yield call
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def receive() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.recv(1)


def passed_on(error: BaseException) -> BaseException:
    with pytest.raises(AlarmError) as caught:
        pass_on(error)
    return caught.value


@pytest.mark.parametrize("handler", HANDLERS)
def test_what_a_handler_raises_is_known(ring: Ring, handler: Callable[..., Any]) -> None:
    error = ring(receive, handler)
    assert type(error) is AlarmError
    assert raised_by_handler(error) is error
    assert interrupts(error)
    assert passed_on(error) is error


def wraps() -> None:
    try:
        receive()
    except TimeoutError as error:
        raise ConnectionError("wrapped") from error


def replaces() -> None:
    try:
        receive()
    except TimeoutError:
        raise ConnectionError("replaced")  # noqa: B904 - http.client does so


@pytest.mark.parametrize("function", [wraps, replaces])
def test_what_a_library_makes_of_it_is_known(ring: Ring, function: Callable[[], None]) -> None:
    error = ring(function)
    assert type(error) is ConnectionError
    assert interrupts(error)
    alarm = passed_on(error)
    assert alarm is error.__context__
    assert alarm.__context__ is None  # nothing of what it was wrapped in


def test_its_part_of_the_traceback_is_enough(ring: Ring) -> None:
    error = ring(receive)
    part = handlers_part(error)
    assert part is not None
    assert part.tb_frame.f_code is rings.__code__
    assert raised_by_handler(error.with_traceback(part)) is error


def test_what_a_socket_raises_is_not_the_handlers() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.01)
        with pytest.raises(TimeoutError) as caught:
            ours.recv(1)
    assert raised_by_handler(caught.value) is None
    assert not interrupts(caught.value)
    pass_on(caught.value)


def test_what_the_caller_was_handling_does_not_count(ring: Ring) -> None:
    found: list[object] = []

    def fails() -> None:
        try:
            receive()
        except TimeoutError:
            try:
                socket.create_connection(("127.0.0.1", 0))
            except OSError as error:
                found.extend([type(error.__context__), raised_by_handler(error)])
            raise

    ring(fails)
    assert found == [AlarmError, None]


def test_ctrl_c_and_an_exit_interrupt() -> None:
    assert interrupts(KeyboardInterrupt())
    assert interrupts(SystemExit())
    assert not interrupts(MemoryError())
