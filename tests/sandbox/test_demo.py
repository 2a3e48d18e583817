"""The demo, run as ``make demo`` runs it, in a folder of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support_schemas import ROOT

from runcomfy_sandbox import Sandbox, Timeline, demo

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(ROOT / "schemas" / "wan-ai", tmp_path / "schemas" / "wan-ai")
    monkeypatch.chdir(tmp_path)
    # Without the waits of the real thing.
    monkeypatch.setattr(demo, "Sandbox", lambda path: Sandbox(path, timeline=Timeline(0, 0)))
    return tmp_path


def test_it_goes_from_a_schema_to_a_picture(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo.main() == 0
    said = capsys.readouterr().out
    for step in (
        "1. Generate",
        "2. Start a local Model API",
        "3. Look at the page's own pictures",
        "4. Submit to wan-ai",
        "5. Make three",
        "6. Submit a picture that is too small",
    ):
        assert step in said
    assert "completed" in said
    (picture,) = (folder / "out").iterdir()
    with Image.open(picture) as opened:
        assert (opened.format, opened.size) == ("PNG", (1024, 1024))
    mistakes = said.partition("5. Make three")[2].splitlines()
    places = [line.split(": ")[0].strip() for line in mistakes[1:4]]
    assert places == ["/image_urls", "/negative_prompt", "/image_size"]
    small = said.partition("6. Submit")[2].splitlines()
    side = "각 이미지 변은 최소 384픽셀이어야 합니다."
    assert small[1:5] == [
        f"   /image_urls/{place}: {side} ({metric}_pixels is 300; it must be > 384)"
        for place in (0, 1)
        for metric in ("width", "height")
    ]
    assert small[5].strip() == "0 submissions were made of these two, 0 USD spent"


@pytest.mark.usefixtures("folder")
def test_the_real_api_needs_a_token(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVE", "1")
    assert demo.main() == 1
    assert "set RUNCOMFY_API_TOKEN" in capsys.readouterr().err


def test_live_it_calls_the_api_that_the_client_finds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIVE", "1")
    monkeypatch.setenv("RUNCOMFY_API_TOKEN", "a-token-of-ours")
    with Sandbox(folder / "schemas", timeline=Timeline(0, 0)) as api:
        monkeypatch.setenv("RUNCOMFY_MODEL_API_BASE", api.base_url)
        assert demo.run() == 0
        assert [one.method for one in api.requests].count("POST") == 1
        api.arm("submit", "no-balance")
        assert demo.run() == 1
    assert "demo: HTTP 400, error_code 400002: No balance" in capsys.readouterr().err


def test_outside_the_root_it_says_where_to_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo.main() == 1
    assert "run 'make demo' in the project's root" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_ctrl_c_cancels_the_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from runcomfy import Job  # noqa: PLC0415 - to be patched here only

    def pressed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Job, "wait", pressed)
    monkeypatch.setattr(demo, "Sandbox", lambda path: Sandbox(path, timeline=Timeline(60, 0)))
    assert demo.run() == 1
    out, err = capsys.readouterr()
    assert out.rstrip().endswith(": cancelled")
    assert err == "demo: interrupted\n"


@pytest.mark.usefixtures("folder")
def test_what_is_not_the_api_s_fault_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "codegen", lambda _: 1)
    assert demo.main() == 1
    monkeypatch.setattr(demo, "codegen", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        demo.run()
