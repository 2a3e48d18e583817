"""Checking an input's media before money is spent.

Rules:

- Whatever would make the API's own fetch fail is a problem of the file. If this machine has no
  network, that is a ConnectionFailed and no problem of the file.
- A rule that can't be evaluated is listed as unchecked, and never dropped. If a file breaks a rule
  by one reading of a megabyte but not by the other, that is a warning and refuses nothing.
- A problem uses the schema's own words for the rule.
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
    """Check the media of an input.

    Args:
        model_id: The model's id, for messages.
        found: The values of its media fields. Values that are no media are skipped.
        settings: The settings of the client.
        files: Files that were read already, by their JSON pointers.
        faults: Known problems of media fields. The values that have them are not checked.

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
            verdicts[one.path] = None  # a placeholder, which keeps the order
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
    """Check the media of an input that is about to be submitted, and refuse it or warn.

    Args:
        model_id: The model's id, for messages.
        found: The values of its media fields.
        settings: The settings of the client.
        files: The files that will be sent, by their JSON pointers.
        mode: Whether to refuse the input or to warn, and whether to fetch URLs at all.

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
    """Return the ``stacklevel`` for `_warn` that makes a warning point at the user's code."""
    package = __name__.partition(".")[0] + "."
    # The count begins at `_warn`, which calls this function.
    frame = inspect.currentframe()
    depth = 0
    while (
        frame is not None
        and (frame := frame.f_back) is not None
        and str(frame.f_globals.get("__name__")).startswith(package)
    ):
        depth += 1
    return depth + 1
