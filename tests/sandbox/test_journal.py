from __future__ import annotations

from runcomfy_sandbox.answers import Call
from runcomfy_sandbox.journal import Journal, LoggedRequest


def test_requests_are_logged_without_their_token() -> None:
    journal = Journal()
    journal.note("POST", "/v1/models/a", Call("", "", authorization="Bearer secret"))
    journal.note("GET", "/v1/models", Call("", "", authorization="Basic secret"))
    assert journal.requests() == [
        LoggedRequest("POST", "/v1/models/a", bearer=True),
        LoggedRequest("GET", "/v1/models", bearer=False),
    ]
    assert "secret" not in repr(journal.requests())
    journal.clear()
    assert not journal.requests()


def test_the_log_is_bounded() -> None:
    journal = Journal()
    for number in range(10_001):
        journal.note("GET", f"/{number}", Call("", ""))
    assert len(journal.requests()) == 10_000
    assert journal.requests()[0].path == "/1"
