"""What can be wrong with the input, and where.

Rules:

- Everything wrong is reported in one run: passes collect into :class:`Diagnostics` and go on.
- A finding names its place as ``file#/json/pointer``, what is wrong, and what to do.
- What a run with nothing to do imports, here and elsewhere, does without attrs: to import that
  would be half of such a run.
"""

from __future__ import annotations

from typing import NamedTuple


class GeneratorError(Exception):
    """The base of every error that the generator raises on purpose."""


class Finding(NamedTuple):
    """One thing wrong at one place of one file.

    Attributes:
        file: The file as the user named it, with forward slashes.
        pointer: A JSON pointer (RFC 6901) into it; empty for the whole file.
        message: What is wrong and what to do about it.
    """

    file: str
    pointer: str
    message: str

    def __str__(self) -> str:
        """Return one line; what a schema put in that doesn't print, down to escapes, is escaped."""
        line = f"{self.file}#{self.pointer}: {self.message}"
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


class SchemaError(GeneratorError):
    """The schemas hold errors; nothing was written.

    Attributes:
        findings: All of them, sorted by place.
    """

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def not_installed(extra: str, missing: str) -> GeneratorError:
    """Return the error that *missing*, which comes with the *extra*, can't be had."""
    return GeneratorError(
        f"the extra {extra!r} is not installed ({missing} is missing): "
        f"pip install 'runcomfy-models[{extra}]', or '.[{extra}]' in a clone"
    )


class Diagnostics:
    """What the passes have found so far.

    Attributes:
        errors: What ends the run.
        warnings: What is doubtful but harmless.
    """

    def __init__(self) -> None:
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []

    def error(self, file: str, pointer: str, message: str) -> None:
        """Note an error; the run goes on, but ends before anything is written."""
        self.errors.append(Finding(file, pointer, message))

    def warn(self, file: str, pointer: str, message: str) -> None:
        """Note what is doubtful but harmless."""
        self.warnings.append(Finding(file, pointer, message))

    def finish(self, *, strict: bool = False) -> tuple[Finding, ...]:
        """Return the warnings, sorted.

        Args:
            strict: Treat warnings as errors.

        Raises:
            SchemaError: Anything is wrong.
        """
        errors = self.errors + self.warnings if strict else self.errors
        if errors:
            raise SchemaError(errors)
        return tuple(sorted(self.warnings))
