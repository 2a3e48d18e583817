"""Help for a model's fields: docstrings and signatures, made of what its module says.

The words of a field stand once, as the docstring below it in the module's ``Fields``, which editors
show. Python drops such a docstring, so they are read from the module's source; where there is none,
a field is told by its name and its type alone.
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

#: Columns of a line of help.
_WIDTH: Final = 96
#: Stands for a space where no line may end; no value is shown with one.
_NO_BREAK: Final = "\0"

_CLIENT: Final = """\
client: The Client or AsyncClient to submit with; what an AsyncClient gives is awaited.
value: The input, as an Input or a dict in wire form. Or pass its fields by their names.
"""
_MEDIA: Final = """\
media: What to do about media that are no use or break a rule: refuse the input ("check"), do so
    for files of this machine and fetch no URL ("local"), warn ("warn"), or don't look ("skip").
    By default "check" where the model has rules for media, else "local".
"""
_WAIT: Final = """\
timeout: Seconds to wait; None waits without limit.
on_update: Called with the status whenever it changes.
"""

#: For each function: its first line, its options and what it raises.
_FUNCTIONS: Final = {
    "submit": (
        "Submit a job, once, after its input is checked; it costs money.",
        _MEDIA,
        """\
errors.InvalidInput: The input is unsound; nothing was sent.
errors.ApiError: The API refused; no job was made.
errors.ConnectionFailed: The API could not be reached; nothing was sent.
errors.SubmissionUncertain: The job may exist, and be billed.
""",
    ),
    "run": (
        "Submit a job and wait for its result; it costs money. Ctrl-C cancels the job.",
        _MEDIA + _WAIT,
        """\
errors.JobFailed: The model failed.
errors.JobCancelled: The job was cancelled elsewhere.
errors.WaitTimeout: It was not over in time; it goes on, and the error carries it.
errors.RunComfyError: What ``submit`` raises.
""",
    ),
}

_INPUT: Final = """\
A field that is left out is not sent: the server's default holds.
"""
_INPUT_RAISES: Final = """\
errors.InvalidInput: Anything is wrong with it; ``problems`` lists all.
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
    """An annotation, which a signature shows as it is written."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@attrs.frozen
class _Field:
    """What is known of a field.

    Attributes:
        name: Its name in Python.
        type: Its type, as the module writes it.
        required: Whether it must be given.
        default: What it holds when it is left out.
        choices: What it may be, where its type names a list of values.
        words: What the schema says of it, and its limits.
    """

    name: str
    type: str
    required: bool
    default: object
    choices: tuple[object, ...]
    words: str

    def parameter(self) -> Parameter:
        """Return it as an argument."""
        default = Parameter.empty if self.required else self.default
        return Parameter(
            self.name, Parameter.KEYWORD_ONLY, default=default, annotation=_Source(self.type)
        )

    def told(self) -> str:
        """Return it as a paragraph of help."""
        head = f"{self.name}: {self.type}, {'required' if self.required else 'optional'}."
        if self.choices:
            # A value stays on one line.
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
        name: Which of them.
        input_type: The model's ``Input``.
        media: What is done about media where the caller says nothing.
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
    """Return the docstring of an ``Input``, which says *words* of its own."""
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
    """Yield the fields of an ``Input``, in their order: the required ones come first."""
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
    """Return what the list of values has that a type names, if it names one."""
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
    """Yield the name that *statement* declares with the docstring that follows, if one does."""
    match statement, following:
        case ast.AnnAssign(ast.Name(name)), ast.Expr(ast.Constant(str(words))):
            yield name, words
        case _:
            pass
