"""A part of a generated module: what it states, and nothing that it may not hold.

Rules:

- An import names what is listed here. What runs while a module is imported is listed here.
- Inside functions stand plain statements over names that the module has. No string is formatted,
  and none is an annotation, which attrs would evaluate.
- Many parts are the same in all modules, so each is read once.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Modules of the client, below its root, and of the standard library, with what is taken of each.
_IMPORTS = {
    "__future__": {"annotations"},
    "collections.abc": {"Callable", "Coroutine", "Mapping"},
    "typing": {
        *("TYPE_CHECKING", "Any", "Final", "Literal", "Required", "TypeAlias", "TypedDict"),
        *("Unpack", "get_args", "overload"),
    },
    "_async": {"AsyncClient", "AsyncJob"},
    "_binding": {"Binding"},
    "_broken": {"any_of", "at", "broken", "missing", "one_of", "refuse", "unknown_name"},
    "_checks": {
        *("as_number", "fits", "given", "is_array", "is_boolean", "is_integer", "is_member"),
        *("is_multiple", "is_number", "is_object", "is_text", "is_unique", "matches", "plain"),
    },
    "_client": {"Client"},
    "_formats": {"has_format"},
    "_jobs.job": {"Job"},
    "_jobs.result": {"Result"},
    "_jobs.states": {"Status"},
    "_media.rules": {"EACH", "MediaField", "MediaReport", "MediaRule"},
    "_media.values": {"Media", "MediaList", "MediaMode", "broken_media", "is_media"},
    "_problem": {"Problem"},
    "_unset": {"UNSET", "Unset"},
}

#: What may be called while a module is imported.
_CALLED_AT_IMPORT = frozenset(
    [
        "Binding",
        "MediaField",
        "MediaRule",
        "attrs.define",
        "attrs.field",
        "attrs.frozen",
        "get_args",
    ]
)

#: What functions may call beside what is imported from the runtime: builtins, and methods.
_BUILTINS = frozenset(
    ["bool", "enumerate", "float", "int", "isinstance", "len", "str", "sum", "type"]
)
_CALLED = frozenset(
    name for module, names in _IMPORTS.items() if module.startswith("_") for name in names
).union(_BUILTINS)
_METHODS = frozenset(["append", "isascii", "items", "run", "submit"])
_TYPES = frozenset(["bool", "dict", "float", "int", "list", "object", "str"])

#: What a module need not define.
KNOWN = _BUILTINS | _TYPES

#: A function of the validator.
_CHECK = re.compile(r"_check(_ref)?_[1-9][0-9]*")

#: What statements and expressions inside a function are made of.
_PLAIN = frozenset(
    [
        *(ast.If, ast.For, ast.Assign, ast.AnnAssign, ast.Expr, ast.Return, ast.Pass),
        *(ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Call, ast.keyword, ast.Subscript, ast.Slice),
        *(ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Dict),
        *(ast.GeneratorExp, ast.comprehension),
    ]
)
_DATA = frozenset([ast.Constant, ast.Tuple, ast.List, ast.Dict, ast.UnaryOp])
_ANNOTATION = frozenset([ast.Name, ast.Subscript, ast.Tuple, ast.List, ast.BinOp])

#: Attributes of nodes that say nothing of what may stand somewhere; most nodes have one.
_SKIPPED = frozenset(["ctx", "op", "ops", "kind", "type_comment"])


class PartError(Exception):
    """What a part must not hold, and on which of its lines that stands."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        self.what = what
        super().__init__(what)


@attrs.frozen
class Part:
    """What is known of a part of a module.

    Attributes:
        statements: Its statements in words, each with its line in the part.
        imports: What it imports, as (module, dots before it, name), with the line.
        defined: The names that it gives the module.
        used: The names that it takes from the module.
    """

    statements: tuple[tuple[str, int], ...]
    imports: tuple[tuple[str, int, str, int], ...]
    defined: frozenset[str]
    used: frozenset[str]


@functools.lru_cache(maxsize=4096)
def read(source: str) -> Part:
    """Read a part of a module.

    Raises:
        PartError: It is not Python, or holds what no module has.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise PartError(error.lineno or 1, f"is not Python: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:  # NUL; brackets without end
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
    """Return a class or a function as its statement's words: ``class Input prompt size``."""
    return " ".join([kind, name, *names])


def _nodes(root: ast.AST) -> list[ast.AST]:
    """Return *root* and all below it; ast.walk does the same, and takes three times as long."""
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


def _dotted(node: ast.expr) -> str:
    """Return the name that *node* is, dots and all; empty if it is none."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name(name), attribute):
            return f"{name}.{attribute}"
        case _:
            return ""


class _Reader:
    """Reads statement by statement; each method takes a node and refuses what it doesn't know."""

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
            case ast.If(ast.Name("TYPE_CHECKING"), body, []):
                for one in body:
                    self._import(one)
            case ast.AnnAssign(
                ast.Name(name), ast.Name("Final" | "TypeAlias"), ast.expr() as value
            ):
                self._say(statement, f"{name} = {self._value(value)}".rstrip())
                self.defined.add(name)
            case ast.Assign([ast.Name(name)], value):
                self._taken(name, value)
                self._say(statement, f"{name} =")
                self.defined.add(name)
            case ast.ClassDef():
                self._class(statement)
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
        """Read a function of the module; return it in words."""
        parameters = self._function(function)
        if function.name == "_check":
            return in_words("def", "_check", parameters)
        if not _CHECK.fullmatch(function.name):
            return f"def {function.name}"
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
        """Read the value of a constant or an alias; return it if it is data."""
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

    def _taken(self, name: str, value: ast.expr) -> None:
        """Read a name that is assigned without an annotation."""
        match value:
            case ast.Attribute(ast.Name("_BINDING"), attribute) if attribute == name:
                self.used.add("_BINDING")
            case ast.List(names) if name == "__all__":
                for one in names:
                    self._data(one)
            case _:
                raise self._fault(value)

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
            elif type(node) not in _ANNOTATION and not _is_none(node):  # a string is evaluated
                raise self._fault(node)

    def _class(self, statement: ast.ClassDef) -> None:
        match statement:
            case ast.ClassDef("Fields", [ast.Name("TypedDict")], [ast.keyword("total")], body, []):
                self.used.add("TypedDict")
            case ast.ClassDef(_, [], [], body, [ast.Call(_, [], [ast.keyword("kw_only")]) as made]):
                self._made_at_import(made)
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
                case ast.If(
                    ast.UnaryOp(ast.Not(), ast.Name("TYPE_CHECKING")),
                    [ast.FunctionDef("__init__") as function],
                    [],
                ):
                    self.used.add("TYPE_CHECKING")
                    names += ["__init__", *self._function(function)[1:-1]]
                case _:
                    raise self._fault(one)
        self._say(statement, in_words("class", statement.name, names))
        self.defined.add(statement.name)

    def _function(self, function: ast.FunctionDef) -> list[str]:
        """Read a function; return the names of its parameters."""
        for decorator in function.decorator_list:
            if not (isinstance(decorator, ast.Name) and decorator.id == "overload"):
                raise self._fault(decorator)
            self.used.add("overload")
        self._annotation(function.returns)
        own = function.args
        last = [own.kwarg] if own.kwarg else []
        parameters = [*own.args, *own.kwonlyargs, *last]
        for one in parameters:
            self._annotation(one.annotation)
        for default in (*own.defaults, *own.kw_defaults):
            if default is not None:
                self._made_at_import(default)
        names = [one.arg for one in parameters]
        if own.posonlyargs or own.vararg:
            raise self._fault(function)
        self._body(function, names)
        return names

    def _body(self, function: ast.FunctionDef, parameters: Sequence[str]) -> None:
        bound, read, called = set(parameters), set[str](), set[str]()
        for node in itertools.chain.from_iterable(map(_nodes, function.body)):
            if type(node) not in _PLAIN:
                raise self._fault(node)
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            elif isinstance(node, ast.Attribute):
                self._attribute(node, function.name)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                called.add(node.func.id)
            elif isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute):
                raise self._fault(node, "calls what has no name")
        for name in sorted(called):
            if name in bound:
                raise self._fault(function, f"calls {name}, which a field hides")
            if not (name in _CALLED or name == "_check" or _CHECK.fullmatch(name)):
                raise self._fault(function, f"calls {name}")
        self.used |= read - bound

    def _attribute(self, node: ast.Attribute, function: str) -> None:
        field = function == "__init__" and isinstance(node.ctx, ast.Store)
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        if not (field and own) and (node.attr not in _METHODS or field):
            raise self._fault(node, f"uses the attribute {node.attr}")
