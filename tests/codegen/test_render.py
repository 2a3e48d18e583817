from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import document, parsed

from runcomfy_codegen import face
from runcomfy_codegen.ir import (
    Choice,
    Dictionary,
    ListOf,
    MediaFile,
    Nested,
    Package,
    Scalar,
    Text,
    Union,
)
from runcomfy_codegen.render import HEADER, annotation, render_models, render_schemas, render_shared
from runcomfy_codegen.shipped import read_shipped

if TYPE_CHECKING:
    from runcomfy_codegen.ir import Type


def test_a_package_has_a_front_an_index_and_its_vendors() -> None:
    modules = {"acme/paint": ("acme", "paint"), "solo": ("solo",)}
    files = render_shared(Package("client", modules))
    assert files.keys() == {
        "client/__init__.py",
        "client/errors.py",
        "client/py.typed",
        "client/models/__init__.py",
        "client/models/_index.py",
        "client/models/acme/__init__.py",
    }
    assert b'"acme/paint": ".acme.paint",' in files["client/models/_index.py"]


def test_what_is_told_of_a_model_is_one_literal() -> None:
    texts = {"acme/paint": '{"words":"It\'s \\"half\\" \u202e\U0001f3a8"}', "b": "\n"}
    scope: dict[str, Any] = {}
    exec(render_schemas("client/models/_schemas.py", texts), scope)  # noqa: S102 - our own output
    assert scope["SCHEMAS"] == texts
    assert read_shipped(render_schemas("client/models/_schemas.py", texts)) == texts


def rendered(*ids: str) -> dict[str, bytes]:
    return dict(render_models("client", [parsed(document(one)) for one in ids]))


def test_every_module_says_that_it_is_generated_and_is_python() -> None:
    files = rendered("acme/paint", "solo")
    assert list(files) == ["client/models/acme/paint.py", "client/models/solo.py"]
    for data in files.values():
        assert data.decode().startswith(HEADER)
        ast.parse(data)


def test_the_same_model_is_the_same_text_whatever_stands_beside_it() -> None:
    path = "client/models/acme/paint.py"
    assert rendered("acme/draw", "acme/paint")[path] == rendered("acme/paint")[path]


def imported(**properties: object) -> set[str]:
    """What the module of a model with these fields imports."""
    ((_, data),) = render_models("client", [parsed(document(**properties))])
    return {
        alias.name
        for node in ast.walk(ast.parse(data))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_only_what_is_used_is_imported() -> None:
    bare = imported()
    assert not bare & {"Literal", "UNSET", "get_args", *face.CHECKS, "EACH", "MediaField"}
    # What a text says is no use of it.
    texts = [f"{name}(a)" for name in sorted(face.RUNTIME)]
    listed = imported(x={"enum": texts, "description": "UNSET matches(a)"})
    assert listed - bare == {"Literal", "TypeAlias", "get_args", "broken"}
    assert imported(x={"type": "string", "pattern": "a"}) - bare == {"broken", "is_text", "matches"}


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Scalar("object"), "object"),
        (Choice("Size", ("a",)), "Size"),
        (ListOf(Union((Scalar("int"), Scalar("None")))), "list[int | None]"),
        (Dictionary(), "dict[str, object]"),
    ],
)
def test_annotation(type_: Type, text: str) -> None:
    assert annotation(type_).text == text


@pytest.mark.parametrize(
    ("type_", "text", "uses"),
    [
        (MediaFile(), "Media", {"Media"}),
        (ListOf(MediaFile()), "MediaList", {"MediaList"}),
        (ListOf(ListOf(Scalar("int"))), "Items[Items[int]]", {"Items"}),
        (Dictionary(), "Mapping[str, object]", {"Mapping"}),
        (Nested("Lens"), "Lens | Mapping[str, object]", {"Mapping"}),
        (
            Union((Nested("A"), Nested("B"), ListOf(Nested("C")), Scalar("None"))),
            "A | Mapping[str, object] | B | Items[C | Mapping[str, object]] | None",
            {"Items", "Mapping"},
        ),
    ],
)
def test_what_a_caller_gives_may_be_whatever_runs(type_: Type, text: str, uses: set[str]) -> None:
    made = annotation(type_, given=True)
    assert made.text == text
    assert made.uses == uses


def test_required_fields_come_first() -> None:
    model = parsed(document(a={}, b={"required": True}, c={"type": "string"}, d={"required": True}))
    assert [field.name for field in model.input.fields] == ["b", "d", "a", "c"]


def test_words_reach_no_template_without_a_filter() -> None:
    from runcomfy_codegen.render import _environment  # noqa: PLC0415 - used here only

    environment = _environment()
    assert environment.from_string("{{ words | literal }}").render(words=Text("x")) == "'x'"
    with pytest.raises(TypeError, match="needs a filter"):
        environment.from_string("{{ words }}").render(words=Text("x"))
    with pytest.raises(TypeError, match="needs a filter"):
        environment.from_string("{{ words ~ 'x' }}").render(words=Text("x"))
