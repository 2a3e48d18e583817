from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runcomfy_codegen.ir import Choice, ListOf, Scalar, Union
from runcomfy_codegen.pytypes import choices_in, record_types, widened

if TYPE_CHECKING:
    from runcomfy_codegen.ir import Type

STR, INT, FLOAT, NONE = Scalar("str"), Scalar("int"), Scalar("float"), Scalar("None")


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string"}, STR),
        ({"type": "integer"}, INT),
        ({"type": "number"}, FLOAT),
        ({"type": "boolean"}, Scalar("bool")),
        ({"type": "null"}, NONE),
        ({}, Scalar("object")),
        ({"type": "array"}, ListOf(Scalar("object"))),
        ({"type": "array", "items": {"type": "number"}}, ListOf(FLOAT)),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            ListOf(ListOf(STR)),
        ),
        ({"type": ["string", "null"]}, Union((STR, NONE))),
        ({"type": ["null", "integer", "string"]}, Union((INT, STR, NONE))),
        ({"type": "string", "enum": ["a", "b"]}, Choice("A-B", ("a", "b"))),
        ({"type": "integer", "enum": [4, 8]}, Choice("A-B", (4, 8))),
        ({"enum": ["a", None]}, Union((Choice("A-B", ("a",)), NONE))),
        ({"const": "only"}, Choice("A-B", ("only",))),
        ({"type": "array", "items": {"enum": ["a"]}}, ListOf(Choice("SizesItem", ("a",)))),
        # Literal takes no float: the annotation is wide, and the validator exact.
        ({"enum": [1.5, 2.5]}, FLOAT),
    ],
)
def test_a_schema_has_the_narrowest_type_that_python_can_say(
    schema: dict[str, Any], type_: Type
) -> None:
    (found,) = record_types({"properties": {"sizes": schema}}).fields.values()
    assert found == _renamed(type_)


def _renamed(type_: Type) -> Type:
    match type_:
        case Choice("A-B", members):
            return Choice("Sizes", members)
        case Union(members):
            return Union(tuple(_renamed(member) for member in members))
        case _:
            return type_


def test_words_and_private_keywords_are_not_handed_over() -> None:
    hostile = {"type": "string", "customTypePath": "os.system", "title": "x" * 9, "default": 5}
    assert record_types({"properties": {"a": hostile}}).fields == {"a": STR}


def test_wire_names_come_back_as_they_were() -> None:
    wires = ["a-b", "class", "프롬프트", "1x", "a b", "__x", 'q"uote', "a.b", "a/b", "$ref", "type"]
    properties = {wire: {"type": "integer"} for wire in wires}
    assert record_types({"properties": properties}).fields == dict.fromkeys(wires, INT)


def test_a_type_is_widened_to_what_an_answer_may_hold() -> None:
    assert widened(Choice("A", ("a", 1, "b"))) == Union((STR, INT))
    assert widened(ListOf(Union((Choice("A", ("a",)), NONE)))) == ListOf(Union((STR, NONE)))
    assert widened(FLOAT) == FLOAT


def test_choices_are_found_wherever_they_are_nested() -> None:
    one, two = Choice("A", (1,)), Choice("B", (2,))
    assert list(choices_in(Union((ListOf(one), two, NONE)))) == [one, two]
