from __future__ import annotations

import socket

import pytest
from support_media_server import Names

from runcomfy_core.http.target import Target
from runcomfy_core.web.faults import OwnNetwork, Unreadable
from runcomfy_core.web.resolve import resolve

ABOUT = "https://files.test/a"
TARGET = Target("https", "files.test", 443, "/a")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    own = Names()
    monkeypatch.setattr(socket, "getaddrinfo", own.look_up)
    return own


def look_up(*, control: str = "", allow_private: bool = False) -> list[str]:
    return resolve(TARGET, ABOUT, control=control, allow_private=allow_private)


def test_public_addresses_in_order_and_once(names: Names) -> None:
    names.known["files.test"] = ["2606:4700::1", "93.184.216.34", "2606:4700::1"]
    assert look_up(control="api.test") == ["2606:4700::1", "93.184.216.34"]
    assert names.asked == ["files.test"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1"]
)
def test_one_private_address_spoils_the_name(names: Names, address: str) -> None:
    names.known["files.test"] = ["93.184.216.34", address]
    with pytest.raises(
        Unreadable, match=r"files\.test resolves to .*, which is not public"
    ) as caught:
        look_up()
    assert (caught.value.rule, caught.value.limit) == ("readable", "a public address")
    assert look_up(allow_private=True) == ["93.184.216.34", address]


@pytest.mark.parametrize("control", ["", "api.test"])
@pytest.mark.parametrize("code", [socket.EAI_NONAME, socket.EAI_FAIL])
def test_a_name_that_does_not_exist(names: Names, control: str, code: int) -> None:
    names.known = {"files.test": socket.gaierror(code, "not known"), "api.test": ["192.0.2.1"]}
    with pytest.raises(Unreadable) as caught:
        look_up(control=control)
    assert caught.value.message == (
        "https://files.test/a can't be read: there is no host files.test; check the URL's spelling"
    )


def test_no_name_can_be_looked_up(names: Names) -> None:
    with pytest.raises(OwnNetwork) as caught:
        look_up(control="api.test")
    assert str(caught.value) == (
        "this machine can't look up files.test, nor api.test (not known); "
        "see that it is online and that its name server answers"
    )
    assert names.asked == ["files.test", "api.test"]


def test_a_name_server_that_does_not_answer(names: Names) -> None:
    again = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    names.known = {"files.test": again, "api.test": ["192.0.2.1"]}
    with pytest.raises(OwnNetwork, match=r"look up files\.test \(Temporary failure in name res"):
        look_up(control="api.test")


def test_a_name_without_an_address(names: Names) -> None:
    names.known["files.test"] = []
    with pytest.raises(Unreadable, match=r"there is no host files\.test"):
        look_up()


def test_a_label_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise UnicodeError("label too long")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    with pytest.raises(Unreadable, match=r"there is no host files\.test"):
        look_up()
