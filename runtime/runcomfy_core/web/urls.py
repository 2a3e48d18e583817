r"""Media URLs: which texts are valid ones, and which of them the API could fetch.

Rules:

- Every model module imports this file, and nearly every URL is simple. So one regular expression
  accepts the simple ones, and imports that only other URLs need are made where they are needed.
- A URL that two parsers could read as two different hosts (with userinfo, a backslash or white
  space) is refused, so that the host that is checked is the host that is contacted.
- IP addresses are judged by our own tables, because versions of Python differ in which addresses
  :mod:`ipaddress` calls global.
- Messages never show userinfo, query or fragment, which may be secrets.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final

from runcomfy_core.interrupts import pass_on
from runcomfy_core.text import one_line
from runcomfy_core.text import shown as shown_value
from runcomfy_core.values.checks import compiled

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

MAX_LENGTH: Final = 8191

#: DNS's limits on the length of a host name and of each of its labels.
_LONGEST_NAME: Final = 253
_LONGEST_LABEL: Final = 63
_LAST_PORT: Final = 65535

# Possessive quantifiers (++, *+) never backtrack, so matching takes linear time for any text.
#: A simple URL: a name with a top-level domain, no port, printable ASCII without a backslash.
_PLAIN = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://(?![^/?#]{254})"
    r"(?:[A-Za-z0-9_-]{1,63}+\.)++([A-Za-z]{2,63}+)(?![^/?#])"
    r"[!-\[\]-~]*+"
)

# The following patterns are compiled when a URL first needs them.
#: Any URL: scheme, authority, path.
_PARTS: Final = r"([Hh][Tt][Tt][Pp][Ss]?)://([^/?#]*+)([^?#]*+)"
_AUTHORITY: Final = r"(\[[^\[\]@]*+\]|[^\[\]:@]*+)(?::([0-9]*+))?"
_UNFIT: Final = r"[\s\x00-\x1f\x7f-\x9f\\\ud800-\udfff]"
_NAME: Final = r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*+"
_IPV6: Final = r"([0-9A-Fa-f:.]+)(?:%[A-Za-z0-9._~-]+)?"
_NUMBER: Final = r"0x[0-9a-f]+|[0-9]+"

#: How texts that are no media URL may begin: with another scheme, or with a host and no scheme.
_SCHEME: Final = r"(blob:|[A-Za-z][A-Za-z0-9+.-]++://)"
_BARE_HOST: Final = r"(?://)?((?:[A-Za-z0-9_-]++\.)++[A-Za-z]{2,}+(?::[0-9]++)?/)"
_USERINFO: Final = r"^((?:[A-Za-z][A-Za-z0-9+.-]*+:)?//)?[^/]*@"
_BASE64_LENGTH: Final = 64
_BASE64: Final = rf"[A-Za-z0-9+/]{{{_BASE64_LENGTH}}}"

#: The number of characters that are read of a text that is no URL, which may be a whole file.
_LOOKED_AT: Final = 256

#: The longest file name that a message shows.
_SHORT: Final = 80

#: Domains that no public name server knows (RFC 6761, 6762, 8375; ICANN for internal).
_PRIVATE_NAMES: Final = (".localhost", ".local", ".internal", ".home.arpa")
#: The last labels of private domains. A simple URL with another one needs no closer look.
PRIVATE_ENDS: Final = frozenset({"localhost", "local", "internal", "arpa"})

#: The IANA registry of special IPv4 addresses, without the entries of single anycast services.
_PRIVATE_IPV4: Final = (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # carrier-grade NAT
    "127.0.0.0/8",  # loopback
    "169.254.0.0/16",  # link-local; the clouds' metadata servers
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # relays of 6to4, withdrawn
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, and broadcast
)
#: The one block of IPv6 with public unicast addresses, and the blocks inside it without any.
_GLOBAL_IPV6: Final = "2000::/3"
_PRIVATE_IPV6: Final = (
    "2001::/23",  # protocol assignments, Teredo among them
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4: no public relay is left (RFC 7526)
    "3fff::/20",  # documentation
)
#: The block to which an IPv6-only network maps IPv4 addresses.
_NAT64: Final = "64:ff9b::/96"

_NOT_HTTPS = "begins with http://; the API fetches https only"
_ONLY_PUBLIC = "the API fetches from public hosts only"
_FOR_A_SANDBOX = "for a sandbox on this machine, Client(allow_private_media=True)"
_FOR_A_FILE = "pass the file itself, as pathlib.Path(...) or bytes"


def is_url(text: str) -> bool:
    """Return whether *text* is a media URL.

    A media URL has the scheme http or https, a host, no userinfo, a port from 1 to 65535 if any, no
    white space, control character or backslash, and at most 8,191 characters.
    """
    if _PLAIN.fullmatch(text) is not None:
        return len(text) <= MAX_LENGTH
    # The first comparison saves the making of a message that nobody reads.
    return text[:4].lower() == "http" and _fault(text) is None


def url_fault(text: str) -> str:
    """Return why *text* is no media URL, in words that follow "…: ". It is no ``data:`` URI."""
    return _fault(text) or ""


def private_fault(url: str) -> str | None:
    """Return why the API could not fetch the media URL *url*, or None if no reason is known.

    The API fetches https from public hosts only. Names are judged by their endings, not resolved.
    """
    plain = _PLAIN.match(url)
    if plain is None or plain[1].lower() in PRIVATE_ENDS:
        fault = _host_fault(_host(url))
        if fault is not None:
            return fault
    return None if url[4:5] in {"s", "S"} else _NOT_HTTPS


def is_public(address: str) -> bool:
    """Return whether an IP *address*, as ``getaddrinfo`` returns it, is public.

    Of an IPv4 address inside an IPv6 address (mapped, NAT64), the IPv4 address is judged. A text
    that is no address is not public.
    """
    from ipaddress import IPv4Address, ip_address  # noqa: PLC0415 - few hosts are addresses

    try:
        # An address with a zone, such as fe80::1%eth0, is valid on one link only.
        parsed = ip_address("" if "%" in address else address)
    except ValueError as error:
        pass_on(error)
        return False
    inner = parsed
    if not isinstance(parsed, IPv4Address):
        nat64 = parsed in _network(_NAT64)
        inner = IPv4Address(parsed.packed[-4:]) if nat64 else parsed.ipv4_mapped or parsed
    if isinstance(inner, IPv4Address):
        return not any(inner in _network(block) for block in _PRIVATE_IPV4)
    return inner in _network(_GLOBAL_IPV6) and not any(
        inner in _network(block) for block in _PRIVATE_IPV6
    )


def ascii_name(name: str) -> str:
    """Return a host's *name* as DNS has it, without a dot at its end; "" if it can't be one."""
    if not name.isascii():
        name = ".".join(_ascii_label(label) for label in _folded(name).split("."))
    name = name.lower().removesuffix(".")
    return name if len(name) <= _LONGEST_NAME and compiled(_NAME).fullmatch(name) else ""


def shown(url: str) -> str:
    """Return what a message may show of *url*: scheme, host and path, in one short line."""
    parts = compiled(_PARTS).match(url)
    if parts is None:
        return "…"
    authority = parts[2].rpartition("@")[2]
    if compiled(_AUTHORITY).fullmatch(authority) is None:
        authority = "…"  # a text in the place of the port may be a password
    return one_line(f"{parts[1]}://{authority}{parts[3]}", 100)


def _fault(text: str) -> str | None:
    parts = compiled(_PARTS).match(text)
    if parts is None:
        return _other_fault(text)
    if len(text) > MAX_LENGTH:
        return f"has {len(text):,} characters; a URL may have at most {MAX_LENGTH:,}"
    unfit = compiled(_UNFIT).search(text)
    if unfit is not None:
        return _unfit_fault(text, unfit[0])
    if "@" in parts[2]:
        return "holds a user name or password, which is not sent on"
    return _authority_fault(parts[2])


def _other_fault(text: str) -> str:
    """Return why a text does not even begin like a URL."""
    begin = text[:_LOOKED_AT].strip()
    if not begin:
        return "is empty"
    lower = begin.lower()
    if lower.startswith(("http://", "https://")):
        return "begins with white space; take it away"
    if lower.startswith(("http:", "https:")):
        return "has no // and host after its scheme; a URL looks like https://host/path"
    if media_type := _in_base64(begin):
        return f"is base64 alone; put data:{media_type};base64, before it, or pass bytes"
    quoted = shown_value(_without_secrets(begin), 60)
    return f"{quoted} is neither an https URL nor a data: URI; {_hint(begin)}"


def _hint(begin: str) -> str:
    """Return what to pass instead of a text that is no URL, by how it begins."""
    if begin[:5].lower() == "file:":
        return _pass_path(begin[len("file:") :].removeprefix("//"))
    if scheme := compiled(_SCHEME).match(begin):
        return f"the API fetches https only, not {scheme[1]}"
    if compiled(_BARE_HOST).match(begin):
        url = f"https://{_without_secrets(begin).removeprefix('//')}"
        return f"did you mean {shown_value(url, 100)}? {_pass_path('')}"
    return _pass_path(begin)


def _pass_path(text: str) -> str:
    """Return how to pass a file, with the file's name if the text may be one."""
    is_name = re.search(r"[./\\]", text) and text == _without_secrets(text)
    name = repr(text) if is_name and len(text) <= _SHORT else "..."
    home = ".expanduser()" if text.startswith("~") else ""
    return f"for a file on this machine pass pathlib.Path({name}){home}"


def _without_secrets(text: str) -> str:
    """Return a text without the parts that may be a user name, a password or a signature."""
    if "@" in text:
        text = compiled(_USERINFO).sub(r"\1", text)
    return text.partition("?")[0]


def _in_base64(begin: str) -> str:
    """Return the media type of a file in base64; "" if the text is none, or of no known type."""
    if len(begin) < _BASE64_LENGTH or not compiled(_BASE64).match(begin):
        return ""
    from binascii import a2b_base64  # noqa: PLC0415 - needed only for a wrong value

    from runcomfy_core.files.sniff import kind, media_type  # noqa: PLC0415 - for a wrong value

    found = media_type(a2b_base64(begin[:_BASE64_LENGTH])) or ""
    return found if kind(found) else ""


def _unfit_fault(text: str, character: str) -> str:
    """Return why a character must not be in a URL."""
    if character == "\\":
        return "has a backslash in it; write / instead, or %5C"
    if "\ud800" <= character <= "\udfff":
        return "has half a surrogate pair in it, which is no character"
    if text != text.strip():
        return "ends with white space; take it away"
    return "has white space or control characters in it; percent-encode them"


def _authority_fault(authority: str) -> str | None:
    """Return what is wrong with a host and port, in words that don't repeat them, or None."""
    match = compiled(_AUTHORITY).fullmatch(authority)
    if match is None:
        return "has a host or port that can't be read"
    host, port = match[1], match[2] or ""
    if not host:
        return "has no host"
    digits = port.lstrip("0")
    # The length is checked first, because int() raises for thousands of digits.
    if port and not (digits and len(digits) <= len("65535") and int(digits) <= _LAST_PORT):
        return "has a port that is not in 1 to 65535"
    if host.startswith("["):
        return None if _is_ipv6(host[1:-1]) else "has no IPv6 address between its [ and ]"
    if ascii_name(host):
        return None
    return (
        "has a host name that can't be one: labels of 1 to 63 letters, digits and hyphens, "
        "joined by dots, 253 characters at most"
    )


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address  # noqa: PLC0415 - few hosts are addresses

    match = compiled(_IPV6).fullmatch(text)
    if match is None:
        return False
    try:
        IPv6Address(match[1])
    except ValueError as error:
        pass_on(error)
        return False
    return True


def _folded(name: str) -> str:
    """Return an internationalised name in IDNA's normal form: lower case, no full-width letters."""
    from unicodedata import normalize  # noqa: PLC0415 - few hosts are not ASCII

    return normalize("NFKC", normalize("NFKC", name).lower()).replace("。", ".")


def _ascii_label(label: str) -> str:
    """Return a label in Punycode; "" if it can't be one.

    The standard library's codec for whole names is not used. It implements IDNA 2003, which turns
    faß.de into another name than today's browsers do.
    """
    if label.isascii():
        return label
    # The length is limited here also because encoding in Punycode takes quadratic time.
    if len(label) > _LONGEST_LABEL or not label.isprintable():
        return ""
    return "xn--" + label.encode("punycode").decode("ascii")


def _host(url: str) -> str:
    """Return a URL's host in ASCII and lower case; an IPv6 address keeps its brackets."""
    parts = compiled(_PARTS).match(url)
    match = compiled(_AUTHORITY).match(parts[2]) if parts is not None else None
    host = match[1] if match is not None else ""
    return host.lower() if host.startswith("[") else ascii_name(host)


def _host_fault(host: str) -> str | None:
    """Return why the API can't reach a host, or None."""
    if host.startswith("["):
        return _address_fault(host, host[1:-1])
    if compiled(_NUMBER).fullmatch(host.rpartition(".")[2]):
        address = _ipv4(host)
        if address is None:
            return f"names {one_line(host, 60)}, which is neither an address nor a host's name"
        return _address_fault(host, address)
    if host == "localhost" or host.endswith(_PRIVATE_NAMES) or "." not in host:
        hint = _FOR_A_SANDBOX if host.endswith("localhost") else _FOR_A_FILE
        return f"names {one_line(host, 60)}, a name of a private network; {_ONLY_PUBLIC}; {hint}"
    return None


def _address_fault(host: str, address: str) -> str | None:
    if is_public(address):
        return None
    meant = "" if address in host else f", that is {address}"
    hint = _FOR_A_SANDBOX if _is_loopback(address) else _FOR_A_FILE
    return f"names {one_line(host, 60)}{meant}, which is no public address; {_ONLY_PUBLIC}; {hint}"


def _is_loopback(address: str) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - few hosts are addresses

    try:
        return ip_address(address).is_loopback
    except ValueError as error:
        pass_on(error)
        return False


def _ipv4(host: str) -> str | None:
    """Return an IPv4 address, read as ``inet_aton`` does, in its usual form; or None.

    It has one to four numbers: decimal, octal (0177) or hexadecimal (0x7f). The last number fills
    all the bytes that are left.
    """
    try:
        *first, last = map(_number, host.split("."))
        octets = [*first, *last.to_bytes(4 - len(first))]
        return ".".join(map(str, bytes(octets)))
    except (ValueError, OverflowError) as error:
        pass_on(error)
        return None


def _number(text: str) -> int:
    # int() alone would accept 1_0.
    if not compiled(_NUMBER).fullmatch(text):
        raise ValueError(text)
    if text.startswith("0x"):
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)


@functools.cache
def _network(block: str) -> IPv4Network | IPv6Network:
    from ipaddress import ip_network  # noqa: PLC0415 - few hosts are addresses

    return ip_network(block)
