"""Judging examined files by a model's rules."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, cast

import attrs

from runcomfy_core.files.sniff import kind as kind_of
from runcomfy_core.files.sniff import may_be
from runcomfy_core.problem import Problem
from runcomfy_core.text import one_line

from .examine import Facts, Fault, Unknown
from .report import MediaItem, Unchecked
from .rules import MEGABYTE, SMALL_MEGABYTE

if TYPE_CHECKING:
    from .places import Found
    from .rules import MediaRule

#: Words for the kinds of media that a field accepts.
_WANTED: Final = {"image": "an image", "video": "a video", "audio": "an audio file"}


@attrs.frozen
class Verdict:
    """The result of judging one file."""

    problems: tuple[Problem, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    item: MediaItem | None = None
    doubtful: tuple[Problem, ...] = ()


def judge(found: Found, outcome: Facts | Fault | Unknown) -> Verdict:
    """Judge a file by the rules of its field."""
    match outcome:
        case Facts():
            return _judge(found, outcome)
        case Fault():
            return Verdict((outcome.at(found.path),))
        case Unknown(reason):
            rules = found.field.rules
            return Verdict(
                unchecked=tuple(
                    Unchecked(found.path, rule.name, rule.limit, reason) for rule in rules
                )
            )


def _judge(found: Found, facts: Facts) -> Verdict:
    item = MediaItem(
        path=found.path,
        type=facts.type,
        size=facts.size,
        width=facts.measures.width,
        height=facts.measures.height,
        duration=facts.measures.duration,
        fps=facts.measures.fps,
        bytes_read=facts.bytes_read,
    )
    unfit = _unfit(found, facts)
    if unfit is not None:
        return Verdict((unfit,), item=item)
    problems: list[Problem] = []
    unchecked: list[Unchecked] = []
    doubtful: list[Problem] = []
    for rule in found.field.rules:
        measured = item.measured(rule.metric)
        if measured is None:
            reason = facts.measures.missing or _not_told(rule.metric)
            unchecked.append(Unchecked(found.path, rule.name, rule.limit, reason))
            continue
        size = item.size if rule.metric == "file_size_mb" else None
        if rule.holds(measured) if size is None else rule.takes_size(size):
            if size is not None and not rule.surely_takes_size(size):
                doubtful.append(_doubt(found.path, rule, size))
        else:
            problem = Problem(found.path, rule.name, rule.limit, measured, rule.message)
            # If the schema has no words for the rule, the problem gets ours.
            problems.append(attrs.evolve(problem, message=problem.message or problem.fact))
    return Verdict(tuple(problems), tuple(unchecked), item, tuple(doubtful))


def _doubt(path: str, rule: MediaRule, size: int) -> Problem:
    """Return the problem of a file that breaks a rule by only one reading of a megabyte."""
    too = "large" if rule.operator.startswith("<") else "small"
    message = (
        f"may be too {too}, with {size:,} bytes: the limit is {rule.words} MB, and it is not known "
        f"whether a megabyte has {MEGABYTE:,} bytes here or, as RunComfy's own nodes count, "
        f"{SMALL_MEGABYTE:,}"
    )
    return Problem(path, rule.name, rule.limit, size / SMALL_MEGABYTE, message)


def _unfit(found: Found, facts: Facts) -> Problem | None:
    """Return the problem of a file that is unusable for its field, whatever the rules say."""
    name = _named(found.value)
    if facts.fault is not None:
        problem = facts.fault.at(found.path)
        return attrs.evolve(problem, message=name + problem.message)
    kind = found.field.kind
    type_ = facts.type or ""
    if kind_of(type_) and (kind is None or may_be(type_, kind)):
        return None
    wanted = _WANTED[kind] if kind else "a media file"
    message = f"{name}is {facts.what}, not {wanted}{facts.hint}"
    return Problem(found.path, "format", kind or "media", facts.type, message)


def _named(value: object) -> str:
    """Return a path's last part and a space, to begin a message with; "" if it is no path."""
    if not isinstance(value, os.PathLike):
        return ""
    return f"{one_line(PurePath(os.fsdecode(cast('os.PathLike[str]', value))).name, 80)} "


def _not_told(metric: str) -> str:
    if metric == "file_size_mb":
        return "its server doesn't tell its size"
    return f"its header doesn't tell its {metric}"
