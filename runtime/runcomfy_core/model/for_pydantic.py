"""An ``Input`` as a type of pydantic's: a field of its models, a body in FastAPI.

Pydantic calls this, so what is imported here is there. Each problem of an input becomes an error of
its own at its place, with the rule for its type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError
from pydantic_core.core_schema import (
    no_info_plain_validator_function,
    plain_serializer_function_ser_schema,
)

from runcomfy_core.errors import InvalidInput
from runcomfy_core.problem import Problem
from runcomfy_core.values.broken import broken
from runcomfy_core.values.checks import is_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core.core_schema import CoreSchema, SerializationInfo

T = TypeVar("T")


def core_schema(
    input_type: type[T],
    model_id: str,
    from_dict: Callable[[Mapping[str, object]], T],
    to_dict: Callable[[T], dict[str, object]],
) -> CoreSchema:
    """Return how pydantic reads and writes an ``Input``.

    Args:
        input_type: The class.
        model_id: The model, for messages.
        from_dict: Its method of this name.
        to_dict: The other.
    """

    def validate(value: object) -> T:
        if isinstance(value, input_type):
            return value
        whole, problems = value, list[Problem]()
        if isinstance(value, Mapping):
            try:
                return from_dict(cast("Mapping[str, object]", value))
            except InvalidInput as error:
                problems += error.problems
        else:
            problems += [broken("", "type", "object", value)]
        # Pydantic puts the place of the input itself before that of each.
        lines = [_line(problem, whole) for problem in problems]
        raise ValidationError.from_exception_data(input_type.__name__, lines) from None

    # Any: what pydantic writes is of any type.
    def write(value: T, info: SerializationInfo) -> dict[str, Any]:
        wire = to_dict(value)
        if info.mode != "json":
            return wire
        # For JSON, a file is the URI that is sent.
        from runcomfy_core.media.encode import encode  # noqa: PLC0415 - only to write JSON

        return cast("dict[str, Any]", json.loads(b"".join(encode(model_id, wire))))

    return no_info_plain_validator_function(
        validate, serialization=plain_serializer_function_ser_schema(write, info_arg=True)
    )


def _line(problem: Problem, whole: object) -> InitErrorDetails:
    """Return a problem of an input as a line of pydantic's error."""
    place: list[str | int] = []
    found = whole
    for step in problem.path.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if is_array(found):
            place.append(int(name))
            found = found[int(name)]
        else:
            place.append(name)
            if isinstance(found, Mapping):
                # Of what is missing, pydantic shows what it is missing in.
                inside = cast("Mapping[str, object]", found)
                found = inside.get(name, inside)
    # The message is no template, so a brace in it must stay one.
    error = PydanticCustomError(
        problem.rule,  # pyright: ignore[reportArgumentType] # a name, though no literal one
        "{message}",
        {"message": problem.message},
    )
    return InitErrorDetails(type=error, loc=tuple(place), input=found)
