"""Whether an answer is about another model's job than the one that was asked about.

A request id is one account's, at one server. Asked about with another token, or at another base
URL, it may be a stranger's, and so may what came of it.

Rules:

- Only what an answer says in so many words counts: a ``model_id``, or that of a URL's query. Where
  neither it nor the job has one, nothing is compared.
- Ids that differ in case, or in slashes at their ends, are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from .result import urls_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: Final = "model_id"

#: URLs of an output that are looked at.
_MOST: Final = 100


def other_model(raw: Mapping[str, Any], model_id: str) -> str | None:
    """Return the model that an answer names in the place of *model_id*, or None."""
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
    except ValueError:  # it is no URL after all, or has more fields than anybody needs
        return []


def _plain(model_id: str) -> str:
    return model_id.strip().strip("/").casefold()
