"""What a generated module may name: the one list of it, for all who make, hide or check names.

Rules:

- What stands in ``RUNTIME`` and ``INDEX`` is what the runtime's ``generated.py`` offers, and
  nothing else.
- A name is listed by what it is for, since a field of an input is an argument of the validator and
  would hide what that calls, and a type of an input stands beside what its module imports.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([0-9]+)")

#: What a validator calls.
CHECKS = frozenset(
    [
        *("any_of", "as_number", "at", "broken", "broken_media", "fits", "given", "has_format"),
        *("is_array", "is_boolean", "is_integer", "is_media", "is_member", "is_multiple"),
        *("is_number", "is_object"),
        *("is_text", "is_unique", "matches", "missing", "one_of", "plain", "unknown_name"),
    ]
)
#: What is called while a module is imported.
MADE = frozenset(["MediaField", "MediaRule", "Model"])
#: Values and types.
VALUES = frozenset(["EACH", "Output", "UNSET"])
TYPES = frozenset(
    [
        *("Items", "Media", "MediaList", "MediaOptions", "Problem", "R", "RunOptions", "Runs"),
        *("Submits", "Unset"),
    ]
)
RUNTIME = CHECKS | MADE | VALUES | TYPES
#: What the packages that lead to the modules use.
INDEX = frozenset(["ModelModule", "load", "submodule"])

#: The same of the standard library, by module.
STANDARD = {
    "__future__": frozenset(["annotations"]),
    "collections.abc": frozenset(["Mapping"]),
    "typing": frozenset(
        [
            *("Any", "Final", "Literal", "Required", "TypeAlias", "TypedDict", "Unpack"),
            *("get_args", "overload"),
        ]
    ),
}

#: What a validator uses of Python's own where the fields are its arguments, and elsewhere.
BUILTINS = frozenset(
    ["bool", "enumerate", "float", "int", "isinstance", "len", "list", "str", "type"]
)
BUILTINS_APART = frozenset(["sum"])
#: Types of Python's own that annotations name.
PLAIN_TYPES = frozenset(["bool", "dict", "float", "int", "list", "object", "str"])

#: What a module defines for its users.
PUBLIC = frozenset(
    [
        *("MODEL_ID", "Input", "Output", "check_media", "job", "map", "run", "submit"),
        "validate",
    ]
)
#: What it defines beside that: a type's values have the type's name behind an underscore.
PRIVATE = frozenset(["_MEDIA", "_MODEL", "_RunFields", "_SubmitFields"])

#: The arguments of ``submit``, ``run`` and ``Input``, and the names that a validator gives where
#: the fields are its arguments.
ARGUMENTS = frozenset(
    [
        *("client", "fields", "index", "item", "media", "on_update", "problems", "self"),
        *("timeout", "unknown", "value"),
    ]
)


def natural_order(name: str) -> list[str | int]:
    """Sort as the linter does where names differ in a number: 2 before 10."""
    return [int(one) if one.isdecimal() else one for one in _NUMBER.split(name)]


#: What the front of a package hands out, beside its errors and its models.
FRONT = frozenset(
    [
        *("AsyncClient", "AsyncJob", "Client", "Entry", "Job", "Journal", "MapProgress", "Media"),
        *("MediaItem", "MediaList", "MediaMode", "MediaReport", "ModelModule", "Output", "Problem"),
        *("Progress", "Result", "Status", "UNSET", "Unchecked", "__version__"),
    ]
)
#: Everything that the client raises or warns of.
ERRORS = frozenset(
    [
        *("ApiError", "AuthenticationError", "ConfigurationError", "ConnectionFailed"),
        *("DownloadFailed", "InputRefused", "InsufficientFunds", "InvalidInput", "JobCancelled"),
        *("JobFailed", "JobWarning", "JournalError", "JournalWarning", "MediaWarning"),
        *("NotFound", "PermissionDenied", "RateLimited", "RunComfyError", "ServerError"),
        *("SubmissionUncertain", "ThreadsExhausted", "UnexpectedResponse", "WaitTimeout"),
    ]
)


def import_order(name: str) -> tuple[int, str]:
    """Sort as the linter does: constants, classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)
