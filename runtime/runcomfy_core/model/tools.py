"""A model as a tool that a language model can call, in the formats of those who offer that.

Rules:

- A name has letters, digits, ``_`` and ``-``, at most 64: what all formats take. Two models never
  have the same.
- MCP takes any JSON Schema of an object, so its tool says all. OpenAI and Anthropic refuse some
  keywords at the top of a schema, and Anthropic some names of fields: their tools may then say
  less, never more. Whatever a call brings goes through ``validate``, which knows all.
- OpenAI wants ``items`` in each schema of an array; ``{}`` says nothing.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

from runcomfy_core.errors import ConfigurationError
from runcomfy_core.text import one_line, shown

from .subschemas import changed, references

if TYPE_CHECKING:
    from .subschemas import Schema

ToolFormat: TypeAlias = Literal["openai", "anthropic", "mcp"]

#: Characters that a tool's name and its description may have.
_LONGEST_NAME: Final = 64
_LONGEST_DESCRIPTION: Final = 1024

#: What a schema may not have at its top.
_NOT_AT_TOP: Final = ("allOf", "anyOf", "const", "enum", "not", "oneOf")

#: Where most references lead.
_DEFINED: Final = "#/$defs/"

#: What a field may be called.
_FIELD: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}")


def definition(model_id: str, words: str, schema: Schema, format_: ToolFormat) -> Schema:
    """Return a model as the definition of a tool.

    Args:
        model_id: The model.
        words: What it makes.
        schema: The JSON Schema of its input.
        format_: Whose tool it is.

    Raises:
        ConfigurationError: There is no such format.
    """
    if format_ not in get_args(ToolFormat):
        known = ", ".join(map(repr, get_args(ToolFormat)))
        raise ConfigurationError(f"format is one of {known}, not {shown(format_)}")
    head = {
        "name": tool_name(model_id),
        "description": one_line(words, _LONGEST_DESCRIPTION - 1),
    }
    if format_ == "mcp":
        return {**head, "inputSchema": schema}
    if format_ == "anthropic":
        return {**head, "input_schema": _plainer(schema)}
    parameters = changed(_plainer(schema), _with_items)
    return {"type": "function", "function": {**head, "parameters": parameters}}


def tool_name(model_id: str) -> str:
    """Return a tool's name, which tells the model."""
    name = model_id.replace("/", "__").replace(".", "_")
    if len(name) <= _LONGEST_NAME and name.replace("__", "/").replace("_", ".") == model_id:
        return name
    mark = hashlib.sha256(model_id.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_NAME - len(mark) - 1]}_{mark}"


def _plainer(schema: Schema) -> Schema:
    """Return *schema* without what may not stand at the top."""
    refused = [name for name in schema["properties"] if not _FIELD.fullmatch(name)]
    dropped = {"$schema", *_NOT_AT_TOP}
    if refused:
        # They can be passed, so the rest must not rule them out; and they can't be asked for.
        dropped.add("additionalProperties")
    plainer = {key: value for key, value in schema.items() if key not in dropped}
    plainer["properties"] = _without(schema["properties"], refused)
    if "required" in schema:
        plainer["required"] = [one for one in schema["required"] if one not in refused]
    if all(one.startswith(_DEFINED) for one in references(schema)):
        return plainer
    # A reference may lead to what was dropped, or to the whole: that all stays, beside the rest.
    defined = plainer.get("$defs", {})
    name = "whole"
    while name in defined:
        name += "_"

    def moved(one: Schema) -> Schema:
        reference: str = one.get("$ref", _DEFINED)
        if reference.startswith(_DEFINED):
            return one
        return {**one, "$ref": f"{_DEFINED}{name}{reference[1:]}"}

    whole = changed(_without(schema, ["$schema", "$defs"]), moved)
    led = changed(plainer, moved)
    return {**led, "$defs": {**led.get("$defs", {}), name: whole}}


def _with_items(schema: Schema) -> Schema:
    """Give the schema of an array its ``items``."""
    is_array = "array" in schema.get("type", ())  # which is a name, or a list of them
    return {**schema, "items": {}} if is_array and "items" not in schema else schema


def _without(schema: Schema, names: list[str]) -> Schema:
    return {name: one for name, one in schema.items() if name not in names}
