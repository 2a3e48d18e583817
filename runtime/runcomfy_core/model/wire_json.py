"""The JSON text of an input, read strictly: what is wrong with it is a problem of the input."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn, cast

from runcomfy_core.errors import InvalidInput
from runcomfy_core.interrupts import pass_on
from runcomfy_core.problem import Problem
from runcomfy_core.values.broken import broken

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(model_id: str, text: str | bytes | bytearray) -> Mapping[str, object]:
    """Return the object that *text* holds.

    Raises:
        InvalidInput: It is not JSON, or no object.
    """
    try:
        # Python's own reading would take UTF-16 as well, which JSON on the wire never is.
        decoded = text if isinstance(text, str) else text.decode()
        value: object = json.loads(
            decoded, parse_constant=_no_constant, object_pairs_hook=_each_once
        )
    except RecursionError as error:
        pass_on(error)
        raise InvalidInput(model_id, [_not_json(text, "it is nested too deeply")]) from None
    except ValueError as error:
        pass_on(error)
        raise InvalidInput(model_id, [_not_json(text, str(error))]) from None
    if not isinstance(value, dict):
        raise InvalidInput(model_id, [broken("", "type", "object", value)])
    return cast("dict[str, object]", value)


def _not_json(text: object, why: str) -> Problem:
    return Problem("", "json", "JSON", text, f"is not JSON: {why}")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


# Any: the values of a JSON object.
def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of *pairs*; one of two values of a field would be lost unseen."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice[:100]!r} stands twice in an object")
    return made
