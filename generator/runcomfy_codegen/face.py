"""The single list of names that a generated module uses, for code that makes or checks names.

Rules:

- ``RUNTIME`` and ``INDEX`` list exactly what the runtime's ``generated.py`` offers.
- Names are grouped by use. The fields of an input are parameters of the validator, so a field must
  not hide a name that the validator calls. A type of an input must not collide with an import.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([0-9]+)")

#: Functions that a validator calls.
CHECKS = frozenset(
    [
        *("any_of", "as_number", "at", "broken", "broken_media", "fits", "given", "has_format"),
        *("is_array", "is_boolean", "is_integer", "is_media", "is_member", "is_multiple"),
        *("is_number", "is_object"),
        *("is_text", "is_unique", "matches", "missing", "one_of", "plain", "unknown_name"),
    ]
)
#: Classes that are instantiated while a module is imported.
MADE = frozenset(["MediaField", "MediaRule", "Model"])
#: Values and types.
VALUES = frozenset(["EACH", "Output", "UNSET"])
TYPES = frozenset(
    [
        *(
            "BaseInput",
            "Items",
            "Media",
            "MediaList",
            "MediaOptions",
            "Problem",
            "R",
            "RunOptions",
            "Runs",
        ),
        *("Submits", "Unset"),
    ]
)
RUNTIME = CHECKS | MADE | VALUES | TYPES
#: Names that the index and the vendor packages use.
INDEX = frozenset(["ModelModule", "load", "submodule"])

#: Names that come from the standard library, by module.
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

#: Built-ins that a validator uses where the fields are its parameters, and in other functions.
BUILTINS = frozenset(
    ["bool", "enumerate", "float", "int", "isinstance", "len", "list", "str", "type"]
)
BUILTINS_APART = frozenset(["sum"])
#: Built-in types that annotations use.
PLAIN_TYPES = frozenset(["bool", "dict", "float", "int", "list", "object", "str"])

#: Names that a module defines for its users.
PUBLIC = frozenset(
    [
        *("MODEL_ID", "Input", "Output", "check_media", "job", "json_schema", "map", "run"),
        *("submit", "tool", "validate"),
    ]
)
#: Private names that a module defines. The values of each type are private too, under the type's
#: name with an underscore before it.
PRIVATE = frozenset(["_MEDIA", "_MODEL", "_RunFields", "_SubmitFields"])

#: The parameters of ``submit``, ``run`` and ``Input``, and the local names of a validator whose
#: parameters are the fields.
ARGUMENTS = frozenset(
    [
        *("client", "fields", "index", "item", "media", "on_update", "problems", "self"),
        *("timeout", "unknown", "value"),
    ]
)

#: What ``Input`` has beside its fields.
METHODS = frozenset(["from_dict", "from_json", "to_dict"])


def natural_order(name: str) -> list[str | int]:
    """Return a sort key that orders numbers inside names as the linter does: 2 before 10."""
    return [int(one) if one.isdecimal() else one for one in _NUMBER.split(name)]


#: Names that the front of a package exports, besides its errors and its models.
FRONT = frozenset(
    [
        *("AsyncClient", "AsyncJob", "Client", "Entry", "Job", "Journal", "MapProgress", "Media"),
        *("MediaItem", "MediaList", "MediaMode", "MediaReport", "ModelModule", "Output", "Problem"),
        *("Progress", "Result", "Status", "UNSET", "Unchecked", "__version__"),
    ]
)
#: Every error that the client raises, and every warning that it issues.
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
    """Return a sort key that orders names as the linter does: constants, classes, functions."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2, name)
