"""String formats that a schema may require, each as its standard defines it.

Rules:

- Formats are checked. JSON Schema makes that optional, but a wrong date would cost money.
- Only ASCII digits are accepted. Some of Python's own parsers accept more.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from typing import TYPE_CHECKING

from runcomfy_core.interrupts import pass_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
#: RFC 3339. A second of 60 is a leap second, which only the last minute of a UTC day can have.
_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]"
    r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

#: RFC 3986, as far as a regular expression can check it. The host is checked separately.
_CHARACTER = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_URI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:"
    rf"(?://(?P<authority>(?:{_CHARACTER}|[\[\]])*)(?:/{_CHARACTER}*)*"
    rf"|/(?:{_CHARACTER}+(?:/{_CHARACTER}*)*)?|{_CHARACTER}+(?:/{_CHARACTER}*)*|)"
    rf"(?:\?(?:{_CHARACTER}|[/?])*)?(?:\#(?:{_CHARACTER}|[/?])*)?"
)
_USERINFO = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*")
_HOST = re.compile(r"(?:\[(?P<ip>[^\[\]]*)\]|[^\[\]:@]*)(?::[0-9]*)?")

#: RFC 5321's mailbox: words joined by dots or a quoted text, then a domain or an IP address.
_LOCAL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r'|"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"'
)
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_LONGEST_LOCAL = 64


def has_format(name: str, text: str) -> bool:
    """Return whether *text* has the format *name*, which must be a key of ``_FORMATS``."""
    return _FORMATS[name](text)


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    try:
        dt.date(*map(int, match.groups()))
    except ValueError as error:
        pass_on(error)
        # RFC 3339 has a year 0, which is a leap year. Python's dates begin with year 1.
        return match[1] == "0000" and _is_date(f"2000{text[4:]}")
    return True


def _is_date_time(text: str) -> bool:
    match = _DATE_TIME.fullmatch(text)
    if match is None or not _is_date(match[1]):
        return False
    if match[4] != "60":
        return True
    offset = int(match[6] or 0) * 60 + int(match[7] or 0)
    minute = int(match[2]) * 60 + int(match[3]) - (offset if match[5] == "+" else -offset)
    return minute % (24 * 60) == 24 * 60 - 1


def _is_uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError as error:
        pass_on(error)
        return False
    return text.isascii()


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError as error:
        pass_on(error)
        return False
    return text.isascii() and "%" not in text


def _is_email(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        return False
    if domain.startswith("[") and domain.endswith("]"):
        address = domain[1:-1]
        return _is_ipv6(address[5:]) if address.startswith("IPv6:") else _is_ipv4(address)
    return all(_LABEL.fullmatch(label) for label in domain.split("."))


def _is_uri(text: str) -> bool:
    match = _URI.fullmatch(text)
    if match is None:
        return False
    if match["authority"] is None:
        return True
    userinfo, _, host = match["authority"].rpartition("@")
    found = _HOST.fullmatch(host)
    if found is None or not _USERINFO.fullmatch(userinfo):
        return False
    address = found["ip"]
    return (
        address is None
        or _is_ipv6(address)
        or re.fullmatch(r"v[0-9A-Fa-f]+\..+", address) is not None
    )


_FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": _is_date,
    "date-time": _is_date_time,
    "email": _is_email,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "uri": _is_uri,
    "uuid": _is_uuid,
}
