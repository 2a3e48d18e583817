from __future__ import annotations

import io
import wave

from runcomfy_sandbox import sounds


def test_wav_is_a_second_of_sound() -> None:
    with wave.open(io.BytesIO(sounds.wav("종소리"))) as sound:
        assert sound.getnchannels() == 1
        assert sound.getsampwidth() == 2
        assert sound.getframerate() == 16_000
        assert sound.getnframes() == 16_000
        assert any(sound.readframes(100))


def test_the_text_decides_the_tone() -> None:
    assert sounds.wav("a") == sounds.wav("a")
    assert len({sounds.wav(text) for text in "abcdefgh"}) > 1
