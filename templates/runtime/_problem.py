"""One thing wrong with an input."""

from __future__ import annotations

import attrs


@attrs.frozen
class Problem:
    """One rule that an input breaks.

    Attributes:
        path: A JSON pointer into the input's wire form, such as ``/image_urls/1``.
        rule: The rule's name in the schema: a JSON Schema keyword, or a media rule such as
            ``width_pixels>``.
        limit: What the schema asks for.
        actual: What the input has: the value itself, or what was measured of it (a length,
            a count, a number of pixels).
        message: What to do about it. The schema's own words, in their language, where it has any.
    """

    path: str
    rule: str
    limit: object
    actual: object
    message: str

    def __str__(self) -> str:
        return f"{self.path or 'the input'}: {self.message}"
