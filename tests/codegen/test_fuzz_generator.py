"""Random documents: the generator refuses them with a place, or makes modules that import.

``make fuzz`` runs this for longer: ``FUZZ_EXAMPLES`` says how many documents each test makes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import support_jail
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support_payloads import PAYLOADS, SLOTS, filled, written
from support_schemas import ROOT

from runcomfy_codegen.errors import GeneratorError, SchemaError
from runcomfy_codegen.keywords import KEYWORDS, MANY_SCHEMAS, NAMED_SCHEMAS, ONE_SCHEMA, TYPES
from runcomfy_codegen.output import write
from runcomfy_codegen.pipeline import build

#: How many documents each test makes: few in every run, many in ``make fuzz``.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "25"))

FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    # A document is small enough to be read as it is; making it smaller takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

#: Texts: hostile ones, names, numbers that are none, whatever.
TEXTS = st.one_of(
    st.sampled_from(sorted(PAYLOADS.values(), key=len)[:90]),
    st.sampled_from(["a", "b", "prompt", "image_uri", "#/properties/a", "#", "string", "^a+$"]),
    st.text(max_size=12),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
COUNTS = st.integers(-1, 9) | st.sampled_from([2.0, 1e300, 2**70])


def keyword(key: str, inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A value for *key*: mostly of the form that it has, now and then of any."""
    if key in ONE_SCHEMA:
        sound = inner
    elif key in MANY_SCHEMAS:
        sound = st.lists(inner, min_size=1, max_size=3)
    elif key in NAMED_SCHEMAS:
        sound = st.dictionaries(TEXTS, inner, max_size=3)
    elif key == "type":
        names = st.sampled_from(sorted(TYPES))
        sound = names | st.lists(names, min_size=1, max_size=3)
    elif key in {"required", "examples", "enum"}:
        sound = st.lists(TEXTS | VALUES, min_size=1, max_size=4)
    elif key in {"minimum", "maximum", "multipleOf"} or key.startswith(("min", "max", "exclusive")):
        sound = COUNTS
    elif key == "validations":
        sound = st.lists(
            st.fixed_dictionaries(
                {
                    "validation_rule": st.sampled_from(["fps<", "width/height>=", "x<"]) | TEXTS,
                    "validation_value": COUNTS | VALUES,
                    "validation_error": TEXTS,
                }
            ),
            max_size=2,
        )
    else:
        sound = TEXTS | VALUES
    return st.one_of(sound, sound, sound, sound, sound, sound, sound, VALUES)


def schema(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    optional = {key: keyword(key, inner) for key in KEYWORDS}
    some = st.lists(st.sampled_from(sorted(KEYWORDS)), max_size=4, unique=True)
    return some.flatmap(lambda keys: st.fixed_dictionaries({key: optional[key] for key in keys}))


SCHEMAS: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.builds(dict, type=st.sampled_from(sorted(TYPES))), schema, max_leaves=8
)
DOCUMENTS = st.builds(
    lambda name, category, fields, output: {
        "model_id": "acme/fuzz",
        "display_name": name,
        "categories": [category],
        "input_schema": {"type": "object", "properties": fields},
        **({"output_schema": output} if output is not None else {}),
    },
    TEXTS,
    TEXTS,
    st.dictionaries(TEXTS, SCHEMAS, max_size=5),
    st.none()
    | st.builds(
        lambda fields: {"type": "object", "properties": fields},
        st.dictionaries(TEXTS, SCHEMAS, max_size=3),
    ),
)

REAL = sorted(
    (file for file in (ROOT / "schemas").rglob("*.json") if ".overlay." not in file.name),
    key=lambda file: file.as_posix(),
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where in a JSON value something could be changed."""
    children: list[tuple[str | int, Any]] = []
    if isinstance(value, dict):
        children = list(value.items())
    elif isinstance(value, list):
        children = list(enumerate(value))
    found = [path] if path else []
    for key, child in children:
        found += places(child, (*path, key))
    return found


def changed(raw: Any, path: tuple[str | int, ...], new: Any, *, remove: bool) -> None:
    """Put *new* at *path* of *raw*, or take away what is there, if the place is still there."""
    node = raw
    for key in path[:-1]:
        try:
            node = node[key]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(node, dict) and isinstance(path[-1], str):
        if remove:
            node.pop(path[-1], None)
        else:
            node[path[-1]] = new
    elif (
        isinstance(node, list) and isinstance(path[-1], int) and path[-1] < len(node) and not remove
    ):
        node[path[-1]] = new


@st.composite
def mutants(draw: st.DrawFn) -> dict[str, Any]:
    """A real document with a few changes."""
    raw: dict[str, Any] = json.loads(draw(st.sampled_from(REAL)).read_bytes())
    raw["model_id"] = "acme/fuzz"
    where = [one for one in places(raw) if one[0] != "model_id"]
    for _ in range(draw(st.integers(1, 4))):
        new = draw(VALUES | SCHEMAS)
        changed(raw, draw(st.sampled_from(where)), new, remove=draw(st.booleans()))
    return raw


def outcome(raw: dict[str, Any], folder: Path) -> bool:
    """Generate a client of *raw* under *folder*; tell whether it was taken."""
    written(folder / "schemas" / "acme" / "fuzz.json", raw)
    try:
        made = build(folder / "schemas", "client")
    except SchemaError as error:
        found = error.findings
    except GeneratorError as error:
        raise AssertionError(f"a fault of the generator: {error}") from error
    else:
        found = ()
    if found:
        assert all(one.file.endswith("/fuzz.json") for one in found)
        assert all(str(one).isprintable() for one in found)
        return False
    module = made.files["client/models/acme/fuzz.py"]
    compile(module, "fuzz.py", "exec")
    # A client for each model is slow to import, so they are all put into one.
    count = len(list((folder / "taken").rglob("*.json")))
    raw["model_id"] = f"acme/fuzz-{count}"
    written(folder / "taken" / "acme" / f"fuzz-{count}.json", raw)
    return True


def assert_imported(folder: Path) -> None:
    """Import all that was taken, in a process that notes what it does."""
    out, here = folder / "out", folder / "here"
    here.mkdir()
    made = build(folder / "taken", "client")
    write(made.files, out)
    command = [sys.executable, "-I", "-B", support_jail.__file__, str(out), "client"]
    run = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False, env={})
    assert run.returncode == 0, run.stderr[-2_000:]
    said = json.loads(run.stdout)
    assert (said["noted"], said["failed"], said["changed"]) == ([], {}, [])
    assert list(here.iterdir()) == []


def explored(documents: st.SearchStrategy[dict[str, Any]]) -> None:
    """Put many *documents* through the generator, and import what it makes of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        taken = 0

        @FUZZ
        @given(documents)
        def explore(raw: dict[str, Any]) -> None:
            nonlocal taken
            taken += outcome(raw, folder)

        explore()
        if taken:
            assert_imported(folder)


def test_random_schemas() -> None:
    explored(DOCUMENTS)


def test_real_documents_with_changes() -> None:
    explored(mutants())


def test_hostile_texts_in_several_slots() -> None:
    slots = st.lists(st.sampled_from(sorted(SLOTS)), min_size=1, max_size=5, unique=True)
    sound = slots.filter(lambda some: "model_id" not in some)
    explored(
        st.builds(lambda text, some: {**filled(text, *some), "model_id": "acme/fuzz"}, TEXTS, sound)
    )
