"""An input from JSON and back, and as a type of pydantic's."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
from collections import UserDict
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import jsonschema
import pydantic
import pytest
from fastapi import Body, FastAPI
from support_schemas import document, generated

from runcomfy import errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as wan

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

SOUND: dict[str, Any] = {"prompt": "p", "image_urls": ["https://example.com/a.png"]}
MOVE = {"enum": ["pan", "tilt"]}
CAMERA = {
    "type": "object",
    "required": ["move"],
    "properties": {
        "move": MOVE,
        "class": {"type": "string"},
        "next": {"$ref": "#/properties/camera"},
    },
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    raw = document(
        to_dict={"type": "string"},
        from_json={"type": "integer"},
        from_dict={"type": "integer"},
        json_schema={"type": "integer"},
        tool={"type": "integer"},
        seed={"type": ["integer", "null"]},
        camera=CAMERA,
        cameras={"type": "array", "items": {"type": "object", "properties": {"move": MOVE}}},
        picture={"type": "string", "format": "image_uri"},
        **{"class": {"type": "string"}, "a b/c~d": {"type": "array", "items": {"type": "string"}}},
    )
    models = generated(tmp_path_factory.mktemp("client"), raw)
    module: ModuleType = models.get("acme/paint")
    return module


WIRE: dict[str, Any] = {
    "to_dict": "x",
    "from_json": 1,
    "from_dict": 2,
    "json_schema": 3,
    "tool": 4,
    "seed": None,
    "camera": {"move": "pan", "class": "c", "next": {"move": "tilt"}},
    "cameras": [{"move": "pan"}],
    "class": "k",
    "a b/c~d": ["x"],
}


def test_no_field_takes_the_name_of_a_method(model: Any) -> None:
    value = model.Input.from_dict(WIRE)
    assert (value.to_dict_, value.from_json_, value.from_dict_) == ("x", 1, 2)
    assert (value.json_schema_, value.tool_, value.class_, value.seed) == (3, 4, "k", None)
    assert callable(value.to_dict)
    assert value.to_dict() == WIRE
    assert model.Input.from_json(json.dumps(WIRE)) == value
    assert model.Input.from_dict(UserDict(WIRE)) == value


def test_what_is_left_out_stays_left_out(model: Any) -> None:
    assert model.Input().to_dict() == {}
    assert model.Input(seed=None).to_dict() == {"seed": None}
    assert model.Input.from_dict({}) == model.Input()


def test_objects_inside_are_written_as_json_has_them(model: Any) -> None:
    camera = model.Camera(move="pan", class_="c", next={"move": "tilt"})
    value = model.Input(camera=camera, cameras=(model.CamerasItem(move="pan"),))
    wire = value.to_dict()
    assert wire == {"camera": WIRE["camera"], "cameras": WIRE["cameras"]}
    assert model.Input.from_dict(wire).to_dict() == wire


def test_the_dict_is_the_callers_own(model: Any) -> None:
    value = model.Input.from_dict(copy.deepcopy(WIRE))
    wire = value.to_dict()
    wire["camera"]["move"] = wire["cameras"][0]["move"] = "?"
    wire["a b/c~d"].append(1)
    assert value.to_dict() == WIRE


def test_a_file_stays_a_file(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert model.Input(picture=path).to_dict() == {"picture": path}
    assert model.Input(picture=b"x").to_dict() == {"picture": b"x"}


def test_an_input_is_still_what_it_was() -> None:
    value = wan.Input(**SOUND)
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own
    assert copy.deepcopy(value) == value
    assert attrs.evolve(value, seed=1).to_dict() == {**SOUND, "seed": 1}
    assert not hasattr(value, "__dict__")


class Mine(wan.Input):
    """A class of a user's."""


def test_a_class_below_makes_its_own() -> None:
    assert type(Mine.from_dict(SOUND)) is Mine
    assert type(pydantic.TypeAdapter(Mine).validate_python(SOUND)) is Mine


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON: Expecting property name"),
        (b"\xff", "is not JSON: 'utf-8' codec can't decode"),
        ('{"seed": NaN}', "is not JSON: NaN is no number in JSON"),
        ('{"seed": -Infinity}', "is not JSON: -Infinity is no number in JSON"),
        ('{"seed": 1, "seed": 2}', "is not JSON: the key 'seed' stands twice in an object"),
        ('{"seed": ' + "9" * 5000 + "}", "is not JSON: Exceeds the limit"),
        ("[" * 100_000, "is not JSON: it is nested too deeply"),
        (json.dumps(SOUND).encode("utf-16"), "is not JSON: 'utf-8' codec can't decode"),
        ("[1]", r"must be of type object, not \[1\]"),
        ("null", "must be of type object, not None"),
        ("{}", "/prompt: is required"),
        ('{"promt": 1}', "did you mean 'prompt'"),
        ('{"seed": null}', "/seed: may not be null"),
    ],
)
def test_a_text_that_is_no_input_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(errors.InvalidInput, match=words) as caught:
        wan.Input.from_json(text)
    assert str(caught.value).startswith("wan-ai/wan-2-6/image-to-image: ")


def test_a_dict_is_refused_as_validate_says() -> None:
    wire: dict[str, Any] = {"promt": "p", "image_urls": [], "seed": None}
    with pytest.raises(errors.InvalidInput) as caught:
        wan.Input.from_dict(wire)
    assert list(caught.value.problems) == wan.validate(wire)
    with pytest.raises(TypeError, match=r"takes .*Input or a dict, not builtins\.list"):
        wan.Input.from_dict([])  # type: ignore[arg-type] # that is the point


class Order(pydantic.BaseModel):
    inputs: list[wan.Input]


def test_a_field_of_a_pydantic_model() -> None:
    order = Order.model_validate({"inputs": [SOUND]})
    assert order.inputs == [wan.Input(**SOUND)]
    assert Order(inputs=[wan.Input(**SOUND)]) == order
    assert order.model_dump() == order.model_dump(mode="json") == {"inputs": [SOUND]}
    assert Order.model_validate_json(order.model_dump_json()) == order


def test_each_problem_is_an_error_at_its_place(model: Any) -> None:
    wrong = {"image_urls": ["https://example.com/a.png", 5], "seed": -1, "promt": "{x} {message}"}
    with pytest.raises(pydantic.ValidationError) as caught:
        Order.model_validate({"inputs": [SOUND, wrong]})
    found = {one["loc"]: (one["type"], one["msg"], one["input"]) for one in caught.value.errors()}
    assert found.keys() == {
        ("inputs", 1, "prompt"),
        ("inputs", 1, "image_urls", 1),
        ("inputs", 1, "seed"),
        ("inputs", 1, "promt"),
    }
    problems = {problem.path: problem for problem in wan.validate(wrong)}
    assert found["inputs", 1, "seed"] == ("minimum", problems["/seed"].message, -1)
    assert found["inputs", 1, "prompt"] == ("required", "is required", wrong)
    assert found["inputs", 1, "image_urls", 1][2] == 5
    adapter = pydantic.TypeAdapter(model.Input)
    cases: list[tuple[Any, tuple[str | int, ...]]] = [
        ({"a b/c~d": ["x", 1]}, ("a b/c~d", 1)),
        ({"cameras": [{"move": "up"}]}, ("cameras", 0, "move")),
        ({"camera": {}}, ("camera", "move")),
        ({"camera": model.Camera(move="up")}, ("camera", "move")),
        ([], ()),
        ("text", ()),
    ]
    for wire, place in cases:
        with pytest.raises(pydantic.ValidationError) as refused:
            adapter.validate_python(wire)
        assert [one["loc"] for one in refused.value.errors()] == [place]


def test_pydantic_writes_what_is_sent(model: Any) -> None:
    adapter = pydantic.TypeAdapter(model.Input)
    value = model.Input.from_dict(WIRE)
    assert json.loads(adapter.dump_json(value)) == WIRE
    picture = model.Input(picture=b"\x89PNG\r\n\x1a\n")
    assert adapter.dump_python(picture) == {"picture": b"\x89PNG\r\n\x1a\n"}
    written = json.loads(adapter.dump_json(picture))
    assert written["picture"].startswith("data:image/png;base64,")
    assert adapter.validate_json(json.dumps(written)).picture == written["picture"]


def test_the_schema_stands_inside_another(model: Any) -> None:
    schema = Order.model_json_schema()
    inner = schema["properties"]["inputs"]["items"]
    assert {"$schema": wan.json_schema()["$schema"], **inner} == wan.json_schema()
    adapter = pydantic.TypeAdapter(dict[str, model.Input])
    for mode in ("validation", "serialization"):
        whole = adapter.json_schema(mode=mode)
        judge = jsonschema.Draft202012Validator(whole)
        assert judge.is_valid({"a": WIRE})
        # A reference leads to its place in the input's schema, which is not that of the whole.
        assert not judge.is_valid({"a": {"camera": {"move": "pan", "next": {"move": "up"}}}})


def asked(app: FastAPI, body: bytes, method: str = "POST", path: str = "/") -> tuple[int, Any]:
    """Ask an application directly."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(b"content-type", b"application/json")],
        "server": ("test", 80),
        "client": ("test", 1),
    }

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], json.loads(b"".join(one.get("body", b"") for one in sent))


def test_a_body_of_fastapi() -> None:
    app = FastAPI()

    async def echo(value: Any) -> Any:
        assert type(value) is wan.Input
        return value

    # As a decorator of a function would do it; here annotations are texts of another scope.
    echo.__annotations__ = {"value": Annotated[wan.Input, Body()], "return": wan.Input}
    app.post("/")(echo)
    assert asked(app, json.dumps(SOUND).encode()) == (200, SOUND)
    status, answer = asked(app, json.dumps({**SOUND, "image_urls": [5]}).encode())
    assert status == 422
    (one,) = answer["detail"]
    assert one["loc"] == ["body", "image_urls", 0]
    assert one["msg"].startswith("takes a URL, a data: URI")
    assert asked(app, b"[1]")[0] == 422
    described = asked(app, b"", "GET", "/openapi.json")[1]["paths"]["/"]["post"]
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["prompt"] == wan.json_schema()["properties"]["prompt"]


def test_nothing_of_it_is_loaded_before_somebody_asks() -> None:
    program = (
        "import sys\n"
        "from runcomfy.models.wan_ai import wan_2_6_image_to_image as m\n"
        "m.Input(prompt='p', image_urls=['https://example.com/a.png'])\n"
        "late = ['pydantic', 'pydantic_core', 'cattrs', 'runcomfy.models._schemas',"
        " 'runcomfy_core.model.tools', 'runcomfy_core.model.schemas',"
        " 'runcomfy_core.model.for_pydantic', 'runcomfy_core.model.wire_json']\n"
        "print([one for one in late if one in sys.modules])\n"
        'm.tool(\'mcp\'), m.Input.from_json(\'{"prompt":"p","image_urls":["https://a.b"]}\')\n'
        "print([one for one in late if one in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    first, second = run.stdout.splitlines()
    assert first == "[]"
    assert "pydantic" not in second
