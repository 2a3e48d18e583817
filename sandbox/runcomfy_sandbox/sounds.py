"""A short sound, made with the standard library."""

from __future__ import annotations

import array
import io
import math
import sys
import wave
import zlib

SAMPLE_RATE = 16_000
SECONDS = 1

_LOUDNESS = 0.2 * 32767
_LOWEST_HERTZ = 220
_OCTAVE = 12


def wav(text: str) -> bytes:
    """Return a WAV of one second, 16 bit, mono, with a tone whose pitch depends on `text`."""
    step = zlib.crc32(text.encode("utf-8", "replace")) % (2 * _OCTAVE)
    hertz = _LOWEST_HERTZ * 2 ** (step / _OCTAVE)
    turn = 2 * math.pi * hertz / SAMPLE_RATE
    samples = array.array(
        "h", (round(_LOUDNESS * math.sin(turn * index)) for index in range(SAMPLE_RATE * SECONDS))
    )
    if sys.byteorder == "big":  # pragma: no cover - a WAV is little-endian
        samples.byteswap()
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(samples.tobytes())
    return buffer.getvalue()
