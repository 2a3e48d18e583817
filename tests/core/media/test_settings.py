from __future__ import annotations

from typing import Any

import pytest

from runcomfy.errors import ConfigurationError
from runcomfy_core.config import DEFAULT_BASE_URL
from runcomfy_core.media.settings import MediaSettings


@pytest.mark.parametrize(
    ("host", "control"),
    [
        ("api.example.com", "api.example.com"),
        ("127.0.0.1", "model-api.runcomfy.net"),
        ("localhost", "model-api.runcomfy.net"),
        ("api.localhost", "model-api.runcomfy.net"),
        ("10.0.0.5", "model-api.runcomfy.net"),
        ("::1", "model-api.runcomfy.net"),
        ("", ""),
    ],
)
def test_a_name_that_only_a_working_network_knows(host: str, control: str) -> None:
    assert MediaSettings(api_host=host).api_host == control


def test_the_defaults() -> None:
    settings = MediaSettings()
    assert settings.api_host in DEFAULT_BASE_URL
    assert not settings.allow_private


@pytest.mark.parametrize("value", ["false", 1, 0, None])
def test_private_media_are_allowed_by_a_bool_alone(value: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        MediaSettings(allow_private=value)
    assert str(caught.value) == f"allow_private_media must be True or False, not {value!r}"
