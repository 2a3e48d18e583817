"""What a generated module calls, for both clients, against the sandbox."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from support_client import picture
from support_schemas import ROOT, document, generated

from runcomfy import AsyncClient, AsyncJob, Client, Job, Result, errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy.models.wan_ai import wan_3_0_text_to_video as plain
from runcomfy_core.model.inputs import equip
from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from runcomfy import MapProgress, Problem

INPUT: Any = {"prompt": "두 괴물", "image_urls": [picture()]}
SMALL: Any = {"prompt": "두 괴물", "image_urls": [picture(300, 300)]}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ROOT / "schemas", timeline=Timeline(0, 0)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client("a-token", base_url=sandbox.base_url) as made:
        yield made


def awaited(sandbox: Sandbox, call: Callable[[AsyncClient], Coroutine[Any, Any, Any]]) -> Any:
    async def go() -> Any:
        async with AsyncClient("a-token", base_url=sandbox.base_url) as client:
            return await call(client)

    return asyncio.run(go())


def test_the_same_calls_are_awaited(sandbox: Sandbox) -> None:
    async def call(client: AsyncClient) -> None:
        job = await model.submit(client, **INPUT)
        assert isinstance(job, AsyncJob)
        assert (await job.wait()).output.images
        assert (await model.submit(client, model.Input(**INPUT))).request_id != job.request_id
        assert (await model.run(client, INPUT)).output.images
        again = model.job(client, job.request_id)
        assert isinstance(again, AsyncJob)
        assert (await again.wait()).request_id == job.request_id
        report = await model.check_media(SMALL, client)
        assert [problem.rule for problem in report.problems] == ["width_pixels>", "height_pixels>"]

    awaited(sandbox, call)


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"prompt": "x"}, errors.InvalidInput),
        (SMALL, errors.InvalidInput),
        ({**INPUT, "media": "no"}, errors.ConfigurationError),
        ({**INPUT, "value": "text"}, TypeError),
    ],
)
def test_what_is_wrong_is_found_before_anything_is_sent(
    sandbox: Sandbox, client: Client, arguments: dict[str, Any], kind: type[Exception]
) -> None:
    sandbox.forget()
    untyped: Any = model
    with pytest.raises(kind) as caught:
        untyped.submit(client, **arguments)

    async def submit(client: AsyncClient) -> None:
        await untyped.submit(client, **arguments)

    with pytest.raises(kind) as again:
        awaited(sandbox, submit)
    assert str(again.value) == str(caught.value)
    assert sandbox.requests == []


def test_a_value_of_no_form_is_named_and_not_the_fields_beside_it(client: Client) -> None:
    untyped: Any = model
    with pytest.raises(TypeError) as caught:
        untyped.submit(client, "a prompt", image_urls=[picture()])
    assert str(caught.value) == (
        "wan-ai/wan-2-6/image-to-image takes "
        "runcomfy.models.wan_ai.wan_2_6_image_to_image.Input or a dict, not builtins.str; "
        "fields are passed by their names"
    )
    with pytest.raises(TypeError, match="pass an input or its fields, not both: prompt"):
        untyped.submit(client, INPUT, prompt="x")


def test_a_client_is_asked_for_and_nothing_of_an_input_is_shown() -> None:
    untyped: Any = model
    for call in (untyped.submit, untyped.run, untyped.map):
        with pytest.raises(TypeError, match="not of type runcomfy") as caught:
            call(model.Input(**INPUT), [])
        assert len(str(caught.value)) < 200


def test_a_map_gives_each_input_with_what_came_of_it(client: Client) -> None:
    inputs = [INPUT, SMALL, model.Input(**INPUT), {"prompt": "x"}]
    outcomes = {id(value): outcome for value, outcome in model.map(client, inputs)}
    first, second, third, fourth = (outcomes[id(value)] for value in inputs)
    assert isinstance(first, Result)
    assert first.output.images
    assert isinstance(second, errors.InvalidInput)
    assert isinstance(third, Result)
    assert isinstance(fourth, errors.InvalidInput)


def test_a_map_is_gone_through_on_a_loop(sandbox: Sandbox) -> None:
    async def call(client: AsyncClient) -> list[tuple[Any, Any]]:
        found = model.map(client, [INPUT, SMALL], ordered=True)
        return [pair async for pair in found]

    (_, good), (_, bad) = awaited(sandbox, call)
    assert isinstance(good, Result)
    assert isinstance(bad, errors.InvalidInput)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"media": "no"}, "media is one of"),
        ({"max_in_flight": 0}, "max_in_flight must be a whole number, 1 or more: 0"),
        ({"timeout": -1}, "timeout must be a finite number of seconds"),
        ({"on_progress": 5}, "on_progress must be a function, not 5"),
        ({"inputs": {"prompt": "x"}}, "inputs must be a list of inputs, or another iterable"),
        ({"inputs": None}, "inputs must be a list of inputs, or another iterable, not None"),
    ],
)
def test_a_wrong_argument_of_a_map_is_found_at_once(
    client: Client, arguments: dict[str, Any], words: str
) -> None:
    untyped: Any = model
    with pytest.raises(errors.ConfigurationError, match=words):
        untyped.map(client, **{"inputs": [INPUT], **arguments})


def test_a_model_without_rules_looks_at_local_files_and_fetches_nothing(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    paint: Any = generated(tmp_path, document(x={"type": "string", "format": "image_uri"})).get(
        "acme/paint"
    )
    package = paint.__name__.partition(".")[0]
    import importlib  # noqa: PLC0415 - the client of that package

    made = importlib.import_module(package)
    with made.Client("t", base_url=sandbox.base_url) as client:
        for call in (paint.submit, lambda client, value: list(paint.map(client, [value]))):
            try:
                [(_, found)] = call(client, {"x": b"This is a text."})
            except made.errors.InvalidInput as error:
                found = error
            assert "not an image" in str(found)
        with pytest.raises(made.errors.NotFound):  # it was sent: the sandbox has no such model
            paint.submit(client, {"x": "https://nowhere.invalid/a.png"})


def test_a_module_names_what_it_gives() -> None:
    assert set(model.__all__) == {
        "MODEL_ID", "ImageSize", "Input", "Output", "check_media", "job", "json_schema",
        "map", "run", "submit", "tool", "validate",
    }  # fmt: skip
    for name in model.__all__:
        assert hasattr(model, name)
    for function in (model.validate, model.check_media, model.map, model.job, model.submit):
        assert inspect.getdoc(function)


def test_its_functions_go_to_other_processes() -> None:
    validate = pickle.loads(pickle.dumps(model.validate))  # noqa: S301 - our own
    assert validate(INPUT) == []


def test_a_model_without_media_is_like_any_other(client: Client) -> None:
    assert plain.check_media({"prompt": "x"}).items == ()
    job = plain.submit(client, {"prompt": "A quiet harbour"})
    assert isinstance(job, Job)


def test_media_inside_objects_are_checked_and_sent(tmp_path: Path) -> None:
    image = {"type": "string", "format": "image_uri"}
    shot = {"type": "object", "required": ["pic"], "properties": {"pic": image}}
    raw = document(
        shots={"type": "array", "items": shot}, either={"anyOf": [image, {"enum": ["none"]}]}
    )
    paint: Any = generated(tmp_path, raw).get("acme/paint")
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    value = paint.Input(
        shots=[paint.ShotsItem(pic=path), {"pic": b"This is a text."}], either="none"
    )
    report = paint.check_media(value)
    assert [problem.path for problem in report.problems] == ["/shots/1/pic"]
    assert [item.width for item in report.items] == [400, None]
    private = paint.validate({"shots": [{"pic": "https://localhost/a"}], "either": "http://a.b/"})
    assert [problem.path for problem in private] == ["/shots/0/pic", "/either"]


def test_check_media_names_a_misspelt_field() -> None:
    report = model.check_media({"image_url": ["https://example.com/a.png"], "seed": "x"})
    assert [(one.path, one.rule) for one in report.problems] == [
        ("/image_urls", "required"),
        ("/image_url", "additionalProperties"),
    ]
    assert "did you mean 'image_urls'?" in report.problems[1].message


def test_check_media_takes_the_input_first(sandbox: Sandbox) -> None:
    untyped: Any = model.check_media
    with (
        Client("t", base_url=sandbox.base_url) as client,
        pytest.raises(TypeError, match=r"^the input comes first: check_media\(value, client\)$"),
    ):
        untyped(client, {"image_urls": []})


def test_a_journal_is_named_where_it_is_none(sandbox: Sandbox) -> None:
    untyped: Any = Client
    with pytest.raises(errors.ConfigurationError, match="journal is a file, True for the user's"):
        untyped("t", base_url=sandbox.base_url, journal=5)


@pytest.mark.parametrize("journal", [5, b"j.db", "", ":memory:", ["j.db"]])
def test_a_map_refuses_what_is_no_journal_when_it_is_called(sandbox: Sandbox, journal: Any) -> None:
    with Client("t", base_url=sandbox.base_url) as client:
        with pytest.raises(errors.ConfigurationError, match="journal is a file"):
            model.map(client, [INPUT], journal=journal)
        with pytest.raises(errors.ConfigurationError, match="journal is a file"):
            client.map("a/b", [{}], journal=journal)


def test_ctrl_c_in_a_map_with_a_journal_says_how_to_go_on(tmp_path: Path) -> None:
    def pressed(progress: MapProgress) -> None:
        if progress.begun == 2:
            raise KeyboardInterrupt

    with (
        Sandbox(ROOT / "schemas", timeline=Timeline(60, 60)) as slow,
        Client("t", base_url=slow.base_url, journal=tmp_path / "j") as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        list(model.map(client, [INPUT, INPUT, INPUT], on_progress=pressed))
    [note] = getattr(caught.value, "__notes__", [])
    assert note.endswith("map the same inputs again to go on")


@pytest.mark.parametrize(
    "wire",
    [
        INPUT,
        {},
        {"prompt": 7, "seed": -1},
        {**INPUT, "seed": None, "prompt": None},
        {**INPUT, "promt": "p", "seed": -1},
        {**INPUT, "image_urls": ["https://nas.local/a", "https://example.com/a", "a"]},
    ],
)
def test_a_dict_is_judged_as_any_mapping_is(wire: Any) -> None:
    # A dict takes the short way, which leaves to the long one what is out of the ordinary.
    assert model.validate(wire) == model.validate(MappingProxyType(wire))


def test_fields_that_are_passed_by_name_are_checked_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[object] = []

    def check(*fields: object) -> list[Problem]:
        checks.append(fields)
        return model._check(*fields)

    # The constructor is made anew, of this check.
    monkeypatch.setattr(model.Input, "__init__", model.Input.__init__)
    equip(model.Input, model._MODEL, check, model._MODEL._forms.refuse)
    monkeypatch.setattr(model._MODEL._forms, "_check", check)
    model.submit(client, **INPUT)
    assert len(checks) == 1
    value = model.Input(**INPUT)
    model.submit(client, value)  # it may have changed since it was made
    assert len(checks) == 3


def test_an_option_that_a_map_has_not_is_named(client: Client) -> None:
    untyped: Any = model
    for call in (lambda **options: untyped.map(client, [], **options),
                 lambda **options: client.map("a/b", [], **options)):  # fmt: skip
        with pytest.raises(TypeError) as caught:
            call(max_inflight=3)
        assert str(caught.value) == (
            "map has no option 'max_inflight'; did you mean 'max_in_flight'?"
        )
        with pytest.raises(TypeError, match="map has no option 'x'; there are max_in_flight, "):
            call(x=3)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_offers_what_its_users_call(kind: type[object]) -> None:
    ends = {"close"} if kind is Client else {"close", "aclose"}
    offered = {name for name in dir(kind) if not name.startswith("_")}
    assert offered == {"base_url", "job", "journal", "map", "submit", *ends}
