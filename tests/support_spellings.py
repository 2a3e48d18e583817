"""The spellings in which a server may echo a token, and a search for them.

The search shares no code with the client.
"""

from __future__ import annotations

import base64
import html
import json
import re
from urllib.parse import quote, unquote

from support_client import TOKEN


def _codes(form: str) -> str:
    return "".join(form.format(ord(char)) for char in TOKEN)


_IN_JSON = _codes("\\u{:04x}")

#: Spellings without white space, quotes or other characters that a header would escape again.
SPELLINGS: dict[str, str] = {
    "capitals": TOKEN.upper(),
    "small letters": TOKEN.lower(),
    "JSON": _IN_JSON,
    "JSON in capitals": _codes("\\u{:04X}"),
    "JSON in JSON": json.dumps(_IN_JSON)[1:-1],
    "half of it JSON": TOKEN[:9] + _codes("\\u{:04x}")[54:],
    "backslashes": "".join("\\" + char for char in TOKEN.upper()),
    "hexadecimal": _codes("\\x{:02x}"),
    "a URL": _codes("%{:02X}"),
    "a URL in small letters": _codes("%{:02x}"),
    "a URL in a URL": quote(_codes("%{:02X}")),
    "a URL in JSON": _codes("\\u0025{:02x}"),
    "HTML": _codes("&#{};"),
    "HTML in hexadecimal": _codes("&#x{:X};"),
    "HTML in HTML": html.escape(_codes("&#{};")),
    **{
        f"Base64 of {before}": base64.b64encode(before.encode() + TOKEN.encode() + b"?x").decode()
        for before in ("", "?", "Bearer ", "user:")
    },
    "Base64 in small letters": base64.b64encode(TOKEN.encode()).decode().lower(),
    "Base64 in a URL": quote(base64.b64encode(b">>" + TOKEN.encode()).decode()),
}
#: Spellings with white space or NUL characters.
WIDE: dict[str, str] = {"zeros": "\0".join(TOKEN), "lines": "\r\n ".join(TOKEN)}

#: The parts of the token that are searched for, in upper or lower case.
_MARKS = ("secret-7f3a", "7f3a91c4")
_CORES = [
    base64.b64encode(b"?" * before + TOKEN.encode()).decode()[4:20].lower() for before in range(3)
]


def shows(text: str) -> bool:
    """Tell whether a text contains the token or half of it, in any spelling."""
    seen = [text]
    for _ in range(4):
        read = re.sub(r"\\+(?:u00|x)([0-9a-fA-F]{2})", lambda one: chr(int(one[1], 16)), seen[-1])
        read = html.unescape(unquote(read, "latin-1")) if re.search("[%&]", read) else read
        if read == seen[-1]:
            break
        seen.append(read)
    for one in seen:
        plain = re.sub(r"[\s\0\\]", "", one).lower()
        if any(mark in plain for mark in (*_MARKS, *_CORES)):
            return True
    return False
