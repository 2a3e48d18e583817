from __future__ import annotations

import ast
import keyword
import sys
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_schemas import ROOT

from runcomfy_codegen import names

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("prompt", "prompt"),
        ("imageURL", "imageURL"),
        ("image-size", "image_size"),
        ("kind", "kind"),
        ("type", "type_"),
        ("item_2", "item_2_"),
        ("index_10", "index_10_"),
        ("𐄇", "field"),  # a letter of a word for \\w, none of a name for Python
        ("a𐄇b", "a_b"),
        ("\u202eabc\u2066", "abc_"),
        ("а", "а"),  # Cyrillic: another name than "a", in sight of a reader or not
        ("__import__('os')", "import___os_"),
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
    [
        ("image_size", "ImageSize"),
        ("input", "Input_"),
        ("4k", "Field4k"),
        ("true", "True_"),
        ("ΐ", "Ϊ́"),  # three characters when it is a capital, two as Python writes them
    ],
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
        ("get/started", ("get_", "started")),
        ("annotations", ("annotations_",)),
        ("acme/get", ("acme", "get")),
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


def test_every_character_makes_a_name_that_python_reads_as_it_is() -> None:
    # All others become an underscore.
    letters = [code for code in range(sys.maxunicode + 1) if chr(code).isalnum()]
    for code in letters:
        text = chr(code)
        for name in (names.field_name(f"a{text}"), names.class_name(text)):
            assert name.isidentifier(), hex(code)
            assert unicodedata.normalize("NFKC", name) == name, hex(code)


def modules() -> Iterator[ast.Module]:
    for folder in (ROOT / "generated" / "runcomfy" / "models", ROOT / "tests" / "cases"):
        for file in sorted(folder.rglob("*.py")):
            if file.name[0] != "_":  # no model's
                yield ast.parse(file.read_bytes())


def test_no_field_can_hide_a_name_that_its_functions_use() -> None:
    """The lists of names, held against what the templates and the validators really use."""
    reserved = names._HIDDEN | names.MODULE_NAMES
    for module in modules():
        for node in ast.walk(module):
            if isinstance(node, ast.FunctionDef) and node.name in {"_check", "__init__"}:
                fields = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)} - {"self"}
                used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)} - fields
                free = {one for one in used if not one.startswith("_")}
                loops = {one for one in free if names._LOOPS.fullmatch(one)}
                assert free - loops <= reserved


def test_no_type_can_hide_a_name_of_the_module() -> None:
    for module in modules():
        imported = {
            alias.name
            for node in ast.walk(module)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        functions = {one.name for one in module.body if isinstance(one, ast.FunctionDef)}
        capitals = {one for one in imported | functions if one[0].isupper()}
        assert capitals <= names.MODULE_NAMES
        assert {one for one in functions if one[0] != "_"} <= names.MODULE_NAMES


def test_no_vendor_can_hide_a_name_of_the_index() -> None:
    index = ast.parse((ROOT / "generated" / "runcomfy" / "models" / "__init__.py").read_bytes())
    own = {node.name for node in index.body if isinstance(node, ast.FunctionDef)}
    for node in index.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            own |= {alias.asname or alias.name for alias in node.names}
    # No vendor's module begins with an underscore, or has capitals.
    assert {one for one in own if one.islower() and one[0] != "_"} == names._INDEX_NAMES
