"""Every model of ``schemas/``: importable, listed, and judged as ``jsonschema`` judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_schemas import MEDIA, ROOT

from runcomfy import models
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.load import load

if TYPE_CHECKING:
    from runcomfy_codegen.load import Document

DIAGNOSTICS = Diagnostics()
DOCUMENTS = {one.model_id: one for one in load(ROOT / "schemas", DIAGNOSTICS)}
WRONG = st.sampled_from([None, True, 0, -1, 0.5, 1e9, "", "zzz", [], ["a"], [5], {}, {"a": 1}])


def standard(document: Document) -> dict[str, Any]:
    made = standardise(document, DIAGNOSTICS)
    assert made is not None
    # A name that is no field is always a problem here; JSON Schema would let it pass.
    return {**made.input, "additionalProperties": False}


def near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values at the edges of *schema*, some inside and some just outside."""
    if "enum" in schema:
        return st.sampled_from([*schema["enum"], f"{schema['enum'][0]} "])
    match schema.get("type"):
        case "integer" | "number" as kind:
            edges = [schema[key] for key in ("minimum", "maximum") if key in schema] or [0]
            steps = (-1, 0, 1, 1.0) if kind == "integer" else (-0.01, 0, 0.01)
            return st.sampled_from([edge + step for edge in edges for step in steps])
        case "boolean":
            return st.booleans()
        case "array":
            sizes = {
                schema.get(key, 1) + step for key in ("minItems", "maxItems") for step in (0, 1)
            }
            items = near(schema.get("items", {}))
            return st.one_of([st.lists(items, min_size=n, max_size=n) for n in sorted(sizes)])
        case "string" if "_uri" in schema.get("format", ""):
            return st.sampled_from(["https://example.com/가.png", "http://a/b", "a.png", "data:,x"])
        case _:
            lengths = {schema.get(key, 1) + n for key in ("minLength", "maxLength") for n in (0, 1)}
            return st.sampled_from(["한" * max(0, n - 1) for n in sorted(lengths)])


def instances(schema: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs of near values: required fields mostly there, one or two wrong."""
    properties: dict[str, Any] = schema["properties"]
    required = set(schema.get("required", ()))
    fields = {
        name: near(one) if name in required else st.none() | near(one)
        for name, one in properties.items()
    }
    # Null here says "leave it out"; a null that is sent comes with the wrong values.
    sound = st.fixed_dictionaries(fields).map(
        lambda made: {name: value for name, value in made.items() if value is not None}
    )
    names = st.sampled_from([*properties, "promt"])
    wrong = st.dictionaries(names, WRONG, max_size=2)
    missing = st.sets(names, max_size=1)
    return st.builds(
        lambda base, more, less: {
            name: value for name, value in {**base, **more}.items() if name not in less
        },
        sound,
        st.just({}) | wrong,
        st.just(set[str]()) | missing,
    )


def test_all_documents_are_sound_and_listed() -> None:
    assert DIAGNOSTICS.errors == []
    assert models.MODULES.keys() == DOCUMENTS.keys()
    assert list(models.MODULES) == sorted(DOCUMENTS)


@pytest.mark.parametrize("model_id", DOCUMENTS)
@settings(max_examples=60)
@given(data=st.data())
def test_the_verdict_is_that_of_jsonschema(model_id: str, data: st.DataObject) -> None:
    schema = standard(DOCUMENTS[model_id])
    instance = data.draw(instances(schema))
    module: Any = models.get(model_id)
    problems = module.validate(instance, allow_private_media=True)
    sound = jsonschema.Draft202012Validator(schema, format_checker=MEDIA).is_valid(instance)
    assert (not problems) == sound, problems


@pytest.mark.parametrize("model_id", DOCUMENTS)
def test_a_module_belongs_to_its_model(model_id: str) -> None:
    module: Any = models.get(model_id)
    assert model_id == module.MODEL_ID
    assert {"Input", "Output", "validate", "submit", "run", "job"} <= vars(module).keys()
