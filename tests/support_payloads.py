"""Texts that try to become code, and every slot of a document that takes a text.

A payload that runs sets ``builtins.HOSTILE``, an environment variable, and writes a file.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Slot = Callable[[dict[str, Any], str], None]

#: The name of the marks that a payload leaves behind when it runs.
MARK = "HOSTILE"

#: An expression that leaves the marks.
_BANG = (
    f"(__import__('builtins').__dict__.__setitem__('{MARK}',1),"
    f"__import__('os').environ.__setitem__('{MARK}','1'),"
    f"open('{MARK}','w'))"
)
#: A statement that leaves the marks.
_RUN = f'exec("{_BANG}")'

PAYLOADS: dict[str, str] = {
    # Ends of strings and docstrings.
    "double quote": f'" + {_BANG} + "',
    "single quote": f"' + {_BANG} + '",
    "three double quotes": f'"""\n{_RUN}\n"""',
    "three single quotes": f"'''\n{_RUN}\n'''",
    "four quotes": f'""""{_BANG}""""',
    "five quotes": f'"""""\n{_RUN}\n"""""',
    "quotes at the end": f'{_BANG}"',
    "two quotes at the end": f'{_BANG}""',
    "quotes after a backslash": f'\\"""\n{_RUN}\n\\"""',
    "quotes after two backslashes": f'\\\\"""\n{_RUN}\n',
    "a backslash at the end": f"{_BANG}\\",
    "three backslashes at the end": f"{_BANG}\\\\\\",
    "a quote and a backslash": f'"\\\n{_RUN}',
    "mixed quotes": f"\"'\"'\"'; {_RUN} #",
    "an f-string": f"{{{_BANG}}}",
    "f-string braces twice": f"{{{{{_BANG}}}}}",
    "a format": "{0.__class__.__mro__} {1!r:>{2}} %s %(x)s %n $x ${x}",
    "implicit joining": f"' '{_BANG}' '",
    "a raw prefix": f"r'\\' + {_BANG} #",
    # Ends of lines.
    "line feed": f"\n{_RUN}\n",
    "carriage return": f"\r{_RUN}\r",
    "both": f"\r\n{_RUN}\r\n",
    "line separator": f"\u2028{_RUN}\u2028",
    "paragraph separator": f"\u2029{_RUN}\u2029",
    "next line": f"\x85{_RUN}\x85",
    "vertical tab": f"\x0b{_RUN}\x0b",
    "form feed": f"\x0c{_RUN}\x0c",
    "file separators": f"\x1c{_RUN}\x1d{_RUN}\x1e{_RUN}",
    "a continued line": f"\\\n{_RUN}",
    "dedent": f"\n\n\n{_RUN}\n\n\nx = 1\n",
    "indent": f"\n        {_RUN}\n    {_RUN}\n",
    "tabs": f"\n\t{_RUN}\n\t\t{_RUN}",
    "blank lines": "a\n\n\n\n\n\n\nb\n\n\n",
    # Templates.
    "a template's expression": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "a template's statement": "{% for x in ().__class__.__base__.__subclasses__() %}x{% endfor %}",
    "a template's end": "{% endraw %}{% endfor %}{% endif %}{{ model }}",
    "a template's comment": "{# #} #} {#",
    "a template's include": "{% include '/etc/passwd' %}",
    # Comments and declarations.
    "a comment": f"# {_BANG}",
    "a comment's end": f"x\n{_RUN}  # noqa",
    "a coding declaration": "-*- coding: utf-7 -*-",
    "another coding": "coding=rot13",
    "vim's coding": "vim: set fileencoding=utf-16 :",
    "a type comment": "type: ignore[everything]",
    "type": f"type: {_BANG}",
    "noqa": "noqa",
    "formatter off": "fmt: off",
    "formatter skip": "fmt: skip",
    "checker settings": "pyright: basic",
    "a shebang": "#!/bin/sh",
    # Names.
    "a keyword": "class",
    "a soft keyword": "match",
    "a constant": "None",
    "a dunder": "__class__",
    "import": "__import__",
    "slots": "__slots__",
    "debug": "__debug__",
    "a builtin": "isinstance",
    "exec": "exec",
    "self": "self",
    "a parameter": "client",
    "a class of the module": "Input",
    "a name of the module": "_MODEL",
    "a checker": "_check_1",
    "attrs": "attrs",
    "an operator": "lambda: 0",
    "a statement": f"import os; {_RUN}",
    "a call": _BANG,
    "a decorator": f"@{_BANG}\ndef x(): pass",
    "a walrus": f"(x := {_BANG})",
    "a star": "*",
    "two stars": "**{}",
    "an annotation": f"str = {_BANG}",
    "empty": "",
    "a space": " ",
    "a digit": "0",
    "slashes": "a/../../b",
    "a pointer's escapes": "~0~1~2/%2F%00",
    # Characters.
    "nul": f"\0{_RUN}\0",
    "control": "".join(map(chr, range(1, 32))),
    "escapes to a terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "delete": "\x7f\x80\x9f",
    "bidi": f"\u202e{_BANG}\u202c\u2066{_RUN}\u2069",
    "right to left": "\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9 \u200f",
    "zero width": "in\u200bput\u200d\ufeff\u2060",
    "a byte order mark": f"\ufeff{_RUN}",
    "homoglyphs": "ѕеlf.сlіеnt = οреn",
    "full width": "ｅｘｅｃ（１）",
    "a ligature": "ﬁle ﬀ ſelf",
    "combining": "a\u0301\u0327 e\u0301 \u1e69 \u0307",
    "an astral character": "\U0001f600 \U0010ffff \U000e0001",
    "not a character": "\ufffe\uffff\ufdd0",
    "private use": "\ue000\uf8ff",
    "half a pair": "\ud800",
    "the other half": "x\udfffx",
    "a name of a character": "\\N{BULLET} \\x41 \\u0041 \\U00000041 \\101 \\",
    "a bad escape": "\\N{NO SUCH NAME} \\xZZ \\u12 \\",
    "percent": "%00%0a%22",
    # Size.
    "a long line": "x" * 20_000,
    "many words": "word " * 5_000,
    "many quotes": '"' * 3_000,
    "many backslashes": "\\" * 3_001,
    "many braces": "{" * 500,
    "many lines": "\n" * 3_000,
    "deep brackets": "(" * 500,
    "a long number": "9" * 5_000,
    # Other languages, other generators.
    "html": "<script>alert(1)</script><!--",
    "markdown": "](javascript:x) ![x](y) `code` ``` | # * _ @user",
    "restructured text": ".. include:: /etc/passwd\n\n:func:`x` |y|\n\n>>> 1/0",
    "sql": "'; DROP TABLE models; --",
    "a shell": f"$(touch {MARK}) `touch {MARK}` ; touch {MARK}",
    "a path": "../../../../etc/passwd",
    "a module": "os.system",
    "a yaml tag": "!!python/object/apply:os.system ['x']",
}


def base() -> dict[str, Any]:
    """Return a valid document that has a place for every slot."""
    text = {"type": "string"}
    return {
        "model_id": "acme/hostile",
        "display_name": "Hostile",
        "categories": ["text-to-image"],
        "input_schema": {
            "type": "object",
            "properties": {"plain": dict(text), "other": {"type": "integer"}},
        },
        "output_schema": {"type": "object", "properties": {"image": dict(text)}},
    }


def _field(raw: dict[str, Any], name: str, **schema: Any) -> None:
    raw["input_schema"]["properties"][name] = schema


def _inner(raw: dict[str, Any], name: str, properties: dict[str, Any], **schema: Any) -> None:
    _field(raw, name, type="object", properties=properties, **schema)


def _set(side: str, key: str) -> Slot:
    def put(raw: dict[str, Any], text: str) -> None:
        raw[side][key] = text

    return put


def _keyword(key: str, **beside: Any) -> Slot:
    """Return the slot that is the value of *key* in its own field."""

    def put(raw: dict[str, Any], text: str) -> None:
        _field(raw, f"own {key}", **beside, **{key: text})

    return put


def _schema(name: str, make: Callable[[str], dict[str, Any]]) -> Slot:
    """Return the slot of its own field, whose schema *make* returns."""

    def put(raw: dict[str, Any], text: str) -> None:
        _field(raw, name, **make(text))

    return put


def _rule(key: str) -> Slot:
    sound = {"validation_rule": "file_size_mb<", "validation_value": 5, "validation_error": "x"}

    def make(text: str) -> dict[str, Any]:
        rules = [{**sound, key: text}]
        return {"type": "string", "format": "image_uri", "validations": rules}

    return _schema(f"media {key}", make)


def _named(raw: dict[str, Any], text: str) -> None:
    _field(raw, text, type="integer", minimum=1)


def _output_named(raw: dict[str, Any], text: str) -> None:
    raw["output_schema"]["properties"][text] = {"type": "string"}


def _output_words(raw: dict[str, Any], text: str) -> None:
    words = {"type": "string", "title": text, "description": text, "enum": [text], "default": text}
    raw["output_schema"]["properties"]["words"] = words


def _required(raw: dict[str, Any], text: str) -> None:
    raw["input_schema"]["required"] = [text]


def _key_of_document(raw: dict[str, Any], text: str) -> None:
    raw[text] = text


#: For each slot, the function that puts a text there. All slots fit in one document.
SLOTS: dict[str, Slot] = {
    "model_id": lambda raw, text: raw.update(model_id=text),
    "display_name": lambda raw, text: raw.update(display_name=text),
    "category": lambda raw, text: raw.update(categories=[text, f"{text}-to-video"]),
    "key of the document": _key_of_document,
    "input title": _set("input_schema", "title"),
    "input description": _set("input_schema", "description"),
    "input comment": _set("input_schema", "$comment"),
    "output title": _set("output_schema", "title"),
    "output description": _set("output_schema", "description"),
    "output field": _output_named,
    "output words": _output_words,
    "field name": _named,
    "required name": _required,
    "title": _keyword("title", type="string"),
    "description": _keyword("description", type="string"),
    "comment": _keyword("$comment", type="string"),
    "type": _keyword("type"),
    "format": _keyword("format", type="string"),
    "pattern": _keyword("pattern", type="string"),
    "reference": _keyword("$ref"),
    "default": _keyword("default", type="string"),
    "const": _keyword("const"),
    "minimum": _keyword("minimum", type="integer"),
    "unknown keyword": _schema("unknown", lambda text: {"type": "string", f"x{text}": text}),
    "customTypePath": _keyword("customTypePath", type="string"),
    "customBasePath": _keyword("customBasePath", type="object"),
    "x-python-import": _schema(
        "importing", lambda text: {"type": "string", "x-python-import": {"module": text}}
    ),
    "x-python-type": _keyword("x-python-type", type="string"),
    "examples": _schema(
        "examples", lambda text: {"type": "string", "examples": [text, {"x": text}]}
    ),
    "default of an object": _schema(
        "object", lambda text: {"type": "object", "default": {text: text}}
    ),
    "default of an array": _schema(
        "array", lambda text: {"type": "array", "default": [text, [text]]}
    ),
    "enum of texts": _schema("texts", lambda text: {"type": "string", "enum": [text, "other"]}),
    "enum of one": _schema("one", lambda text: {"type": "string", "enum": [text]}),
    "enum of any type": _schema(
        "any", lambda text: {"enum": [text, 1, None, True, [text], {text: 1}]}
    ),
    "enum of items": _schema(
        "items", lambda text: {"type": "array", "items": {"type": "string", "enum": [text, "x"]}}
    ),
    "const of an object": _schema("constant", lambda text: {"const": {text: [text]}}),
    "pattern of names": _schema(
        "patterns", lambda text: {"type": "object", "patternProperties": {text: {"type": "string"}}}
    ),
    "names": _schema("names", lambda text: {"type": "object", "propertyNames": {"enum": [text]}}),
    "inner field": lambda raw, text: _inner(raw, "inner", {text: {"type": "integer"}}),
    "inner field's name as a class": lambda raw, text: _inner(
        raw, "nested", {text: {"type": "object", "properties": {"x": {"type": "string"}}}}
    ),
    "inner words": lambda raw, text: _inner(
        raw, "words", {"x": {"type": "string", "title": text, "description": text}}, title=text
    ),
    "inner enum": lambda raw, text: _inner(
        raw, "listed", {"x": {"type": "string", "enum": [text]}}
    ),
    "inner required": lambda raw, text: _inner(
        raw, "needing", {"x": {"type": "string"}}, required=[text]
    ),
    "dependent required": _schema(
        "dependent",
        lambda text: {"type": "object", "dependentRequired": {text: [text], "x": [text]}},
    ),
    "dependent schema": _schema(
        "dependents",
        lambda text: {"type": "object", "dependentSchemas": {text: {"minProperties": 2}}},
    ),
    "definition": _schema("defining", lambda text: {"$defs": {text: {"type": "string"}}}),
    "definition that is used": _schema(
        "using",
        lambda text: {
            "$defs": {text: {"type": "string", "title": text}},
            "$ref": "#/properties/using/$defs/"
            + text.replace("~", "~0").replace("/", "~1").replace("%", "%25"),
        },
    ),
    "alternatives": _schema(
        "either", lambda text: {"anyOf": [{"const": text}, {"enum": [text, 1]}]}
    ),
    "exclusion": _schema(
        "excluded", lambda text: {"not": {"const": text}, "allOf": [{"title": text}]}
    ),
    "condition": _schema(
        "conditional",
        lambda text: {"if": {"const": text}, "then": {"$comment": text}, "else": True},
    ),
    "additional": _schema(
        "additional", lambda text: {"type": "object", "additionalProperties": {"const": text}}
    ),
    "validation_rule": _rule("validation_rule"),
    "validation_value": _rule("validation_value"),
    "validation_error": _rule("validation_error"),
}

#: The slots that an overlay can fill; the text is merged into the document.
OVERLAID = (
    "display_name",
    "input title",
    "title",
    "default",
    "enum of texts",
    "pattern",
)


def filled(text: str, *slots: str) -> dict[str, Any]:
    """Return the base document with *text* in the *slots*."""
    raw = copy.deepcopy(base())
    for slot in slots:
        SLOTS[slot](raw, text)
    return raw


def written(file: Path, raw: dict[str, Any]) -> None:
    """Write *raw* as JSON, with half surrogate pairs as escapes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(raw), encoding="ascii")
