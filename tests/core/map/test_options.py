from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runcomfy.errors import ConfigurationError
from runcomfy_core.config import MAX_IN_FLIGHT
from runcomfy_core.map.options import MOST_IN_FLIGHT, MapSettings, check_inputs, total

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

NAN = float("nan")


@pytest.mark.parametrize("bad", [0, -1, True, 1.5, NAN, float("inf"), "8", None])
def test_how_many_may_be_in_flight(bad: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MapSettings(max_in_flight=bad)
    assert str(caught.value) == f"max_in_flight must be a whole number, 1 or more: {bad!r}"


def test_more_than_anybody_means() -> None:
    for bad, shown in ((100_001, "100001"), (10**5000, "<int of 16,610 bits>")):
        with pytest.raises(ConfigurationError) as caught:
            MapSettings(max_in_flight=bad)
        assert str(caught.value) == f"max_in_flight must be 100000 or less: {shown}"
    with pytest.raises(ConfigurationError, match="must be a whole number, 1 or more: <int of"):
        MapSettings(max_in_flight=-(10**5000))
    assert MapSettings(max_in_flight=MOST_IN_FLIGHT).max_in_flight == MOST_IN_FLIGHT


async def _nobody_awaits(_: object) -> None: ...


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ordered": 1}, "ordered must be True or False, not 1"),
        ({"progress": 1}, "progress must be True or False, not 1"),
        ({"progress": None}, "progress must be True or False, not None"),
        ({"on_progress": 1}, "on_progress must be a function, not 1"),
        (
            {"on_progress": _nobody_awaits},
            "on_progress must be a plain function: nobody would await it",
        ),
    ],
)
def test_what_is_of_another_type(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MapSettings(**options)
    assert str(caught.value) == message


async def inputs_of_a_loop() -> AsyncGenerator[dict[str, str]]:
    yield {}


class Input:
    """What a model's own input is here."""


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ("prompt", "inputs must be a list of inputs, or another iterable, not 'prompt'"),
        (b"prompt", "inputs must be a list of inputs, or another iterable, not <bytes>"),
        (
            {"prompt": ""},
            "inputs must be a list of inputs, or another iterable, not {'prompt': ''}",
        ),
        (None, "inputs must be a list of inputs, or another iterable, not None"),
        (
            inputs_of_a_loop(),
            "inputs must be an iterable, and not an asynchronous one: gather its inputs in a list",
        ),
        ([None], "inputs[0] must be a dict, not None; nothing was sent"),
        ([{}, {}, "x"], "inputs[2] must be a dict, not 'x'; nothing was sent"),
        (({}, [{}]), "inputs[1] must be a dict, not [{}]; nothing was sent"),
    ],
)
def test_what_is_no_list_of_inputs(inputs: object, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_inputs(inputs)
    assert str(caught.value) == words


def test_the_inputs_of_a_model() -> None:
    check_inputs([{}, Input()], Input)
    with pytest.raises(ConfigurationError) as caught:
        check_inputs([{}, Input(), None], Input)
    assert str(caught.value) == (
        f"inputs[2] must be a dict or {__name__}.Input, not None; nothing was sent"
    )


def test_what_comes_one_at_a_time_is_not_used_up() -> None:
    inputs = iter([None])
    check_inputs(inputs)
    assert list(inputs) == [None]


def test_what_holds_when_nothing_is_said() -> None:
    options = MapSettings()
    assert (options.max_in_flight, options.ordered, options.timeout) == (MAX_IN_FLIGHT, False, 3600)
    assert MapSettings(max_in_flight=1).max_in_flight == 1


def test_the_total_where_it_is_known() -> None:
    assert total([1, 2]) == 2
    assert total({}) == 0
    assert total(iter([1, 2])) is None
