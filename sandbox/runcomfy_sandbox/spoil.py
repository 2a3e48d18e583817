"""The kinds of faults, from which the table in `faults` is built.

A spoiler takes an exchange and returns the answer to send. It returns None if it doesn't apply to
the exchange; the fault then waits for the next one. There are four kinds:

- `instead` gives another answer. The server doesn't do the work (create or cancel the job), unless
  the fault was armed with ``taken``.
- `lost` does the work (unless ``taken`` is false), but its answer is broken or never arrives.
- `rewrite` does the work and changes the body of the good answer.
- `refile` changes a good answer that is a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from .answers import Answer, error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .answers import Call


@attrs.frozen
class Exchange:
    """A request to which a fault is applied.

    Attributes:
        call: The request.
        parameters: The parameters with which the fault was armed.
        honest: Does the work and returns the correct answer; a second call returns the same one.
    """

    call: Call
    parameters: Mapping[str, Any]
    honest: Callable[[], Answer]


@attrs.frozen
class Spoiler:
    """The function behind a fault.

    Attributes:
        run: Returns the answer to send, or None if the fault can't be applied.
        taken: Whether the server does the work.
        fixed: Whether the parameter ``taken`` can't change that.
    """

    run: Callable[[Exchange], Answer | None]
    taken: bool
    fixed: bool = False


Body = dict[str, Any]


def instead(make: Callable[[Exchange], Answer]) -> Spoiler:
    """Return a spoiler that gives the answer of `make` instead."""

    def spoil(exchange: Exchange) -> Answer:
        if exchange.parameters.get("taken", False):
            exchange.honest()
        return make(exchange)

    return Spoiler(spoil, taken=False)


def lost(change: Callable[[Answer, Exchange], Answer]) -> Spoiler:
    """Return a spoiler that breaks the correct answer, whatever its content.

    If the work isn't done, there is no correct answer, and an empty object replaces it.
    """

    def spoil(exchange: Exchange) -> Answer:
        taken = exchange.parameters.get("taken", True)
        return change(exchange.honest() if taken else Answer(200, {}), exchange)

    return Spoiler(spoil, taken=True)


def rewrite(change: Callable[[Body, Exchange], Body | None], *, status: int = 200) -> Spoiler:
    """Return a spoiler that changes the body of a good answer.

    Args:
        change: Takes a copy of the body and returns the body to send, or None if there is nothing
            to change.
        status: The HTTP status that replaces 200 in the good answer.
    """

    def spoil(exchange: Exchange) -> Answer | None:
        honest = exchange.honest()
        is_error = isinstance(honest.body, dict) and "error_code" in honest.body
        if is_error or not isinstance(honest.body, dict):
            return None
        body = change(dict(honest.body), exchange)
        if body is None:
            return None
        return attrs.evolve(honest, body=body, status=max(honest.status, status))

    return Spoiler(spoil, taken=True, fixed=True)


def refile(change: Callable[[Answer, bytes], Answer]) -> Spoiler:
    """Return a spoiler that changes a file.

    Args:
        change: Takes the good answer and the file's bytes and returns the answer to send.
    """

    def spoil(exchange: Exchange) -> Answer | None:
        honest = exchange.honest()
        return change(honest, honest.body) if isinstance(honest.body, bytes) else None

    return Spoiler(spoil, taken=True, fixed=True)


def refuse(status: int, code: int, message: str) -> Spoiler:
    """Return a spoiler that answers with an error in the API's usual form."""
    return instead(lambda _: error(status, code, message))


def retry_later(status: int, message: str) -> Spoiler:
    """Return a spoiler that sends Retry-After with the parameter ``retry_after``."""

    def make(exchange: Exchange) -> Answer:
        seconds = exchange.parameters.get("retry_after", 1)
        return Answer(status, {"message": message}, {"retry-after": str(seconds)})

    return instead(make)


def restate(default: str) -> Spoiler:
    """Return a spoiler that sets the status to the parameter ``state`` and removes the output."""

    def change(body: Body, exchange: Exchange) -> Body:
        body.pop("output", None)
        return body | {"status": exchange.parameters.get("state", default)}

    return rewrite(change)


def reshape(shape: Callable[[str, list[str]], object]) -> Spoiler:
    """Return a spoiler that changes the output.

    Args:
        shape: Takes the singular key (``image``) and the URLs and returns the new output.
    """

    def change(body: Body, _: Exchange) -> Body | None:
        for key, value in body.get("output", {}).items():
            urls = value if isinstance(value, list) else [value]
            return body | {"output": shape(key.removesuffix("s"), urls)}
        return None

    return rewrite(change)


def fail(reason: object) -> Spoiler:
    """Return a spoiler that turns a success into a failure with `reason` as its ``error``."""

    def change(body: Body, _: Exchange) -> Body | None:
        if body.pop("output", None) is None:
            return None
        return body | {"status": "failed", "error": reason}

    return rewrite(change)


def without(name: str) -> Spoiler:
    """Return a spoiler that removes a member of the body."""

    def change(body: Body, _: Exchange) -> Body | None:
        return None if body.pop(name, None) is None else body

    return rewrite(change)
