from __future__ import annotations

from typing import Any, Literal

import attrs
import pytest

from runcomfy import UNSET
from runcomfy_core.unset import Unset  # noqa: TC001 - attrs resolves it
from runcomfy_core.values.convert import read_output, to_wire


@attrs.define
class Size:
    width: int
    height: int | None = None


@attrs.define(kw_only=True)
class Input:
    prompt: str
    client_: str | None = attrs.field(default=None, metadata={"wire": "client"})
    seed: int | Unset | None = attrs.field(default=UNSET, metadata={"nullable": True})
    size: Size | None = None
    sizes: list[Size] | None = None
    extra: dict[str, Any] | None = None
    pair: tuple[int, int] | None = None


@attrs.frozen
class Meta:
    seed: int | None = None
    score: float | None = None


@attrs.frozen
class Output:
    image: str | None = None
    images: list[str] | None = None
    video: str | None = None
    videos: list[str] | None = None
    audios: list[str] | None = None
    meta: Meta | None = None
    metas: list[Meta] | None = None
    nsfw: bool | None = None
    quality: Literal["high", "low"] | None = None
    either: str | list[str] | None = None
    label_: str | None = attrs.field(default=None, metadata={"wire": "label-x"})
    anything: object | None = None
    free: dict[str, object] | None = None


@attrs.frozen
class OneImage:
    image: str | None = None


def read(raw: object, kind: str = "image") -> Output:
    return read_output(Output, raw, kind)


def test_what_is_left_out_is_not_sent() -> None:
    assert to_wire(Input(prompt="x")) == {"prompt": "x"}


def test_what_is_set_is_sent_under_its_wire_name() -> None:
    value = Input(
        prompt="",
        client_="c",
        seed=None,
        size=Size(1),
        sizes=[Size(2, 3)],
        extra={"s": Size(4)},
        pair=(5, 6),
    )
    assert to_wire(value) == {
        "prompt": "",
        "client": "c",
        "seed": None,
        "size": {"width": 1},
        "sizes": [{"width": 2, "height": 3}],
        "extra": {"s": {"width": 4}},
        "pair": [5, 6],
    }


def test_an_output_is_read_field_by_field() -> None:
    raw = {
        "image": "https://x/a.png",
        "images": ["https://x/a.png", "https://x/b.png"],
        "meta": {"seed": 7.0, "score": 1, "new": 1},
        "metas": [{"seed": 1}, "no object", {"seed": "x"}],
        "nsfw": False,
        "quality": "low",
        "either": ["a"],
        "label-x": "l",
        "anything": [{"a": 1}],
        "free": {"a": [1]},
        "unheard_of": True,
    }
    assert read(raw) == Output(
        image="https://x/a.png",
        images=["https://x/a.png", "https://x/b.png"],
        meta=Meta(7, 1.0),
        metas=[Meta(1), Meta()],
        nsfw=False,
        quality="low",
        either=["a"],
        label_="l",
        anything=[{"a": 1}],
        free={"a": [1]},
    )


@pytest.mark.parametrize(
    "raw",
    [
        {"image": 7},
        {"image": None, "images": None},
        {"images": "https://x/a.png"},
        {"images": {"0": "https://x/a.png"}},
        {"meta": "none"},
        {"nsfw": 1},
        {"nsfw": "true"},
        {"quality": "middling"},
        {"either": 7},
        {"free": []},
        {"label_": "by its Python name"},
        None,
        7,
        True,
        {},
        [],
        {1: 2},
    ],
)
def test_what_does_not_fit_is_none(raw: object) -> None:
    assert read(raw) == Output()


def test_what_does_not_fit_does_not_hide_the_rest() -> None:
    assert read({"image": 7, "video": "https://x/v.mp4"}) == Output(video="https://x/v.mp4")
    assert read({"images": [None, "https://x/a.png", 3]}) == Output(images=["https://x/a.png"])
    assert read({"meta": {"seed": True, "score": "1"}}) == Output(meta=Meta())


@pytest.mark.parametrize(
    ("raw", "kind", "output"),
    [
        ("https://x/a.png?sig=1.mp4", "video", Output(image="https://x/a.png?sig=1.mp4")),
        ("https://x/a", "video", Output(video="https://x/a")),
        ("https://x/a.MP4", "image", Output(video="https://x/a.MP4")),
        ("https://x/a.mp3", "image", Output(audios=["https://x/a.mp3"])),
        ("https://[broken", "image", Output(image="https://[broken")),
        (["https://x/a", "https://x/b"], "image", Output(images=["https://x/a", "https://x/b"])),
        (
            ["https://x/a.webp", "https://x/b.webm", 3],
            "image",
            Output(images=["https://x/a.webp"], videos=["https://x/b.webm"]),
        ),
    ],
)
def test_a_bare_url_finds_its_field(raw: object, kind: str, output: Output) -> None:
    assert read(raw, kind) == output


def test_a_bare_url_without_a_field_of_its_kind() -> None:
    assert read_output(OneImage, "https://x/v.mp4", "image") == OneImage()
    assert read_output(OneImage, ["https://x/v.mp4"], "image") == OneImage()
    assert read_output(OneImage, ["https://x/a.png", "https://x/b.png"], "image") == OneImage(
        "https://x/a.png"
    )


def test_an_output_of_any_depth_is_read() -> None:
    deep: object = "x"
    for _ in range(50_000):
        deep = [deep]
    assert read({"image": "https://x/a.png", "free": {"a": deep}}).image == "https://x/a.png"
    assert read({"images": deep}) in (Output(), Output(images=[]))
    while isinstance(deep, list):  # taken apart here: the interpreter may do it recursively
        deep = deep.pop()


def test_a_class_that_cannot_be_read_is_empty() -> None:
    @attrs.frozen
    class Broken:
        image: Nowhere | None = None  # type: ignore[name-defined]  # noqa: F821 - that is the point

    assert read_output(Broken, {"image": "x"}, "image") == Broken()
    assert read_output(Broken, "https://x/a.png", "image") == Broken()
