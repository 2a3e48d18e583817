"""The command ``runcomfy-codegen``, and the only printer."""

from __future__ import annotations

import argparse
import keyword
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GeneratorError, SchemaError
from .output import compare, write
from .pipeline import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .pipeline import Build


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 when all is well, 1 when not, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        made = build(options.schemas, options.package, strict=options.strict)
        _warn(made)
        code: int = options.command(made, options.out)
    except SchemaError as error:
        for finding in error.findings:
            print(finding, file=sys.stderr)
        count = len(error.findings)
        print(f"{count} error{'s' if count != 1 else ''}; nothing was written", file=sys.stderr)
        return 1
    except GeneratorError as error:
        print(error, file=sys.stderr)
        return 1
    return code


def _generate(made: Build, out: Path) -> int:
    changed = write(made.files, out)
    removed = sum(one.kind == "orphan" for one in changed)
    written = len(changed) - removed
    unchanged = len(made.files) - written
    gone = f", {removed} removed" if removed else ""
    print(f"{out.as_posix()}: {written} files written, {unchanged} unchanged{gone}")
    return 0


def _check(made: Build, out: Path) -> int:
    differences = compare(made.files, out)
    for one in differences:
        print(f"{(out / one.path).as_posix()}: {one.kind}", file=sys.stderr)
    if differences:
        print("run 'runcomfy-codegen generate' (make generate) and commit", file=sys.stderr)
        return 1
    print(f"{out.as_posix()}: {len(made.files)} files, all as the schemas say")
    return 0


def _warn(made: Build) -> None:
    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="runcomfy-codegen", description="Turn RunComfy model schemas into a Python client."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, words in (
        ("generate", _generate, "write the client, where it differs from what the schemas give"),
        ("check", _check, "write nothing; exit with 1 if generate would"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(command=run)
        command.add_argument(
            "--schemas", type=Path, default=Path("schemas"), metavar="DIR", help="default: schemas"
        )
        command.add_argument(
            "--out", type=Path, default=Path("generated"), metavar="DIR", help="default: generated"
        )
        command.add_argument(
            "--package", type=_package, default="runcomfy", metavar="NAME", help="default: runcomfy"
        )
        command.add_argument("--strict", action="store_true", help="treat warnings as errors")
    return parser


def _package(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise argparse.ArgumentTypeError(f"{name!r} is not a Python name")
    return name
