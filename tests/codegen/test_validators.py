from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_schemas import MEDIA, document, generated, loaded, parsed

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.validators import Validator

if TYPE_CHECKING:
    from types import ModuleType

SCHEMAS: dict[str, dict[str, Any]] = {
    "any": {},
    "text": {"type": "string", "minLength": 1, "maxLength": 3},
    "long_text": {"type": "string", "minLength": 0},
    "whole": {"type": "integer", "minimum": 0, "maximum": 4294967295},
    "open_range": {"type": "float", "exclusiveMinimum": 0, "exclusiveMaximum": 2.5},
    "flag": {"type": "boolean"},
    "nothing": {"type": "null"},
    "maybe": {"type": ["string", "null"], "maxLength": 2},
    "either": {"type": ["integer", "string"], "minimum": 2, "maxLength": 1},
    "bag": {"type": ["array", "string"], "maxItems": 1, "items": {"type": "integer"}},
    "size": {"type": "string", "enum": ["1:1", "16:9"]},
    "count": {"type": "integer", "enum": [1, 2, 4]},
    "mixed": {"enum": ["a", 1, None, False, 2.5]},
    "only": {"const": 1},
    "list": {"type": "array"},
    "urls": {"type": "array", "minItems": 1, "maxItems": 2, "format": "image_uris"},
    "set": {"type": "array", "uniqueItems": True, "items": {}},
    "grid": {
        "type": "array",
        "minItems": 0,
        "items": {"type": "array", "maxItems": 2, "items": {"type": "number", "minimum": 0}},
    },
    "client": {"type": "string"},
    "a-b": {"type": "integer"},
}
NUMBERS = st.sampled_from([0, -1, 1, 2, 3, 4, 1.0, 0.0, 2.5, 0.5, -0.5, 4294967296, 1e300])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    NUMBERS,
    st.sampled_from(["", "a", "1", "1:1", "16:9", "abcd", "프롬프트", "é"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("k"), inner),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    models = generated(tmp_path_factory.mktemp("client"), document(**SCHEMAS))
    module: ModuleType = models.get("acme/paint")
    return module


def standard(name: str) -> dict[str, Any]:
    made = standardise(loaded(document(**SCHEMAS)), Diagnostics())
    assert made is not None
    schema: dict[str, Any] = made.input["properties"][name]
    return schema


@pytest.mark.parametrize("name", SCHEMAS)
@given(value=VALUES)
def test_the_verdict_is_that_of_jsonschema(model: ModuleType, name: str, value: Any) -> None:
    schema = jsonschema.Draft202012Validator(standard(name), format_checker=MEDIA)
    expected = schema.is_valid(value)
    problems = model.validate({name: value}, allow_private_media=True)
    assert (not problems) == expected, problems
    assert all(problem.path.startswith(f"/{name}") for problem in problems)


@pytest.mark.parametrize("name", SCHEMAS)
@given(value=VALUES.filter(lambda value: value is not None))
def test_an_input_is_refused_where_a_dict_has_problems(
    model: ModuleType, name: str, value: Any
) -> None:
    python_name = {"client": "client_", "a-b": "a_b", "list": "list_"}.get(name, name)
    if problems := model.validate({name: value}):
        with pytest.raises(ValueError, match="nothing was sent") as caught:
            model.Input(**{python_name: value})
        # By their texts: each generated client has error and problem classes of its own.
        assert str(caught.value).count("\n") == len(problems)
    else:
        assert model.validate(model.Input(**{python_name: value})) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", "\ud800"),
        ("urls", ["https://a.b/", "https://a.b/\udfff"]),
        ("whole", float("nan")),
        ("whole", float("inf")),
        ("open_range", float("nan")),
        ("open_range", float("inf")),
        ("whole", True),
        ("grid", [[1], [float("nan")]]),
        ("size", ["1:1"]),
        ("size", {}),
        ("mixed", True),
        ("mixed", object()),
        ("count", True),
        ("set", [1, 1.0]),
        ("set", [{"a": [1]}, {"a": [1.0]}]),
    ],
)
def test_what_json_has_no_word_for_is_a_problem_and_no_crash(
    model: ModuleType, name: str, value: Any
) -> None:
    assert len(model.validate({name: value})) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("whole", 1.0),
        ("urls", ("https://a.b/",)),
        ("set", [1, True, "1", None]),
        ("text", "프롬프"),
    ],
)
def test_what_is_the_same_in_json_is_sound(model: ModuleType, name: str, value: Any) -> None:
    assert model.validate({name: value}) == []
    assert model.validate(model.Input(**{name: value})) == []


def test_every_broken_rule_of_an_item_is_placed(model: ModuleType) -> None:
    found = model.validate({"grid": [[0, -1], [1, 2, 3]], "urls": [], "client": 5})
    assert [(one.path, one.rule, one.limit, one.actual) for one in found] == [
        ("/urls", "minItems", 1, 0),
        ("/grid/0/1", "minimum", 0, -1),
        ("/grid/1", "maxItems", 2, 3),
        ("/client", "type", "string", 5),
    ]


def check(**schema: Any) -> str:
    return Validator(parsed(document(x=schema))).checks["x"].text


def test_a_validator_reads_like_its_schema() -> None:
    assert check(type="integer", minimum=0, maximum=9) == (
        "if x is not None:\n"
        "    x = x if type(x) is int else as_number(x)\n"
        "    if not (type(x) is int or is_integer(x)):\n"
        "        problems.append(broken('/x', 'type', 'integer', x))\n"
        "    elif x < 0:\n"
        "        problems.append(broken('/x', 'minimum', 0, x))\n"
        "    elif x > 9:\n"
        "        problems.append(broken('/x', 'maximum', 9, x))"
    )  # fmt: skip
    assert check(type="boolean", required=True) == (
        "if x is None:\n"
        "    problems.append(missing('/x'))\n"
        "elif not is_boolean(x):\n"
        "    problems.append(broken('/x', 'type', 'boolean', x))"
    )


def test_nothing_is_checked_where_the_schema_asks_for_nothing() -> None:
    assert check() == ""
    assert check(required=True) == "if x is UNSET:\n    problems.append(missing('/x'))"
    assert "for " not in check(type="array", items={})
    assert "minItems" not in check(type="array", minItems=0)
    assert "uniqueItems" not in check(type="array", uniqueItems=False)
