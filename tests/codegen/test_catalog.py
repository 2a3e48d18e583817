from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING, Any

import pytest
from support_sandbox import TOKEN, open_stage
from support_schemas import document, save

from runcomfy_codegen import catalog
from runcomfy_codegen.catalog import Progress, fetch
from runcomfy_codegen.errors import GeneratorError
from runcomfy_core.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support_sandbox import Stage

    from runcomfy_core.wire.answer import Answer, NoAnswer

IDS = [f"acme/m{i}" for i in range(7)]


@pytest.fixture(scope="module", name="running")
def one_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    schemas = save(tmp_path_factory.mktemp("api"), *(document(one, x={}) for one in IDS))
    with open_stage(schemas, token=TOKEN) as stage:
        yield stage


@pytest.fixture(name="stage")
def clean_sandbox(running: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Seven models, three on a page."""
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", running.sandbox.base_url)
    monkeypatch.setenv("RUNCOMFY_API_TOKEN", TOKEN)
    monkeypatch.setattr(catalog, "PAGE", 3)
    return running.reset()


@pytest.fixture(autouse=True, name="pauses")
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


def ids(on_page: Any = lambda _: None) -> list[str]:
    return [entry["model_id"] for entry in fetch(on_page)]


def error() -> str:
    with pytest.raises(GeneratorError) as caught:
        fetch(lambda _: None)
    message = str(caught.value)
    assert "\n" not in message
    assert TOKEN not in message
    return message


def page(*models: object, total: object = len(IDS)) -> dict[str, Any]:
    return {
        "models": [{"model_id": one} if isinstance(one, str) else one for one in models],
        "total": total,
    }


def arm(stage: Stage, *bodies: object) -> None:
    for body in bodies:
        stage.sandbox.arm("catalog", "respond", body=body)


@pytest.fixture(name="asked")
def what_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    request = Transport.request

    def note(self: Transport, method: str, path: str) -> Answer | NoAnswer:
        asked.append(path.removeprefix("/models?include_schema=true&"))
        return request(self, method, path)

    monkeypatch.setattr(Transport, "request", note)
    return asked


ALL_PAGES = ["limit=3&offset=0", "limit=4&offset=2", "limit=4&offset=5"]


@pytest.mark.usefixtures("stage")
def test_every_page_is_read_with_its_schemas(asked: list[str]) -> None:
    seen: list[Progress] = []
    entries = fetch(seen.append)
    assert [entry["model_id"] for entry in entries] == IDS
    assert entries[0]["input_schema"]["properties"] == {"x": {}}
    assert seen == [Progress(1, 3, 3, 7), Progress(2, 3, 6, 7), Progress(3, 3, 7, 7)]
    assert asked == ALL_PAGES


@pytest.mark.parametrize(
    "bodies",
    [
        # One more in all, one fewer, one before the seam, one gone from there, one twice; then a
        # page that ends early, an empty one, an empty first one, too many.
        [page(*IDS[:3]), page(*IDS[2:6], total=8)],
        [page(*IDS[:3]), page(*IDS[2:6], total=6)],
        [page(*IDS[:3]), page(*IDS[1:5])],
        [page(*IDS[:3]), page(*IDS[3:7])],
        [page(*IDS[:3]), page(*IDS[2:5], "acme/m1"), page("acme/m1", IDS[6])],
        [page(*IDS[:3]), page(IDS[2])],
        [page(*IDS[:3]), page()],
        [page()],
        [page(*IDS, total=6)],
        [page(*IDS[:3]), page(*IDS[2:], "acme/m9")],
    ],
)
def test_a_catalog_that_changes_under_way_is_read_again(
    stage: Stage, asked: list[str], bodies: list[Any]
) -> None:
    arm(stage, *bodies)
    assert ids() == IDS
    assert asked[-3:] == ALL_PAGES
    assert len(asked) == len(bodies) + 3


def test_a_catalog_that_never_rests_is_given_up(stage: Stage) -> None:
    arm(stage, *[page(*IDS[:3]), page(*IDS[2:6], total=8)] * catalog.ROUNDS)
    url = f"{stage.sandbox.base_url}/models"
    assert error() == f"{url}: the catalog changed while it was read, 3 times; try again later"
    assert len(stage.sandbox.requests) == 2 * catalog.ROUNDS


def test_a_server_may_give_smaller_pages_or_all_at_once(stage: Stage) -> None:
    arm(stage, page(*IDS[:2]), page(*IDS[1:3]), page(*IDS[2:]))
    seen: list[Progress] = []
    assert ids(seen.append) == IDS
    assert seen == [Progress(1, 4, 2, 7), Progress(2, 4, 3, 7), Progress(3, 3, 7, 7)]
    arm(stage, page(*IDS))
    assert ids() == IDS


def test_an_id_that_is_no_text_is_passed_on(stage: Stage) -> None:
    arm(stage, page({}, {"model_id": []}, total=2))
    assert fetch(lambda _: None) == [{}, {"model_id": []}]


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        ("rate-limited", 1.0),
        ("unavailable", 1.0),
        ("server-error", 0.5),
        ("request-timeout", 0.5),
        ("truncated-body", 0.5),
        ("drop", 0.5),
    ],
)
def test_what_may_pass_is_asked_again(
    stage: Stage, pauses: list[float], fault: str, pause: float
) -> None:
    stage.sandbox.arm("catalog", fault)
    assert ids() == IDS
    assert pauses == [pause]


def test_what_does_not_pass_is_given_up(stage: Stage, pauses: list[float]) -> None:
    stage.sandbox.arm("catalog", "unavailable", times=9, retry_after=7)
    url = f"{stage.sandbox.base_url}/models"
    assert error().startswith(f"{url}: HTTP 503")
    assert pauses == [7.0, 7.0, 7.0]
    stage.sandbox.disarm()
    stage.sandbox.arm("catalog", "rate-limited", retry_after=61)
    assert error() == f"{url}: HTTP 429: Too many requests. The API asks to wait 61 s"
    assert pauses == [7.0, 7.0, 7.0]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("html", "HTTP 200: the answer is not a JSON object: <!doctype html>"),
        ("truncated-json", "HTTP 200: the answer is not a JSON object: "),
        ("empty-body", "HTTP 200: the answer is empty"),
        ("not-an-object", "HTTP 200: the answer is not a JSON object: [{"),
        ("redirect", "HTTP 307: the API answered with a redirect, which is not followed"),
        ("bad-token", "HTTP 400, error_code 400004: The token has expired"),
        ("forbidden", "HTTP 403, error_code 403001: The request belongs to another token"),
        ("not-found", "HTTP 404, error_code 404001: The request has expired"),
    ],
)
def test_an_answer_that_is_no_page_is_told_in_one_line(
    stage: Stage, fault: str, message: str
) -> None:
    stage.sandbox.arm("catalog", fault)
    assert error().startswith(f"{stage.sandbox.base_url}/models: {message}")
    assert len(stage.sandbox.requests) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "the answer's total is None, not a number of models"),
        (page(total=True), "the answer's total is True, not a number of models"),
        (page(total=-1), "the answer's total is -1, not a number of models"),
        (page(total="7" * 99), f"the answer's total is '{'7' * 39}…, not a number of models"),
        (page(total=10**6), "the answer's total is 1000000, not a number of models"),
        ({"total": 7, "models": {}}, "the answer has no list of models"),
        ({"total": 7, "models": [{}, 5]}, "entry 1 of the catalog is not an object"),
        (page(total=0), "the catalog is empty; nothing was written"),
    ],
)
def test_a_page_of_a_wrong_shape_is_told_in_one_line(
    stage: Stage, body: object, message: str
) -> None:
    arm(stage, body)
    assert error() == f"{stage.sandbox.base_url}/models: {message}"


def test_what_is_configured_is_the_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    assert error().startswith("no RunComfy token found. Set the environment variable RUNCOMFY_API_")
    monkeypatch.setenv("RUNCOMFY_TOKEN", TOKEN)
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", "http://example.com/v1")
    assert "must begin with https://, or the token would be sent in the clear" in error()


def test_no_server(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("RUNCOMFY_TOKEN", TOKEN)
    monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", f"http://127.0.0.1:{port}/v1")
    message = error()
    assert message.startswith(f"http://127.0.0.1:{port}/v1/models: can't be reached: ")
    assert "refused" in message
    assert pauses == [0.5, 1.0, 2.0]
