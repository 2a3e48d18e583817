"""Checks whether an answer is about a job of another model than the one that was asked about.

A request id belongs to one account at one server. With another token, or at another base URL, it
may be a stranger's, and so may its result.

Rules:

- Only a model id that the answer states counts: a ``model_id`` key, or a ``model_id`` in the query
  of a URL. Without one nothing is compared.
- Two ids are equal if they differ only in case, or in slashes at their ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from runcomfy_core.interrupts import pass_on

from .result import urls_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: Final = "model_id"

#: The most URLs of an output, and the most fields of a query, that are looked at.
_MOST: Final = 100


def other_model(raw: Mapping[str, Any], model_id: str) -> str | None:
    """Return the model that an answer names, if it is another than *model_id*, or None."""
    own = _plain(model_id)
    return next((one for one in _named(raw) if _plain(one) not in {own, ""}), None)


def _named(raw: Mapping[str, Any]) -> Iterator[str]:
    for part in (raw, raw.get("output"), raw.get("error")):
        if isinstance(part, dict):
            name = cast("dict[str, Any]", part).get(_NAME)
            if isinstance(name, str):
                yield name
    for url in urls_in(raw.get("output"))[:_MOST]:
        yield from _in_query(url)


def _in_query(url: str) -> list[str]:
    try:
        return parse_qs(urlsplit(url).query, max_num_fields=_MOST).get(_NAME, [])
    except ValueError as error:  # this is no URL after all, or its query has too many fields
        pass_on(error)
        return []


def _plain(model_id: str) -> str:
    return model_id.strip().strip("/").casefold()
