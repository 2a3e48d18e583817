from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support_schemas import ROOT, document, parsed, save

from runcomfy_codegen import pipeline
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics, GeneratorError
from runcomfy_codegen.load import load
from runcomfy_codegen.parse import parse
from runcomfy_codegen.pipeline import build
from runcomfy_codegen.render import render_models
from runcomfy_codegen.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_codegen.ir import Model

PATH = "client/models/acme/paint.py"


def model() -> Model:
    """A model that has something of everything."""
    camera = {
        "type": "object",
        "properties": {"lens": {"type": "string", "enum": ["wide", "long"]}},
        "required": ["lens"],
    }
    return parsed(
        document(
            prompt={"type": "string", "maxLength": 9, "description": "Words.", "required": True},
            size={"type": "string", "enum": ["a", "b"]},
            count={"type": "integer", "minimum": -1},
            seed={"type": ["integer", "null"]},
            camera=camera,
            images={
                "type": "array",
                "format": "image_uris",
                "validations": [
                    {"validation_rule": "fps<", "validation_value": 5, "validation_error": "x"}
                ],
            },
            tags={"type": "array", "contains": {"const": "x"}, "items": {"type": "string"}},
            either={"anyOf": [{"type": "string"}, {"type": "integer"}]},
        )
    )


@pytest.fixture(scope="module")
def sound() -> tuple[str, Model]:
    one = model()
    ((_, data),) = render_models("client", [one])
    return data.decode(), one


def refusal(source: str, one: Model) -> str:
    with pytest.raises(GeneratorError, match=r"^internal: ") as caught:
        verify(PATH, source, one)
    return str(caught.value)


def test_what_the_model_promises_passes(sound: tuple[str, Model]) -> None:
    verify(PATH, *sound)


#: What is replaced once in a sound module, what by, and what the error says of it.
MUTATIONS = {
    "a statement": ("MODEL_ID: Final", "print()\nMODEL_ID: Final", "holds Expr"),
    "an import": ("\nimport attrs\n", "\nimport attrs\nimport os\n", "holds Import "),
    "an import of more": ("import attrs\n", "import attrs, os\n", "holds Import "),
    "an import by another name": (
        "import attrs\n",
        "import attrs as x\n",
        "holds Import ",
    ),
    "an import from elsewhere": (
        "import attrs\n",
        "import attrs\nfrom os import system\n",
        "imports system of os",
    ),
    "an import of a module of ours": (" Model,", " Model, lazy,", "imports lazy of"),
    "an import of another module of ours": (
        "from runcomfy_core.generated import",
        "from ..._model import Model\nfrom runcomfy_core.generated import",
        "imports Model of _model",
    ),
    "another package's import": (
        "from runcomfy_core.generated import",
        "from ...runcomfy_core.generated import",
        "imports EACH of another runcomfy_core.generated",
    ),
    "a renaming": (
        " Model,",
        " Model as eval,",
        "imports Model of runcomfy_core.generated",
    ),
    "all": (
        "from runcomfy_core.generated import",
        "from runcomfy_core.generated import *\nfrom runcomfy_core.generated import",
        "imports * of",
    ),
    "an import for checkers": (
        "\nimport attrs\n",
        "\nif TYPE_CHECKING:\n    import os\n",
        "holds If ",
    ),
    "another public name": (
        '"MODEL_ID", "Input"',
        '"Input", "MODEL_ID"',
        'has "__all__ = [',
    ),
    "a public type less": ('__all__ += ["Camera", ', "__all__ += [", 'has "__all__ += ['),
    "another list of names": ("__all__.copy", "__all__.sort", "holds Attribute"),
    "a signature that does something": (
        '    """Submit a job, once, after',
        '    exec(\'\')\n    """Submit a job, once, after',
        "holds FunctionDef",
    ),
    "a decorator of a signature": ("@overload\ndef _run", "@print\ndef _run", "holds FunctionDef"),
    "a constructor that does something": (
        "Unpack[Fields]) -> None: ...",
        "Unpack[Fields]) -> None: exec('')",
        "holds FunctionDef",
    ),
    "a class of other options": ("(Fields, RunOptions)", "(Fields, Model)", "holds ClassDef"),
    "a class of options that does something": (
        "(Fields, RunOptions): ...",
        "(Fields, RunOptions): exec('')",
        "holds ClassDef",
    ),
    "what is taken of another": ("_MODEL.submit,", "Model.submit,", "holds Tuple"),
    "another id": ('"acme/paint"', '"acme/other"', "has \"MODEL_ID = 'acme/other'\""),
    "an id that is called for": ('"acme/paint"', "open('x')", "calls open while"),
    "another member": (
        'Literal["a", "b"]',
        'Literal["a", "c"]',
        "has \"Size = Literal('a', 'c')\"",
    ),
    "a member that is called for": ('Literal["a", "b"]', 'Literal["a", exec("")]', "holds Call"),
    "a value while it is imported": ("get_args(Size)", "eval('1')", "calls eval while"),
    "a method while it is imported": ("get_args(Size)", "''.join('')", "calls something while"),
    "a field": (
        "    size: Size | None = None\n",
        "    size: Size | None = None\n    more: str | None = None\n",
        "where its model has 'class Input prompt size count",
    ),
    "a field less": ("    count: int | None = None\n", "", "where its model has 'class Input"),
    "a field's default": (
        "    count: int | None = None\n",
        "    count: int | None = exec('')\n",
        "calls exec while",
    ),
    "a field's default out of an attribute": (
        "    count: int | None = None\n",
        "    count: int | None = attrs.sys\n",
        "uses the attribute sys",
    ),
    "an annotation that is a string": (
        "    count: int | None = None\n",
        "    count: \"__import__('os')\" = None\n",
        "holds Constant",
    ),
    "an annotation that is called for": (
        "    count: int | None = None\n",
        "    count: exec('') = None\n",
        "holds Call",
    ),
    "an annotation of an unknown name": (
        "    count: int | None = None\n",
        "    count: Nothing | None = None\n",
        "uses Nothing, which it doesn't have",
    ),
    "a statement in a class": (
        "    count: int | None = None\n",
        "    count: int | None = None\n    exec('')\n",
        "holds Expr",
    ),
    "a method": (
        "    count: int | None = None\n",
        "    count: int | None = None\n    def __del__(self): pass\n",
        "holds FunctionDef",
    ),
    "a base": ("class Input(BaseInput):", "class Input(dict):", "holds ClassDef"),
    "no base": ("class Input(BaseInput):", "class Input:", "holds ClassDef"),
    "a metaclass": ("class Input(BaseInput):", "class Input(metaclass=type):", "holds ClassDef"),
    "a decorator of a class": (
        "@attrs.define(kw_only=True)\nclass Input",
        "@print\nclass Input",
        "holds ClassDef",
    ),
    "two decorators": (
        "@attrs.define(kw_only=True)\nclass Input",
        "@attrs.define(kw_only=True)\n@print\nclass Input",
        "holds ClassDef",
    ),
    "a decorator of a function": ("def _check(", "@print\ndef _check(", "holds Name"),
    "a parameter": ("def _check(\n", "def _check(\n    more: object,\n", "has 'def _check more"),
    "a default that is called for": (
        " either: object,\n)",
        " either: object = print(),\n)",
        "holds FunctionDef",
    ),
    "a star": ("    prompt: object,", "    *prompt: object,", "holds FunctionDef"),
    "a function": ("def _check(\n", "def other(): pass\n\n\ndef _check(\n", "has a function other"),
    "a function less": (
        "def _run(*_: Any, **__: Any) -> Any:",
        "def _ran() -> Any:",
        "has a function _ran",
    ),
    "a function of the validator with other parameters": (
        "(value: object, path: str, problems: list[Problem]) -> None:",
        "(value: object, path: str) -> None:",
        "of other parameters",
    ),
    "a call": ("    return problems\n", "    exec('')\n    return problems\n", "calls exec"),
    "a call of what is imported": (
        "    return problems\n",
        "    Final()\n    return problems\n",
        "calls Final",
    ),
    "a call of a method": (
        "    return problems\n",
        "    problems.pop()\n    return problems\n",
        "uses the attribute pop",
    ),
    "a call of a result": (
        "    return problems\n",
        "    len(problems)()\n    return problems\n",
        "calls what has no name",
    ),
    "a dunder": (
        "    return problems\n",
        "    return problems.__class__\n",
        "uses the attribute __class__",
    ),
    "an import in a function": (
        "    return problems\n",
        "    import os\n    return problems\n",
        "holds Import ",
    ),
    "an f-string": (
        "    return problems\n",
        "    f'{problems}'\n    return problems\n",
        "holds JoinedStr",
    ),
    "a lambda": ("    return problems\n", "    lambda: 0\n    return problems\n", "holds Lambda"),
    "a name that nothing has": (
        "    return problems\n",
        "    return nothing\n",
        "uses nothing, which",
    ),
    "a global": (
        "    return problems\n",
        "    global problems\n    return problems\n",
        "holds Global",
    ),
    "a deletion": (
        "    return problems\n",
        "    del prompt\n    return problems\n",
        "holds Delete",
    ),
    "a field that hides a function": (
        " count: object,",
        " len: object,",
        "calls len, which a field hides",
    ),
    "another function": ("_MODEL.validate", "_MODEL.run", "holds Tuple"),
    "a while": ("    return problems\n", "    while 1:\n        pass\n", "holds While"),
    "an attribute that is set": (
        "    return problems\n",
        "    problems.append = 1\n    return problems\n",
        "uses the attribute append",
    ),
    "what is no Python": ("    return problems\n", "    return return\n", "is not Python"),
    "nul": ("    return problems\n", "    return '\0'\n", "is not Python"),
    "brackets without end": (
        "    return problems\n",
        "    return " + "(" * 900 + "\n",
        "is not Python",
    ),
    "a comment that declares": (
        "\n\n\ndef _check(",
        "\n\n\nx = 1\n\n\ndef _check(",
        "holds Constant",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_what_no_module_has_is_refused(name: str, sound: tuple[str, Model]) -> None:
    source, one = sound
    old, new, words = MUTATIONS[name]
    assert old in source
    said = refusal(source.replace(old, new, 1), one)
    assert words in said
    assert said.startswith(f"internal: {PATH}, line ")
    assert said.endswith("Nothing was written; please report it, with the schema")


def test_the_line_is_that_of_the_module(sound: tuple[str, Model]) -> None:
    source, one = sound
    mutated = source.replace("    return problems\n", "    exec('')\n    return problems\n", 1)
    said = refusal(mutated.replace("def _check(", "def _check(  # here", 1), one)
    line = int(said.split("line ")[1].split(":")[0])
    assert mutated.splitlines()[line - 1].startswith("def _check(")


def test_a_module_that_ends_too_soon_or_too_late(sound: tuple[str, Model]) -> None:
    source, one = sound
    assert "where its model has 'the end'" in refusal(f"{source}\n\n\ndef _run(): ...\n", one)
    cut = source[: source.index("\n\n\n@overload")] + "\n"
    assert "has 'the end' where its model has 'def _submit'" in refusal(cut, one)


def test_every_model_of_the_catalog_is_what_it_promises() -> None:
    diagnostics = Diagnostics()
    standards = [standardise(one, diagnostics) for one in load(ROOT / "schemas", diagnostics)]
    models = [parse(one, diagnostics) for one in standards if one is not None]
    for one, (path, data) in zip(models, render_models("client", models), strict=True):
        verify(path, data.decode(), one)


def test_nothing_comes_out_of_a_run_that_finds_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runcomfy_codegen import render  # noqa: PLC0415 - jinja2, for this test alone

    made = render.render_models
    monkeypatch.setattr(
        render,
        "render_models",
        lambda package, models: [
            (path, data + b"\n\nexec('')\n") for path, data in made(package, models)
        ],
    )
    save(tmp_path, document())
    with pytest.raises(GeneratorError, match=r"internal: client/models/acme/paint.py, line \d+"):
        build(tmp_path, "client")
    assert pipeline.build is build
