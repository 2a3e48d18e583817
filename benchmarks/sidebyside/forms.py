"""The seed model's input as each peer defines it, as strict as the schema.

All of them refuse what the schema refuses: wrong types without coercion, lengths, counts, bounds,
values that aren't listed, unknown fields, and bad URLs (by scheme, host and length). Each form
exists with files (``image_urls``) and without, because the peers judge URLs differently.
"""

# The peers are installed where the benchmarks run, and nowhere else:
# mypy: disable-error-code="import-not-found, import-untyped, misc, call-arg"
# Without the peers, their base classes have the type Any, which strict mode forbids:
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import attrs
import cattrs
import msgspec
import pydantic

MAX_URL: Final = 8191
MAX_SEED: Final = 2147483647

#: An http(s) URL whose host is a name, in syntax that both re and Rust's regex understand.
URL: Final = (
    r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9_-]{1,63}\.)+[A-Za-z]{2,63}(:[0-9]{1,5})?"
    r"([/?#][!-\[\]-~]*)?$"
)

Size = Literal[
    "1024*1024 (1:1)",
    "800*1200 (2:3)",
    "1200*800 (3:2)",
    "960*1280 (3:4)",
    "1280*960 (4:3)",
    "720*1280 (9:16)",
    "1280*720 (16:9)",
    "1344*576 (21:9)",
]
SIZES: Final = Size.__args__  # type: ignore[attr-defined] # what get_args returns

_PLAIN: Final[dict[str, Any]] = {
    "prompt": {"type": "string", "maxLength": 1999},
    "negative_prompt": {"type": "string", "maxLength": 500},
    "image_size": {"type": "string", "enum": list(SIZES)},
    "seed": {"type": "integer", "minimum": 0, "maximum": MAX_SEED},
    "prompt_extend": {"type": "boolean"},
}
_URLS: Final[dict[str, Any]] = {
    "image_urls": {
        "type": "array",
        "items": {"type": "string", "pattern": URL, "maxLength": MAX_URL},
        "minItems": 1,
        "maxItems": 3,
    }
}


def schema(*, urls: bool) -> dict[str, Any]:
    """The input's JSON Schema, of draft 7, which all three validators read."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {**_PLAIN, **(_URLS if urls else {})},
        "required": ["prompt", *(_URLS if urls else ())],
        "additionalProperties": False,
    }


class Pydantic(pydantic.BaseModel):
    """Pydantic 2, strict."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True)

    prompt: Annotated[str, pydantic.Field(max_length=1999)]
    negative_prompt: Annotated[str | None, pydantic.Field(max_length=500)] = None
    image_size: Size | None = None
    seed: Annotated[int | None, pydantic.Field(ge=0, le=MAX_SEED)] = None
    prompt_extend: bool | None = None


class PydanticUrl(Pydantic):
    """Pydantic 2, strict, with its own URL type."""

    image_urls: Annotated[list[pydantic.AnyHttpUrl], pydantic.Field(min_length=1, max_length=3)]


class PydanticPattern(Pydantic):
    """Pydantic 2, strict, with a pattern instead of its URL type."""

    image_urls: Annotated[
        list[Annotated[str, pydantic.Field(pattern=URL, max_length=MAX_URL)]],
        pydantic.Field(min_length=1, max_length=3),
    ]


class Msgspec(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """msgspec; it checks what it converts, not what is passed to the constructor."""

    prompt: Annotated[str, msgspec.Meta(max_length=1999)]
    negative_prompt: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    image_size: Size | None = None
    seed: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEED)] | None = None
    prompt_extend: bool | None = None


class MsgspecUrl(Msgspec, kw_only=True, forbid_unknown_fields=True):
    """msgspec, with files."""

    image_urls: Annotated[
        list[Annotated[str, msgspec.Meta(pattern=URL, max_length=MAX_URL)]],
        msgspec.Meta(min_length=1, max_length=3),
    ]


def _optional(*checks: Any) -> Any:
    return attrs.field(default=None, validator=attrs.validators.optional(list(checks)))


def _integer(_: object, field: attrs.Attribute[Any], value: object) -> None:
    if type(value) is not int:  # bool is an int to instance_of
        raise TypeError(f"{field.name} is no integer")


_is = attrs.validators


@attrs.define(kw_only=True)
class Validators:
    """attrs, with its own validators."""

    prompt: str = attrs.field(validator=_is.and_(_is.instance_of(str), _is.max_len(1999)))
    negative_prompt: str | None = _optional(_is.instance_of(str), _is.max_len(500))
    image_size: str | None = _optional(_is.in_(SIZES))
    seed: int | None = _optional(_integer, _is.ge(0), _is.le(MAX_SEED))
    prompt_extend: bool | None = _optional(_is.instance_of(bool))


@attrs.define(kw_only=True)
class ValidatorsUrl(Validators):
    """The same with files."""

    image_urls: list[str] = attrs.field(
        validator=_is.deep_iterable(
            member_validator=_is.and_(
                _is.instance_of(str), _is.max_len(MAX_URL), _is.matches_re(URL)
            ),
            iterable_validator=_is.and_(_is.instance_of(list), _is.min_len(1), _is.max_len(3)),
        )
    )


#: Detailed validation is off, as the docs advise for speed. The converter would stop at the first
#: error anyway, because attrs' validators do.
CONVERTER: Final = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)
# By default cattrs converts anything to a string, but the validators must see the original value.
for _type in (str, int, bool):
    CONVERTER.register_structure_hook(_type, lambda value, _: value)

_URL: Final = re.compile(URL)


@attrs.define(kw_only=True)
class HandWritten:
    """The lower bound: checks that a careful person would write for this one model."""

    prompt: str
    negative_prompt: str | None = None
    image_size: str | None = None
    seed: int | None = None
    prompt_extend: bool | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what the schema refuses, everything at once."""
        if wrong := self.wrong():
            raise ValueError(wrong)

    def wrong(self) -> list[str]:
        """Say what is wrong."""
        wrong: list[str] = []
        if not isinstance(self.prompt, str):
            wrong.append("prompt: no text")
        elif len(self.prompt) > 1999:
            wrong.append("prompt: too long")
        if (negative := self.negative_prompt) is not None:
            if not isinstance(negative, str):
                wrong.append("negative_prompt: no text")
            elif len(negative) > 500:
                wrong.append("negative_prompt: too long")
        if self.image_size is not None and self.image_size not in SIZES:
            wrong.append("image_size: not listed")
        if (seed := self.seed) is not None:
            if not isinstance(seed, int) or isinstance(seed, bool):
                wrong.append("seed: no integer")
            elif not 0 <= seed <= MAX_SEED:
                wrong.append("seed: out of range")
        if self.prompt_extend is not None and not isinstance(self.prompt_extend, bool):
            wrong.append("prompt_extend: no flag")
        return wrong


@attrs.define(kw_only=True)
class HandWrittenUrl:
    """The lower bound with files, written out as one writes a class by hand."""

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
            for one in self.image_urls:
                if not isinstance(one, str):
                    wrong.append("image_urls: no text")
                elif len(one) > MAX_URL or not _URL.match(one):
                    wrong.append("image_urls: no URL")
        if (negative := self.negative_prompt) is not None:
            if not isinstance(negative, str):
                wrong.append("negative_prompt: no text")
            elif len(negative) > 500:
                wrong.append("negative_prompt: too long")
        if self.image_size is not None and self.image_size not in SIZES:
            wrong.append("image_size: not listed")
        if (seed := self.seed) is not None:
            if not isinstance(seed, int) or isinstance(seed, bool):
                wrong.append("seed: no integer")
            elif not 0 <= seed <= MAX_SEED:
                wrong.append("seed: out of range")
        if self.prompt_extend is not None and not isinstance(self.prompt_extend, bool):
            wrong.append("prompt_extend: no flag")
        if wrong:
            raise ValueError(wrong)
