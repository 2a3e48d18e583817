"""Every model of ``schemas/``: importable, listed, and judged as ``jsonschema`` judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support_inputs import instances
from support_schemas import MEDIA, ROOT

from runcomfy import models
from runcomfy_codegen.dialect import standardise
from runcomfy_codegen.errors import Diagnostics
from runcomfy_codegen.load import load

if TYPE_CHECKING:
    from runcomfy_codegen.load import Document

DIAGNOSTICS = Diagnostics()
DOCUMENTS = {one.model_id: one for one in load(ROOT / "schemas", DIAGNOSTICS)}


def standard(document: Document) -> dict[str, Any]:
    made = standardise(document, DIAGNOSTICS)
    assert made is not None
    # A name that is no field is always a problem here; JSON Schema would let it pass.
    return {**made.input, "additionalProperties": False}


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
