"""Help for a model's fields: docstrings and signatures that are made from its module.

Each field has one description: the docstring below it in the module's ``Fields``, which editors
show. Python drops such docstrings, so they are read from the module's source. Without the source,
the help shows only a field's name and type.
"""

from __future__ import annotations

import ast
import inspect
import itertools
import sys
import textwrap
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Final, Literal, get_args, get_origin

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

#: The most columns of a line of help.
_WIDTH: Final = 96
#: A mark that stands for a space where a line must not be broken. No shown value contains it.
_NO_BREAK: Final = "\0"

_CLIENT: Final = """\
client: The Client or AsyncClient to submit with. With an AsyncClient, await the call.
value: The input, as an Input or a dict in wire form. Or pass its fields by their names.
"""
_MEDIA: Final = """\
media: What to do about media that are unusable or break a rule: refuse the input ("check"), check
    only local files and fetch no URL ("local"), only warn ("warn"), or check nothing ("skip").
    The default is "check" if the model has rules for media, and "local" otherwise.
"""
_WAIT: Final = """\
timeout: Seconds to wait; None waits without limit. The default is an hour.
on_update: Called with the status whenever it changes.
"""

#: For each function: the first line of its docstring, its options, and what it raises.
_FUNCTIONS: Final = {
    "submit": (
        "Submit a job, once, after its input is checked; it costs money.",
        _MEDIA,
        """\
errors.InvalidInput: The input has problems. Nothing was sent.
errors.ApiError: The API refused the submission. No job was made.
errors.ConnectionFailed: The API could not be reached. Nothing was sent.
errors.SubmissionUncertain: The job may exist, and be billed.
""",
    ),
    "run": (
        "Submit a job and wait for its result; it costs money. Ctrl-C cancels the job.",
        _MEDIA + _WAIT,
        """\
errors.JobFailed: The model failed.
errors.JobCancelled: The job was cancelled elsewhere.
errors.WaitTimeout: The job did not end in time. It goes on, and the error holds it.
errors.RunComfyError: Any error that ``submit`` raises.
""",
    ),
}

_INPUT: Final = """\
A field that is left out is not sent, so the server's default holds.
"""
_INPUT_RAISES: Final = """\
errors.InvalidInput: The input has problems, which ``problems`` lists.
"""

_OPTIONS: Final = {
    "submit": {"media": "MediaMode"},
    "run": {
        "media": "MediaMode",
        "timeout": "float | None",
        "on_update": "Callable[[Status], object] | None",
    },
}


class _Source(str):
    """An annotation that a signature shows without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@attrs.frozen
class _Field:
    """A field of an ``Input``.

    Attributes:
        name: The name in Python.
        type: The type, as the module writes it.
        required: Whether the field is required.
        default: The value of a field that is left out.
        choices: The allowed values, if the type is a list of values; otherwise ().
        words: The description: the schema's words and limits.
    """

    name: str
    type: str
    required: bool
    default: object
    choices: tuple[object, ...]
    words: str

    def parameter(self) -> Parameter:
        """Return the field as a parameter of a signature."""
        default = Parameter.empty if self.required else self.default
        return Parameter(
            self.name, Parameter.KEYWORD_ONLY, default=default, annotation=_Source(self.type)
        )

    def told(self) -> str:
        """Return the field as a paragraph of help."""
        head = f"{self.name}: {self.type}, {'required' if self.required else 'optional'}."
        if self.choices:
            # A line must not be broken inside a value.
            values = (repr(choice).replace(" ", _NO_BREAK) for choice in self.choices)
            head += f" One of {', '.join(values)}."
        return f"{_filled(head)}\n{textwrap.indent(self.words, '    ')}".rstrip()


def function_doc(name: str, input_type: type[attrs.AttrsInstance]) -> str:
    """Return the docstring of a model's ``submit`` or ``run``."""
    first, options, raises = _FUNCTIONS[name]
    return _sections(
        first, {"Args": _CLIENT, "Fields": _told(input_type), "Options": options, "Raises": raises}
    )


def function_signature(name: str, input_type: type[attrs.AttrsInstance], media: str) -> Signature:
    """Return the signature of a model's ``submit`` or ``run``, with the model's fields.

    Args:
        name: ``submit`` or ``run``.
        input_type: The model's ``Input``.
        media: The default of the argument ``media``.
    """
    positional = Parameter.POSITIONAL_OR_KEYWORD
    value = _Source("Input | Mapping[str, object] | None")
    defaults = {"media": media, "timeout": 3600.0, "on_update": None}
    options = (
        Parameter(
            option, Parameter.KEYWORD_ONLY, default=defaults[option], annotation=_Source(type_)
        )
        for option, type_ in _OPTIONS[name].items()
    )
    return Signature(
        [
            Parameter("client", positional, annotation=_Source("Client | AsyncClient")),
            Parameter("value", positional, default=None, annotation=value),
            *(field.parameter() for field in _fields(input_type)),
            *options,
        ]
    )


def input_doc(input_type: type[attrs.AttrsInstance], words: str | None) -> str:
    """Return the docstring of an ``Input``, which begins with *words*, if there are any."""
    first = inspect.cleandoc(words or f"An input of {input_type.__module__}.")
    return _sections(
        f"{first}\n\n{_INPUT.rstrip()}",
        {"Fields": _told(input_type), "Raises": _INPUT_RAISES},
    )


def input_signature(input_type: type[attrs.AttrsInstance]) -> Signature:
    """Return the signature of an ``Input``."""
    return Signature([field.parameter() for field in _fields(input_type)])


def _sections(first: str, sections: dict[str, str]) -> str:
    told = [
        f"{title}:\n{textwrap.indent(text.rstrip(), '    ')}"
        for title, text in sections.items()
        if text
    ]
    return "\n\n".join([first, *told]) + "\n"


def _told(input_type: type[attrs.AttrsInstance]) -> str:
    return "\n".join(field.told() for field in _fields(input_type))


def _filled(text: str) -> str:
    filled = textwrap.fill(
        text, _WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
    )
    return filled.replace(_NO_BREAK, " ")


def _fields(input_type: type[attrs.AttrsInstance]) -> Iterator[_Field]:
    """Yield the fields of an ``Input`` in their order, in which the required ones come first."""
    module = sys.modules[input_type.__module__]
    words = _words(module)
    for field in attrs.fields(input_type):
        required = field.default is attrs.NOTHING
        written = str(input_type.__annotations__[field.name])
        yield _Field(
            field.name,
            written,
            required,
            field.default,
            _choices(module, written),
            words.get(field.name, ""),
        )


def _choices(module: ModuleType, written: str) -> tuple[object, ...]:
    """Return the allowed values, if a type names a Literal of the module; otherwise ()."""
    names = (node.id for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Name))
    for name in names:
        alias = getattr(module, name, None)
        if get_origin(alias) is Literal:
            return get_args(alias)
    return ()


def _words(module: ModuleType) -> dict[str, str]:
    """Return the docstring below each field of a module's ``Fields``."""
    try:
        source = inspect.getsource(module)
    except (OSError, TypeError):
        return {}
    for statement in ast.parse(source).body:
        match statement:
            case ast.ClassDef("Fields", body=body):
                return {
                    name: inspect.cleandoc(words)
                    for one, other in itertools.pairwise(body)
                    for name, words in _documented(one, other)
                }
            case _:
                pass
    return {}


def _documented(statement: ast.stmt, following: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield the name that *statement* declares and the docstring that follows, if there is one."""
    match statement, following:
        case ast.AnnAssign(ast.Name(name)), ast.Expr(ast.Constant(str(words))):
            yield name, words
        case _:
            pass
