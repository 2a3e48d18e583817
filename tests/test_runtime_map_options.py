from __future__ import annotations

from typing import Any

import pytest
from runcomfy._map_options import MAX_IN_FLIGHT, MapOptions, total
from runcomfy.errors import ConfigurationError


@pytest.mark.parametrize("bad", [0, -1, True, 1.5, "8", None])
def test_how_many_may_be_in_flight(bad: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MapOptions(max_in_flight=bad)
    assert str(caught.value) == f"max_in_flight must be a whole number, 1 or more: {bad!r}"


def test_what_holds_when_nothing_is_said() -> None:
    options = MapOptions()
    assert (options.max_in_flight, options.ordered, options.timeout) == (MAX_IN_FLIGHT, False, 3600)
    assert MapOptions(max_in_flight=1).max_in_flight == 1


def test_the_total_where_it_is_known() -> None:
    assert total([1, 2]) == 2
    assert total({}) == 0
    assert total(iter([1, 2])) is None
