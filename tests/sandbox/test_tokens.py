from __future__ import annotations

import pytest

from runcomfy_sandbox.answers import Refusal
from runcomfy_sandbox.tokens import Gate, bearer


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Bearer ", None),
        ("Bearer", None),
        ("Basic abc", None),
        ("abc", None),
        ("", None),
        (None, None),
    ],
)
def test_bearer(header: str | None, token: str | None) -> None:
    assert bearer(header) == token


def test_any_token_is_good_and_names_its_caller() -> None:
    gate = Gate()
    assert gate.caller("Bearer one") == gate.caller("bearer one")
    assert gate.caller("Bearer one") != gate.caller("Bearer two")
    assert "one" not in gate.caller("Bearer one")


def test_one_token_is_good() -> None:
    gate = Gate("gut \u00fc")
    assert gate.caller("Bearer gut \u00fc")
    for header in ("Bearer other", "Bearer ", None):
        with pytest.raises(Refusal) as caught:
            gate.caller(header)
        answer = caught.value.answer
        assert answer.status == 400
        assert isinstance(answer.body, dict)
        assert answer.body["error_code"] == 400004
