"""One thing wrong with an input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, SupportsIndex

import attrs

from .text import cut, shown

#: Characters that are shown of a message, which may be a schema's own, and of a place.
_LONGEST: Final = 1000
_LONGEST_PATH: Final = 200

if TYPE_CHECKING:
    from collections.abc import Callable


class Draft:
    """A problem before it is frozen, which alone lets its attributes be set one by one.

    A validator makes its problems of drafts: that takes less than half of the time of calling
    :class:`Problem`, which sets each attribute through ``object.__setattr__``.
    """

    # Those of a problem, which adds none: only so can one become the other.
    __slots__ = ("__weakref__", "actual", "limit", "message", "path", "rule")


@attrs.frozen
class Problem(Draft):
    """One rule that an input breaks.

    Attributes:
        path: A JSON pointer into the input's wire form, such as ``/image_urls/1``.
        rule: The rule's name in the schema: a JSON Schema keyword, or a media rule such as
            ``width_pixels>``.
        limit: What the schema asks for.
        actual: What the input has: the value itself, or what was measured of it (a length,
            a count, a number of pixels). In another process, a text stands for a value that can't
            go there, such as an open file.
        message: What to do about it. The schema's own words, in their language, where it has any.
    """

    # Each is shown short: the place of a misspelt name may be as long as that, a limit may be ten
    # thousand values, and what there is a whole picture.
    path: str = attrs.field(repr=shown)
    rule: str
    limit: object = attrs.field(repr=shown)
    actual: object = attrs.field(repr=shown)
    message: str = attrs.field(repr=lambda message: shown(message, _LONGEST))

    @property
    def fact(self) -> str:
        """What a media rule asks and what there is, in English; "" for any other rule.

        Such as ``width_pixels is 300; it must be > 384``: two rules may share one message.
        """
        limit, actual = self.limit, self.actual
        metric = self.rule.rstrip("<>=")
        operator = self.rule.removeprefix(metric)
        if (
            not operator
            or not isinstance(limit, int | float)
            or not isinstance(actual, int | float)
        ):
            return ""
        if operator in {"<=", ">="} and actual == limit:
            return ""  # a doubt, and nothing that breaks the rule
        measured = _rounded(actual, limit)
        return f"{metric} is {_written(measured)}; it must be {operator} {_written(limit)}"

    def __reduce_ex__(
        self, protocol: SupportsIndex
    ) -> tuple[Callable[..., Problem], tuple[object, ...]]:
        from .portable import portable  # noqa: PLC0415 - for pickles only

        limit, actual = portable(self.limit, protocol), portable(self.actual, protocol)
        return type(self), (self.path, self.rule, limit, actual, self.message)

    def __copy__(self) -> Problem:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Problem:
        from .portable import twin  # noqa: PLC0415 - for copies only

        limit, actual = twin(self.limit, memo), twin(self.actual, memo)
        return type(self)(self.path, self.rule, limit, actual, self.message)

    def __str__(self) -> str:
        fact = self.fact
        # A rule without words of the schema's has the fact for its message.
        added = f" ({fact})" if fact and fact not in self.message else ""
        place = cut(self.path, _LONGEST_PATH) or "the input"
        return f"{place}: {cut(self.message, _LONGEST)}{added}"


def _rounded(measured: float, limit: float) -> float:
    """A number of two decimals, or of as many as tell it from the limit."""
    # A float has 17 digits that mean anything.
    for digits in range(2, 17):
        rounded = round(measured, digits)
        if (rounded < limit, rounded > limit) == (measured < limit, measured > limit):
            return rounded
    return measured


def _written(number: float) -> str:
    return shown(number).removesuffix(".0")
