"""Build and check one input of the seed model: ours, pydantic 2, and a hand-written attrs class.

All three refuse what the schema refuses: other types without coercion, lengths, counts, bounds,
values that are not listed, and unknown fields. The hand-written class is the floor: the checks that
a careful person would write for this one model, and nothing general.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, get_args

import attrs
import pydantic
from runcomfy.models.wan_ai import wan_2_6_image_to_image as model

if TYPE_CHECKING:
    from collections.abc import Callable

_SIZES = get_args(model.ImageSize)


@attrs.define(kw_only=True)
class HandWritten:
    """The seed's input with the checks written by hand."""

    prompt: str
    image_urls: list[str]
    negative_prompt: str | None = None
    image_size: str | None = None
    seed: int | None = None
    prompt_extend: bool | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what the schema refuses, everything at once."""
        wrong: list[str] = []
        if not isinstance(self.prompt, str):
            wrong.append("prompt: no text")
        elif len(self.prompt) > 1999:
            wrong.append("prompt: too long")
        if not isinstance(self.image_urls, list):
            wrong.append("image_urls: no list")
        else:
            if not 1 <= len(self.image_urls) <= 3:
                wrong.append("image_urls: too few or too many")
            wrong += ["image_urls: no text" for one in self.image_urls if not isinstance(one, str)]
        if (negative := self.negative_prompt) is not None:
            if not isinstance(negative, str):
                wrong.append("negative_prompt: no text")
            elif len(negative) > 500:
                wrong.append("negative_prompt: too long")
        if self.image_size is not None and self.image_size not in _SIZES:
            wrong.append("image_size: not listed")
        if (seed := self.seed) is not None:
            if not isinstance(seed, int) or isinstance(seed, bool):
                wrong.append("seed: no integer")
            elif not 0 <= seed <= 2147483647:
                wrong.append("seed: out of range")
        if self.prompt_extend is not None and not isinstance(self.prompt_extend, bool):
            wrong.append("prompt_extend: no flag")
        if wrong:
            raise ValueError(wrong)


class Pydantic(pydantic.BaseModel):
    """The seed's input in pydantic 2, as strict as the schema: no coercion, no unknown field."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    prompt: Annotated[str, pydantic.Field(max_length=1999)]
    image_urls: Annotated[list[str], pydantic.Field(min_length=1, max_length=3)]
    negative_prompt: Annotated[str | None, pydantic.Field(max_length=500)] = None
    image_size: (
        Literal[
            "1024*1024 (1:1)",
            "800*1200 (2:3)",
            "1200*800 (3:2)",
            "960*1280 (3:4)",
            "1280*960 (4:3)",
            "720*1280 (9:16)",
            "1280*720 (16:9)",
            "1344*576 (21:9)",
        ]
        | None
    ) = None
    seed: Annotated[int | None, pydantic.Field(ge=0, le=2147483647)] = None
    prompt_extend: bool | None = None


PROMPT = "On the left sits a monster, and on the right sits another monster. " * 3
URLS = ["https://example.com/left.png", "https://example.com/right.png"]


def _builders(build: Callable[..., object]) -> dict[str, Callable[[], object]]:
    # The calls are spelt out, since unpacking a dict would be most of what is measured.
    return {
        "two fields": lambda: build(prompt=PROMPT, image_urls=URLS),
        "six fields": lambda: build(
            prompt=PROMPT,
            image_urls=URLS,
            negative_prompt="blurry",
            image_size="1024*1024 (1:1)",
            seed=7,
            prompt_extend=True,
        ),
    }


#: Case → who → what is measured. "ours" is what the others are compared with.
CASES: dict[str, dict[str, Callable[[], object]]] = {
    case: {
        who: _builders(build)[case]
        for who, build in (
            ("ours", model.Input),
            ("hand-written attrs", HandWritten),
            ("pydantic 2", Pydantic),
        )
    }
    for case in ("two fields", "six fields")
}
