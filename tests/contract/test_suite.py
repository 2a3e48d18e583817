"""The official JSON Schema Test Suite, draft 2020-12, held against the generated validators.

Each group's schema becomes the schema of one property, with its references moved along. A group
whose schema is refused is counted in a table here, by the reason, so that a change shows.
"""

from __future__ import annotations

import collections
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from support_schemas import SUITE, document, generated, loaded

from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


pytestmark = pytest.mark.skipif(
    not SUITE.is_dir(), reason="the official test suite is not beside this checkout"
)

#: Formats that the schemas may ask for; the suite's tests of others are of refused schemas.
FORMATS = ("date", "date-time", "email", "ipv4", "ipv6", "uri", "uuid")

#: Refused groups of the required tests, by what they need.
#: How many verdicts the accepted groups ask for.
VERDICTS = 782
FORMAT_VERDICTS = 298

#: Refused groups of the required tests, by what they need.
REFUSED = {
    "$anchor": 1,
    "$dynamicRef or $dynamicAnchor": 19,
    "$id": 31,
    "a remote reference": 12,
    "an enum that allows nothing": 1,
    "another format": 12,
    "content keywords": 4,
    "unevaluatedItems": 29,
    "unevaluatedProperties": 47,
    r"\p in a pattern": 2,
}


def groups(folder: Path) -> list[tuple[str, Any]]:
    return [
        (f"{file.stem}: {group['description']}", group)
        for file in sorted(folder.glob("*.json"))
        for group in json.loads(file.read_bytes())
    ]


def moved(schema: Any) -> Any:
    """*schema* with its local references below the property that it becomes."""
    if isinstance(schema, list):
        return [moved(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    data = {"const", "enum", "default", "examples"}
    made = {
        key: value if key in data else moved(value)
        for key, value in schema.items()
        if key != "$schema"
    }
    if isinstance(reference := made.get("$ref"), str) and re.match(r"#(/|$)", reference):
        made["$ref"] = f"#/properties/value{reference[1:]}"
    return made


def refusals(raw: dict[str, Any]) -> list[str]:
    diagnostics = Diagnostics()
    standardise(loaded(raw), diagnostics)
    return sorted(f"{one.pointer}: {one.message}" for one in diagnostics.errors)


def clients(tmp_path: Path, chosen: list[tuple[str, Any]]) -> dict[str, ModuleType]:
    """Generate one client with a model for each group that is not refused; map names to modules."""
    documents = {}
    for number, (name, group) in enumerate(chosen):
        raw = document(f"suite/group-{number}", value=moved(group["schema"]))
        if not refusals(raw):
            documents[name] = raw
    package = generated(tmp_path, *documents.values())
    return {name: package.get(raw["model_id"]) for name, raw in documents.items()}


def wrong_verdicts(tmp_path: Path, chosen: list[tuple[str, Any]]) -> tuple[int, list[str]]:
    """How many verdicts were given, and each that is not the suite's."""
    modules = clients(tmp_path, chosen)
    tests = [
        (name, modules[name], test)
        for name, group in chosen
        if name in modules
        for test in group["tests"]
    ]
    wrong = [
        f"{name}: {test['description']}: {test['data']!r}"
        for name, module, test in tests
        if (not module.validate({"value": test["data"]})) != test["valid"]
    ]
    return len(tests), wrong


def test_every_verdict_of_an_accepted_schema_is_the_suite_s(tmp_path: Path) -> None:
    # format.json tests that formats refuse nothing, which JSON Schema leaves open: here they do.
    chosen = [one for one in groups(SUITE) if not one[0].startswith("format: ")]
    assert wrong_verdicts(tmp_path, chosen) == (VERDICTS, [])


def test_every_verdict_on_a_format_is_the_suite_s(tmp_path: Path) -> None:
    chosen = [one for one in groups(SUITE / "format") if one[0].split(":")[0] in FORMATS]
    assert wrong_verdicts(tmp_path, chosen) == (FORMAT_VERDICTS, [])


def test_the_refused_groups_are_these() -> None:
    reasons: collections.Counter[str] = collections.Counter()
    for name, group in groups(SUITE):
        if found := refusals(document(value=moved(group["schema"]))):
            reasons[reason(name, " ".join(found))] += 1
    assert dict(reasons) == REFUSED


def reason(name: str, errors: str) -> str:
    for keyword, words in (
        ("unevaluatedItems", "/unevaluatedItems: "),
        ("unevaluatedProperties", "/unevaluatedProperties: "),
        ("$dynamicRef or $dynamicAnchor", "/$dynamic"),
        ("$id", "/$id: "),
        ("$anchor", "/$anchor: "),
        ("content keywords", "/content"),
        ("a remote reference", "not a pointer into this schema"),
        ("another format", "unknown format"),
        (r"\p in a pattern", "which can't be translated"),
        ("an enum that allows nothing", "allows nothing"),
    ):
        if words in errors:
            return keyword
    return f"{name}: {errors}"
