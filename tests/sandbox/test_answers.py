from __future__ import annotations

import pytest

from runcomfy_sandbox.answers import LARGEST_BODY, Code, Refusal, error, read_object


def test_error_has_code_and_message() -> None:
    answer = error(400, Code.BAD_ID, "no such model", detail=["model_id"])
    assert answer.status == 400
    assert answer.body == {
        "error_code": 400001,
        "error_message": "no such model",
        "detail": ["model_id"],
    }


def test_read_object() -> None:
    assert read_object('{"prompt": "두 괴물", "seed": 4294967295}'.encode()) == {
        "prompt": "두 괴물",
        "seed": 4294967295,
    }


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": "\xff"}',
        b"[" * 100_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: body[:12].decode("latin-1"),
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        read_object(body)
    answer = caught.value.answer
    assert answer.status == 422
    assert isinstance(answer.body, dict)
    assert answer.body["error_code"] == 422001
    assert answer.body["detail"] == [answer.body["error_message"]]


def test_the_largest_body() -> None:
    frame = len('{"a": ""}')
    body = b'{"a": "' + b"x" * (LARGEST_BODY - frame) + b'"}'
    assert len(read_object(body)["a"]) == LARGEST_BODY - frame
    with pytest.raises(Refusal) as caught:
        read_object(body + b" ")
    assert caught.value.answer == error(413, 413001, "The body has more than 67108864 bytes.")
