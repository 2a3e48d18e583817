from __future__ import annotations

import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runcomfy_core.download import names as _download_names
from runcomfy_core.download.names import Names, name_of, with_extension


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a/b/picture.png", "picture.png"),
        ("/picture", "picture"),
        ("", "output"),
        ("/", "output"),
        ("/a/b/", "output"),
        ("/a%20b.png", "a b.png"),
        ("/%EA%B7%B8%EB%A6%BC.png", "그림.png"),
        ("/cafe%CC%81.png", "café.png"),
        # separators, plain, encoded and encoded twice
        ("/a%2Fb.png", "a_b.png"),
        ("/..%2F..%2Fetc%2Fpasswd", "_.._etc_passwd"),
        ("/..%5C..%5Cboot.ini", "_.._boot.ini"),
        ("/%252e%252e%252fx", "%2e%2e%2fx"),
        ("/C%3Ax.png", "C_x.png"),
        ("/a.png%3Astream", "a.png_stream"),
        # no way up, nothing hidden, no option
        ("/.", "output"),
        ("/..", "output"),
        ("/%2e%2e", "output"),
        ("/...", "output"),
        ("/.bashrc", "bashrc"),
        ("/-rf.png", "rf.png"),
        ("/.-.png", "png"),
        # what can't be seen
        ("/a%00b.png", "a_b.png"),
        ("/a%0D%0Ab%1B%5B2Jc.png", "a__b_[2Jc.png"),
        ("/%E2%80%AEgnp.exe", "_gnp.exe"),
        ("/a%E2%80%8Bb.png", "a_b.png"),
        ("/a%C2%A0b.png", "a_b.png"),
        ("/a%E2%80%A8b.png", "a_b.png"),
        ("/a%FFb.png", "a_b.png"),
        ("/a%ED%A0%80b.png", "a___b.png"),
        ("/%3C%3E%22%7C%3F%2A.png", "______.png"),
        # NFC makes an ordinary semicolon of the Greek question mark
        ("/a%CD%BE.png", "a;.png"),
        # what Windows would drop, or take for a device
        ("/name.%20.", "name"),
        ("/CON", "_CON"),
        ("/nul.txt", "_nul.txt"),
        ("/Com1.tar.gz", "_Com1.tar.gz"),
        ("/com%C2%B9.png", "_com¹.png"),
        ("/LPT9%20.png", "_LPT9 .png"),
        ("/CONIN$", "_CONIN$"),
        ("/console.png", "console.png"),
        ("/COM10.png", "COM10.png"),
    ],
)
def test_a_name_comes_from_the_last_segment(path: str, name: str) -> None:
    assert name_of(path) == name


@pytest.mark.parametrize(
    ("prefix", "path", "name"),
    [
        ("r-1", "/a.png", "r-1-a.png"),
        ("r-1", "/", "r-1-output"),
        ("-_r", "/a.png", "_r-a.png"),
        ("../x", "/a.png", "_x-a.png"),
        ("CON", "/a.png", "CON-a.png"),
        ("NUL.", "/a.png", "_NUL.-a.png"),
        ("x" * 300, "/a.png", "x" * 251 + ".png"),
    ],
)
def test_a_prefix_is_part_of_the_name(prefix: str, path: str, name: str) -> None:
    assert name_of(path, prefix) == name


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a" * 255, "a" * 255),
        ("a" * 256, "a" * 255),
        ("a" * 256 + ".png", "a" * 251 + ".png"),
        ("그" * 100 + ".jpeg", "그" * 83 + ".jpeg"),
        ("🙂" * 100 + ".png", "🙂" * 62 + ".png"),
        ("a" + "." * 300 + "b", "a.b"),
        ("a" * 250 + " " * 20 + "x.png", "a" * 250 + ".png"),
        ("a" * 250 + "." * 20 + "x y", "a" * 250),
        ("x." + "a" * 300, "x." + "a" * 253),
    ],
)
def test_a_name_has_at_most_255_bytes_and_keeps_its_extension(path: str, name: str) -> None:
    assert name_of(quote(path)) == name


@pytest.mark.parametrize(
    ("name", "content_type", "expected"),
    [
        ("a", "image/png", "a.png"),
        ("a", "IMAGE/JPEG; charset=binary", "a.jpg"),
        ("a", "video/mp4", "a.mp4"),
        ("a.webp", "image/png", "a.webp"),
        ("a.MP4", "image/png", "a.MP4"),
        ("a.7z", "image/png", "a.7z"),
        ("v1.2", "image/png", "v1.2.png"),
        ("a.too_odd", "image/png", "a.too_odd.png"),
        ("a", "application/octet-stream", "a"),
        ("a", "", "a"),
        ("a" * 255, "image/png", "a" * 251 + ".png"),
    ],
)
def test_an_extension_comes_from_the_content_type(
    name: str, content_type: str, expected: str
) -> None:
    assert with_extension(name, content_type) == expected


def test_names_are_given_once() -> None:
    names = Names()
    asked = ["a.png", "a.png", "A.PNG", "a.mp4", "a-1.png", "b", "b", "straße.png", "STRASSE.png"]
    assert [names.take(name) for name in asked] == [
        "a.png",
        "a-1.png",
        "A-2.PNG",
        "a.mp4",
        "a-1-1.png",
        "b",
        "b-1",
        "straße.png",
        "STRASSE-1.png",
    ]


LONG = "x" * 245
MANY = {
    "equal": ["/a.png"] * 1000,
    "but for case": ["/a.png", "/A.PNG"] * 500,
    "but for composition": ["/cafe%CC%81.png", "/caf%C3%A9.png"] * 500,
    "unnamed": ["/"] * 1000,
    "numbered already": [*[f"/a-{n}.png" for n in range(500)], *["/a.png"] * 500],
    "long, each twice": [f"/{LONG}{n:05}.png" for n in range(500)] * 2,
    "longer, each twice": [f"/{LONG}{LONG}{n:05}.png" for n in range(500)] * 2,
}


@pytest.mark.parametrize("kind", MANY)
def test_many_names_are_given_with_few_looks(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand equal ones took half a million looks at what is taken, and eight thousand 12 s."""
    looks = 0
    key = _download_names._key

    def counted(name: str) -> str:
        nonlocal looks
        looks += 1
        return key(name)

    monkeypatch.setattr(_download_names, "_key", counted)
    names = Names()
    given = [names.take(name_of(path)) for path in MANY[kind]]
    given = [names.extended(name, "image/png") for name in given]
    assert looks <= 8 * len(given)
    assert len({key(name) for name in given}) == len(given)
    assert all(len(name.encode()) <= 255 for name in given)


def test_a_number_fits_too() -> None:
    names = Names()
    name = "가" * 83 + "aa.png"
    assert len(name.encode()) == 255
    assert names.take(name) == name
    assert names.take(name) == "가" * 83 + "-1.png"


def test_an_extension_that_comes_late_may_need_a_number() -> None:
    names = Names()
    first, second = names.take("a"), names.take("a.png")
    assert names.extended(second, "image/png") == "a.png"
    assert names.extended(first, "image/png") == "a-1.png"
    assert names.extended(names.take("b"), "what/ever") == "b"


@given(path=st.text(), prefix=st.sampled_from(["", "r-1"]) | st.text())
@example(path="/" + "\u0130" * 300, prefix="")
@example(path="/\u0958", prefix="")
def test_whatever_the_path_the_name_is_one_safe_name(path: str, prefix: str) -> None:
    for quoted in (path, quote(path.encode("utf-8", "surrogatepass"))):
        names = Names()
        made = [names.take(name_of(quoted, prefix)) for _ in range(3)]
        made.append(names.extended(made[0], "image/png"))
        for name in made:
            assert 0 < len(name.encode()) <= 255
            assert name.isprintable()
            assert not set(name) & set('/\\:*?"<>|')
            assert name[0] not in ".- "
            assert name[-1] not in ". "
            assert unicodedata.is_normalized("NFC", name)
            assert name.partition(".")[0].rstrip().upper() not in {"CON", "NUL", "COM1"}
        assert len({name.casefold() for name in made[:3]}) == 3
