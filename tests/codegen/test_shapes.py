from __future__ import annotations

from runcomfy_codegen.ir import Choice, Condition, Constraint, Contains, Shape
from runcomfy_codegen.shapes import at_pointer, references_in, shape_of


def test_each_keyword_has_its_place() -> None:
    schema = {
        "type": ["array", "object"],
        "enum": [1, {}],
        "const": 1,
        "contains": True,
        "maxContains": 2,
        "if": False,
        "then": {"$ref": "#/a"},
        "dependentRequired": {"a": ["b"]},
        "patternProperties": {"^a$": {"minimum": 0}},
    }
    shape = shape_of(schema, "field")
    assert shape.types == ("array", "object")
    assert shape.choice == Choice("Field", (1, {}))
    assert shape.constraints == (Constraint("const", 1),)
    assert shape.contains == Contains(Shape(), 1, 2)
    assert shape.condition == Condition(Shape(never=True), Shape(reference="#/a"), None)
    assert shape.dependent_required == (("a", ("b",)),)
    ((pattern, below),) = shape.patterns
    assert pattern == r"^a\Z"
    assert below.constraints == (Constraint("minimum", 0),)


def test_a_condition_without_a_consequence_says_nothing() -> None:
    assert shape_of({"if": {"minimum": 0}}, "x") == Shape()


def test_references_are_found_at_any_depth() -> None:
    schema = {
        "$ref": "#/1",
        "items": {"anyOf": [{"$ref": "#/2"}, {"not": {"$ref": "#/3"}}]},
        "contains": {"$ref": "#/4"},
        "if": {"$ref": "#/5"},
        "else": {"properties": {"a": {"$ref": "#/6"}}},
    }
    assert sorted(references_in(shape_of(schema, "x"))) == [f"#/{n}" for n in range(1, 7)]


def test_a_pointer_leads_through_objects_and_lists() -> None:
    schema = {"a/b": {"anyOf": [True, {"%": 5}]}}
    assert at_pointer(schema, "#/a~1b/anyOf/1/%25") == 5
    assert at_pointer(schema, "#") == schema
