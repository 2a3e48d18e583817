"""Good and bad files for media checks, served as real servers do.

`SAMPLES` is the table. A sample is a `File`, or one of the ways in which a URL fails to lead to a
picture. All are named like pictures, so that the name reveals nothing.
"""

from __future__ import annotations

import functools
import gzip
from typing import TYPE_CHECKING, Protocol

import attrs

from . import pictures, ranges
from .answers import Answer, Code, Refusal, error
from .deliveries import WHOLE, Chunked, Dripping, Mismeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .answers import Call
    from .deliveries import Delivery


class Sample(Protocol):
    """A sample."""

    @property
    def about(self) -> str:
        """A description in one line."""
        ...

    def answer(self) -> Answer:
        """Return the complete answer to a request."""
        ...


@attrs.frozen
class File:
    """A file from a server that supports range requests.

    Attributes:
        about: A description in one line.
        make: Makes the bytes at the first request.
        content_type: The media type that the server declares.
    """

    about: str
    make: Callable[[], bytes]
    content_type: str = "image/png"

    def answer(self) -> Answer:
        """See `Sample.answer`."""
        return _whole(self.make, self.content_type)


@attrs.frozen
class Stream:
    """A file from a server without support for range requests.

    Attributes:
        about: A description of what is odd about it.
        make: Makes the bytes at the first request.
        headers: Headers in addition to the media type.
        delivery: The way to send it.
    """

    about: str
    make: Callable[[], bytes]
    headers: Mapping[str, str] = attrs.field(factory=dict)
    delivery: Delivery = WHOLE

    def answer(self) -> Answer:
        """See `Sample.answer`."""
        headers = {"content-type": "image/png", **self.headers}
        return Answer(200, _made(self.make), headers, self.delivery)


@attrs.frozen
class Page:
    """An HTML page where a picture should be.

    Attributes:
        about: A description in one line.
        status: The HTTP status.
        html: The page.
        headers: Headers in addition to the media type.
    """

    about: str
    status: int
    html: str
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def answer(self) -> Answer:
        """See `Sample.answer`."""
        headers = {"content-type": "text/html; charset=utf-8", **self.headers}
        return Answer(self.status, self.html, headers)


@attrs.frozen
class Redirect:
    """A redirect with HTTP 302.

    Attributes:
        about: A description in one line.
        location: The URL or path to which it leads.
    """

    about: str
    location: str

    def answer(self) -> Answer:
        """See `Sample.answer`."""
        return Answer(302, b"", {"location": self.location})


def index(call: Call) -> Answer:
    """Answer GET /samples with the list of samples."""
    told = [
        {"name": name, "url": f"{call.origin}/samples/{name}", "about": sample.about}
        for name, sample in SAMPLES.items()
    ]
    return Answer(200, {"samples": told})


def sample(call: Call) -> Answer:
    """Answer GET /samples/{name} with a complete sample.

    Raises:
        Refusal: HTTP 404: there is no such sample.
    """
    found = SAMPLES.get(call.path["name"])
    if found is None:
        message = "There is no such sample; GET /samples lists them."
        raise Refusal(error(404, Code.NOT_FOUND, message))
    return found.answer()


# Both caches hold at most the whole table: 13 MB once every sample was requested.
@functools.cache
def _made(make: Callable[[], bytes]) -> bytes:
    return make()


@functools.cache
def _whole(make: Callable[[], bytes], content_type: str) -> Answer:
    return ranges.whole(_made(make), content_type)


def _png(width: int, height: int) -> Callable[[], bytes]:
    text = f"A sample of {width} by {height} pixels"
    return functools.partial(pictures.png, text, (width, height))


_GOOD = _png(1024, 1024)
_SIGN_IN = (
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Sign in</h1>"
    '<form method="post"><input name="user"><input name="password" type="password">'
    "<button>Sign in</button></form></body></html>\n"
)
_FORBIDDEN = (
    "<html>\n<head><title>403 Forbidden</title></head>\n"
    "<body><center><h1>403 Forbidden</h1></center><hr></body>\n</html>\n"
)
_GONE = (
    "<html>\n<head><title>404 Not Found</title></head>\n"
    "<body><center><h1>404 Not Found</h1></center><hr></body>\n</html>\n"
)
# A page that looks like Cloudflare's challenge but has no function.
_CHALLENGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>'
    '<meta name="robots" content="noindex,nofollow"></head><body>'
    "<noscript>Enable JavaScript and cookies to continue</noscript>"
    '<script>window._cf_chl_opt = {cType: "managed"};</script></body></html>\n'
)


def _text() -> bytes:
    return b"This is a text, whatever its name says.\n"


def _start_of_a_jpeg() -> bytes:
    """Return the start of a JPEG whose size never comes.

    Any number of fill bytes may follow it (ITU-T T.81, B.1.1.2), so it isn't an error either.
    """
    return b"\xff\xd8\xff"


def _truncated() -> bytes:
    body = _made(_GOOD)
    return body[: len(body) // 2]


def _packed() -> bytes:
    return gzip.compress(_made(_GOOD), mtime=0)


SAMPLES: dict[str, Sample] = {
    # Good pictures, some of a size or shape that a model may refuse.
    "good.png": File("a PNG of 1024 x 1024 pixels", _GOOD),
    "good.jpg": File(
        "a JPEG of 1024 x 1024 pixels",
        functools.partial(pictures.jpeg, "A JPEG", (1024, 1024)),
        "image/jpeg",
    ),
    "good.webp": File(
        "a WebP of 1024 x 1024 pixels",
        functools.partial(pictures.webp, "A WebP", (1024, 1024)),
        "image/webp",
    ),
    "good.gif": File(
        "an animated GIF of 512 x 512 pixels",
        functools.partial(pictures.gif, "A GIF", (512, 512)),
        "image/gif",
    ),
    "wide.png": File("a PNG of 1500 x 400 pixels", _png(1500, 400)),
    "tall.png": File("a PNG of 400 x 1500 pixels", _png(400, 1500)),
    "small.png": File("a PNG of 300 x 300 pixels", _png(300, 300)),
    "edge-384.png": File("a PNG of 384 x 384 pixels", _png(384, 384)),
    "edge-385.png": File("a PNG of 385 x 385 pixels", _png(385, 385)),
    "huge.png": File(
        "a PNG of 5000 x 5000 pixels in a few kB", functools.partial(pictures.blank, (5000, 5000))
    ),
    "large.png": File(
        "a PNG of 2000 x 2000 pixels in 11.4 MiB",
        functools.partial(pictures.png, "A large sample", (2000, 2000), compress_level=0),
    ),
    "rotated.jpg": File(
        "a JPEG that is stored as 300 x 600 pixels and shown as 600 x 300",
        functools.partial(pictures.jpeg, "On its side", (300, 600), orientation=6),
        "image/jpeg",
    ),
    # Files that aren't pictures, or are incomplete.
    "text.png": File("a text that is called a PNG", _text),
    "truncated.png": File("the first half of a PNG, and nothing says so", _truncated),
    "empty.png": Stream("no bytes", bytes),
    "short.png": Stream(
        "Content-Length announces 10,000 bytes more than come",
        _GOOD,
        delivery=Mismeasured(10_000),
    ),
    # Servers that don't cooperate.
    "norange.png": Stream(
        "a PNG, always whole, in chunks, without Content-Length", _GOOD, delivery=Chunked()
    ),
    "packed.png": Stream(
        "a PNG, always gzipped, though it was not asked for",
        _packed,
        {"content-encoding": "gzip"},
    ),
    "dripping.png": Stream(
        "a byte every 0.2 seconds, for ever", _start_of_a_jpeg, delivery=Dripping()
    ),
    # Pages where a picture should be.
    "login.png": Page("HTTP 200 with a page to sign in", 200, _SIGN_IN),
    "forbidden.png": Page("HTTP 403 with a page", 403, _FORBIDDEN),
    "gone.png": Page("HTTP 404 with a page", 404, _GONE),
    "wall.png": Page(
        "HTTP 403 with a page that wants to see a browser",
        403,
        _CHALLENGE,
        {"cf-mitigated": "challenge"},
    ),
    # Redirects.
    "moved.png": Redirect("HTTP 302 to good.png", "/samples/good.png"),
    "loop.png": Redirect("HTTP 302 to itself", "/samples/loop.png"),
    "private.png": Redirect("HTTP 302 to a private address", "http://10.0.0.1/a.png"),
}
