"""What help() and other tools that look at run time tell of a model."""

from __future__ import annotations

import copy
import inspect
import pickle
import pydoc
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import attrs
import pytest
from support_schemas import document, generated

from runcomfy import errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

#: What stands of each field of the seed's model: its name, and the rest of the paragraph.
FIELDS = {
    "prompt: str, required.": [
        "프롬프트: 원하는 이미지를 설명하는 텍스트 프롬프트. 2000자 미만이어야 합니다.",
        "At most 1,999 characters.",
    ],
    "image_urls: MediaList, required.": [
        "1 to 3 items, image files.",
        "Each under 10 MB, sides over 384 and under 5,000 pixels.",
    ],
    "negative_prompt: str | None, optional.": ["At most 500 characters.", "Server's default: "],
    "image_size: ImageSize | None, optional. One of '1024*1024 (1:1)', '800*1200 (2:3)',": [
        "'1344*576 (21:9)'.",
        'Server\'s default: "1024*1024 (1:1)".',
    ],
    "seed: int | None, optional.": ["0 to 2,147,483,647.", "Server's default: 0."],
    "prompt_extend: bool | None, optional.": ["Server's default: true."],
}
NAMES = ["prompt", "image_urls", "negative_prompt", "image_size", "seed", "prompt_extend"]


def help_for(thing: object) -> str:
    bold = re.compile("(.)\b(.)".replace("\b", "\x08"))  # a letter that is typed twice
    return bold.sub(r"\2", pydoc.render_doc(thing))


@pytest.mark.parametrize("what", ["run", "submit", "Input"])
def test_help_tells_each_field(what: str) -> None:
    told = help_for(getattr(model, what))
    # A class's help has a bar at the left of each line.
    lines = [line.removeprefix(" |").strip() for line in told.splitlines()]
    text = "\n".join(lines)
    starts = [text.index(f"\n{head}") for head in FIELDS]
    assert starts == sorted(starts)
    for (head, words), start in zip(FIELDS.items(), starts, strict=True):
        paragraph = text[start:].split("\n\nOptions:")[0].split("\n\nRaises:")[0]
        for one in words:
            assert one in paragraph.replace("\n", " "), (head, one)


def test_help_for_a_module_has_all_of_it() -> None:
    told = help_for(model)
    assert "Wan 2.6 Image to Image (image-to-image)." in told
    assert (
        "Input(*, prompt: str, image_urls: MediaList, negative_prompt: str | None = None," in told
    )
    assert (
        "\n    run(client: Client | AsyncClient, value: Input | Mapping[str, object] | None" in told
    )
    for name in ("map(", "job(", "validate(", "check_media(", "submit("):
        assert f"\n    {name}" in told
    assert "0 to 2,147,483,647." in told
    assert "broken" not in told  # nothing that is only imported


def test_the_signatures_list_the_fields_and_the_required_ones_first() -> None:
    parameters = inspect.signature(model.run).parameters
    assert list(parameters) == ["client", "value", *NAMES, "media", "timeout", "on_update"]
    required = [one.name for one in parameters.values() if one.default is one.empty]
    assert required == ["client", "prompt", "image_urls"]
    assert parameters["media"].default == "check"
    assert parameters["timeout"].default == 3600
    assert str(parameters["image_size"]) == "image_size: ImageSize | None = None"
    assert list(inspect.signature(model.submit).parameters) == ["client", "value", *NAMES, "media"]
    made = inspect.signature(model.Input)
    assert list(made.parameters) == NAMES
    assert {one.kind for one in made.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    attrs.resolve_types(model.Input)  # the types are still told as the module writes them
    assert inspect.signature(model.Input) == made


def test_a_function_is_one_to_whoever_looks_at_it() -> None:
    for function in (model.run, model.submit):
        assert inspect.isroutine(function)
        assert callable(function)
        assert pickle.loads(pickle.dumps(function)) is function  # noqa: S301 - our own
        assert copy.deepcopy(function) is function
    untyped: Any = model.run
    assert untyped.__name__ == untyped.__qualname__ == "run"
    assert untyped.__module__ == model.__name__
    assert repr(untyped) == f"<function {model.__name__}.run>"

    class Holder:
        run = untyped

    assert Holder().run is untyped  # no method of whoever holds it


def test_a_class_below_an_input_has_help_of_its_own() -> None:
    class Mine(model.Input):
        """Mine."""

        def __init__(self, *, sure: bool) -> None:
            super().__init__(prompt=f"{sure}", image_urls=["https://example.com/a.png"])

    assert Mine.__doc__ == "Mine."
    assert list(inspect.signature(Mine).parameters) == ["sure"]
    assert Mine(sure=True).prompt == "True"


def test_the_constructor_takes_fields_by_name_alone() -> None:
    untyped: Any = model.Input
    with pytest.raises(TypeError, match=r"Input\.__init__\(\) takes 1 positional argument but 2"):
        untyped("a prompt")
    with pytest.raises(errors.InvalidInput) as caught:
        untyped(promt="p", self=5)
    assert [one.path for one in caught.value.problems] == [
        "/prompt",
        "/image_urls",
        "/promt",
        "/self",
    ]
    assert caught.value.problems[2].message.endswith("did you mean 'prompt'?")


def test_what_a_schema_may_be_is_told_all_the_same(tmp_path: Path) -> None:
    raw = document(
        seed={"type": ["integer", "null"]},
        sizes={"type": "array", "items": {"enum": ["s m", "l"]}},
        camera={"type": "object", "properties": {"lens": {"type": "string"}}},
        words={"type": "string", "description": 'A "quote" \\ and """three""".', "required": True},
    )
    paint: Any = generated(tmp_path, raw).get("acme/paint")
    signature = inspect.signature(paint.submit)
    assert list(signature.parameters)[2:-1] == ["words", "seed", "sizes", "camera"]
    assert repr(signature.parameters["seed"].default) == "UNSET"
    assert signature.parameters["media"].default == "local"
    told = help_for(paint.run)
    assert 'A "quote" \\ and """three""".' in told
    assert "sizes: Items[SizesItem] | None, optional. One of 's m', 'l'." in told
    assert "camera: Camera | Mapping[str, object] | None, optional." in told
    empty: Any = generated(tmp_path / "empty", document()).get("acme/paint")
    assert list(inspect.signature(empty.Input).parameters) == []
    assert "Fields:" not in help_for(empty.run)
    assert empty.Input() == empty.Input()


def test_help_without_the_source_still_tells_names_and_types(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: ModuleType = generated(
        tmp_path, document(x={"type": "string", "description": "Words."})
    ).get("acme/paint")

    def gone(_: object) -> str:
        raise OSError("could not get source code")

    monkeypatch.setattr(inspect, "getsource", gone)
    told = inspect.getdoc(module.run)
    assert told is not None
    assert "x: str | None, optional." in told
    assert "Words." not in told


def test_ipython_completes_fields() -> None:
    program = textwrap.dedent("""
        import warnings
        from IPython.core.interactiveshell import InteractiveShell
        from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
        shell = InteractiveShell.instance()
        shell.user_ns.update(model=model, client=None)
        warnings.simplefilter("ignore")
        for jedi in (True, False):
            shell.Completer.use_jedi = jedi
            for begun in ("model.run(client, pr", "model.submit(client, im", "model.Input(neg"):
                found = {one.text for one in shell.Completer.completions(begun, len(begun))}
                print(*sorted(one for one in found if one.endswith("=")))
    """)
    run = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert run.stdout.splitlines() == 2 * [
        "prompt= prompt_extend=",
        "image_size= image_urls=",
        "negative_prompt=",
    ]
