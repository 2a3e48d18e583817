from __future__ import annotations

import pytest

from runcomfy_codegen.parts import PartError, in_words, read

IMPORTS = """\
from __future__ import annotations

from typing import Final

from runcomfy_core.generated import Model
"""

CLASS = '''\
@attrs.define(kw_only=True)
class Lens:
    """A lens."""

    kind: str
    size: int | None = None
'''


def test_what_a_part_imports() -> None:
    part = read(IMPORTS)
    assert part.statements == ()
    assert part.imports == (
        ("__future__", 0, "annotations", 1),
        ("typing", 0, "Final", 3),
        ("runcomfy_core.generated", 0, "Model", 5),
    )
    assert part.defined == {"annotations", "Final", "Model"}


def test_what_a_part_defines_and_uses() -> None:
    part = read(CLASS)
    # A decorated class stands where its name does.
    assert part.statements == ((in_words("class", "Lens", ["kind", "size"]), 2),)
    assert part.defined == {"Lens"}
    assert part.used == {"attrs", "int", "str"}


def test_a_part_that_many_modules_have_is_read_once() -> None:
    assert read(CLASS) is read("".join(CLASS))


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("MODEL_ID: Final = 'a'\nimport os\n", 2, "holds Import where none may stand"),
        ("from os import system\n", 1, "imports system of os"),
        ("X: Final = eval('1')\n", 1, "calls eval while it is imported"),
        ("def _check():\n    exec('1')\n", 1, "calls exec"),
        ("def _check():\n    return f'{x}'\n", 2, "holds JoinedStr where none may stand"),
        ("def other():\n    return x\n", 1, "has a function other"),
        ("def _run():\n    return x\n", 1, "holds FunctionDef where none may stand"),
        ("def submit(:\n", 1, "is not Python: invalid syntax"),
        ("\0", 1, "is not Python: source code string cannot contain null bytes"),
    ],
)
def test_what_no_part_may_hold(source: str, line: int, what: str) -> None:
    with pytest.raises(PartError) as caught:
        read(source)
    assert caught.value.line == line
    assert caught.value.what == what
