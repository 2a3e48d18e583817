"""What a server finds wrong with an input: HTTP 422 in the forms in which frameworks say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support_client import TOKEN
from support_schemas import ROOT
from support_server import FaultServer, says

from runcomfy import Client, Problem, errors
from runcomfy_core.config import Token
from runcomfy_core.jobs.complaints import complaints
from runcomfy_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = "a/b"
mask = Token(TOKEN, "the argument token").mask


def problem(
    path: str, message: str, rule: str = "refused", *, limit: object = None, actual: object = None
) -> Problem:
    return Problem(path, rule, limit, actual, message)


#: The body of a 422, and the problems that are read of it.
FORMS: dict[str, tuple[dict[str, Any], list[Problem]]] = {
    "FastAPI": (
        {
            "detail": [
                {
                    "type": "less_than_equal",
                    "loc": ["body", "seed"],
                    "msg": "Input should be less than or equal to 5",
                    "input": 9,
                    "ctx": {"le": 5},
                },
                {"type": "missing", "loc": ["body", "images", 1], "msg": "Field required"},
            ]
        },
        [
            problem(
                "/seed", "Input should be less than or equal to 5", "less_than_equal",
                limit=5, actual=9,
            ),
            problem("/images/1", "Field required", "missing"),
        ],
    ),
    "texts": ({"detail": ["a", " ", "b"]}, [problem("", "a"), problem("", "b")]),
    "one text": ({"detail": "no"}, [problem("", "the whole")]),
    "nothing": ({}, [problem("", "the whole")]),
    "an empty list": ({"detail": [], "errors": ["b"]}, [problem("", "b")]),
    "fields": (
        {"errors": {"seed": ["too big", {"message": "odd"}], "prompt": "is empty"}},
        [problem("/seed", "too big"), problem("/seed", "odd"), problem("/prompt", "is empty")],
    ),
    "JSON:API": (
        {"errors": [{"source": {"pointer": "/body/seed"}, "detail": "too big", "code": "max"}]},
        [problem("/seed", "too big", "max")],
    ),
    "RFC 9457": (
        {"detail": "no", "invalid-params": [{"name": "seed", "reason": "too big"}]},
        [problem("/seed", "too big")],
    ),
    "ajv": (
        {"errors": [{"instancePath": "/a/0", "keyword": "type", "message": "must be string"}]},
        [problem("/a/0", "must be string", "type")],
    ),
    "dots": ({"detail": [{"field": "body.a.b", "msg": "no"}]}, [problem("/a/b", "no")]),
    "a fragment": ({"detail": [{"pointer": "#/a/b", "msg": "no"}]}, [problem("/a/b", "no")]),
    "one object": ({"error": {"field": "a", "message": "no"}}, [problem("/a", "no")]),
    "no words": (
        {"detail": [{"loc": ["body", "a"]}]},
        [problem("/a", "is refused, and the API does not say why")],
    ),
    "odd types": (
        {"detail": [7, None, [], {"loc": {}, "msg": 7, "type": [], "ctx": 7, "input": {}}]},
        [problem("", "is refused, and the API does not say why")],
    ),
    "the token": (
        {
            "detail": [
                {
                    "loc": ["body", TOKEN],
                    "msg": f"{TOKEN} is bad",
                    "type": TOKEN,
                    "input": TOKEN,
                    "ctx": {"x": TOKEN},
                }
            ]
        },
        [problem("/[token]", "[token] is bad", "[token]", limit="[token]", actual="[token]")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    body, problems = FORMS[form]
    assert complaints(body, "the whole", mask) == tuple(problems)


def test_there_is_an_end_of_them() -> None:
    found = complaints({"detail": ["x" * 10_000] * 100_000}, "no", mask)
    assert len(found) == 100
    assert found[0].message == "x" * 300 + "…"
    nested: Any = {"loc": ["a"]}
    for _ in range(900):
        nested = {"detail": [nested]}
    assert len(complaints(nested, "no", mask)) == 1


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def refusal(server: FaultServer, *steps: Any) -> errors.InputRefused:
    server.add(*steps)
    with (
        Client(TOKEN, base_url=server.base_url) as client,
        pytest.raises(errors.InputRefused) as caught,
    ):
        client.submit(MODEL, {"seed": 9})
    return caught.value


@pytest.mark.parametrize("code", [None, 422001, "E_INPUT"])
def test_a_submission_whose_input_is_refused(server: FaultServer, code: object) -> None:
    body = FORMS["FastAPI"][0]
    error = refusal(server, says(body if code is None else {**body, "error_code": code}, 422))
    assert isinstance(error, errors.ApiError)
    assert error.problems == tuple(FORMS["FastAPI"][1])
    assert (error.status, error.error_code, error.model_id) == (422, code, MODEL)
    assert error.submitted is False
    assert error.message == (
        "body.seed: Input should be less than or equal to 5; body.images.1: Field required"
    )
    assert str(error).endswith(". No job was made: mend the input, then submit again")
    assert len(server.requests) == 1


def test_a_code_of_its_family_that_came_with_200(server: FaultServer) -> None:
    error = refusal(server, says({"error_code": 422001, "message": "no"}))
    assert error.problems == (problem("", "no"),)


def test_a_known_code_goes_first(server: FaultServer) -> None:
    server.add(says({"error_code": 400002}, 422))
    with (
        Client(TOKEN, base_url=server.base_url) as client,
        pytest.raises(errors.InsufficientFunds),
    ):
        client.submit(MODEL, {})


def test_the_sandbox_s_own() -> None:
    with (
        Sandbox(ROOT / "schemas") as sandbox,
        Client(TOKEN, base_url=sandbox.base_url) as client,
        pytest.raises(errors.InputRefused) as caught,
    ):
        client.submit("wan-ai/wan-2-6/image-to-image", {"prompt": 7})
    assert {one.path for one in caught.value.problems} >= {"/prompt"}
