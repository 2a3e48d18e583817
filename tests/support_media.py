"""Real pictures, films and sounds, and a file object that records what is read from it."""

from __future__ import annotations

import io
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from PIL import Image

if TYPE_CHECKING:
    from fractions import Fraction

#: The media type of each format of Pillow's that the tests write.
TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "JPEG2000": "image/jp2",
}

_ORIENTATION = 0x0112


class Recorded(io.BytesIO):
    """A file in memory that records the position and length of each read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads: list[tuple[int, int]] = []

    def read(self, size: int | None = -1, /) -> bytes:
        offset = self.tell()
        data = super().read(size)
        self.reads.append((offset, len(data)))
        return data

    def furthest(self) -> int:
        """Return the position of the furthest byte that was read."""
        return max(offset + size for offset, size in self.reads if size)


def exif(orientation: int, order: str = "<") -> bytes:
    """Return EXIF data with one entry, little-endian (``<``) or big-endian (``>``)."""
    data = Image.Exif()
    data.endian = order
    data[_ORIENTATION] = orientation
    return data.tobytes()


@cache
def picture(
    kind: str, size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any
) -> bytes:
    """A picture as Pillow writes it."""
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


def animation(kind: str, **options: Any) -> bytes:
    """Four frames of 60 by 40 pixels."""
    frames = [Image.new("RGB", (60, 40), (shade, 0, 0)) for shade in (0, 80, 160, 240)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:], **options)
    return buffer.getvalue()


def box(kind: bytes, *content: bytes) -> bytes:
    """A box of an MP4, AVIF or HEIC file."""
    body = b"".join(content)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


@cache
def film(
    container: str,
    codec: str = "libx264",
    *,
    size: tuple[int, int] = (64, 48),
    fps: Fraction | int = 25,
    frames: int = 25,
    rotation: int | None = None,
    sound: str = "",
    movflags: str = "",
) -> bytes:
    """A film as FFmpeg writes it, of pictures that are all alike."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film"  # a real file, because FFmpeg opens it twice to move an index
        options = {"movflags": movflags} if movflags else {}
        with av.open(path, "w", format=container, options=options) as output:
            # Any: the type of the stream depends on the codec's name.
            stream: Any = output.add_stream(codec, rate=fps)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            if rotation is not None:
                stream.set_display_rotation(rotation)
            voice: Any = output.add_stream(sound, rate=48_000) if sound else None
            for number in range(frames):
                frame = av.VideoFrame(*size, "yuv420p")
                for plane in frame.planes:
                    plane.update(bytes(plane.buffer_size))
                frame.pts = number
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
            if voice is not None:
                _silence(output, voice, 1)
        return path.read_bytes()


@cache
def sound(container: str, codec: str, seconds: int = 3, *, cover: bool = False) -> bytes:
    """Return silence as FFmpeg writes it, optionally with a cover picture."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        # Any: the type of the stream depends on the codec's name.
        stream: Any = output.add_stream(codec, rate=48_000)
        if cover:
            image: Any = output.add_stream("png", rate=1)
            image.width, image.height, image.pix_fmt = 60, 40, "rgb24"
            image.disposition = av.stream.Disposition.attached_pic
            packet = av.Packet(picture("PNG"))
            packet.stream = image
        _silence(output, stream, seconds)
        if cover:
            output.mux(packet)
    return buffer.getvalue()


def _silence(output: Any, stream: Any, seconds: int) -> None:
    """Fill a stream with that many seconds of silence, or slightly more."""
    layout = stream.codec_context.format.name
    frame = av.AudioFrame(format=layout, layout="stereo", samples=960)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.rate = 48_000
    for number in range(seconds * 50):
        frame.pts = number * 960
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))
