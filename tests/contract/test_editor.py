"""What an editor shows of a model: with the language server that others are made of."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest
from support_editor import Editor
from support_schemas import ROOT

from runcomfy.models import MODULES

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LITERAL = 50

PROGRAM = textwrap.dedent("""
    import runcomfy
    from runcomfy import AsyncClient, Client, models
    from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

    client = Client()
    model.run(client, prompt="p", image_urls=[], timeout=5)
    model.submit(client, prompt="p", image_urls=[], media="skip")
    model.submit(AsyncClient(), seed=1, prompt="p", image_urls=[])
    value = model.Input(prompt="p", image_urls=[])
    result = model.run(client, value, on_update=print)
    print(result.output.images, value.seed)
    for pair in model.map(client, [value], ordered=True): ...

    # What is begun:
    model.run(client, pro)
    model.run(client, prompt="p", image_urls=[], image_size="")
    model.Input(neg)
    model.map(client, [value], max)
    models.get("")
    runcomfy.models.wan
    runcomfy.models.wan_ai.wan_2
    client.x
    model.x
""")


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("editor")
    # The client is found as it is installed: of a package with types, only what is public is shown.
    settings = {"venvPath": str(ROOT), "venv": ".venv"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    with Editor(folder, PROGRAM) as opened:
        yield opened


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("run(client, ^prompt=", "(variable) prompt: str\n\nWhat to change in the pictures"),
        ('run(client, ^prompt="p", image_urls=[], timeout', "At most 1,999 characters."),
        ("submit(client, ^prompt=", "At most 1,999 characters."),
        ("submit(AsyncClient(), ^seed=", "0 to 2,147,483,647. Server's default: 0."),
        ("Input(^prompt=", "At most 1,999 characters."),
        ("^timeout=5", "Seconds to wait; None waits without limit."),
        ('^media="skip"', 'refuse the input ("check")'),
        ("^on_update=print", "Called with the status whenever it changes."),
        ("^ordered=True", "Whether outcomes come in the order of the inputs"),
        ('model.^run(client, prompt="p", image_urls=[], timeout', "wait for its result"),
        ("model.^submit(client, prompt=", "Submit a job, once"),
        ("model.^map(client, [value], ordered", "each costs money"),
        ("model.^Input(prompt=", "An input of Wan 2.6 Image to Image ("),
        ("output.^images", "list[str] | None\n\n여러 이미지 URL"),
        ("value.^seed", "(variable) seed: int | None"),
    ],
)
def test_what_is_under_the_mouse(editor: Editor, place: str, shown: str) -> None:
    assert shown in editor.hover(place)


@pytest.mark.parametrize(
    ("place", "offered"),
    [
        ("run(client, pro^)", ["prompt=", "prompt_extend=", "negative_prompt="]),
        ('image_size="^"', ['"1024*1024 (1:1)"', '"1344*576 (21:9)"']),
        ("Input(neg^)", ["negative_prompt="]),
        ("[value], max^)", ["max_in_flight="]),
        # Of a longer text, the server offers the beginning.
        ('models.get("^")', [f'"{one}"' for one in MODULES if len(one) <= LONGEST_LITERAL]),
        ("runcomfy.models.wan^\n", ["wan_ai"]),
        ("wan_ai.wan_2^\n", ["wan_2_6_image_to_image"]),
    ],
)
def test_what_is_completed(editor: Editor, place: str, offered: list[str]) -> None:
    found = editor.completions(place)
    assert [one for one in offered if one not in found] == []


def test_a_client_and_a_model_offer_what_users_call(editor: Editor) -> None:
    client = {one for one in editor.completions("client.^x") if not one.startswith("_")}
    assert client == {"base_url", "close", "job", "journal", "map", "submit"}
    model = {one for one in editor.completions("model.^x") if not one.startswith("_")}
    assert model == {
        *("MODEL_ID", "Fields", "ImageSize", "Input", "Output", "check_media", "job"),
        *("json_schema", "map", "run", "submit", "tool", "validate"),
    }
