"""The generator's errors, and the findings about schemas.

Rules:

- One run reports everything that is wrong: passes collect findings in :class:`Diagnostics` and go
  on.
- A finding says where (``file#/json/pointer``), what is wrong, and what to do.
- Modules that are imported even if there is nothing to do don't use attrs, because importing it
  would take half the time of such a run.
"""

from __future__ import annotations

from typing import NamedTuple


class GeneratorError(Exception):
    """The base class of every error that the generator raises on purpose."""


class Finding(NamedTuple):
    """A fault at one place of one file.

    Attributes:
        file: The file as the user named it, with forward slashes.
        pointer: A JSON pointer (RFC 6901) into it; empty for the whole file.
        message: What is wrong and what to do about it.
    """

    file: str
    pointer: str
    message: str

    def __str__(self) -> str:
        """Return the finding as one line, in which characters that don't print are escaped."""
        line = f"{self.file}#{self.pointer}: {self.message}"
        return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


class SchemaError(GeneratorError):
    """The schemas contain errors, and nothing was written.

    Attributes:
        findings: All the errors, sorted by place.
    """

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = tuple(sorted(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


def not_installed(extra: str, missing: str) -> GeneratorError:
    """Return the error for the package *missing*, which the *extra* would install."""
    return GeneratorError(
        f"the extra {extra!r} is not installed ({missing} is missing): "
        f"pip install 'runcomfy-models[{extra}]', or '.[{extra}]' in a clone"
    )


class Diagnostics:
    """The findings of the passes so far.

    Attributes:
        errors: Findings that end the run.
        warnings: Findings that are doubtful but harmless.
    """

    def __init__(self) -> None:
        self.errors: list[Finding] = []
        self.warnings: list[Finding] = []

    def error(self, file: str, pointer: str, message: str) -> None:
        """Record an error; the run goes on, but ends before anything is written."""
        self.errors.append(Finding(file, pointer, message))

    def warn(self, file: str, pointer: str, message: str) -> None:
        """Record a warning, which is doubtful but harmless."""
        self.warnings.append(Finding(file, pointer, message))

    def finish(self, *, strict: bool = False) -> tuple[Finding, ...]:
        """Return the warnings, sorted.

        Args:
            strict: Treat warnings as errors.

        Raises:
            SchemaError: There are errors.
        """
        errors = self.errors + self.warnings if strict else self.errors
        if errors:
            raise SchemaError(errors)
        return tuple(sorted(self.warnings))
