"""Numbers of other libraries: taken where they are exactly a plain one, and sent as that one."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
import json
import math
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_map import Api
from support_schemas import document, generated
from support_server import FaultServer, says

from runcomfy import AsyncClient, Client, errors
from runcomfy_core.config import at_least_one, seconds
from runcomfy_core.journal import digest, wire_input
from runcomfy_core.media.encode import encode
from runcomfy_core.numbers import as_number

if TYPE_CHECKING:
    from types import ModuleType

# Any, so that the tests are read where NumPy is not installed; it is needed for them alone.
np: Any = pytest.importorskip("numpy")


class Counted:
    """A number by ``__index__`` alone."""

    def __index__(self) -> int:
        return 7


class Level(enum.IntEnum):
    HIGH = 2


class Scalar:
    """A scalar of another library, as NumPy, PyTorch and JAX have them."""

    shape = ()

    def __init__(self, value: object) -> None:
        self._value = value

    def item(self) -> object:
        return self._value


class Odd:
    """Whatever is asked of it raises."""

    def __getattr__(self, name: str) -> object:
        raise ZeroDivisionError(name)

    def __index__(self) -> int:
        raise ZeroDivisionError


PLAIN: list[tuple[Any, Any]] = [
    *((kind(5), 5) for kind in (np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64)),
    (np.uint64(2**64 - 1), 2**64 - 1),
    *((kind(0.5), 0.5) for kind in (np.float16, np.float32, np.float64, np.longdouble)),
    (np.float32(0.1), 0.10000000149011612),
    (np.float64(0.1), 0.1),
    (np.bool_(True), True),  # noqa: FBT003 - what is tested
    (np.bool_(False), False),  # noqa: FBT003 - what is tested
    (np.array(5), 5),
    (np.array(0.5), 0.5),
    (Scalar(5), 5),
    (Scalar(True), True),  # noqa: FBT003 - what is tested
    (Counted(), 7),
    (Level.HIGH, 2),
    (Fraction(6, 2), 3),
    (Fraction(1, 2), 0.5),
    (Fraction(1, 10), 0.1),
    (Decimal("1.5"), 1.5),
    (Decimal("0.1"), 0.1),
    (Decimal(float("0.1")), 0.1),
    (Fraction(0.1), 0.1),
    (Decimal("2.0"), 2),
    (Decimal(2**60 + 1), 2**60 + 1),
    (Decimal("1e300"), 10**300),
]

OTHER = [
    np.longdouble(1) / 3,
    np.array([5]),
    np.array([[1]]),
    np.datetime64("2026-01-01"),
    np.timedelta64(5, "ns"),
    np.complex128(5),
    np.str_("5"),
    np.bytes_(b"5"),
    "5",
    b"5",
    None,
    [5],
    {"item": 5},
    5j,
    Scalar("5"),
    Scalar([5]),
    Odd(),
    Fraction(1, 3),
    Fraction(10**400, 3),
    Decimal("0.1000000000000000055511151231257827"),
    Decimal("1e999999999"),
    Decimal("1e-999999999"),
    Decimal("sNaN"),
    dt.timedelta(seconds=5),
    int,
    object(),
]


@pytest.mark.parametrize(("value", "plain"), PLAIN)
def test_what_is_exactly_a_plain_number_is_that_one(value: object, plain: object) -> None:
    number = as_number(value)
    assert number == plain
    assert type(number) is type(plain)


@pytest.mark.parametrize("value", OTHER, ids=[type(one).__name__ for one in OTHER])
def test_all_else_stays_what_it_is(value: object) -> None:
    assert as_number(value) is value


@pytest.mark.parametrize("value", [np.float64("nan"), np.float32("nan"), Decimal("NaN")])
def test_no_number_is_a_nan(value: object) -> None:
    number = as_number(value)
    assert isinstance(number, float)
    assert math.isnan(number)


# --- in inputs ---


@pytest.fixture(scope="module")
def paint(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    number = {"type": "number", "minimum": 0.1, "maximum": 70_000, "multipleOf": 0.1}
    raw = document(
        seed={"type": "integer", "minimum": 0, "maximum": 4_294_967_295},
        strength=number,
        flag={"type": "boolean"},
        size={"enum": [1, 2, 512]},
        one={"const": 1},
        rate={"type": ["number", "null"], "exclusiveMinimum": 0},
        several={"type": "array", "items": {"type": "integer", "maximum": 9}, "uniqueItems": True},
        deep={
            "type": "object",
            "properties": {
                "weights": {"type": "array", "items": number},
                "flag": {"type": "boolean"},
            },
        },
        odd={"not": {"type": "number", "minimum": 5}},
        either={"anyOf": [{"type": "integer", "maximum": 3}, {"type": "boolean"}]},
        when={"if": {"minimum": 5}, "then": {"maximum": 6}},
        any={"minimum": 1},
    )
    models = generated(tmp_path_factory.mktemp("numbers"), raw)
    found: ModuleType = models.get("acme/paint")
    return found


SOUND: dict[str, Any] = {
    "seed": 4_294_967_295,
    "strength": 0.5,
    "flag": True,
    "size": 512,
    "one": 1,
    "rate": 0.25,
    "several": [1, 2, 3],
    "deep": {"weights": [0.5, 2, 5], "flag": False},
    "odd": 4,
    "either": False,
    "when": 6,
    "any": 1,
}


def foreign(value: Any, whole: Any = np.int64, real: Any = np.float64) -> Any:
    """The same value, in NumPy's numbers."""
    if isinstance(value, bool):
        return np.bool_(value)
    if isinstance(value, int):
        return whole(value)
    if isinstance(value, float):
        return real(value)
    if isinstance(value, dict):
        return {name: foreign(one, whole, real) for name, one in value.items()}
    return [foreign(one, whole, real) for one in value]


FORMS = [
    foreign(SOUND),
    foreign(SOUND, Fraction, Decimal),
    foreign(SOUND, np.array, Fraction),
    foreign(SOUND, float, np.float32),
]


def as_sent(body: Any) -> Any:
    return json.loads(b"".join(encode("acme/paint", body)))


@pytest.mark.parametrize("value", FORMS)
def test_an_input_of_foreign_numbers_is_the_same_input(paint: Any, value: dict[str, Any]) -> None:
    assert paint.validate(value) == []
    assert paint.validate(paint.Input(**value)) == []
    assert as_sent(value) == SOUND
    body = encode("acme/paint", value)
    plain = encode("acme/paint", SOUND)
    if value is not FORMS[-1]:  # where each whole number is a float, its text is another
        assert b"".join(body) == b"".join(plain)
        assert digest("a", wire_input(body)) == digest("a", wire_input(plain))


BROKEN: dict[str, Any] = {
    "seed": 4_294_967_296,
    "strength": 0.25,
    "flag": 1,
    "size": 3,
    "one": 2,
    "rate": 0,
    "several": [10, 1],
    "deep": {"weights": [0.5, 80_000], "flag": 0},
    "odd": 5,
    "either": 4,
    "when": 7,
    "any": 0,
}


def test_a_foreign_number_breaks_the_same_rules(paint: Any) -> None:
    found = {(one.path, one.rule) for one in paint.validate(BROKEN)}
    assert len(found) == 13
    for value in (foreign(BROKEN), foreign(BROKEN, Fraction, Decimal)):
        assert {(one.path, one.rule) for one in paint.validate(value)} == found
        with pytest.raises(ValueError, match="13 problems in the input") as caught:
            paint.Input(**value)
        assert isinstance(caught.value, errors.InvalidInput)
        assert {(one.path, one.rule) for one in caught.value.problems} == found


def test_equal_numbers_of_two_libraries_are_one(paint: Any) -> None:
    (problem,) = paint.validate({"several": [1, np.int64(1)]})
    assert problem.rule == "uniqueItems"
    (problem,) = paint.validate({"several": [Fraction(2), 2.0]})
    assert problem.rule == "uniqueItems"


NUMBERS = st.one_of(
    st.integers(-5, 80_000),
    st.sampled_from([0.1, 0.25, 0.3, 0.5, 1.0, 5.5, 6.0, 2**31, 2**32, 70_000, -0.0]),
    st.booleans(),
)


@given(
    name=st.sampled_from([name for name in SOUND if name not in {"several", "deep"}]),
    value=NUMBERS,
)
def test_the_verdict_is_that_of_the_plain_number(paint: Any, name: str, value: Any) -> None:
    plain = paint.validate({name: value})
    for one in (foreign(value), foreign(value, Fraction, Decimal), Scalar(value)):
        found = paint.validate({name: one})
        assert [problem.rule for problem in found] == [problem.rule for problem in plain]
        if not plain:
            assert as_sent({name: one}) == {name: value}


# NumPy compares in its own precision: 0.1 of 32 bits is over 0.1, and the limit is lowered for it.
def test_a_limit_is_compared_in_full(paint: Any) -> None:
    assert [one.rule for one in paint.validate({"strength": np.float32(0.1)})] == ["multipleOf"]
    (problem,) = paint.validate({"rate": np.float32("-1e-45")})
    assert problem.actual == -1.401298464324817e-45
    assert type(problem.actual) is float


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.float64("nan"), "must be of type number, not nan"),
        (np.float32("inf"), "must be of type number, not inf"),
        (Decimal("NaN"), "must be of type number, not nan"),
        (Decimal("Infinity"), "must be of type number, not inf"),
        (Fraction(1, 3), "must be of type number, not Fraction(1, 3); pass float(value)"),
        (np.bool_(True), "must be of type number, not True"),  # noqa: FBT003 - what is tested
        (np.array([1]), "must be of type number, not array([1]); pass value.tolist()"),
        (np.str_("5"), "must be of type number, not np.str_('5')"),
        ("5", "must be of type number, not '5'"),
    ],
)
def test_what_is_none_is_refused(paint: Any, value: object, message: str) -> None:
    (problem,) = paint.validate({"strength": value})
    assert problem.message == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.float64("nan"), "nan is not JSON"),
        (np.float32("inf"), "inf is not JSON"),
        (Decimal("NaN"), "nan is not JSON"),
        (Fraction(1, 3), "a Fraction is not JSON; pass float(value)"),
        (np.array([1]), "a ndarray is not JSON; pass value.tolist()"),
        (np.datetime64("2026-01-01"), "a datetime64 is not JSON; pass value.tolist()"),
    ],
)
def test_what_is_no_number_is_not_sent(value: object, message: str) -> None:
    with pytest.raises(errors.InvalidInput) as caught:
        encode("a/b", {"x": [value]})
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == ("/x/0", message)


# --- at each entry ---


def test_each_way_to_submit_sends_plain_json() -> None:
    value = {"seed": np.int64(5), "flag": np.True_, "weights": [np.float32(0.5)]}
    steps = [says({"request_id": f"r-{number}"}) for number in range(2)]
    with FaultServer(*steps) as server:
        with Client("token", base_url=server.base_url) as client:
            client.submit("a/b", value)

        async def main() -> None:
            async with AsyncClient("token", base_url=server.base_url) as client:
                await client.submit("a/b", value)

        asyncio.run(main())
        bodies = [json.loads(request.body) for request in server.requests]
    assert bodies == [{"seed": 5, "flag": True, "weights": [0.5]}] * 2


def test_a_map_that_is_resumed_with_other_numbers_pays_nothing(tmp_path: Any) -> None:
    journal = tmp_path / "jobs.sqlite3"
    plain = [{"prompt": "ok", "seed": number} for number in range(3)]
    other = [{"prompt": "ok", "seed": np.int64(number)} for number in range(3)]
    with Api() as api, Client("token", base_url=api.base_url) as client:
        for inputs in (plain, other):
            for _, outcome in client.map("a/b", inputs, journal=journal):
                assert not isinstance(outcome, errors.RunComfyError)
        assert len(api.submitted) == 3


def test_settings_take_them_too() -> None:
    assert seconds(np.int64(5), "timeout", zero=True) == 5.0
    assert seconds(np.float32(0.5), "timeout", zero=True) == 0.5
    assert at_least_one(np.int64(5), "submit_attempts") == 5
    for value in (np.True_, np.array([5]), "5"):
        with pytest.raises(errors.ConfigurationError):
            seconds(value, "timeout", zero=True)
        with pytest.raises(errors.ConfigurationError):
            at_least_one(value, "submit_attempts")
