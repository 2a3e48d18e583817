"""Build and check one input, check one dict, refuse one with five mistakes."""

# The peers are installed where the benchmarks run, and nowhere else:
# mypy: disable-error-code="import-not-found, import-untyped"

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import fastjsonschema
import jsonschema
import jsonschema_rs
import msgspec
import pydantic

from runcomfy import errors
from runcomfy.models.wan_ai import wan_2_6_image_to_image

from . import corpus, forms
from .machine import version
from .measure import child, in_turns, tell, timer
from .table import Column, Goal, Row, Sample, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Call = Callable[[], object]

_PROMPT: Final = "On the left sits a monster, and on the right sits another monster. " * 3
_URLS: Final = ["https://example.com/left.png", "https://example.com/right.png"]
TWO: Final[dict[str, Any]] = {"prompt": _PROMPT, "image_urls": _URLS}
FIVE: Final[dict[str, Any]] = {
    "prompt": _PROMPT,
    "negative_prompt": "blurry",
    "image_size": "1024*1024 (1:1)",
    "seed": 7,
    "prompt_extend": True,
}
SIX: Final[dict[str, Any]] = {**FIVE, "image_urls": _URLS}
#: For each field, a value that is wrong in one way.
MISTAKES: Final[dict[str, Any]] = {
    "prompt": 7,
    "negative_prompt": "x" * 501,
    "image_size": "1024x1024",
    "seed": -1,
    "prompt_extend": "yes",
}
#: As many mistakes for the form with files: a URL instead of the flag.
URL_MISTAKES: Final[dict[str, Any]] = {
    **{name: MISTAKES[name] for name in ("prompt", "negative_prompt", "image_size", "seed")},
    "image_urls": ["ftp://example.com/left.png"],
}

_MINE, _FLOOR = "ours", "hand-written"
_ANY_HOST: Final = "ours, any host"
_PYDANTIC_URL, _PYDANTIC_PATTERN = "pydantic, AnyHttpUrl", "pydantic, pattern"
_VALIDATORS: Final = "attrs.validators"
_TWO, _SIX, _FIVE = (
    Column("two fields, URLs", "µs", drawn=True),
    Column("six fields, URLs", "µs"),
    Column("five fields, no URL", "µs"),
)
_NOTES: Final = {
    _MINE: ("", "its own rules for URLs; in a dict, also whether their hosts are public."),
    _ANY_HOST: ("", "`validate(..., allow_private_media=True)`: what the peers check."),
    _FLOOR: ("", "an attrs class with the checks for this one model, nothing general."),
    _PYDANTIC_URL: ("pydantic", "strict, extra forbidden; URLs become its URL objects."),
    _PYDANTIC_PATTERN: ("pydantic", "the same; URLs are texts with a pattern, read by Rust."),
    _VALIDATORS: ("attrs", "matches_re for URLs. It stops at the first mistake."),
    "cattrs + attrs.validators": ("cattrs", "detailed_validation=False. Stops at the first."),
    "msgspec": ("msgspec", "convert; Meta with a pattern. It stops at the first mistake."),
    "jsonschema": ("jsonschema", "one Draft7Validator, kept; iter_errors."),
    "fastjsonschema": ("fastjsonschema", "compiled once, detailed_exceptions=False."),
    "jsonschema-rs": ("jsonschema-rs", "one validator, kept; a pattern, read by Rust."),
}


def tables(*, quick: bool) -> Iterator[Table]:
    """Check that all contenders judge alike, then measure."""
    samples, calls = (9, 1000) if quick else (41, 3000)
    with tempfile.TemporaryDirectory(prefix="sidebyside-") as folder:
        plain = _without_files(Path(folder))
    built = {
        _TWO: _builders(TWO, plain),
        _SIX: _builders(SIX, plain),
        _FIVE: _builders(FIVE, plain),
    }
    checked = {_TWO: _checks(TWO, plain), _SIX: _checks(SIX, plain), _FIVE: _checks(FIVE, plain)}
    with_urls = {"prompt": _PROMPT, **URL_MISTAKES}
    refused = {
        Column("with URLs", "µs", drawn=True): _refusals(with_urls, plain),
        Column("no URL", "µs"): _refusals(MISTAKES, plain),
    }
    _agree(plain)
    tell("Build and check one input")
    yield _table("Build and check one input", built, samples, calls)
    tell("Check one dict")
    yield _table("Check one dict", checked, samples, calls)
    tell("Refuse five mistakes, all reported")
    yield _table("Refuse five mistakes, all reported", refused, samples, calls // 5)


def _without_files(folder: Path) -> Any:
    """Return our module for the seed model without files, which is generated for this benchmark."""
    file = next(iter(corpus.SCHEMAS.glob("wan-ai/**/image-to-image.json")))
    raw = json.loads(file.read_bytes())
    overlay = json.loads(file.with_suffix(".overlay.json").read_bytes())
    raw["input_schema"]["properties"]["prompt"] |= overlay["input_schema"]["properties"]["prompt"]
    del raw["input_schema"]["properties"]["image_urls"]
    raw["input_schema"]["required"] = ["prompt"]
    raw["model_id"] = "bench/plain"
    target = folder / "schemas" / "bench" / "plain.json"
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(raw), encoding="utf-8")
    child([*corpus.our_command(), "--package", "plain_models"], folder)
    sys.path.insert(0, str(folder / "generated"))
    try:
        module = importlib.import_module("plain_models.models.bench.plain")
        with contextlib.suppress(Exception):
            module.Input(prompt=7)  # loads the code for refusals while the folder still exists
        module.validate({"prompt": "p"})
        return module
    finally:
        del sys.path[0]


def _call(build: Callable[..., object], given: dict[str, Any]) -> Call:
    """Return a call with spelt-out keywords, since unpacking a dict would dominate the result."""
    arguments = ", ".join(f"{name}={name}_" for name in given)
    names = {f"{name}_": value for name, value in given.items()}
    call: Call = eval(f"lambda: build({arguments})", {"build": build, **names})  # noqa: S307 - the source is made here
    return call


def _builders(given: dict[str, Any], plain: Any) -> dict[str, Call]:
    if "image_urls" not in given:
        return {
            _MINE: _call(plain.Input, given),
            _FLOOR: _call(forms.HandWritten, given),
            _PYDANTIC_PATTERN: _call(forms.Pydantic, given),
            _VALIDATORS: _call(forms.Validators, given),
        }
    return {
        _MINE: _call(wan_2_6_image_to_image.Input, given),
        _FLOOR: _call(forms.HandWrittenUrl, given),
        _PYDANTIC_URL: _call(forms.PydanticUrl, given),
        _PYDANTIC_PATTERN: _call(forms.PydanticPattern, given),
        _VALIDATORS: _call(forms.ValidatorsUrl, given),
    }


def _checks(given: dict[str, Any], plain: Any) -> dict[str, Call]:
    """Return the calls that check a dict. The peers raise the first error; ours are returned."""
    urls = "image_urls" in given
    schema = forms.schema(urls=urls)
    ours = wan_2_6_image_to_image.validate if urls else plain.validate
    struct = forms.MsgspecUrl if urls else forms.Msgspec
    model = forms.PydanticPattern if urls else forms.Pydantic
    kept = forms.ValidatorsUrl if urls else forms.Validators
    draft = jsonschema.Draft7Validator(schema)
    fast = fastjsonschema.compile(schema, detailed_exceptions=False, use_default=False)
    rust = jsonschema_rs.validator_for(schema)
    found: dict[str, Call] = {
        _MINE: lambda: _raise(ours(given)),
        _ANY_HOST: lambda: _raise(ours(given, allow_private_media=True)),
        _PYDANTIC_PATTERN: lambda: model.model_validate(given),
        "msgspec": lambda: msgspec.convert(given, struct),
        "cattrs + attrs.validators": lambda: forms.CONVERTER.structure(given, kept),
        "jsonschema": lambda: draft.validate(given),
        "fastjsonschema": lambda: fast(given),
        "jsonschema-rs": lambda: rust.validate(given),
    }
    if urls:
        found[_PYDANTIC_URL] = lambda: forms.PydanticUrl.model_validate(given)
    return found


def _refusals(given: dict[str, Any], plain: Any) -> dict[str, Call]:
    """Return the calls that report all mistakes at once."""
    urls = "image_urls" in given
    schema = forms.schema(urls=urls)
    draft = jsonschema.Draft7Validator(schema)
    fast = fastjsonschema.compile(schema, use_default=False, fast_fail=False)
    rust = jsonschema_rs.validator_for(schema)
    hand = forms.HandWrittenUrl if urls else forms.HandWritten
    ours = _call(wan_2_6_image_to_image.Input if urls else plain.Input, given)
    found: dict[str, Call] = {
        _MINE: _caught(
            ours, errors.InvalidInput, lambda error: [one.message for one in error.problems]
        ),
        _FLOOR: _caught(_call(hand, given), ValueError, lambda error: error.args[0]),
        "jsonschema": lambda: list(draft.iter_errors(given)),
        "fastjsonschema": _caught(
            lambda: fast(given),
            fastjsonschema.JsonSchemaValuesException,
            lambda error: error.errors,
        ),
        "jsonschema-rs": lambda: list(rust.iter_errors(given)),
    }
    models: dict[str, type[pydantic.BaseModel]] = {
        _PYDANTIC_PATTERN: forms.PydanticPattern if urls else forms.Pydantic
    }
    if urls:
        models[_PYDANTIC_URL] = forms.PydanticUrl
    for name, model in models.items():
        found[name] = _caught(
            _call(model, given),
            pydantic.ValidationError,
            lambda error: error.errors(include_url=False),
        )
    return found


def _caught(call: Call, kind: type[Exception], read: Callable[[Any], object]) -> Call:
    def refused() -> object:
        try:
            call()
        except kind as error:
            return read(error)
        raise RuntimeError("it was not refused")

    return refused


def _raise(problems: list[Any]) -> None:
    if problems:
        raise ValueError(problems)


def _agree(plain: Any) -> None:
    """Check that all contenders give the same verdicts, so that the comparison is fair.

    Raises:
        RuntimeError: A contender accepts a wrong input, refuses a valid one, or reports too few
            mistakes.
    """
    for given, mistakes in ((SIX, URL_MISTAKES), (FIVE, MISTAKES)):
        for name, wrong in [*mistakes.items(), ("unknown", 1)]:
            one = {**given, name: wrong}
            for who, call in [*_builders(one, plain).items(), *_checks(one, plain).items()]:
                if _accepts(call):
                    raise RuntimeError(f"{who} accepts {name}={wrong!r}")
        for who, call in [*_builders(given, plain).items(), *_checks(given, plain).items()]:
            if not _accepts(call):
                raise RuntimeError(f"{who} refuses a sound input")
        for who, call in _refusals({**given, **mistakes}, plain).items():
            reported = call()
            if len(reported) != len(mistakes):  # type: ignore[arg-type] # each returns a list
                raise RuntimeError(f"{who} reports {reported}, not {len(mistakes)} mistakes")


def _accepts(call: Call) -> bool:
    try:
        call()
    except Exception:  # noqa: BLE001 - each has errors of its own
        return False
    return True


def _table(title: str, cases: dict[Column, dict[str, Call]], samples: int, calls: int) -> Table:
    cells: dict[str, dict[str, Sample]] = {}
    for column, contenders in cases.items():
        timers = {who: timer(call, calls) for who, call in contenders.items()}
        in_turns(timers, 1)  # to warm up
        for who, taken in in_turns(timers, samples).items():
            cells.setdefault(who, {})[column.title] = Sample(taken)
    rows = tuple(
        Row(who, found, _note(who), own=who in {_MINE, _ANY_HOST}) for who, found in cells.items()
    )
    goals = [goal for column in cases for goal in _goals(title, column.title, cases[column])]
    note = f"{samples} samples of {calls:,} calls each, in one process."
    return Table(title, tuple(cases), rows, _MINE, tuple(goals), note)


def _goals(title: str, column: str, contenders: Iterable[str]) -> Iterator[Goal]:
    limits = {_FLOOR: 1.5, _VALIDATORS: 0.2, "cattrs + attrs.validators": 0.2}
    for who in contenders:
        if who in {_MINE, _ANY_HOST}:
            continue
        if title.startswith("Refuse"):
            if who == _FLOOR:
                continue  # hand-written code makes no messages, so it is no peer here
            yield Goal(f"{column}: ahead of {who}", column, _MINE, who, 1.0, beyond=True)
        elif who in limits or who.startswith("pydantic"):
            limit = limits.get(who, 0.5)
            yield Goal(f"{column}: at most {limit} of {who}", column, _MINE, who, limit)


def _note(who: str) -> str:
    if who not in _NOTES:
        return ""
    distribution, words = _NOTES[who]
    if not distribution:
        return words
    return f"{version(distribution)}; {words}"
