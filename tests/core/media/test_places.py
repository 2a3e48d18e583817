from __future__ import annotations

from typing import Any

import attrs
import pytest

from runcomfy_core.media.places import find
from runcomfy_core.media.rules import EACH, MediaField


@attrs.define
class Shot:
    picture: str | None = attrs.field(default=None, metadata={"wire": "pic/ture"})


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        (("a",), {"a": 1}, [("/a", 1)]),
        (("a",), {"b": 1}, []),
        (("a",), {"a": None}, [("/a", None)]),
        (("a", EACH), {"a": [1, 2]}, [("/a/0", 1), ("/a/1", 2)]),
        (("a", EACH), {"a": (1,)}, [("/a/0", 1)]),
        (("a", EACH), {"a": {"x": 1, "y~": 2}}, [("/a/x", 1), ("/a/y~0", 2)]),
        (("a", EACH), {"a": "text"}, []),
        (("a", EACH), {"a": 5}, []),
        (("a", 1), {"a": [1, 2]}, [("/a/1", 2)]),
        (("a", 1), {"a": [1]}, []),
        (("a", "b"), {"a": [1]}, []),
        (("a", EACH, "pic/ture"), {"a": [Shot("x"), {"pic/ture": "y"}]},
         [("/a/0/pic~1ture", "x"), ("/a/1/pic~1ture", "y")]),
        (("pic/ture",), Shot("x"), [("/pic~1ture", "x")]),
    ],
)  # fmt: skip
def test_a_place_leads_to_its_values(place: Any, value: object, expected: list[Any]) -> None:
    field = MediaField(place, "image")
    found = list(find([field], value))
    assert [(one.path, one.value) for one in found] == expected
    assert all(one.field is field for one in found)
