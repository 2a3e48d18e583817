"""Checking by its first bytes that a downloaded file can be a job's file. No I/O.

Rules:

- Some servers send a page with status 200 instead of the file. A web page is never accepted, and a
  text is not accepted under the name or type of an image, a video or an audio file.
- Only content that is certainly wrong is refused. Content of an unknown type may be a new format.
"""

from __future__ import annotations

from typing import Final

from runcomfy_core.files.sniff import kind, media_type
from runcomfy_core.web.faults import Refused
from runcomfy_core.web.pages import described, is_page, said, title

from .names import type_of

#: The number of bytes of a file that are checked.
HEAD: Final = 16 * 1024

#: An image type that is text. Its beginning may show only that it is XML.
_SVG: Final = "image/svg+xml"


def check_content(head: bytes, path: str, content_type: str) -> None:
    """Check that a file is not a page that was sent instead of it.

    Args:
        head: The file's first :data:`HEAD` bytes, or all if it has fewer.
        path: The path of the file's URL.
        content_type: The server's ``Content-Type``.

    Raises:
        Refused: The file is a page.
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
    # A web page without a title has no few words worth quoting.
    words = "" if title(head) or found == "text/html" else said(head)
    return f'{what} ("{words}")' if words else what
