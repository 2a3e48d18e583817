from __future__ import annotations

import pathlib
import socket
import threading
from typing import TYPE_CHECKING

import attrs
import pytest
from support_client import picture
from support_media_server import MediaServer, silent, whole

from runcomfy_core.files.local import Content
from runcomfy_core.media.examine import Facts, Fault
from runcomfy_core.media.gather import gather
from runcomfy_core.media.places import Found
from runcomfy_core.media.rules import MediaField
from runcomfy_core.media.settings import MediaSettings
from runcomfy_core.web.faults import OwnNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD = MediaField(("x", None), "image")
SHORT = MediaSettings(allow_private=True, timeout=0.3)


def found(value: object, number: int = 0) -> Found:
    return Found(f"/x/{number}", FIELD, value)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A name server that says nothing until the test is over."""
    over = threading.Event()

    def hang(*_: object, **__: object) -> None:
        over.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


@pytest.mark.usefixtures("stuck")
def test_a_look_up_that_hangs_is_the_caller_s_network() -> None:
    with pytest.raises(OwnNetwork) as caught:
        gather([found("https://files.test/a.png")], {}, SHORT)
    assert str(caught.value) == (
        "this machine did not look up files.test within the 0.3 s that a check of media may take; "
        "see that it is online and that its name server answers; "
        "Client(media_timeout=…) gives it longer"
    )


def test_a_server_that_hangs_is_the_file_s_fault() -> None:
    with MediaServer({"/a": silent}) as server:
        outcome = gather([found(f"{server.origin}/a?secret=1")], {}, SHORT)["/x/0"]
    assert isinstance(outcome, Fault)
    assert outcome.message.startswith(
        f"{server.origin}/a was not read within the 0.3 s that a check of media may take"
    )
    assert outcome.message.endswith("; Client(media_timeout=…) gives it longer")


def test_what_was_read_already_is_not_read_again() -> None:
    content = Content(picture())
    outcome = gather([found(pathlib.Path("none.png"))], {"/x/0": content}, MediaSettings())["/x/0"]
    assert isinstance(outcome, Facts)
    assert outcome.size == content.size


def test_a_small_file_is_read_once(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture())
    outcome = gather([found(path)], {}, MediaSettings())["/x/0"]
    assert isinstance(outcome, Facts)
    assert outcome.bytes_read == outcome.size == len(picture())
    assert attrs.asdict(outcome.measures)["width"] == 400


def test_where_no_thread_can_be_made_the_caller_looks_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("runcomfy-"):
            raise RuntimeError("can't start new thread")
        start(thread)

    start = threading.Thread.start

    with MediaServer({"/a": whole(picture())}) as server:
        urls = [f"{server.origin}/a?{number}" for number in range(3)]
        wanted = [found(url, number) for number, url in enumerate(urls)]
        monkeypatch.setattr(threading.Thread, "start", refuse)
        outcomes = gather(wanted, {}, SHORT)
    assert [type(one) for one in outcomes.values()] == [Facts] * 3
