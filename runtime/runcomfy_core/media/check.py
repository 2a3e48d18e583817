"""Checking an input's media before it is paid for.

Rules:

- Whatever the API's own fetch would fail at is the file's problem. That this machine has no network
  is not: it is a ConnectionFailed.
- A rule that can't be evaluated is listed as unchecked, never dropped. One that a file breaks by
  one reading of it alone is doubtful: it refuses nothing, and is a warning.
- A problem of a rule is in the schema's own words.
"""

from __future__ import annotations

import inspect
import warnings
from typing import TYPE_CHECKING, Literal

from runcomfy_core.errors import ConnectionFailed, InvalidInput, MediaWarning
from runcomfy_core.logs import log
from runcomfy_core.web.faults import OwnNetwork
from runcomfy_core.web.urls import is_url

from .gather import gather
from .report import MediaReport
from .static import private_problem
from .values import is_media
from .verdicts import Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runcomfy_core.files.local import Content
    from runcomfy_core.problem import Problem

    from .places import Found
    from .settings import MediaSettings


def check(
    model_id: str,
    found: Iterable[Found],
    settings: MediaSettings,
    *,
    files: Mapping[str, Content] | None = None,
    faults: Iterable[Problem] = (),
) -> MediaReport:
    """Look at the media of an input.

    Args:
        model_id: For messages.
        found: The values of its media fields; one that is no media is passed over.
        settings: Whose they are.
        files: Content that was read already, by its pointer.
        faults: What is known to be wrong with media fields; such values are not looked at.

    Raises:
        ConnectionFailed: This machine's network is down.
    """
    verdicts: dict[str, Verdict | None] = {one.path: Verdict((one,)) for one in faults}
    wanted: list[Found] = []
    for one in found:
        private = None if settings.allow_private else private_problem(one.path, one.value)
        if one.path in verdicts:
            continue
        if private is not None:
            verdicts[one.path] = Verdict((private,))
        elif is_media(one.value):
            verdicts[one.path] = None  # its place in the order
            wanted.append(one)
    try:
        outcomes = gather(wanted, files or {}, settings)
    except OwnNetwork as error:
        raise ConnectionFailed(
            f"{model_id}: the media could not be checked: {error}. Nothing was sent; "
            'media="skip" submits without the check'
        ) from None
    verdicts |= {one.path: judge(one, outcomes[one.path]) for one in wanted}
    made = [verdict for verdict in verdicts.values() if verdict is not None]
    return MediaReport(
        problems=tuple(problem for verdict in made for problem in verdict.problems),
        unchecked=tuple(one for verdict in made for one in verdict.unchecked),
        items=tuple(verdict.item for verdict in made if verdict.item is not None),
        doubtful=tuple(problem for verdict in made for problem in verdict.doubtful),
    )


def enforce(
    model_id: str,
    found: Iterable[Found],
    settings: MediaSettings,
    files: Mapping[str, Content],
    *,
    mode: Literal["check", "local", "warn"],
) -> None:
    """Look at the media of an input that is about to be submitted.

    Args:
        model_id: For messages.
        found: The values of its media fields.
        settings: Whose they are.
        files: The content that will be sent, by its pointer.
        mode: Whether to refuse the input or to warn, and whether to look at URLs at all.

    Raises:
        InvalidInput: A file breaks a rule or can't be read.
        ConnectionFailed: This machine's network is down.
    """
    if mode == "local":
        found = [one for one in found if not (isinstance(one.value, str) and is_url(one.value))]
    try:
        report = check(model_id, found, settings, files=files)
    except ConnectionFailed as error:
        if mode != "warn":
            raise
        _warn(str(error))
        return
    for one in report.unchecked:
        log.info("%s: %s", model_id, one)
    if mode == "warn":
        for told in (*report.problems, *report.unchecked):
            _warn(f"{model_id}: {told}")
    elif report.problems:
        raise InvalidInput(model_id, report.problems)
    for doubt in report.doubtful:
        _warn(f"{model_id}: {doubt}")


def _warn(message: str) -> None:
    warnings.warn(message, MediaWarning, stacklevel=_depth_of_caller())


def _depth_of_caller() -> int:
    """How many frames above `_warn` the caller of this package stands, as warnings count them."""
    package = __name__.partition(".")[0] + "."
    # From this function's caller, `_warn`, on.
    frame = inspect.currentframe()
    depth = 0
    while (
        frame is not None
        and (frame := frame.f_back) is not None
        and str(frame.f_globals.get("__name__")).startswith(package)
    ):
        depth += 1
    return depth + 1
