from __future__ import annotations

from typing import Any

import pytest

from runcomfy_codegen.ir import MediaRule, Text
from runcomfy_codegen.media_rules import METRICS, parse_rules


def entry(rule: Any = "width_pixels>", value: Any = 384, words: Any = "too narrow") -> Any:
    return {"validation_rule": rule, "validation_value": value, "validation_error": words}


def parse(validations: Any) -> tuple[tuple[MediaRule, ...], list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    rules = parse_rules(validations, "/v", lambda place, message: found.append((place, message)))
    return rules, found


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("operator", ["<", ">", "<=", ">="])
@pytest.mark.parametrize("gap", ["", " "])
def test_each_metric_takes_each_operator(metric: str, operator: Any, gap: str) -> None:
    rules, found = parse([entry(f"{metric}{gap}{operator}", 0.5)])
    assert rules == (MediaRule(metric, operator, 0.5, Text("too narrow")),)
    assert found == []


@pytest.mark.parametrize(
    ("validations", "place", "message"),
    [
        ({}, "/v", "validations is not a list"),
        ([entry("depth_pixels>")], "/v/0/validation_rule", "unknown metric 'depth_pixels'; known"),
        ([entry(), entry("width_pixels=")], "/v/1/validation_rule", "is not a metric and one of"),
        ([entry(rule=5)], "/v/0/validation_rule", "5 is not a metric"),
        ([entry(value="10")], "/v/0/validation_value", "'10' is not a number"),
        ([entry(value=True)], "/v/0/validation_value", "True is not a number"),
        ([entry(words=None)], "/v/0/validation_error", "None is not a string"),
        (["width>3"], "/v/0", "has exactly the keys validation_rule"),
        ([{**entry(), "more": 1}], "/v/0", "has exactly the keys validation_rule"),
    ],
)
def test_an_unsound_rule_is_located(validations: Any, place: str, message: str) -> None:
    _, found = parse(validations)
    assert [where for where, _ in found] == [place]
    assert message in found[0][1]
