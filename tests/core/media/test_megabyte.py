"""Two readings of a megabyte: what breaks a rule by both is refused, by one alone is doubtful."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from support_client import picture
from support_media import sound as recording
from support_schemas import ROOT

from runcomfy import AsyncClient, Client, Problem, errors
from runcomfy.models.bytedance import seed_audio_1_0_text_to_audio as sound
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model
from runcomfy_core.media.rules import MediaRule
from runcomfy_sandbox import Sandbox, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE = "파일 크기는 10MB 미만이어야 합니다."
DOUBT = (
    "may be too large, with 10,200,000 bytes: the limit is < 10 MB, and it is not known whether a "
    "megabyte has 1,048,576 bytes here or, as RunComfy's own nodes count, 1,000,000"
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(ROOT / "schemas", timeline=Timeline(0, 0)) as running:
        yield running


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with Client("token", base_url=sandbox.base_url) as made:
        yield made


def padded(data: bytes, size: int) -> bytes:
    """A file of that size: bytes behind its end are no part of what it shows."""
    return data + bytes(size - len(data))


@pytest.mark.parametrize(
    ("operator", "size", "takes", "surely"),
    [
        ("<", 9_999_999, True, True),
        ("<", 10_000_000, True, False),
        ("<", 10_485_759, True, False),
        ("<", 10_485_760, False, False),
        ("<=", 9_999_999, True, True),
        ("<=", 10_000_000, True, False),
        ("<=", 10_485_760, True, False),
        ("<=", 10_485_761, False, False),
        (">", 10_000_000, False, False),
        (">", 10_000_001, True, False),
        (">", 10_485_761, True, True),
        (">=", 9_999_999, False, False),
        (">=", 10_000_000, True, False),
        (">=", 10_485_760, True, False),
        (">=", 10_485_761, True, True),
    ],
)
def test_each_side_of_each_reading(operator: Any, size: int, takes: object, surely: object) -> None:
    rule = MediaRule("file_size_mb", operator, 10, "")
    assert (rule.takes_size(size), rule.surely_takes_size(size)) == (takes, surely)


@pytest.mark.parametrize(
    ("size", "problems", "doubtful"),
    [
        (9_999_999, 0, 0),
        (10_000_000, 0, 1),
        (10_200_000, 0, 1),
        (10_485_759, 0, 1),
        (10_485_760, 1, 0),
    ],
)
@pytest.mark.parametrize("form", ["bytes", "path"])
def test_a_check_tells_doubt_from_fault(
    size: int, problems: int, doubtful: int, form: str, tmp_path: Path
) -> None:
    data = padded(picture(), size)
    path = tmp_path / "a.png"
    path.write_bytes(data)
    report = model.check_media({"image_urls": [data if form == "bytes" else path]})
    assert (len(report.problems), len(report.doubtful)) == (problems, doubtful)
    assert report.items[0].size == size


def test_a_doubt_has_the_shape_of_a_problem() -> None:
    (doubt,) = model.check_media({"image_urls": [padded(picture(), 10_200_000)]}).doubtful
    assert doubt == Problem("/image_urls/0", "file_size_mb<", 10, 10.2, DOUBT)
    assert str(doubt) == f"/image_urls/0: {DOUBT} (file_size_mb is 10.2; it must be < 10)"


def test_of_at_most_ten_megabytes_just_ten_are_a_doubt() -> None:
    wav = recording("wav", "pcm_s16le")
    report = sound.check_media({"audio_urls": [padded(wav, 10_000_000)]})
    assert report.problems == ()
    (doubt,) = report.doubtful
    assert (doubt.rule, doubt.limit, doubt.actual) == ("file_size_mb<=", 10, 10.0)
    assert str(doubt) == f"{doubt.path}: {doubt.message}"
    assert "with 10,000,000 bytes: the limit is <= 10 MB" in doubt.message
    report = sound.check_media({"audio_urls": [padded(wav, 10_485_761)]})
    assert [problem.rule for problem in report.problems] == ["file_size_mb<="]
    assert report.doubtful == ()


@pytest.mark.parametrize("media", ["check", "local", "warn"])
def test_each_way_to_submit_warns_and_submits(client: Client, sandbox: Sandbox, media: Any) -> None:
    value: Any = {"prompt": "p", "image_urls": [padded(picture(), 10_200_000)]}

    async def main() -> None:
        async with AsyncClient("token", base_url=sandbox.base_url) as other:
            await model.submit(other, value, media=media)
            await model.run(other, value, media=media)
            async for _, outcome in model.map(other, [value], media=media):
                assert not isinstance(outcome, errors.RunComfyError)

    def each_way() -> None:
        model.submit(client, value, media=media)
        model.run(client, value, media=media)
        for _, outcome in model.map(client, [value], media=media):
            assert not isinstance(outcome, errors.RunComfyError)
        asyncio.run(main())

    sandbox.forget()
    with pytest.warns(errors.MediaWarning) as caught:
        each_way()
    assert [str(one.message) for one in caught] == [
        f"{model.MODEL_ID}: /image_urls/0: {DOUBT} (file_size_mb is 10.2; it must be < 10)"
    ] * 6
    assert caught[0].filename == __file__
    assert sum(request.method == "POST" for request in sandbox.requests) == 6


def test_nobody_is_warned_who_does_not_want_a_look(client: Client) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.submit(client, prompt="p", image_urls=[padded(picture(), 10_200_000)], media="skip")


def test_a_program_whose_warnings_are_errors_sends_nothing(
    client: Client, sandbox: Sandbox
) -> None:
    sandbox.forget()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(errors.MediaWarning, match="may be too large"):
            model.submit(client, prompt="p", image_urls=[padded(picture(), 10_200_000)])
    assert sandbox.requests == []


def test_a_doubt_does_not_stand_beside_a_refusal(client: Client) -> None:
    files: list[Any] = [padded(picture(), 10_200_000), padded(picture(), 10_485_760)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(errors.InvalidInput) as caught:
            model.submit(client, prompt="p", image_urls=files)
    assert [(one.path, one.message) for one in caught.value.problems] == [("/image_urls/1", LARGE)]
