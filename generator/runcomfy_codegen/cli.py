"""The command ``runcomfy-codegen``. No other module of the generator prints."""

from __future__ import annotations

import argparse
import functools
import keyword
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import console
from .errors import Diagnostics, GeneratorError, SchemaError, not_installed
from .glossary import Glossary
from .load import GLOSSARY, folder_fault, load
from .manifest import manifest_file, noted_digests
from .names import DEVICES, LONGEST
from .output import compare, refusals, write
from .pipeline import build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .catalog import Progress
    from .pipeline import Build
    from .refresh import Refresh


# The exit codes as --help lists them. README ("Exit codes") explains them in full.
_CODES = (
    "exit codes: 0 all is well; 1 something in the schemas is wrong, differs or was refused (or "
    "breaking, with diff --fail-on); 2 wrong usage, or the command failed; 130 after Ctrl-C; "
    "141 if nobody reads the output any more"
)

# Packages that the generated client imports. A client with one of these names would hide it.
_IMPORTED = {"attr", "attrs", "cattrs", "runcomfy_core", "urllib3"}

# The defaults of the options that generate and check share.
_DEFAULTS = {"schemas": "schemas", "out": "generated", "package": "runcomfy"}

# The output formats of diff. runcomfy_codegen.diff.formats has a function for each.
_FORMATS = ("text", "json", "markdown")

# The width that argparse uses where there is no terminal.
_HELP_WIDTH = 78

_CLEAR_LINE = "\r\x1b[K"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code, which is one of those in :data:`_CODES`."""
    return console.run(lambda: _main(arguments))


def _main(arguments: Sequence[str] | None) -> int:
    options = _parser().parse_args(arguments)
    # With --fail-on, code 1 means that a breaking change was found, so a failure has another code.
    failed = console.FAILED if getattr(options, "fail_on", None) else 1
    try:
        code: int = options.command(options)
    except SchemaError as error:
        for finding in error.findings:
            print(finding, file=sys.stderr)
        count = len(error.findings)
        nothing = "; nothing was written" if options.command is _generate else ""
        print(f"{_counted(count, 'error')}{nothing}", file=sys.stderr)
        return failed
    except GeneratorError as error:
        print(error, file=sys.stderr)
        return failed
    return code


def _generate(options: argparse.Namespace) -> int:
    made, out = _build(options), options.out
    manifest = manifest_file(out, options.package)
    changed = write(made.files, out, made.kept, lambda: noted_digests(manifest))
    made.manifest.write(manifest)
    removed = sum(one.kind == "orphan" for one in changed)
    written = len(changed) - removed
    unchanged = len(made.files) - written
    gone = f", {removed} removed" if removed else ""
    for one in changed:
        if one.kind == "orphan":
            print(f"removed {(out / one.path).as_posix()}, which no schema gives")
    print(f"{out.as_posix()}: {_counted(written, 'file')} written, {unchanged} unchanged{gone}")
    if options.project:
        # Here and not above: few runs write a project, and it loads the templates.
        from .project import write_project  # noqa: PLC0415

        for file in write_project(out, options.package, made.manifest.entries):
            print(f"wrote {file.as_posix()}")
    return 0


def _check(options: argparse.Namespace) -> int:
    made, out = _build(options), options.out
    if not (out / options.package).is_dir():
        raise GeneratorError(f"{(out / options.package).as_posix()}: there is no such package")
    manifest = manifest_file(out, options.package)
    differences = compare(made.files, out, made.kept, lambda: noted_digests(manifest))
    for one in differences:
        if not one.is_refused:
            print(f"{(out / one.path).as_posix()}: {one.kind}", file=sys.stderr)
    for refused in refusals(differences, made.files, out):
        print(refused, file=sys.stderr)
    if not all(one.is_refused for one in differences):
        step = _next_step(options)
        make = " (make generate)" if step == _next_step() else ""
        print(f"{step}{make} and commit", file=sys.stderr)
    _list_wordless(made.wordless, options.schemas)
    if differences:
        return 1
    print(f"{out.as_posix()}: {_counted(len(made.files), 'file')}, all as the schemas say")
    return 0


def _list_wordless(wordless: Mapping[str, Sequence[str]], schemas: Path) -> None:
    """List the fields that have no words. They are no fault: the client works without."""
    for name, models in sorted(wordless.items()):
        others = f" and {_counted(len(models) - 1, 'other model')}" if len(models) > 1 else ""
        print(f"no words: {name} ({models[0]}{others})")
    if wordless:
        count = _counted(len(wordless), "field name")
        print(f"{count} without words; describe them in {(schemas / GLOSSARY).as_posix()}")


def _build(options: argparse.Namespace) -> Build:
    made = build(options.schemas, options.package, options.out, strict=options.strict)
    for warning in made.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return made


def _pull(options: argparse.Namespace) -> int:
    try:
        # Imported here because these load HTTP and the parser, and generate often needs neither.
        from . import catalog, refresh, swap  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise not_installed("codegen", str(error.name)) from None
    try:
        entries = catalog.fetch(_show_progress if sys.stderr.isatty() else lambda _: None)
    finally:
        if sys.stderr.isatty():
            print(end=_CLEAR_LINE, file=sys.stderr)
    schemas = options.schemas.as_posix()
    with swap.claim(options.schemas) as root:
        new = not root.exists()
        done = refresh.compare(
            root,
            options.schemas,
            entries,
            prune=options.prune,
            with_descriptions=options.with_descriptions,
        )
        if done.writes or done.removals:
            swap.replace(root, done.writes, done.removals)
    if new and done.writes:
        print(f"{schemas}: a new folder, without overlays")
    _report(done, schemas)
    if done.added:
        _list_lacking(options.schemas, done.added)
    if done.writes or done.removals:
        print(_next_step(options))
    return 1 if done.refused else 0


def _list_lacking(schemas: Path, added: Sequence[str]) -> None:
    """List the fields of the models that were *added* for which the glossary has no words."""
    diagnostics = Diagnostics()  # whatever is wrong with other files, generate will say
    glossary = Glossary.read(schemas, diagnostics)
    if not glossary.entries:  # a folder that keeps none
        return
    new = [one for one in load(schemas, diagnostics) if one.model_id in added]
    if missing := glossary.missing(new):
        print(f"{(schemas / GLOSSARY).as_posix()} has no words for: {', '.join(sorted(missing))}")


def _diff(options: argparse.Namespace) -> int:
    given = options.old is not None and options.new is not None
    if options.git is None and (not given or options.schemas is not None):
        options.wrong("name two folders, OLD and NEW, or a revision with --git")
    if options.git is not None and options.old is not None:
        options.wrong("--git compares one folder with its own past; name it with --schemas")
    # Imported here so that generate and check stay fast when there is nothing to do.
    from .diff import compare as trees  # noqa: PLC0415
    from .diff import formats  # noqa: PLC0415

    for folder in (options.old, options.new):
        if given and (fault := folder_fault(folder)):
            raise GeneratorError(fault)
    diagnostics = Diagnostics()
    new = options.new if given else options.schemas or Path(_DEFAULTS["schemas"])
    after = trees.read(new, diagnostics)
    if given:
        before = trees.read(options.old, diagnostics)
    else:
        before = trees.read_revision(new, options.git, diagnostics)
    diagnostics.finish()
    changes = trees.compare(before, after)
    print(formats.FORMATS[options.format](changes))
    return int(any(change.kind == options.fail_on for change in changes))


def _show_progress(progress: Progress) -> None:
    words = f"page {progress.page} of {progress.pages}"
    models = f"{progress.models} of {_counted(progress.total, 'model')}"
    print(f"{_CLEAR_LINE}{words}, {models}", end="", file=sys.stderr, flush=True)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _next_step(options: argparse.Namespace | None = None) -> str:
    """Return the ``generate`` command to run next, with those of *options* that aren't defaults."""
    # Imported here because a run with nothing to do doesn't need it.
    import shlex  # noqa: PLC0415

    command = ["runcomfy-codegen", "generate"]
    for name, default in _DEFAULTS.items():
        given = str(getattr(options, name, default))
        if given != default:
            command += [f"--{name}", given]
    return f"run '{shlex.join(command)}'"


def _report(done: Refresh, schemas: str) -> None:
    for finding in done.findings:
        print(finding, file=sys.stderr)
    for model_id in done.added:
        print(f"added: {model_id}")
    for model_id in done.changed:
        print(f"changed: {model_id}")
    for model_id in done.gone:
        print(f"gone: {model_id}{'' if done.removals else ' (stays until --prune)'}")
    for path in done.removals:
        print(f"removed: {schemas}/{path}")
    counts = {
        "added": len(done.added),
        "changed": len(done.changed),
        "gone": len(done.gone),
        "unchanged": done.unchanged,
    }
    rare = {"refused": done.refused, "not of kind model": done.left_out}
    counts |= {what: count for what, count in rare.items() if count}
    print(f"{schemas}: {', '.join(f'{count} {what}' for what, count in counts.items())}")


class _Parser(argparse.ArgumentParser):
    """A parser whose help has a fixed width.

    Asking the terminal for its width makes argparse import modules, which would take a tenth of a
    run that has nothing to do.
    """

    def __init__(self, **options: Any) -> None:
        width = functools.partial(argparse.HelpFormatter, width=_HELP_WIDTH)
        super().__init__(formatter_class=width, **options)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="runcomfy-codegen",
        description="Turn RunComfy model schemas into a Python client.",
        epilog=_CODES,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, words in (
        ("generate", _generate, "write the client, where it differs from what the schemas give"),
        ("check", _check, "write nothing; exit with 1 if generate would"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(command=run)
        _add_option(command, "schemas", Path, "DIR")
        _add_option(command, "out", Path, "DIR")
        _add_option(command, "package", _package, "NAME")
        command.add_argument("--strict", action="store_true", help="treat warnings as errors")
    words = "write a pyproject.toml and a README beside the package, where they are missing"
    commands.choices["generate"].add_argument("--project", action="store_true", help=words)
    words = "refresh the schemas from the API's catalog; it needs a token, as the client does"
    command = commands.add_parser("pull", help=words, description=words)
    command.set_defaults(command=_pull)
    _add_option(command, "schemas", Path, "DIR")
    command.add_argument(
        "--prune", action="store_true", help="remove models that the catalog has no more"
    )
    command.add_argument(
        "--with-descriptions", action="store_true", help="keep descriptions, not just facts"
    )
    words = "say what changed between two schema folders, and what it does to callers"
    command = commands.add_parser("diff", help=words, description=words)
    command.set_defaults(command=_diff, wrong=command.error)
    command.add_argument("old", type=Path, nargs="?", metavar="OLD", help="the folder before")
    command.add_argument("new", type=Path, nargs="?", metavar="NEW", help="the folder after")
    command.add_argument(
        "--git", metavar="REV", help="compare the folder --schemas with itself at this revision"
    )
    command.add_argument("--schemas", type=Path, metavar="DIR", help="default: schemas")
    command.add_argument("--format", choices=_FORMATS, default="text", help="default: text")
    command.add_argument(
        "--fail-on",
        choices=["breaking"],
        help="exit with 1 if there is a breaking change, and with 2 if there is no comparison",
    )
    return parser


def _add_option(
    command: argparse.ArgumentParser, name: str, kind: Callable[[str], object], metavar: str
) -> None:
    default = _DEFAULTS[name]
    words = f"default: {default}"
    # argparse converts a default that is a string with the option's type, as if it had been typed.
    command.add_argument(f"--{name}", type=kind, default=default, metavar=metavar, help=words)


def _package(name: str) -> str:
    # Python normalises identifiers (NFKC), so a name in another form could not be imported.
    written = unicodedata.normalize("NFKC", name)
    if not name.isidentifier() or keyword.iskeyword(name) or written != name or "__" in name:
        raise argparse.ArgumentTypeError(f"{name!r} is not a Python name for a package")
    if len(name) > LONGEST:
        raise argparse.ArgumentTypeError(f"a name of more than {LONGEST} characters")
    if name.lower() in DEVICES:
        raise argparse.ArgumentTypeError(f"{name!r} can't be stored on Windows: it is a device")
    if name in sys.stdlib_module_names | _IMPORTED:
        raise argparse.ArgumentTypeError(f"{name!r} would hide a package that the client imports")
    return name
