"""Whether what came can be a file of a job's, by its first bytes; pure.

Rules:

- A server that sends a page with status 200 is found out: nobody wants a web page, and a text is
  none of the files that go by the names and types of pictures, films and sounds.
- Only what is certainly something else is refused: content of no known type may be a new format.
"""

from __future__ import annotations

from typing import Final

from runcomfy_core.files.sniff import kind, media_type
from runcomfy_core.web.faults import Refused
from runcomfy_core.web.pages import described, is_page, said, title

from .names import type_of

#: Bytes of a file that are looked at.
HEAD: Final = 16 * 1024

#: A picture that is a text, of which the beginning may not tell more than that it is XML.
_SVG: Final = "image/svg+xml"


def check_content(head: bytes, path: str, content_type: str) -> None:
    """See that a file is no page in its place.

    Args:
        head: Its first bytes, :data:`HEAD` of them if it has as many.
        path: That of its URL.
        content_type: The server's ``Content-Type``.

    Raises:
        Refused: It is one.
    """
    found = media_type(head)
    announced = {type_of(path), content_type.partition(";")[0].strip().lower()}
    if found == "application/xml" and _SVG in announced:
        return
    is_text = is_page(found) and any(kind(one) for one in announced)
    if found == "text/html" or is_text:
        raise Refused(f"what came is {_words(found, head)}, not a file of the job")


def _words(found: str | None, head: bytes) -> str:
    what = described(found, head)
    # A web page without a title says nothing in a few words.
    words = "" if title(head) or found == "text/html" else said(head)
    return f'{what} ("{words}")' if words else what
