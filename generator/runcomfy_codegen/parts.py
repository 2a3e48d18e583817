"""Read a part of a generated module into words, and refuse code that no module may contain.

Rules:

- A module imports only names that are listed here, and only calls that are listed here run during
  its import.
- Functions contain plain statements over names that the module has. No string is formatted, and
  no string is an annotation, because attrs would evaluate it.
- Many parts are the same in all modules, so the result for each is cached.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
import types
from typing import TYPE_CHECKING

import attrs

from . import face

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: The modules that may be imported from, and the names. Only one of them belongs to the client.
_IMPORTS = {**face.STANDARD, "runcomfy_core.generated": face.RUNTIME}

#: Functions that may be called while a module is imported.
_CALLED_AT_IMPORT = face.MADE | {"attrs.define", "attrs.field", "attrs.frozen", "get_args"}

#: Functions that may be called inside functions, in addition to some methods.
_CALLED = face.CHECKS | face.BUILTINS | face.BUILTINS_APART
_METHODS = frozenset(["append", "isascii", "items"])

#: Names that a module uses without defining them.
KNOWN = face.BUILTINS | face.BUILTINS_APART | face.PLAIN_TYPES

#: Assignments that take attributes of the model, or of the list of public names.
_TAKEN = {
    "submit run map": ("_MODEL", ["submit", "run", "map"]),
    "job validate check_media": ("_MODEL", ["job", "validate", "check_media"]),
    "json_schema tool": ("_MODEL", ["json_schema", "tool"]),
    "__dir__": ("__all__", ["copy"]),
}
#: Functions that exist only for their signature, and have no body.
_SIGNATURES = frozenset(["_run", "_submit"])
#: Classes that inherit from ``Fields`` and from a class of options.
_COMBINED = {"_RunFields": "RunOptions", "_SubmitFields": "MediaOptions"}

#: Classes with a base class, which comes from the runtime.
_BASES = {"Input": ["BaseInput"]}

#: The name of a function of the validator.
_CHECK = re.compile(r"_check(_ref)?_[1-9][0-9]*")

#: The kinds of node that a function may contain.
_PLAIN = frozenset(
    [
        *(ast.If, ast.For, ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.Pass),
        *(ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Call, ast.keyword, ast.Subscript, ast.Slice),
        *(ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Dict),
        *(ast.GeneratorExp, ast.comprehension, ast.IfExp),
    ]
)
_DATA = frozenset([ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.UnaryOp])
_ANNOTATION = frozenset([ast.Name, ast.Subscript, ast.Tuple, ast.List, ast.BinOp])

#: Attributes of nodes that need no check.
_SKIPPED = frozenset(["ctx", "op", "ops", "kind", "type_comment"])


class PartError(Exception):
    """A part contains something that is not allowed; the error says what, and on which line."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        self.what = what
        super().__init__(what)


@attrs.frozen
class Part:
    """A part of a module, as it was read.

    Attributes:
        statements: The statements in words, each with its line in the part.
        imports: The imports as (module, number of leading dots, name), each with its line.
        defined: The names that the part defines in the module.
        used: The module's names that the part uses.
    """

    statements: tuple[tuple[str, int], ...]
    imports: tuple[tuple[str, int, str, int], ...]
    defined: frozenset[str]
    used: frozenset[str]


@functools.lru_cache(maxsize=4096)
def read(source: str) -> Part:
    """Read a part of a module.

    Raises:
        PartError: The part is not valid Python, or contains something that no module has.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PartError(error.lineno or 1, f"is not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # a NUL character; endless brackets
        raise PartError(1, f"is not Python: {error}") from None
    reader = _Reader()
    for statement in tree.body:
        reader.read(statement)
    return Part(
        tuple(reader.statements),
        tuple(reader.imports),
        frozenset(reader.defined),
        frozenset(reader.used),
    )


def in_words(kind: str, name: str, names: Iterable[str]) -> str:
    """Return the words for a class or function: ``class Input prompt size``."""
    return " ".join([kind, name, *names])


def _nodes(root: ast.AST) -> list[ast.AST]:
    """Return *root* and all nodes below it; ast.walk would take three times as long."""
    found = [root]
    for node in found:
        for name in node._fields:
            if name in _SKIPPED:
                continue
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                found.append(value)
            elif isinstance(value, list):
                found += [one for one in value if isinstance(one, ast.AST)]
    return found


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _does_nothing(body: list[ast.stmt]) -> bool:
    """Tell whether the body of a class or function is only an ellipsis or a docstring."""
    match body:
        case [ast.Expr(ast.Constant(str() | types.EllipsisType()))]:
            return True
        case _:
            return False


def _dotted(node: ast.expr) -> str:
    """Return the dotted name that *node* is; an empty string if it is not a name."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(name), attribute):
            return f"{name}.{attribute}"
        case _:
            return ""


class _Reader:
    """A reader of statements; each method takes a node and refuses what it doesn't know."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, int]] = []
        self.imports: list[tuple[str, int, str, int]] = []
        self.defined: set[str] = set()
        self.used: set[str] = set()

    def read(self, statement: ast.stmt) -> None:
        """Read a statement of the module itself."""
        match statement:
            case ast.Expr(ast.Constant(str())):
                self._say(statement, "docstring")
            case ast.Import([ast.alias("attrs", None)]):
                self.defined.add("attrs")
            case ast.ImportFrom():
                self._import(statement)
            case ast.AnnAssign(
                ast.Name(name), ast.Name("Final" | "TypeAlias"), ast.expr() as value
            ):
                self._say(statement, f"{name} = {self._value(value)}".rstrip())
                self.defined.add(name)
            case ast.AugAssign(ast.Name("__all__"), ast.Add(), value):
                self._say(statement, f"__all__ += {self._data(value)}")
            case ast.Assign([target], value):
                self._assigned(statement, target, value)
            case ast.ClassDef():
                self._class(statement)
            case ast.FunctionDef(name) if name in _SIGNATURES:
                self._signature(statement)
            case ast.FunctionDef():
                self._say(statement, self._head(statement))
                self.defined.add(statement.name)
            case _:
                raise self._fault(statement)

    def _say(self, node: ast.stmt, words: str) -> None:
        self.statements.append((words, node.lineno))

    def _fault(self, node: ast.AST, what: str = "") -> PartError:
        line: int = getattr(node, "lineno", 1)
        return PartError(line, what or f"holds {type(node).__name__} where none may stand")

    def _head(self, function: ast.FunctionDef) -> str:
        """Read a function at the module's top level; return its words."""
        parameters = self._function(function)
        if function.name == "_check":
            return in_words("def", "_check", parameters)
        if not _CHECK.fullmatch(function.name):
            raise self._fault(function, f"has a function {function.name}")
        if parameters != ["value", "path", "problems"]:
            raise self._fault(function, f"has {function.name} of other parameters")
        return f"check {function.name}"

    def _import(self, statement: ast.stmt) -> None:
        match statement:
            case ast.ImportFrom(str(module), names, int(dots)):
                for one in names:
                    if one.asname or one.name not in _IMPORTS.get(module, ()):
                        raise self._fault(statement, f"imports {one.name} of {module}")
                    self.imports.append((module, dots, one.name, statement.lineno))
                    self.defined.add(one.name)
            case _:
                raise self._fault(statement)

    def _value(self, value: ast.expr) -> str:
        """Read the value of a constant or an alias; return its words if it is data."""
        match value:
            case ast.Subscript(ast.Name("Literal"), members):
                self.used.add("Literal")
                listed = members if isinstance(members, ast.Tuple) else ast.Tuple([members])
                return f"Literal{self._data(listed)}"
            case ast.Call(ast.Name("get_args"), [ast.Name(name)], []):
                self.used |= {"get_args", name}
                return f"get_args {name}"
            case ast.Call() | ast.Tuple([ast.Call(), *_]):
                self._made_at_import(value)
                return ""
            case _:
                return self._data(value)

    def _data(self, value: ast.expr) -> str:
        for node in _nodes(value):
            if type(node) not in _DATA:
                raise self._fault(node)
        return repr(ast.literal_eval(value))

    def _assigned(self, statement: ast.Assign, target: ast.expr, value: ast.expr) -> None:
        """Read an assignment: the list of public names, or attributes that become names."""
        if _dotted(target) == "__all__":
            self._say(statement, f"__all__ = {self._data(value)}")
            self.defined.add("__all__")
            return
        names = " ".join(node.id for node in _nodes(target) if isinstance(node, ast.Name))
        source, attributes = _TAKEN.get(names, ("", []))
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        if [_dotted(one) for one in values] != [f"{source}.{one}" for one in attributes]:
            raise self._fault(value)
        self._say(statement, f"{names} =")
        self.defined |= set(names.split())
        self.used.add(source)

    def _signature(self, function: ast.FunctionDef) -> None:
        """Read a function without a body: an overload, or the implementation of overloads."""
        overloads = [ast.unparse(one) for one in function.decorator_list]
        if overloads not in ([], ["overload"]) or not _does_nothing(function.body):
            raise self._fault(function)
        self.used |= set(overloads)
        self._parameters(function)
        self._say(function, f"def {function.name}")
        self.defined.add(function.name)

    def _made_at_import(self, value: ast.expr) -> None:
        """Read an expression that is evaluated while the module is imported."""
        for node in _nodes(value):
            if isinstance(node, ast.Call):
                if (called := _dotted(node.func)) not in _CALLED_AT_IMPORT:
                    raise self._fault(node, f"calls {called or 'something'} while it is imported")
            elif isinstance(node, ast.Name):
                self.used.add(node.id)
            elif isinstance(node, ast.Attribute):
                if _dotted(node) not in _CALLED_AT_IMPORT:
                    raise self._fault(node, f"uses the attribute {node.attr}")
            elif type(node) not in _DATA and not isinstance(node, ast.keyword):
                raise self._fault(node)

    def _annotation(self, annotation: ast.expr | None) -> None:
        for node in _nodes(annotation) if annotation else ():
            if isinstance(node, ast.Name):
                self.used.add(node.id)
            elif type(node) not in _ANNOTATION and not _is_none(node):  # attrs would run it
                raise self._fault(node)

    def _class(self, statement: ast.ClassDef) -> None:
        match statement:
            case ast.ClassDef(name, [ast.Name("Fields"), ast.Name(options)], [], body, []) if (
                _COMBINED.get(name) == options and _does_nothing(body)
            ):
                self.used |= {"Fields", options}
                body = []
            case ast.ClassDef("Fields", [ast.Name("TypedDict")], [ast.keyword("total")], body, []):
                self.used.add("TypedDict")
            case ast.ClassDef(
                name, bases, [], body, [ast.Call(_, [], [ast.keyword("kw_only")]) as made]
            ) if [_dotted(base) for base in bases] == _BASES.get(name, []):
                self._made_at_import(made)
                self.used |= {*_BASES.get(name, [])}
            case _:
                raise self._fault(statement)
        names: list[str] = []
        for one in body:
            match one:
                case ast.Expr(ast.Constant(str())):
                    pass
                case ast.AnnAssign(ast.Name(name), annotation, value):
                    names.append(name)
                    self._annotation(annotation)
                    if value is not None:
                        self._made_at_import(value)
                case ast.FunctionDef("__init__", decorator_list=[], body=body) if _does_nothing(
                    body
                ):
                    names += ["__init__", *self._parameters(one)[1:]]
                case _:
                    raise self._fault(one)
        self._say(statement, in_words("class", statement.name, names))
        self.defined.add(statement.name)

    def _function(self, function: ast.FunctionDef) -> list[str]:
        """Read a function of the validator; return the names of its parameters."""
        for decorator in function.decorator_list:
            raise self._fault(decorator)
        own = function.args
        if own.kwarg or own.vararg or own.kwonlyargs or own.defaults:
            raise self._fault(function)
        names = self._parameters(function)
        self._body(function, names)
        return names

    def _parameters(self, function: ast.FunctionDef) -> list[str]:
        """Read the signature of a function; return the names of its parameters."""
        self._annotation(function.returns)
        own = function.args
        parameters = [*own.args, *own.kwonlyargs, *filter(None, [own.vararg, own.kwarg])]
        for one in parameters:
            self._annotation(one.annotation)
        for default in (*own.defaults, *own.kw_defaults):
            if default is not None:
                self._made_at_import(default)
        if own.posonlyargs:
            raise self._fault(function)
        return [one.arg for one in parameters]

    def _body(self, function: ast.FunctionDef, parameters: Sequence[str]) -> None:
        bound, read, called = set(parameters), set[str](), set[str]()
        for node in itertools.chain.from_iterable(map(_nodes, function.body)):
            if type(node) not in _PLAIN:
                raise self._fault(node)
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            elif isinstance(node, ast.Attribute):
                self._attribute(node)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called.add(node.func.id)
            elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
                raise self._fault(node, "calls what has no name")
        for name in sorted(called):
            if name in bound:
                raise self._fault(function, f"calls {name}, which a field hides")
            if not (name in _CALLED or _CHECK.fullmatch(name)):
                raise self._fault(function, f"calls {name}")
        self.used |= read - bound

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr not in _METHODS or not isinstance(node.ctx, ast.Load):
            raise self._fault(node, f"uses the attribute {node.attr}")
