"""Large answers are read as :func:`json.loads` reads them, in less memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runcomfy_core.wire import answer as answers
from runcomfy_core.wire import documents
from runcomfy_core.wire.answer import Answer
from runcomfy_core.wire.documents import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def _everything_is_large() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, size in {"SMALL": 8, "_LONG": 4, "_PIECE": 8, "_BEGINNING": 24}.items():
            patch.setattr(documents, name, size)
        patch.setattr(documents, "_RARE", 0.9)
        patch.setattr(answers, "SMALL", 8)
        yield


large = pytest.mark.usefixtures("_everything_is_large")
EXAMPLES = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])


def outcome(read: Any, body: bytes) -> object:
    try:
        # As text, so that NaN is equal to itself, and the order of keys is seen.
        return repr(read(body))
    except (ValueError, RecursionError) as error:
        return ValueError if isinstance(error, ValueError) else type(error)


def plainly(body: bytes) -> object:
    return json.loads(body.decode("utf-8-sig"))


TEXTS = st.text(
    st.characters(codec=None) | st.sampled_from('\\"/\n\r\u2028😀두éab\ud83d\ude00'), max_size=60
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@large
@EXAMPLES
@given(document=JSON, ascii=st.booleans(), space=st.sampled_from(["", " ", "\n"]))
def test_sound_documents(document: Any, ascii: bool, space: str) -> None:  # noqa: A002, FBT001
    text = json.dumps(document, ensure_ascii=ascii, separators=("," + space, ":" + space))
    body = text.encode("utf-8", "surrogatepass")
    assert outcome(read_json, body) == outcome(plainly, body)
    assert outcome(read_json, b"\xef\xbb\xbf" + body) == outcome(plainly, body)


@large
@EXAMPLES
@given(
    document=JSON,
    place=st.floats(0, 1),
    junk=st.binary(max_size=4) | st.sampled_from([b'"', b"\\", b"\\u", b"\xed\xa0\xbd", b"\n"]),
    cut=st.integers(0, 12),
)
def test_broken_documents(document: Any, place: float, junk: bytes, cut: int) -> None:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    at = int(place * len(body))
    body = body[:at] + junk + body[at + cut :]
    assert outcome(read_json, body) == outcome(plainly, body)


@large
@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "' + b'\\"' * 100_000,
        b'{"a": "' + b"x" * 100 + b"\\",
        b'"' + b"x" * 100 + b'"',
        b'"' + b"x" * 100,
        '{"a": "\\é0123456789"}'.encode(),
        '{"a": "\\\\é0123456789"}'.encode(),
        '{"é": 1, "1": "\\é"}'.encode(),
        b'{"long key, long key": 1, "long key, long key": 2, "b": "long text"}',
        b'{"a": "tab\there, and more of it"}',
        b'{"a": "\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00"}',
        b'{"a": "0123456789ab\\ud83d", "b": "\\ude00 0123456789ab"}',
        b"[" * 100_000,
        b"9" * 5000,
        b"",
    ],
)
def test_odd_documents(body: bytes) -> None:
    assert outcome(read_json, body) == outcome(plainly, body)


@large
def test_a_gist_has_the_beginnings_of_long_texts() -> None:
    body = b'{"id": "r-1", "a": "%b", "%b": [1]}' % (b"x" * 100, b"k" * 30)
    answer = Answer(200, {}, body)
    gist, document = answer.gist, answer.document
    assert gist is not None
    assert document == {"id": "r-1", "a": "x" * 100, "k" * 30: [1]}
    assert gist["id"] == "r-1"
    assert gist["a"] == "x" * len(gist["a"])
    assert len(gist["a"]) <= 24
    assert list(gist.values())[2] == [1]


def test_a_small_answer_s_gist_is_all_of_it() -> None:
    answer = Answer(200, {}, b'{"a": "%b"}' % (b"x" * 10_000))
    assert answer.gist is answer.document


@pytest.mark.parametrize("wide", ["", "é", "두", "😀"])
@pytest.mark.parametrize("escape", ["", "\\n", "\\/", "\\ud83d\\ude00"])
def test_a_really_large_one(wide: str, escape: str) -> None:
    text = f"{wide}{'x' * 500_000}{escape}" * 3
    short = [f"{wide}short"] + ["y" * 100] * 5000
    body = f'{{"a": "{text}", "{text}": {json.dumps(short, ensure_ascii=False)}}}'.encode()
    assert read_json(body) == plainly(body)
    gist: Any = read_json(body, whole=False)
    assert text.startswith(gist["a"][:7000])
    assert 7000 < len(gist["a"]) < 9000
