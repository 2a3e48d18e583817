"""A problem: one rule that an input breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, SupportsIndex

import attrs

from .text import cut, shown

#: The most characters of a message that are shown, since a schema's message may have any length.
_LONGEST: Final = 1000

#: The most characters of a path that are shown.
_LONGEST_PATH: Final = 200

if TYPE_CHECKING:
    from collections.abc import Callable


class Draft:
    """A problem that is not frozen yet, so that its attributes can be set one by one.

    A validator turns drafts into problems. That takes less than half the time of calling
    :class:`Problem`, which sets each attribute through ``object.__setattr__``.
    """

    # Problem adds no slots, so that a draft can become a problem by a change of its class.
    __slots__ = ("__weakref__", "actual", "limit", "message", "path", "rule")


@attrs.frozen
class Problem(Draft):
    """One rule that an input breaks.

    Attributes:
        path: A JSON pointer into the input's wire form, such as ``/image_urls/1``.
        rule: The rule's name in the schema: a JSON Schema keyword, or a media rule such as
            ``width_pixels>``.
        limit: The value that the schema requires.
        actual: The value in the input, or a measure of it (a length, a count, a number of pixels).
            In another process, a text replaces a value that can't be pickled, such as an open file.
        message: What to do about it: the schema's own message, in its language, if it has one.
    """

    # Each is shown in short form: a path may hold a misspelt name of any length, a limit may list
    # ten thousand values, and an actual value may be a whole image.
    path: str = attrs.field(repr=shown)
    rule: str
    limit: object = attrs.field(repr=shown)
    actual: object = attrs.field(repr=shown)
    message: str = attrs.field(repr=lambda message: shown(message, _LONGEST))

    @property
    def fact(self) -> str:
        """What a media rule requires, and what the file has, in English; "" for any other rule.

        An example is ``width_pixels is 300; it must be > 384``. It is needed because several rules
        may share one message of the schema.
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
            return ""  # the value meets the rule, so this problem only reports a doubt
        measured = _rounded(actual, limit)
        return f"{metric} is {_written(measured)}; it must be {operator} {_written(limit)}"

    def __reduce_ex__(
        self, protocol: SupportsIndex
    ) -> tuple[Callable[..., Problem], tuple[object, ...]]:
        from .portable import portable  # noqa: PLC0415 - only pickling needs it

        limit, actual = portable(self.limit, protocol), portable(self.actual, protocol)
        return type(self), (self.path, self.rule, limit, actual, self.message)

    def __copy__(self) -> Problem:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Problem:
        from .portable import twin  # noqa: PLC0415 - only copying needs it

        limit, actual = twin(self.limit, memo), twin(self.actual, memo)
        return type(self)(self.path, self.rule, limit, actual, self.message)

    def __str__(self) -> str:
        fact = self.fact
        # If the schema has no message for a rule, the fact is the message.
        added = f" ({fact})" if fact and fact not in self.message else ""
        place = cut(self.path, _LONGEST_PATH) or "the input"
        return f"{place}: {cut(self.message, _LONGEST)}{added}"


def _rounded(measured: float, limit: float) -> float:
    """Round a number to two decimals, or to as many as show on which side of the limit it lies."""
    # A float has at most 17 significant digits.
    for digits in range(2, 17):
        rounded = round(measured, digits)
        if (rounded < limit, rounded > limit) == (measured < limit, measured > limit):
            return rounded
    return measured


def _written(number: float) -> str:
    return shown(number).removesuffix(".0")
