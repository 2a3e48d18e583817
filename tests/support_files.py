"""Files of many types, as Pillow and FFmpeg write them, and parts of files."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import av
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def state(path: Path) -> tuple[int, ...]:
    """Return the facts that change if *path* is modified; reading changes only the access time."""
    found = path.lstat()
    return found.st_ino, found.st_mode, found.st_nlink, found.st_size, found.st_mtime_ns


def picture(form: str, **options: object) -> bytes:
    file = io.BytesIO()
    image = Image.linear_gradient("L").convert("RGB").resize((48, 32))
    image.save(file, form, **options)
    return file.getvalue()


def moving_picture(form: str) -> bytes:
    frames = [Image.new("RGB", (48, 32), colour) for colour in ("red", "green", "blue")]
    file = io.BytesIO()
    frames[0].save(file, form, save_all=True, append_images=frames[1:])
    return file.getvalue()


def video(form: str, codec: str) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(5):
            frame = av.VideoFrame(64, 64, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def sound(form: str, codec: str, rate: int = 48000) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        samples = stream.codec_context.frame_size or 1024
        for index in range(12):
            frame = av.AudioFrame(stream.format.name, "mono", samples)
            frame.sample_rate, frame.pts = rate, index * samples
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


def branded(major: bytes, *compatible: bytes) -> bytes:
    return box(b"ftyp", major + bytes(4) + b"".join(compatible)) + box(b"mdat", bytes(20))


def riff(form: bytes, size: int, content: bytes = bytes(88), *, name: bytes = b"RIFF") -> bytes:
    return name + struct.pack("<I", size) + form + content


PNG = picture("PNG")
JPEG = picture("JPEG")
PROGRESSIVE = picture("JPEG", progressive=True)
GIF = moving_picture("GIF")
WEBP = moving_picture("WEBP")
AVIF = picture("AVIF")
JP2 = picture("JPEG2000")
BMP = picture("BMP")
MP4 = video("mp4", "mpeg4")
AVI = video("avi", "mpeg4")
WAV = sound("wav", "pcm_s16le")

PICTURES = {
    "png": (PNG, "image/png"),
    "jpeg": (JPEG, "image/jpeg"),
    "progressive jpeg": (PROGRESSIVE, "image/jpeg"),
    "gif": (GIF, "image/gif"),
    "webp": (WEBP, "image/webp"),
    "webp, lossless": (picture("WEBP", lossless=True), "image/webp"),
    "bmp": (BMP, "image/bmp"),
    "tiff": (picture("TIFF"), "image/tiff"),
    "big tiff": (picture("TIFF", big_tiff=True), "image/tiff"),
    "avif": (AVIF, "image/avif"),
    "moving avif": (moving_picture("AVIF"), "image/avif"),
    "jp2": (JP2, "image/jp2"),
    "ico": (picture("ICO"), "image/vnd.microsoft.icon"),
}
FILMS = {
    "mp4": (MP4, "video/mp4"),
    "3gp": (video("3gp", "mpeg4"), "video/mp4"),
    "mov": (video("mov", "mpeg4"), "video/quicktime"),
    "webm": (video("webm", "libvpx"), "video/webm"),
    "matroska": (video("matroska", "mpeg4"), "video/x-matroska"),
    "avi": (AVI, "video/x-msvideo"),
    "mpeg": (video("mpeg", "mpeg1video"), "video/mpeg"),
    "bare mpeg": (video("mpeg1video", "mpeg1video"), "video/mpeg"),
    "mpegts": (video("mpegts", "mpeg1video"), "video/mp2t"),
    "flv": (video("flv", "flv"), "video/x-flv"),
    "asf": (video("asf", "mpeg4"), "video/x-ms-asf"),
}
SOUNDS = {
    "mp3": (sound("mp3", "libmp3lame"), "audio/mpeg"),
    "bare mp3": (sound("mp3", "libmp3lame")[45:], "audio/mpeg"),
    "mp2": (sound("mp2", "mp2"), "audio/mpeg"),
    "wav": (WAV, "audio/wav"),
    "flac": (sound("flac", "flac"), "audio/flac"),
    "opus": (sound("ogg", "libopus"), "audio/ogg"),
    "flac in ogg": (sound("ogg", "flac"), "audio/ogg"),
    "m4a": (sound("ipod", "aac"), "audio/mp4"),
    "aac in mp4": (sound("mp4", "aac"), "video/mp4"),
    "opus in webm": (sound("webm", "libopus"), "video/webm"),
    "adts": (sound("adts", "aac"), "audio/aac"),
    "aiff": (sound("aiff", "pcm_s16be"), "audio/aiff"),
    "amr": (sound("amr", "libopencore_amrnb", 8000), "audio/amr"),
}
FILES = PICTURES | FILMS | SOUNDS
HEADS = [content[:40] for content, _ in FILES.values()]
TYPES = sorted({media_type for _, media_type in FILES.values()})
