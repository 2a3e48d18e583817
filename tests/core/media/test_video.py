from __future__ import annotations

import io
import logging
import sys
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_media import Recorded, box, film, picture, sound

from runcomfy_core.media import video
from runcomfy_core.media.measure import Broken, Measures, measure
from runcomfy_core.media.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = 64 * 1024
TOO_LONG = "its header is longer than a check reads"


def measured(content: bytes, media_type: str, kind: str = "video") -> Measures:
    return measure(io.BytesIO(content), media_type, kind)


def about(seconds: float) -> Any:  # Any: it stands where a float is expected
    """A duration, give or take what codecs and containers add."""
    return pytest.approx(seconds, abs=0.05)


def is_useless(content: bytes, media_type: str) -> bool:
    """Whether nothing is found in a file, be it an error or not."""
    try:
        found = measured(content, media_type)
    except Broken:
        return True
    return found == Measures(missing=found.missing) and found.missing != ""


# --- films and sounds ---


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [
        ("mp4", "libx264", "video/mp4"),
        ("mp4", "libx265", "video/mp4"),
        ("mp4", "libvpx-vp9", "video/mp4"),
        ("mp4", "mpeg4", "video/mp4"),
        ("mov", "libx264", "video/quicktime"),
        ("webm", "libvpx", "video/webm"),
        ("webm", "libvpx-vp9", "video/webm"),
        ("matroska", "libx264", "video/x-matroska"),
    ],
)
def test_films(container: str, codec: str, media_type: str) -> None:
    found = measured(film(container, codec), media_type)
    assert found == Measures(64, 48, about(1.0), 25.0)


@pytest.mark.parametrize("movflags", ["", "faststart"])
@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_the_index_may_be_anywhere(container: str, movflags: str) -> None:
    content = film(container, sound="aac", movflags=movflags)
    assert (content.index(b"moov") < content.index(b"mdat")) == bool(movflags)
    assert measured(content, "video/mp4") == Measures(64, 48, 1.0, 25.0)


def test_a_film_without_its_brand() -> None:
    content = film("mov")
    ftyp = int.from_bytes(content[:4], "big")
    assert measured(content[ftyp:], "video/quicktime") == Measures(64, 48, 1.0, 25.0)


@pytest.mark.parametrize(
    ("fps", "frames"), [(24, 12), (Fraction(30_000, 1001), 30), (60, 60), (Fraction(15, 2), 15)]
)
@pytest.mark.parametrize("container", ["mp4", "matroska"])
def test_frames_a_second(container: str, fps: Fraction | int, frames: int) -> None:
    media_type = "video/mp4" if container == "mp4" else "video/x-matroska"
    found = measured(film(container, fps=fps, frames=frames), media_type)
    assert found.fps == pytest.approx(float(fps), abs=0.01)
    assert found.duration == about(frames / float(fps))


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [(0, (64, 48)), (90, (48, 64)), (180, (64, 48)), (270, (48, 64)), (-90, (48, 64))],
)
@pytest.mark.parametrize("sound_codec", ["", "aac"])
@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
@pytest.mark.parametrize("container", ["mp4", "mov"])
def test_rotations(
    container: str, codec: str, sound_codec: str, rotation: int, expected: tuple[int, int]
) -> None:
    content = film(container, codec, rotation=rotation, sound=sound_codec)
    with av.open(io.BytesIO(content), "r") as opened:
        assert next(opened.decode(video=0)).rotation in {rotation, rotation - 360, rotation + 360}
    found = measured(content, "video/mp4")
    assert (found.width, found.height) == expected


def test_a_track_s_header_of_64_bits() -> None:
    def track(version: int, words: int) -> memoryview:
        matrix = (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
        head = bytes([version, 0, 0, 0]) + bytes(4 * words) + (7).to_bytes(4, "big")
        rest = bytes(4 * (4 if version == 0 else 5) + 8)
        sides = (1280 << 16).to_bytes(4, "big") + (720 << 16).to_bytes(4, "big")
        numbers = b"".join(number.to_bytes(4, "big", signed=True) for number in matrix)
        return memoryview(head + rest + numbers + sides)

    for one in (track(0, 2), track(1, 4)):
        assert video._track_id(one) == 7
        header = video._Header(7, 0, 0, 1.0, 25.0)
        assert video._turned(header, one).measures() == Measures(720, 1280, 1.0, 25.0)


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("flac", "flac", "audio/flac"),
        ("ogg", "libopus", "audio/ogg"),
        ("ogg", "flac", "audio/ogg"),
        ("ipod", "aac", "audio/mp4"),
        ("mp4", "aac", "video/mp4"),
        ("webm", "libopus", "video/webm"),
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("wav", "pcm_s16le", "audio/wav"),
    ],
)
def test_sounds(container: str, codec: str, media_type: str) -> None:
    found = measured(sound(container, codec), media_type, "audio")
    assert found == Measures(duration=about(3.0))


@pytest.mark.parametrize("media_type", ["video/mp4", "video/webm"])
def test_of_a_film_as_a_sound_the_duration_matters_alone(media_type: str) -> None:
    content = film("mp4") if media_type == "video/mp4" else film("webm", "libvpx")
    found = measured(content, media_type, "audio")
    assert found == Measures(duration=about(1.0))


@pytest.mark.parametrize("cover", [False, True])
def test_a_sound_in_a_film_s_container(cover: bool) -> None:  # noqa: FBT001 - a case of a table
    content = sound("mp4", "aac", cover=cover)
    assert measured(content, "video/mp4") == Measures(
        duration=3.0, missing="it holds sound alone, no pictures"
    )


def test_a_cover_does_not_keep_a_sound_from_being_measured() -> None:
    found = measured(sound("mp3", "libmp3lame", cover=True), "audio/mpeg", "audio")
    assert found == Measures(duration=3.0)


# --- what a header does not tell ---


def test_a_film_without_its_frame_duration() -> None:
    content = bytearray(film("webm", "libvpx"))
    at = content.index(b"\x23\xe3\x83")
    length = 4 + (content[at + 3] & 0x7F)
    content[at : at + length] = bytes([0xEC, 0x80 | length - 2]) + bytes(length - 2)  # a void
    found = measured(bytes(content), "video/webm")
    assert found == Measures(64, 48, about(1.0), None, "its header does not tell its fps")


def test_a_flash_film_does_not_tell_its_size() -> None:
    found = measured(film("flv"), "video/x-flv")
    assert found.missing == "its header does not tell its width or height"
    assert (found.width, found.height, found.fps) == (None, None, 25.0)


@pytest.mark.parametrize("movflags", ["frag_keyframe+empty_moov", "frag_keyframe"])
def test_the_duration_of_a_fragmented_film_is_not_guessed(movflags: str) -> None:
    content = film("mp4", frames=50, movflags=movflags)
    missing = "it is a fragmented MP4, whose header does not tell its duration or fps"
    assert measured(content, "video/mp4") == Measures(64, 48, missing=missing)
    assert measured(content, "video/mp4", "audio") == Measures(missing=missing)


def test_a_long_index_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "_INDEX_MOST", 100)
    assert measured(film("mp4"), "video/mp4") == Measures(missing=TOO_LONG)
    endless = box(b"ftyp", b"isom") + b"\0\0\0\0moov" + bytes(50)
    assert measured(endless, "video/mp4") == Measures(missing=TOO_LONG)


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [("flac", "flac", "audio/flac"), ("ogg", "libopus", "audio/ogg")],
)
def test_a_long_header_is_not_read(
    monkeypatch: pytest.MonkeyPatch, container: str, codec: str, media_type: str
) -> None:
    monkeypatch.setattr(video, "_AUDIO_MOST", 40)
    file = Recorded(sound(container, codec))
    assert measure(file, media_type, "audio") == Measures(missing=TOO_LONG)
    assert file.furthest() <= 40


@pytest.mark.parametrize(
    ("kind", "media_type", "what"),
    [
        ("video", "video/mp4", "size, duration and fps of a video"),
        ("video", "video/webm", "size, duration and fps of a video"),
        ("audio", "video/mp4", "duration of a sound"),
        ("audio", "audio/mpeg", "duration of a sound"),
    ],
)
def test_without_the_extra(
    monkeypatch: pytest.MonkeyPatch, kind: str, media_type: str, what: str
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    file = Recorded(film("mp4"))
    missing = f"reading the {what} needs the extra video: pip install 'runcomfy-models[video]'"
    assert measure(file, media_type, kind) == Measures(missing=missing)
    assert file.reads == []


def test_a_wav_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    content = sound("wav", "pcm_s16le")
    monkeypatch.setitem(sys.modules, "av", None)
    assert measured(content, "audio/wav", "audio") == Measures(duration=3.0)


# --- unsound files ---


@pytest.mark.parametrize(
    ("content", "media_type", "message"),
    [
        (
            film("mp4")[:1000],
            "video/mp4",
            "its video/mp4 index (moov) is missing: it is cut off or not finished",
        ),
        (film("mp4")[:-1], "video/mp4", "its video/mp4 index (moov) is cut off"),
        (
            box(b"ftyp", b"qt  ") + box(b"moov", b"x" * 50),
            "video/quicktime",
            "its video/quicktime header is broken or cut off",
        ),
        (
            film("webm", "libvpx")[:40],
            "video/webm",
            "its video/webm header is broken or cut off",
        ),
        (b"fLaC", "audio/flac", "its audio/flac header is broken or cut off"),
        (b"OggS", "audio/ogg", "its audio/ogg header is broken or cut off"),
        (b"", "audio/aiff", "its audio/aiff header is broken or cut off"),
    ],
)
def test_unsound_headers(content: bytes, media_type: str, message: str) -> None:
    with pytest.raises(Broken) as caught:
        measured(content, media_type)
    assert str(caught.value) == message


def test_a_codec_that_ffmpeg_does_not_know_is_no_fault() -> None:
    content = film("mp4").replace(b"avc1", b"zzz1").replace(b"isomzzz1", b"isomavc1")
    assert measured(content, "video/mp4") == Measures(64, 48, about(1.0), 25.0)


@pytest.mark.parametrize(
    "error",
    [
        TypeError("a new argument"),
        AttributeError("no such name"),
        ValueError("of PyAV's own"),
        MemoryError(),
        av.error.PatchWelcomeError(1163346256, "Not yet implemented in FFmpeg"),
        av.error.DemuxerNotFoundError(1296385272, "Demuxer not found"),
        av.error.PermissionError(1, "Operation not permitted"),
    ],
)
def test_what_goes_wrong_inside_ffmpeg_is_not_the_file_s_fault(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(av, "open", fail)
    with pytest.raises(type(error)) as caught:
        measured(film("mp4"), "video/mp4")
    assert caught.value is error


def test_a_title_in_an_old_encoding_is_no_fault() -> None:
    content = sound("mp3", "libmp3lame").replace(b"Lavf", b"\xe4\xf6\xfc\xff", 1)
    with pytest.raises(UnicodeDecodeError):  # what PyAV does when it is let
        av.open(io.BytesIO(content))
    assert measured(content, "audio/mpeg", "audio") == Measures(duration=3.0)


def test_ffmpeg_s_complaints_are_not_shown(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    content = film("mp4")
    for media_type in video._DEMUXERS:
        assert is_useless(content[:200] + bytes(1000), media_type)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


FILMS = [
    ("video/mp4", film("mp4", sound="aac", rotation=90)),
    ("video/webm", film("webm", "libvpx")),
    ("audio/mpeg", sound("mp3", "libmp3lame")),
    ("audio/flac", sound("flac", "flac")),
    ("audio/ogg", sound("ogg", "libopus")),
]


@given(st.data())
def test_no_header_does_harm(data: st.DataObject) -> None:
    media_type, whole = data.draw(st.sampled_from(FILMS))
    content = bytearray(whole)
    first, last = 0, min(len(content), 500)
    if b"moov" in whole:
        first, last = whole.index(b"moov"), len(content)
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(first, last - 1))
        patch = data.draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\xff" * 4, bytes(8)]))
        )
        content[at : at + len(patch)] = patch
    try:
        found = measured(bytes(content), media_type, media_type[:5])
    except Broken:
        return
    values = [found.width, found.height, found.duration, found.fps]
    assert all(value is None or value > 0 for value in values)
    assert found.duration is not None or found.missing


# --- what is read ---


class Ranges:
    """A remote file: the first 64 KiB are there, and more comes in as many at least."""

    def __init__(self, content: bytes, *, sized: bool = True) -> None:
        self.content = content
        self.size = len(content) if sized else None
        self.there = [range(HEAD)]

    def read(self, offset: int, size: int, /) -> bytes:
        end = min(offset + size, len(self.content))
        if offset < end and not any(offset in part and end - 1 in part for part in self.there):
            self.there.append(range(offset, offset + max(size, HEAD)))
        return self.content[offset:end]


def with_pixels(content: bytes, size: int = 10_000_000) -> bytes:
    """A film with a box of pixels before its index that makes it longer."""
    at = content.index(b"moov") - 4
    return content[:at] + box(b"mdat", bytes(size)) + content[at:]


@pytest.mark.parametrize(
    ("frames", "requests"),
    [(25, 1), (15_000, 2)],
)
def test_an_index_at_the_end_costs_two_more_reads(frames: int, requests: int) -> None:
    # Pictures that are all alike are a few bytes each, in the index as well as in the film.
    content = film("mp4", size=(16, 16), frames=frames)
    source = Ranges(content if len(content) > HEAD else with_pixels(content))
    expected = Measures(16, 16, frames / 25, 25.0)
    assert measure(Reader(source), "video/mp4", "video") == expected
    assert len(source.there) - 1 == requests
    assert sum(len(part) for part in source.there[1:]) < 512 * 1024


def test_an_index_at_the_front_costs_none() -> None:
    content = film("mp4", movflags="faststart") + box(b"free", bytes(10_000_000))
    source = Ranges(content)
    assert measure(Reader(source), "video/mp4", "video") == Measures(64, 48, 1.0, 25.0)
    assert len(source.there) == 1


@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize(
    ("content", "media_type"),
    [(film("webm", "libvpx"), "video/webm"), (film("matroska"), "video/x-matroska")],
)
def test_a_header_at_the_front(
    content: bytes,
    media_type: str,
    sized: bool,  # noqa: FBT001 - a case of a table
) -> None:
    source = Ranges(content + bytes(10_000_000), sized=sized)
    found = measure(Reader(source), media_type, "video")
    assert found == Measures(64, 48, about(1.0), 25.0)
    assert len(source.there) <= 2


def test_a_large_first_picture_is_not_read_to_its_end() -> None:
    content = film("matroska")
    # The first block of the first cluster is made two million bytes long.
    cluster = content.index(b"\x1f\x43\xb6\x75")
    block = content.index(b"\xa3", cluster)
    long = content[:block] + b"\xa3\x10\x1e\x84\x80" + content[block + 2 :] + bytes(3_000_000)
    file = Recorded(long)
    assert measure(file, "video/x-matroska", "video").width == 64
    assert sum(size for _, size in file.reads) <= 512 * 1024


@pytest.mark.parametrize(
    ("container", "codec", "media_type"),
    [
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("flac", "flac", "audio/flac"),
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("ogg", "libopus", "audio/ogg"),
    ],
)
def test_of_a_long_sound_little_is_read(container: str, codec: str, media_type: str) -> None:
    file = Recorded(sound(container, codec, 60))
    found = measure(file, media_type, "audio")
    assert found.duration == about(60.0)
    assert sum(size for _, size in file.reads) <= 4 * HEAD


class OddError(ValueError):
    """An error of a kind that libraries catch."""


class Failing(io.BytesIO):
    """A file of which only the first reads succeed."""

    def __init__(self, content: bytes, reads: int, error: BaseException) -> None:
        super().__init__(content)
        self.reads = reads
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        if self.reads == 0:
            raise self.error
        self.reads -= 1
        return super().read(size)


@pytest.mark.parametrize(
    ("make", "media_type"),
    [
        (lambda: film("mp4"), "video/mp4"),
        (lambda: film("webm", "libvpx"), "video/webm"),
        (lambda: sound("mp3", "libmp3lame", 10), "audio/mpeg"),
        (lambda: sound("wav", "pcm_s16le"), "audio/wav"),
    ],
)
@pytest.mark.parametrize("error", [OddError("a"), OSError("b"), KeyboardInterrupt()])
def test_an_error_of_the_file_passes_through(
    make: Callable[[], bytes],
    media_type: str,
    error: BaseException,
    capfd: pytest.CaptureFixture[str],
) -> None:
    record = Recorded(make())
    measure(record, media_type, "video")
    for reads in range(len(record.reads)):
        with pytest.raises(type(error)) as caught:
            measure(Failing(make(), reads, error), media_type, "video")
        assert caught.value is error
        assert error.__context__ is None
    assert capfd.readouterr() == ("", "")  # FFmpeg has no second error to complain of


# --- nothing else is opened ---


def script(path: Path) -> str:
    return f"ffconcat version 1.0\nfile '{path}'\n"


def playlist(path: Path) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.ts"
    path.write_bytes(film("mpegts"))
    return path


@pytest.mark.parametrize("write", [script, playlist])
@pytest.mark.parametrize("media_type", video._DEMUXERS)
def test_a_list_of_files_is_not_a_film(
    secret: Path, media_type: str, write: Callable[[Path], str]
) -> None:
    assert is_useless(write(secret).encode(), media_type)


# A playlist asks the callback; a script opens files by itself, for which it has no protocol.
@pytest.mark.parametrize(
    ("write", "demuxer", "refusals"), [(script, "concat", 0), (playlist, "hls", 1)]
)
def test_even_as_a_list_it_opens_no_other_file(
    secret: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], str],
    demuxer: str,
    refusals: int,
) -> None:
    content = write(secret).encode()
    # What FFmpeg does when it is let.
    options = {"safe": "0", "allowed_extensions": "ALL", "extension_picky": "0"}
    with av.open(io.BytesIO(content), "r", format=demuxer, options=options) as opened:
        assert opened.streams.video[0].width == 64
    asked: list[str] = []

    def refuse(url: str, *rest: Any) -> None:
        asked.append(url)
        refused(url, *rest)

    refused = video._refuse
    monkeypatch.setattr(video, "_refuse", refuse)
    monkeypatch.setattr(video, "_DEMUXERS", {"video/webm": demuxer})
    monkeypatch.setattr(video, "_OPTIONS", {**video._OPTIONS, **options})
    with pytest.raises((Broken, av.error.FFmpegError)):
        measured(content, "video/webm")
    assert len(asked) == refusals


def test_what_a_file_wants_to_open_is_refused() -> None:
    with pytest.raises(Broken, match=r"^it wants to open another file, 'http://a/b'$"):
        video._refuse("http://a/b", 1, {})


def test_a_picture_is_no_film() -> None:
    with pytest.raises(Broken):
        measured(picture("PNG"), "video/webm")
