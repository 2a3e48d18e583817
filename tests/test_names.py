from __future__ import annotations

import ast
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runcomfy_codegen import names


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("prompt", "prompt"),
        ("imageURL", "imageURL"),
        ("image-size", "image_size"),
        ("type", "type"),
        ("client", "client_"),
        ("media", "media_"),
        ("timeout", "timeout_"),
        ("class", "class_"),
        ("None", "None_"),
        ("str", "str_"),
        ("2x", "field_2x"),
        ("", "field"),
        ("__class__", "class__"),
        ("프롬프트", "프롬프트"),
        ("ﬁle", "file"),  # the ligature, which Python itself reads as "file"
        ("a b\nc", "a_b_c"),
    ],
)
def test_a_field_keeps_its_wire_name_where_python_allows(wire: str, name: str) -> None:
    assert names.field_name(wire) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [("image_size", "ImageSize"), ("input", "Input_"), ("4k", "Field4k"), ("true", "True_")],
)
def test_a_type_is_named_after_its_field(text: str, name: str) -> None:
    assert names.class_name(text) == name


@pytest.mark.parametrize(
    ("model_id", "path"),
    [
        ("wan-ai/wan-2-6/image-to-image", ("wan_ai", "wan_2_6_image_to_image")),
        (
            "bytedance/seedream-5.0-pro/image-to-image",
            ("bytedance", "seedream_5_0_pro_image_to_image"),
        ),
        ("01-ai/class", ("model_01_ai", "class_")),
        ("Acme/AUX", ("acme", "aux_")),
        ("solo", ("solo",)),
    ],
)
def test_a_module_stands_below_its_vendor(model_id: str, path: tuple[str, ...]) -> None:
    assert names.module_path(model_id) == path


@given(st.text())
def test_whatever_the_text_the_name_is_python(text: str) -> None:
    for name in (names.field_name(text), names.class_name(text), *names.module_path(text)):
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert not name.startswith("_")
        # What Python's own parser makes of it is the same name.
        (target,) = ast.parse(f"{name} = 1").body
        assert isinstance(target, ast.Assign)
        assert isinstance(target.targets[0], ast.Name)
        assert target.targets[0].id == name
