from __future__ import annotations

import io
import wave

import pytest
from support_media import Recorded, sound

from runcomfy_core.media.measures import Broken, Measures
from runcomfy_core.media.riff import chunks, measure_wav

UNKNOWN = Measures(missing="its header does not tell its duration")


def wav(size: int, *, format_: int = 1, rate: int = 32_000, before: bytes = b"") -> bytes:
    """The header of a WAV."""
    head = format_.to_bytes(2, "little") + b"\1\0" + bytes(4) + rate.to_bytes(4, "little")
    return (
        b"RIFF\0\0\0\0WAVE" + before + b"fmt \x10\0\0\0" + head + bytes(4)
        + b"data" + size.to_bytes(4, "little")
    )  # fmt: skip


def test_chunks_begin_at_even_places() -> None:
    content = b"RIFF\0\0\0\0WAVEaaaa\1\0\0\0x\0bbbb\2\0\0\0yzcccc"
    assert list(chunks(io.BytesIO(content))) == [(b"aaaa", 20, 1), (b"bbbb", 30, 2)]


def test_chunks_are_bounded() -> None:
    assert len(list(chunks(io.BytesIO(bytes(100_000))))) == 4096


def test_a_wav_of_the_standard_library() -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((2, 3, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(2 * 3 * 22_050))
    assert measure_wav(buffer) == Measures(duration=0.5)


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_s24le", "pcm_f32le", "pcm_alaw", "pcm_mulaw"])
def test_what_ffmpeg_writes(codec: str) -> None:
    assert measure_wav(io.BytesIO(sound("wav", codec))) == Measures(duration=3.0)


def test_samples_are_not_read() -> None:
    file = Recorded(sound("wav", "pcm_s16le"))
    assert measure_wav(file).duration == 3.0
    assert sum(size for _, size in file.reads) < 100


def test_chunks_in_front_are_passed_over() -> None:
    content = wav(64_000, before=b"LIST\x03\0\0\0abc\0")
    assert measure_wav(io.BytesIO(content)) == Measures(duration=2.0)


@pytest.mark.parametrize(
    "content",
    [
        wav(0),
        wav(0xFFFFFFFF),
        wav(0x7FFFFFFF - 36),
        wav(64_000, rate=0),
        wav(64_000, format_=2),
        sound("wav", "adpcm_ms"),
        b"RIFF\0\0\0\0WAVEdata\0\1\0\0",
    ],
)
def test_a_duration_that_the_header_does_not_tell(content: bytes) -> None:
    assert measure_wav(io.BytesIO(content)) == UNKNOWN


@pytest.mark.parametrize("content", [b"", b"RIFF\0\0\0\0WAVE", wav(9)[:-8], wav(9)[:-1]])
def test_unsound_headers(content: bytes) -> None:
    with pytest.raises(Broken, match=r"^its audio/wav header is broken or cut off$"):
        measure_wav(io.BytesIO(content))
