from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest
from runcomfy_codegen.ir import Choice, ListOf, Package, Scalar, Text, Union
from runcomfy_codegen.render import HEADER, TEMPLATES, annotation, render
from support_schemas import document, parsed

if TYPE_CHECKING:
    from runcomfy_codegen.ir import Type


def test_a_package_has_its_models_an_index_and_the_runtime() -> None:
    models = (parsed(document("acme/paint")), parsed(document("solo")))
    files = render(Package("client", models))
    runtime = {
        f"client/{file.name}": file.read_bytes()
        for file in (TEMPLATES / "runtime").iterdir()
        if file.is_file()
    }
    assert {path: files[path] for path in runtime} == runtime
    assert files.keys() - runtime.keys() == {
        "client/models/__init__.py",
        "client/models/acme/__init__.py",
        "client/models/acme/paint.py",
        "client/models/solo.py",
    }
    assert list(files) == sorted(files)
    assert b"'acme/paint'" not in files["client/models/__init__.py"]  # laid out
    assert b'"acme/paint": ".acme.paint",' in files["client/models/__init__.py"]


def test_every_rendered_file_says_that_it_is_generated_and_is_python() -> None:
    files = render(Package("client", (parsed(document("acme/paint")),)))
    for path, data in files.items():
        if path.startswith("client/models/"):
            assert data.decode().startswith(HEADER)
            ast.parse(data)


def test_the_same_model_is_the_same_text_whatever_stands_beside_it() -> None:
    paint, draw = parsed(document("acme/paint")), parsed(document("acme/draw"))
    alone = render(Package("client", (paint,)))["client/models/acme/paint.py"]
    assert render(Package("client", (draw, paint)))["client/models/acme/paint.py"] == alone


def test_only_what_is_used_is_imported() -> None:
    bare = render(Package("client", (parsed(document()),)))["client/models/acme/paint.py"].decode()
    assert "Literal" not in bare
    assert "UNSET" not in bare
    assert "get_args" not in bare


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (Scalar("object"), "object"),
        (Choice("Size", ("a",)), "Size"),
        (ListOf(Union((Scalar("int"), Scalar("None")))), "list[int | None]"),
    ],
)
def test_annotation(type_: Type, text: str) -> None:
    assert annotation(type_) == text


def test_words_reach_no_template_without_a_filter() -> None:
    from runcomfy_codegen.render import _environment  # noqa: PLC0415 - used here only

    environment = _environment()
    assert environment.from_string("{{ words | literal }}").render(words=Text("x")) == "'x'"
    with pytest.raises(TypeError, match="needs a filter"):
        environment.from_string("{{ words }}").render(words=Text("x"))
    with pytest.raises(TypeError, match="needs a filter"):
        environment.from_string("{{ words ~ 'x' }}").render(words=Text("x"))
