"""The kinds of misbehaviour that the table in `faults` is made of.

A spoiler takes an exchange and gives the answer to send, or None: this exchange is nothing it
could spoil, and it waits for the next. There are four kinds:

- `instead` answers something else. The server has not done the work - taken the job, cancelled
  it - unless the fault was armed with ``taken``.
- `lost` has done the work (unless ``taken`` is false), and its answer comes broken or not at all.
- `rewrite` has done the work and changes the body of the good answer.
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
    """What a spoiler works with.

    Attributes:
        call: The request.
        parameters: What the fault was armed with.
        honest: Does the work and gives the right answer; a second call gives the same one.
    """

    call: Call
    parameters: Mapping[str, Any]
    honest: Callable[[], Answer]


@attrs.frozen
class Spoiler:
    """What spoils an exchange.

    Attributes:
        run: Does it.
        taken: Whether the server does the work.
        fixed: Whether that is so whatever the parameter ``taken`` says.
    """

    run: Callable[[Exchange], Answer | None]
    taken: bool
    fixed: bool = False


Body = dict[str, Any]


def instead(make: Callable[[Exchange], Answer]) -> Spoiler:
    """A spoiler that answers what `make` makes."""

    def spoil(exchange: Exchange) -> Answer:
        if exchange.parameters.get("taken", False):
            exchange.honest()
        return make(exchange)

    return Spoiler(spoil, taken=False)


def lost(change: Callable[[Answer, Exchange], Answer]) -> Spoiler:
    """A spoiler that changes the form of the right answer, whatever it says.

    Not taken, there is no right answer; an empty object stands for it.
    """

    def spoil(exchange: Exchange) -> Answer:
        taken = exchange.parameters.get("taken", True)
        return change(exchange.honest() if taken else Answer(200, {}), exchange)

    return Spoiler(spoil, taken=True)


def rewrite(change: Callable[[Body, Exchange], Body | None], *, status: int = 200) -> Spoiler:
    """A spoiler that changes the body of a good answer.

    Args:
        change: From a copy of the body to the body to send; None if there is nothing to change.
        status: The HTTP status to send where the good answer has 200.
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
    """A spoiler that changes a file.

    Args:
        change: From the good answer and the file's bytes to the answer to send.
    """

    def spoil(exchange: Exchange) -> Answer | None:
        honest = exchange.honest()
        return change(honest, honest.body) if isinstance(honest.body, bytes) else None

    return Spoiler(spoil, taken=True, fixed=True)


def refuse(status: int, code: int, message: str) -> Spoiler:
    """A spoiler that answers an error in the usual form."""
    return instead(lambda _: error(status, code, message))


def retry_later(status: int, message: str) -> Spoiler:
    """A spoiler that answers with Retry-After, from the parameter ``retry_after``."""

    def make(exchange: Exchange) -> Answer:
        seconds = exchange.parameters.get("retry_after", 1)
        return Answer(status, {"message": message}, {"retry-after": str(seconds)})

    return instead(make)


def restate(default: str) -> Spoiler:
    """A spoiler that sets the status, from the parameter ``state``, and takes the output away."""

    def change(body: Body, exchange: Exchange) -> Body:
        body.pop("output", None)
        return body | {"status": exchange.parameters.get("state", default)}

    return rewrite(change)


def reshape(shape: Callable[[str, list[str]], object]) -> Spoiler:
    """A spoiler of outputs.

    Args:
        shape: From the singular key (``image``) and the URLs to the new output.
    """

    def change(body: Body, _: Exchange) -> Body | None:
        for key, value in body.get("output", {}).items():
            urls = value if isinstance(value, list) else [value]
            return body | {"output": shape(key.removesuffix("s"), urls)}
        return None

    return rewrite(change)


def fail(reason: object) -> Spoiler:
    """A spoiler that makes a success a failure, with `reason` as its ``error``."""

    def change(body: Body, _: Exchange) -> Body | None:
        if body.pop("output", None) is None:
            return None
        return body | {"status": "failed", "error": reason}

    return rewrite(change)


def without(name: str) -> Spoiler:
    """A spoiler that leaves a member out."""

    def change(body: Body, _: Exchange) -> Body | None:
        return None if body.pop(name, None) is None else body

    return rewrite(change)
