from __future__ import annotations

import io
import wave
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from support_sandbox import write_model

from runcomfy_sandbox import media
from runcomfy_sandbox.answers import Call, Refusal
from runcomfy_sandbox.documents import read_models
from runcomfy_sandbox.jobs import Jobs
from runcomfy_sandbox.timeline import ManualClock, Timeline

if TYPE_CHECKING:
    from pathlib import Path

    from runcomfy_sandbox.answers import Answer
    from runcomfy_sandbox.jobs import Job

ORIGIN = "http://127.0.0.1:1"


class Studio:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.jobs = Jobs(self.clock, Timeline(1, 1))
        self.files = media.Files(self.jobs)

    def job(self, *categories: str, schema: object = None, **value: object) -> Job:
        write_model(self.directory, categories=categories, input_schema=schema or {})
        job = self.jobs.submit(read_models(self.directory)["maker/model"], value, "me")
        self.clock.advance(5)
        return job

    def fetch(self, job: Job, name: str) -> Answer:
        path = {"request_id": job.request_id, "name": name}
        return self.files.output(Call(ORIGIN, ORIGIN, path=path))


@pytest.fixture(name="studio")
def empty_studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (["image-to-image"], {"images": ["0.png"]}),
        (["text-to-image"], {"image": "0.png"}),
        (["edit"], {"image": "0.png"}),
        ([], {"image": "0.png"}),
        (["text-to-video"], {"video": "0.gif"}),
        (["audio-to-video"], {"video": "0.gif"}),
        (["lip-sync", "text-to-audio"], {"audio": "0.wav"}),
    ],
)
def test_the_category_decides_the_output(
    studio: Studio, categories: list[str], expected: dict[str, object]
) -> None:
    job = studio.job(*categories)
    base = f"{ORIGIN}/files/{job.request_id}/"
    wanted = {
        key: [base + name for name in names] if isinstance(names, list) else f"{base}{names}"
        for key, names in expected.items()
    }
    assert media.output(job, ORIGIN) == wanted


def test_a_picture_has_the_size_asked_for(studio: Studio) -> None:
    answer = studio.fetch(studio.job("text-to-image", prompt="여우", aspect_ratio="16:9"), "0.png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["accept-ranges"] == "bytes"
    assert isinstance(answer.body, bytes)
    with Image.open(io.BytesIO(answer.body)) as image:
        assert (image.format, image.size) == ("PNG", (1024, 576))


def test_defaults_of_the_schema_hold(studio: Studio) -> None:
    schema = {"properties": {"image_size": {"type": "string", "default": "320*200"}}}
    answer = studio.fetch(studio.job("text-to-image", schema=schema), "0.png")
    assert isinstance(answer.body, bytes)
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size == (320, 200)


def test_a_video_is_a_small_gif_and_says_so(studio: Studio) -> None:
    answer = studio.fetch(studio.job("text-to-video", prompt=5, aspect_ratio="16:9"), "0.gif")
    assert answer.headers["content-type"] == "image/gif"
    assert isinstance(answer.body, bytes)
    with Image.open(io.BytesIO(answer.body)) as image:
        assert (image.format, image.size) == ("GIF", (480, 270))


def test_audio_is_a_wav(studio: Studio) -> None:
    answer = studio.fetch(studio.job("text-to-audio", prompt="a bell"), "0.wav")
    assert answer.headers["content-type"] == "audio/wav"
    assert isinstance(answer.body, bytes)
    with wave.open(io.BytesIO(answer.body)) as sound:
        assert sound.getnframes()


def test_a_file_is_rendered_once(studio: Studio) -> None:
    job = studio.job("text-to-image", prompt="once")
    assert studio.fetch(job, "0.png").body is studio.fetch(job, "0.png").body


def test_no_file_by_another_name_or_too_early(studio: Studio) -> None:
    job = studio.job("text-to-image")
    with pytest.raises(Refusal) as caught:
        studio.fetch(job, "1.png")
    assert caught.value.answer.status == 404
    early = studio.jobs.submit(job.model, {}, "me")
    with pytest.raises(Refusal) as caught:
        studio.fetch(early, "0.png")
    assert caught.value.answer.status == 404
