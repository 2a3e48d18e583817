"""The way from the package to a model, and what stands beside it."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import typing
from typing import Any

import attrs
import pytest
from support_schemas import ROOT, document, parsed

import runcomfy
from runcomfy import errors, models
from runcomfy.models import wan_ai
from runcomfy.models.wan_ai import wan_2_6_image_to_image, wan_3_0_text_to_video
from runcomfy_codegen import face
from runcomfy_codegen.dialect import SHARED_OUTPUT
from runcomfy_codegen.docs import field_doc
from runcomfy_codegen.render import output_attribute
from runcomfy_core import generated
from runcomfy_core.model.output import Output


def printed(program: str) -> list[str]:
    """What a program prints, in a process of its own, where nothing is loaded yet."""
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return run.stdout.split()


def test_a_model_is_found_from_the_package_and_nothing_else_is_loaded() -> None:
    assert printed(
        "import sys, runcomfy\n"
        "print(*dir(runcomfy.models))\n"
        "print(runcomfy.models.wan_ai.wan_2_6_image_to_image.MODEL_ID)\n"
        "print(*(name for name in sys.modules if name.startswith('runcomfy.models.')))\n"
        "print(*({'urllib3', 'cattrs', 'sqlite3'} & set(sys.modules)))\n"
    ) == [
        *dir(models),
        "wan-ai/wan-2-6/image-to-image",
        "runcomfy.models.wan_ai",
        "runcomfy.models.wan_ai.wan_2_6_image_to_image",
    ]


def test_a_directory_has_what_is_public_and_leads_on() -> None:
    assert dir(runcomfy) == sorted(runcomfy.__all__)
    assert "models" in dir(runcomfy)
    vendors = {module[1:].partition(".")[0] for module in models.MODULES.values()}
    assert dir(models) == sorted(["MODULES", "get", *vendors])
    assert dir(wan_ai) == sorted(
        module.removeprefix(".wan_ai.")
        for module in models.MODULES.values()
        if module.startswith(".wan_ai.")
    )
    assert dir(wan_2_6_image_to_image) == sorted(wan_2_6_image_to_image.__all__)
    for vendor in vendors:
        for name in dir(getattr(models, vendor)):
            assert getattr(getattr(models, vendor), name).MODEL_ID in models.MODULES


def test_one_output_serves_all_models_without_a_schema_of_their_own() -> None:
    assert runcomfy.Output is Output
    assert wan_3_0_text_to_video.Output is Output
    own: Any = wan_2_6_image_to_image.Output
    assert own is not Output


def test_the_shared_output_is_what_the_schema_of_it_says() -> None:
    model = parsed(document())
    assert model.shared_output
    assert not parsed(document() | {"output_schema": SHARED_OUTPUT}).shared_output
    source = inspect.getsource(Output)
    for field in model.output.fields:
        words = field_doc(field).words
        assert f'    {field.name}: {output_attribute(field)}\n    """{words}"""\n' in source
    assert [field.name for field in attrs.fields(Output)] == [
        field.name for field in model.output.fields
    ]


def test_the_face_offers_what_generated_modules_may_name() -> None:
    assert set(generated.__all__) == face.RUNTIME | face.INDEX | {"front"}
    for name in generated.__all__:
        assert hasattr(generated, name)
    with pytest.raises(
        AttributeError, match=r"'runcomfy_core\.generated' has no attribute 'Clinet'"
    ):
        generated.Clinet  # type: ignore[attr-defined] # noqa: B018 - that is the point


def test_generated_code_imports_the_face_and_nothing_else_of_ours() -> None:
    for file in (ROOT / "generated" / "runcomfy" / "models").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and not node.level:
                assert node.module == "runcomfy_core.generated" or "runcomfy" not in str(
                    node.module
                ), file
            if isinstance(node, ast.ImportFrom) and node.level:
                assert (node.level, node.module or "_index") == (1, "_index"), file
            if isinstance(node, ast.Import):
                assert not any(one.name.startswith("runcomfy") for one in node.names), file


def public_classes() -> list[type]:
    modules: list[Any] = [runcomfy, errors, *map(models.get, models.MODULES)]
    found = [
        getattr(module, name)
        for module in modules
        for name in [*getattr(module, "__all__", vars(module)), "Fields"]
        if hasattr(module, name)
    ]
    return [one for one in found if inspect.isclass(one)]


def test_the_annotations_of_public_classes_resolve() -> None:
    classes = public_classes()
    assert len(classes) > 3 * len(models.MODULES)
    for one in classes:
        typing.get_type_hints(one)
        if attrs.has(one):
            attrs.resolve_types(one)
