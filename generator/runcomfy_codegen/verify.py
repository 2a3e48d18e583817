"""The last check of a generated module before it is written: it contains what the IR promises.

Filters and safe names keep schema text from becoming code (:mod:`runcomfy_codegen.text`,
:mod:`runcomfy_codegen.names`). This pass doesn't trust them. It parses the module as Python does,
and refuses anything that a correct module never has. A finding is a bug in the generator, so the
error says ``internal``.

Rules:

- The module has exactly the statements that its model requires, in order. Class fields, listed
  values and the model id equal the model's.
- A module consists of parts that are separated by two blank lines. If each part is valid Python,
  the module is too. :mod:`runcomfy_codegen.parts` decides what a part may contain.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from . import face
from .errors import GeneratorError
from .face import import_order
from .parts import KNOWN, PartError, in_words, read
from .validators import choice_constant, constants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .ir import Choice, Model
    from .parts import Part

#: The statements at the end of every module, in order.
_ENDING = (
    *("class _SubmitFields", "class _RunFields", "def _submit", "def _run", "_MODEL ="),
    *("submit run map =", "job validate check_media =", "json_schema tool ="),
)


def verify(path: str, source: str, model: Model) -> None:
    """Refuse the module *source* if it differs from what *model* promises.

    Args:
        path: The module's path, for the message.
        source: The formatted text of the module.
        model: The model that the module was rendered from.

    Raises:
        GeneratorError: The module differs.
    """
    line = 1
    parts: list[tuple[int, Part]] = []
    for text in source.split("\n\n\n"):
        try:
            parts.append((line, read(text)))
        except PartError as fault:
            raise _error(path, line + fault.line - 1, fault.what) from None
        line += text.count("\n") + 3
    made = [(words, start + at - 1) for start, part in parts for words, at in part.statements]
    _compare(path, [*_merged(made), ("the end", line)], [*_promised(model), "the end"])
    defined = KNOWN.union(*(part.defined for _, part in parts))
    for start, part in parts:
        for module, dots, name, at in part.imports:
            if dots:
                raise _error(path, start + at - 1, f"imports {name} of another {module}")
        if unknown := sorted(part.used - defined):
            raise _error(path, start, f"uses {', '.join(unknown)}, which it doesn't have")


def _error(path: str, line: int, what: str) -> GeneratorError:
    return GeneratorError(
        f"internal: {path}, line {line}: the module {what}. Nothing was written; please report it, "
        "with the schema"
    )


def _compare(path: str, made: Sequence[tuple[str, int]], promised: Sequence[str]) -> None:
    for (words, line), expected in zip(made, promised, strict=False):
        if words != expected:
            shown = f"{words[:80]!r} where its model has {expected[:80]!r}"
            raise _error(path, line, f"has {shown}")


def _merged(statements: Iterable[tuple[str, int]]) -> Iterator[tuple[str, int]]:
    """Yield *statements* without the validator's functions, with overloads merged into one."""
    for words, same in itertools.groupby(statements, key=lambda one: one[0]):
        if not words.startswith("check "):
            yield words, next(same)[1]


def _promised(model: Model) -> Iterator[str]:
    """Yield the statements that the module of *model* has, except imports."""
    yield "docstring"
    yield f"__all__ = {sorted(face.PUBLIC, key=import_order)!r}"
    types = [choice.name for choice in model.choices] + [name for name, _ in model.classes]
    if types:
        yield f"__all__ += {sorted(types, key=import_order)!r}"
    yield "__dir__ ="
    yield f"MODEL_ID = {model.endpoint.model_id!r}"
    for choice in model.choices:
        yield f"{choice.name} = Literal{_members(choice)}"
    for field in model.input.fields:
        for choice in constants(field.shape):
            listed = choice in model.choices
            members = f"get_args {choice.name}" if listed else _members(choice)
            yield f"{choice_constant(choice)} = {members}"
    for name, record in model.classes:
        yield in_words("class", name, (field.name for field in record.fields))
    fields = [field.name for field in model.input.fields]
    yield in_words("class", "Input", [*fields, "__init__", "fields"])
    yield in_words("class", "Fields", fields)
    if not model.shared_output:
        yield in_words("class", "Output", (field.name for field in model.output.fields))
    yield in_words("def", "_check", fields)
    yield from ["_MEDIA ="] if model.media else []
    yield from _ENDING


def _members(choice: Choice) -> str:
    return repr(choice.members)
