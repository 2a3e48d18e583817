"""Tests of your own code with the sandbox: real HTTP, no token, no bill.

pytest examples/test_with_sandbox.py
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runcomfy import Client, errors
from runcomfy.models.google import nano_banana_2_lite_text_to_image as model
from runcomfy_sandbox import Sandbox, Timeline


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Run the API in a thread, with jobs that are over at once."""
    with Sandbox("schemas", timeline=Timeline(0, 0)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    """Give each test a client, and an API on which nothing is armed."""
    sandbox.disarm()
    sandbox.forget()
    with Client("any-text", base_url=sandbox.base_url) as made:
        yield made


def test_a_picture_comes_back(client: Client) -> None:
    """The happy path: one submission, one file."""
    result = model.run(client, prompt="A quiet harbour")
    assert len(result.urls) == 1


def test_a_dropped_status_is_asked_for_again(client: Client, sandbox: Sandbox) -> None:
    """Reads are free: a broken connection while waiting costs nothing."""
    sandbox.arm("status", "drop")
    model.run(client, prompt="A quiet harbour")
    submissions = [one for one in sandbox.requests if one.path.startswith("/v1/models/")]
    assert len(submissions) == 1


def test_an_empty_balance_is_told(client: Client, sandbox: Sandbox) -> None:
    """Nothing was made, so nothing is lost by trying again."""
    sandbox.arm("submit", "no-balance")
    with pytest.raises(errors.InsufficientFunds) as refused:
        model.run(client, prompt="A quiet harbour")
    assert refused.value.submitted is False
