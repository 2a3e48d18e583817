"""Search and pages of the models, in the format of the API's catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .answers import Code, Refusal, error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .documents import Model

KINDS = ("model", "workflow", "inference")
PRICE_USD = 0.01
"""The price of every model. It is invented for tests, and nothing is charged."""

_LARGEST_PAGE = 500
_USUAL_PAGE = 100
_LARGEST_OFFSET = 2**31 - 1


def entry(model: Model, origin: str, *, with_schema: bool) -> dict[str, Any]:
    """Return the catalog entry of a model.

    Args:
        model: The model.
        origin: The scheme, host and port of the sandbox.
        with_schema: Whether to include the input schema.
    """
    told = {
        "model_id": model.model_id,
        "display_name": model.display_name,
        "description": "",
        "categories": list(model.categories),
        "kind": model.kind,
        "base_price_usd": PRICE_USD,
        "price_unit": "output",
        "pricing_note": "A made-up price: the sandbox charges nothing.",
        "model_url": f"{origin}/v1/models/{model.model_id}",
        "inputs": list(model.input_schema.get("properties", {})),
        "required_inputs": list(model.input_schema.get("required", ())),
    }
    return {**told, "input_schema": model.input_schema} if with_schema else told


def page(models: Mapping[str, Model], query: Mapping[str, str], origin: str) -> dict[str, Any]:
    """Return one page of the models that match a query.

    Args:
        models: All models, by id.
        query: ``search`` (a part of the id or name, in any case), ``category``, ``kind``,
            ``include_schema`` (``true``), ``limit`` (1 to 500, 100 by default) and ``offset``.
        origin: The scheme, host and port of the sandbox.

    Returns:
        ``models``, the ``total`` over all pages, ``limit`` and ``offset``.

    Raises:
        Refusal: HTTP 422: a parameter has an invalid value.
    """
    limit = _number(query, "limit", usual=_USUAL_PAGE, least=1, most=_LARGEST_PAGE)
    offset = _number(query, "offset", usual=0, least=0, most=_LARGEST_OFFSET)
    kind = query.get("kind")
    if kind is not None and kind not in KINDS:
        raise _refusal("kind", f"must be one of {', '.join(KINDS)}")
    search = query.get("search", "").casefold()
    category = query.get("category")
    found = [
        model
        for model in models.values()
        if search in f"{model.model_id}\n{model.display_name}".casefold()
        and (category is None or category in model.categories)
        and (kind is None or kind == model.kind)
    ]
    with_schema = query.get("include_schema", "").casefold() == "true"
    return {
        "models": [
            entry(model, origin, with_schema=with_schema)
            for model in found[offset : offset + limit]
        ],
        "total": len(found),
        "limit": limit,
        "offset": offset,
    }


def categories(models: Mapping[str, Model]) -> list[str]:
    """Return the categories of all models, sorted."""
    return sorted({category for model in models.values() for category in model.categories})


def _number(query: Mapping[str, str], name: str, *, usual: int, least: int, most: int) -> int:
    text = query.get(name)
    if text is None:
        return usual
    digits = len(str(most))
    if not (text.isascii() and text.isdigit() and len(text) <= digits):
        raise _refusal(name, f"must be a whole number from {least} to {most}")
    number = int(text)
    if not least <= number <= most:
        raise _refusal(name, f"must be a whole number from {least} to {most}")
    return number


def _refusal(name: str, problem: str) -> Refusal:
    detail = [{"loc": ["query", name], "msg": problem}]
    return Refusal(error(422, Code.INVALID_INPUT, f"{name} {problem}", detail=detail))
