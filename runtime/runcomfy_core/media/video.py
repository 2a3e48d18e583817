"""Measuring video and audio with PyAV, which the optional extra ``video`` installs.

Rules:

- Only headers are read. No decoder may run, because a hostile file could do the most harm there. So
  formats that tell their size only in their frames (MPEG streams), or their duration only when read
  to the end (raw AAC), are not measured.
- FFmpeg gets the format, which was detected from the content, and one file object. No protocol is
  allowed, and FFmpeg may not open anything else. Playlists and scripts of file names are not among
  the formats.
- Of an MP4, FFmpeg gets only the index (``moov``), wherever it is in the file. So even a long video
  costs only two ranged reads.
- The size is that of the coded frames, rotated as an MP4's track asks. Pixels that aren't square
  are counted as stored.
"""

from __future__ import annotations

import errno
import io
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, cast

import attrs

from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line

from .boxes import child, inside, number, outline
from .measures import Broken, Measures
from .reader import Tap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

    from .boxes import Box
    from .reader import File

#: The demuxer for each media type that can be measured.
_DEMUXERS: Final[Mapping[str, str]] = {
    "audio/aiff": "aiff",
    "audio/flac": "flac",
    "audio/mp4": "mov",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "video/mp4": "mov",
    "video/ogg": "ogg",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-flv": "flv",
    "video/x-matroska": "matroska",
    "video/x-ms-asf": "asf",
}

#: FFmpeg's own limits: it reads one packet a stream, runs no decoder and uses no protocol.
_OPTIONS: Final = {
    "probesize": "32768",
    "analyzeduration": "1",
    "fpsprobesize": "0",
    "fflags": "noparse+nofillin",
    "codec_whitelist": "none",
    "protocol_whitelist": "none",
}

#: The most bytes of a video that are read. After the header, FFmpeg wants a first frame, too, which
#: may be large and is not needed. If it doesn't get one, no harm is done.
_VIDEO_MOST: Final = 512 * 1024
#: The most bytes of an audio file that are read. Cover images are in its header.
_AUDIO_MOST: Final = 16 * 1024 * 1024
#: The most bytes of an MP4's index. Ten hours of video have about ten million.
_INDEX_MOST: Final = 32 * 1024 * 1024
_FTYP_MOST: Final = 4096

_NO_EXTRA: Final = "reading the {what} needs the extra video: pip install 'runcomfy-models[video]'"
_TOO_LONG: Final = "its header is longer than a check reads"
_FRAGMENTED: Final = "it is a fragmented MP4, whose header does not tell its duration or fps"
_NO_PICTURES: Final = "it holds sound alone, no pictures"
_BROKEN: Final = "its {} header is broken or cut off"


def is_measurable(media_type: str) -> bool:
    """Return whether files of this type can be measured."""
    return media_type in _DEMUXERS


def measure(file: File, media_type: str, kind: str) -> Measures:
    """Measure a video or an audio file.

    Args:
        file: The file. Its exceptions pass through.
        media_type: A type that :func:`is_measurable`.
        kind: ``audio`` to measure a video as an audio file.

    Raises:
        Broken: The header is malformed.
        Exception: This client or FFmpeg failed, so nothing is known of the file.
    """
    is_sound = kind == "audio" or media_type.startswith("audio/")
    if not _is_installed():
        what = "duration of a sound" if is_sound else "size, duration and fps of a video"
        return Measures(missing=_NO_EXTRA.format(what=what))
    if _DEMUXERS[media_type] == "mov":
        header = _mp4_header(file, media_type)
    else:
        most = _AUDIO_MOST if media_type.startswith("audio/") else _VIDEO_MOST
        header = _header(Tap(file, most), media_type)
    if header is None:
        return Measures(missing=_TOO_LONG)
    return header.duration_alone() if is_sound else header.measures()


def _is_installed() -> bool:
    try:
        import_module("av")  # an optional package; importing it takes 200 ms
    except ImportError:
        return False
    return True


@attrs.frozen
class _Header:
    """The values that FFmpeg reads from a header. An unknown value is zero.

    Attributes:
        track: The number of the first video stream, or None if there is none.
        width: The width in pixels, before any rotation.
        height: The height in pixels, before any rotation.
        duration: The duration in seconds.
        fps: The average number of frames a second.
        is_fragmented: Whether this is a fragmented MP4, so that the header describes only its
            first part.
    """

    track: int | None
    width: int
    height: int
    duration: float
    fps: float
    is_fragmented: bool = False

    def duration_alone(self) -> Measures:
        """Return the measures of an audio file."""
        duration = self.duration or None
        return Measures(duration=duration, missing=self._missing({"duration": duration}))

    def measures(self) -> Measures:
        """Return the measures of a video."""
        if self.track is None:
            return Measures(duration=self.duration or None, missing=_NO_PICTURES)
        found = {
            "width": self.width or None,
            "height": self.height or None,
            "duration": self.duration or None,
            "fps": self.fps or None,
        }
        return Measures(
            self.width or None,
            self.height or None,
            self.duration or None,
            self.fps or None,
            self._missing(found),
        )

    def _missing(self, found: Mapping[str, float | None]) -> str:
        names = [name for name, value in found.items() if value is None]
        if not names:
            return ""
        if self.is_fragmented:
            return _FRAGMENTED
        return f"its header does not tell its {' or '.join(names)}"


def _header(tap: Tap, media_type: str) -> _Header | None:
    """Return what FFmpeg finds out, or None if it was not allowed to read far enough.

    Raises:
        Broken: The header is malformed.
        Exception: PyAV or FFmpeg failed, so nothing is known of the file.
    """
    header: _Header | None = None
    failure: Exception | None = None
    try:
        header = _read(tap, _DEMUXERS[media_type])
    # Any error is held back, because settle() raises an error of the file first.
    except Exception as error:  # noqa: BLE001
        pass_on(error)
        failure = error
    tap.settle()
    if failure is None or tap.spent:
        return header
    if _is_of_the_header(failure):
        raise Broken(_BROKEN.format(media_type))
    raise failure  # it may be the Broken that _refuse() raised


def _is_of_the_header(error: Exception) -> bool:
    """Return whether an error of FFmpeg's means that the header is malformed.

    Other errors mean, for example, an unsupported feature, no memory or a missing demuxer.
    """
    from av.error import EOFError as AvEOFError  # noqa: PLC0415 - see _is_installed
    from av.error import FFmpegError, InvalidDataError  # noqa: PLC0415 - see _is_installed

    if isinstance(error, (InvalidDataError, AvEOFError)):
        return True
    # The Matroska demuxer reports a file that ends too early as an I/O error.
    return isinstance(error, FFmpegError) and error.errno == errno.EIO


def _read(tap: Tap, demuxer: str) -> _Header:
    """Open the file in FFmpeg."""
    import av  # noqa: PLC0415 - see _is_installed

    with av.open(
        tap,
        "r",
        format=demuxer,
        options=_OPTIONS,
        metadata_encoding="latin-1",  # it decodes any bytes, and no metadata is used
        io_open=_refuse,
    ) as container:
        return _summary(container)


def _refuse(url: str, _flags: int, _options: Mapping[str, str]) -> NoReturn:
    """Refuse to open another file that a file names."""
    raise Broken(f"it wants to open another file, {one_line(url, 80)!r}")


def _summary(container: InputContainer) -> _Header:
    # A hostile header may hold any number, also a negative one.
    duration = max(container.duration or 0, 0) / 1_000_000
    stream = next((one for one in container.streams.video if not _is_cover(one)), None)
    if stream is None:
        return _Header(None, 0, 0, duration, 0.0)
    fps = float(max(stream.average_rate or 0, 0))
    codec = cast("VideoCodecContext | None", stream.codec_context)
    if codec is None:  # this FFmpeg does not know the codec
        return _Header(stream.id, 0, 0, duration, fps)
    return _Header(stream.id, max(codec.width, 0), max(codec.height, 0), duration, fps)


def _is_cover(stream: VideoStream) -> bool:
    from av.stream import Disposition  # noqa: PLC0415 - see _is_installed

    return Disposition.attached_pic in stream.disposition


def _mp4_header(file: File, media_type: str) -> _Header | None:
    """Return what the index of an MP4 or QuickTime file says, or None if it is too long.

    Raises:
        Broken: The index is malformed or missing.
    """
    boxes = {box.kind: box for box in _until_index(file)}
    ftyp, moov = boxes.get(b"ftyp"), boxes.get(b"moov")
    if moov is None:
        raise Broken(f"its {media_type} index (moov) is missing: it is cut off or not finished")
    if moov.size is None or moov.size > _INDEX_MOST:
        return None
    index = moov.read(file, moov.size)
    if len(index) < moov.size:
        raise Broken(f"its {media_type} index (moov) is cut off")
    # FFmpeg wants to read frames after the index, but finds the end of the file there.
    alone = (_box(b"ftyp", ftyp.read(file, _FTYP_MOST)) if ftyp else b"") + _box(b"moov", index)
    header = _header(Tap(io.BytesIO(alone), 2 * _INDEX_MOST), media_type)
    return None if header is None else _displayed(header, index)


def _until_index(file: File) -> Iterator[Box]:
    for box in outline(file):
        yield box
        if box.kind == b"moov":
            return


def _box(kind: bytes, content: memoryview) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def _displayed(header: _Header, index: memoryview) -> _Header:
    """Return a header with the values of an MP4 that FFmpeg knows and PyAV doesn't pass on."""
    if child(index, b"mvex") is not None:  # the video is in fragments all over the file
        header = attrs.evolve(header, duration=0.0, fps=0.0, is_fragmented=True)
    for kind, content in inside(index):
        track = child(content, b"tkhd") if kind == b"trak" else None
        if track is not None and _track_id(track) == header.track:
            return _turned(header, track)
    return header


def _turned(header: _Header, track: memoryview) -> _Header:
    """Return a header with its size rotated by a track's matrix."""
    # The last eleven fields of a track's header, of 4 bytes each, are the matrix and the size.
    end = len(track)
    width, height = header.width, header.height
    if not width or not height:  # FFmpeg needs frames for some codecs; 16.16 fixed point
        width, height = number(track, end - 8, 2), number(track, end - 4, 2)
    a, b, c, d = (number(track, end - 44 + at, 4) for at in (0, 4, 12, 16))
    if b and c and not a and not d:  # a quarter turn
        width, height = height, width
    return attrs.evolve(header, width=width, height=height)


def _track_id(track: memoryview) -> int:
    version = number(track, 0, 1)
    return number(track, 20 if version == 1 else 12, 4)
