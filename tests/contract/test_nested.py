"""Objects inside an input: classes of the module, checked as what they are in JSON."""

from __future__ import annotations

import json
from collections import UserList, deque
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, generated, parsed

from runcomfy_codegen.ir import Choice, ListOf, Nested, Scalar, Union
from runcomfy_codegen.nesting import nested_in
from runcomfy_codegen.pytypes import record_types
from runcomfy_core.media.settings import MediaSettings
from runcomfy_core.values.convert import to_wire

if TYPE_CHECKING:
    from types import ModuleType

LENS = {"type": "object", "properties": {"mm": {"type": "number", "minimum": 1}}}
CAMERA = {
    "type": "object",
    "title": "The camera",
    "required": ["move"],
    "additionalProperties": False,
    "properties": {
        "move": {"enum": ["pan", "tilt"]},
        "class": {"type": "string"},
        "lens": LENS,
    },
}
TREE = {
    "type": "object",
    "required": ["value"],
    "properties": {
        "value": {"type": "integer"},
        "children": {"type": "array", "items": {"$ref": "#/properties/tree"}},
    },
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    raw = document(
        camera=CAMERA,
        loras={"type": "array", "maxItems": 2, "items": {"type": "object", "properties": {
            "path": {"type": "string"}, "scale": {"type": "number"}}}},
        tree=TREE,
        size={"enum": ["s", "m"]},
    )  # fmt: skip
    models = generated(tmp_path_factory.mktemp("client"), raw)
    module: ModuleType = models.get("acme/paint")
    return module


def test_each_object_has_a_class_named_after_its_place() -> None:
    model = parsed(document(camera=CAMERA, loras={"type": "array", "items": LENS}))
    assert [name for name, _ in model.classes] == ["CameraLens", "Camera", "LorasItem"]
    camera, loras = model.input.fields
    assert (camera.type, loras.type) == (Nested("Camera"), ListOf(Nested("LorasItem")))
    assert model.choices == (Choice("CameraMove", ("pan", "tilt")),)


def test_a_record_of_the_parser_s_own_name() -> None:
    types = record_types({"properties": {"record": LENS, "record_x": LENS}})
    assert types.fields == {"record": Nested("Record"), "record_x": Nested("RecordX")}


def test_alternatives_are_classes_of_their_own() -> None:
    types = record_types({"properties": {"a": {"anyOf": [LENS, {"type": "string"}, CAMERA]}}})
    assert types.fields["a"] == Union((Nested("A1"), Scalar("str"), Nested("A3")))
    assert nested_in(types.fields["a"])
    assert not nested_in(ListOf(Scalar("str")))


def test_instances_and_dicts_are_checked_alike(model: Any) -> None:
    camera = model.Camera(move="pan", class_="x", lens=model.CameraLens(mm=35.0))
    value = model.Input(camera=camera, loras=[model.LorasItem(path="a"), {"scale": 1}])
    assert model.validate(value) == []
    wire = {"camera": {"move": "pan", "class": "x", "lens": {"mm": 35.0}}}
    assert model.validate(wire) == []
    wrong = model.Camera(move="zoom", lens=model.CameraLens(mm=0.5))
    for one in (
        {"camera": wrong, "loras": [model.LorasItem(scale=True)]},
        {"camera": {"move": "zoom", "lens": {"mm": 0.5}}, "loras": [{"scale": True}]},
    ):
        with pytest.raises(ValueError, match="3 problems") as caught:
            model.Input(**one)
        lines = str(caught.value).splitlines()[1:]
        places = [line.split(": ")[0].strip() for line in lines]
        assert places == ["/camera/move", "/camera/lens/mm", "/loras/0/scale"]


def test_a_wrong_name_inside_is_a_problem_where_the_schema_says_so(model: Any) -> None:
    (problem,) = model.validate({"camera": {"move": "pan", "zoom": 3}})
    assert (problem.path, problem.rule) == ("/camera/zoom", "additionalProperties")
    assert model.validate({"loras": [{"anything": 3}]}) == []
    assert [one.path for one in model.validate({"camera": {}})] == ["/camera/move"]


def test_a_recursive_schema_is_checked_at_every_depth(model: Any) -> None:
    tree = {"value": 1, "children": [{"value": 2, "children": [{"value": "x"}, {}]}]}
    assert [one.path for one in model.validate({"tree": tree})] == [
        "/tree/children/0/children/0/value",
        "/tree/children/0/children/1/value",
    ]


def test_a_nested_instance_is_sent_in_wire_form(model: Any) -> None:
    value = model.Input(camera=model.Camera(move="pan", class_="x"), size="s")
    assert to_wire(value) == {"camera": {"move": "pan", "class": "x"}, "size": "s"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"camera": {**LENS, "properties": {"a-b": {}, "a_b": {}}}},
            "'a_b' and 'a-b' would both be named a_b in Camera",
        ),
        (
            {"Camera": {"type": "string"}, "camera": LENS},
            "a type inside the input would be named Camera, as 'Camera' is",
        ),
        (
            {"camera_move": {"enum": ["a"]}, "camera": CAMERA},
            "a type inside the input would be named CameraMove, as 'camera_move' is",
        ),
    ],
)
def test_names_that_collide_are_errors(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(Exception, match=message):
        parsed(document(**fields))


def test_the_module_is_typed_and_documented(model: Any) -> None:
    assert model.Camera.__doc__ == "The camera"
    assert model.LorasItem.__doc__ == "An object inside an input."
    assert model.Input.__annotations__["camera"] == "Camera | Mapping[str, object] | None"


@pytest.mark.parametrize("several", [list, tuple, UserList, deque])
def test_any_sequence_and_any_mapping_may_hold_them(model: Any, several: Any) -> None:
    loras = several([model.LorasItem(path="a"), MappingProxyType({"scale": 1})])
    camera = MappingProxyType({"move": "pan", "lens": MappingProxyType({"mm": 2})})
    for value in ({"loras": loras, "camera": camera}, model.Input(loras=loras, camera=camera)):
        assert model.validate(value) == []
        body = model._MODEL.body(value, MediaSettings(), "skip")
        sent = json.loads(b"".join(body.parts))
        assert sent == {
            "loras": [{"path": "a"}, {"scale": 1}],
            "camera": {"move": "pan", "lens": {"mm": 2}},
        }
    [wrong] = model.validate({"loras": several([{}, {}, {}])})
    assert (wrong.rule, wrong.actual) == ("maxItems", 3)
    [wrong] = model.validate({"loras": several([5])})
    assert (wrong.path, wrong.rule) == ("/loras/0", "type")
