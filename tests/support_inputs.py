"""Inputs of a model for property tests: made of its schema, some sound and some not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

WRONG = st.sampled_from([None, True, 0, -1, 0.5, 1e9, "", "zzz", [], ["a"], [5], {}, {"a": 1}])


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
