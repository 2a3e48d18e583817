"""Everything that this package raises.

Rules:

- One base, :class:`RunComfyError`: catching it catches all that a job can go through.
- A message says where, what, and what to do; the attributes say the same to a program.
- No message, attribute or chained exception holds the token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._text import one_line, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ._problem import Problem

__all__ = [
    "ApiError",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadFailed",
    "InsufficientFunds",
    "InvalidInput",
    "JobCancelled",
    "JobFailed",
    "JournalError",
    "JournalWarning",
    "MediaWarning",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "RunComfyError",
    "ServerError",
    "SubmissionUncertain",
    "UnexpectedResponse",
    "WaitTimeout",
]


class RunComfyError(Exception):
    """The base of every error here."""

    def __reduce__(self) -> tuple[Callable[..., RunComfyError], tuple[object, ...]]:
        # Exception's own way calls __init__ with the message alone, which most of these don't take:
        # an error must survive the way back from a worker process.
        return _restore, (type(self), self.args, self.__dict__.copy())


def _restore(
    kind: type[RunComfyError], args: tuple[object, ...], state: dict[str, object]
) -> RunComfyError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(RunComfyError, ValueError):
    """A client can't be made of what it was given: its token, its base URL, a time limit."""


class InvalidInput(RunComfyError, ValueError):
    """An input breaks rules of its model's schema. Nothing was sent.

    Attributes:
        model_id: The model whose schema it is.
        problems: All that is wrong, in the order of the schema's fields.
    """

    def __init__(self, model_id: str, problems: Sequence[Problem]) -> None:
        self.model_id = model_id
        self.problems: tuple[Problem, ...] = tuple(problems)
        # All that the base's __init__ does; to call it doubles what this takes.
        self.args = (model_id, self.problems)

    # Said when it is asked for: a program reads the problems themselves.
    def __str__(self) -> str:
        count = f"{len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        return f"{self.model_id}: {count} in the input; nothing was sent{lines}"


class MediaWarning(UserWarning):
    """What ``submit(…, media="warn")`` says of a file that it would otherwise refuse."""


class JournalError(RunComfyError):
    """The journal can't be opened, read or written.

    Raised while a submission is being written down, it means that nothing was sent.

    Attributes:
        path: The journal's file.
        reason: What is wrong, and what to do about it.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the journal {path}: {reason}")


class JournalWarning(UserWarning):
    """Something about a job could not be written down. The job itself goes on."""


class ApiError(RunComfyError):
    """The API refused a request (docs/contract.md, "Errors").

    Attributes:
        status: The HTTP status. Some refusals arrive with 200.
        error_code: The API's own code, such as 400002, or None.
        message: The API's own words.
        request_id: The job that it is about, when there is one.
        model_id: What was submitted to, where a submission was refused.
        retry_after: Seconds that the API asks to wait, or None.
    """

    def __init__(  # noqa: PLR0913 - all but three are optional and by name
        self,
        status: int,
        error_code: int | str | None,
        message: str,
        *,
        request_id: str | None = None,
        model_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.error_code = error_code
        self.message = message
        self.request_id = request_id
        self.model_id = model_id
        self.retry_after = retry_after
        code = "" if error_code is None else f", error_code {error_code}"
        about = "" if request_id is None else f" (request {request_id})"
        unnamed = request_id is None and model_id is not None and model_id not in message
        model = f" (model {model_id})" if unnamed else ""
        wait = f". The API asks to wait {retry_after:.4g} s" if retry_after else ""
        hint = f". {self.hint}" if self.hint else ""
        super().__init__(f"HTTP {status}{code}{about}: {message.rstrip('.')}{model}{wait}{hint}")

    #: What to do about it, for the kinds of refusal where that is known.
    hint = ""


class AuthenticationError(ApiError):
    """The token is missing, wrong, expired or replaced, or the account is inactive."""

    hint = "Check the token; making a new one on the profile page revokes the old one at once"


class PermissionDenied(ApiError):
    """The request or model belongs to another account."""


class NotFound(ApiError):
    """No such model or request, or it is deleted or expired."""


class InsufficientFunds(ApiError):
    """No balance is left."""

    hint = "Add to the account's balance, then submit again; no job was made"


class RateLimited(ApiError):
    """Too many requests; ``retry_after`` says when to ask again, if the API does."""


class ServerError(ApiError):
    """The API failed (HTTP 5xx)."""


class UnexpectedResponse(RunComfyError):
    """An answer that is not what the API documents: HTML, half a JSON text, nothing.

    Attributes:
        status: The HTTP status.
        request_id: The job that it is about, when there is one.
    """

    def __init__(self, status: int, message: str, *, request_id: str | None = None) -> None:
        self.status = status
        self.request_id = request_id
        about = "" if request_id is None else f" (request {request_id})"
        super().__init__(f"HTTP {status}{about}: {message}")


class ConnectionFailed(RunComfyError):
    """The API could not be reached, or the connection broke.

    Attributes:
        request_id: The job that it is about, when there is one. It goes on remotely.
    """

    def __init__(self, message: str, *, request_id: str | None = None) -> None:
        self.request_id = request_id
        about = "" if request_id is None else f" (request {request_id}, which goes on remotely)"
        super().__init__(f"{message}{about}")


class SubmissionUncertain(RunComfyError):
    """A submission may have been taken: the job may exist, and be billed.

    It was sent once and is never sent again on its own, because a submission that is sent twice
    is paid twice (docs/contract.md, "Paying once").

    Attributes:
        model_id: What was submitted to.
        status: The HTTP status of the answer, or None when none came.
        request_id: The job's id, when the answer held a usable one.
    """

    def __init__(
        self,
        model_id: str,
        reason: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        self.model_id = model_id
        self.status = status
        self.request_id = request_id
        known = "" if request_id is None else f" Its request id is {request_id}."
        super().__init__(
            f"{model_id}: the submission was sent, but {reason}. The job may exist and be "
            f"billed.{known} Look at the account's request history before submitting again."
        )


class JobFailed(RunComfyError):
    """The job is over, and the model failed.

    Attributes:
        request_id: The job.
        error: What the API says of it: a text, an object, or None.
        raw: The whole answer.
    """

    def __init__(
        self,
        request_id: str,
        error: object,
        raw: Mapping[str, Any],
        mask: Callable[[str], str] | None = None,
    ) -> None:
        self.request_id = request_id
        self.error = error
        self.raw = raw
        # Masked before it is cut, or half a token may stay.
        said = words(error, 4000)
        said = one_line(mask(said) if mask else said)
        super().__init__(f"request {request_id} failed: {said or 'the API gives no reason'}")


class JobCancelled(RunComfyError):
    """The job was cancelled before it ran.

    Attributes:
        request_id: The job.
        raw: The whole answer that said so.
    """

    def __init__(self, request_id: str, raw: Mapping[str, Any]) -> None:
        self.request_id = request_id
        self.raw = raw
        super().__init__(f"request {request_id} was cancelled")


class WaitTimeout(RunComfyError, TimeoutError):
    """The wait is over, the job is not: it goes on remotely, and is billed.

    Attributes:
        job: The job, to wait for again or to cancel.
        request_id: Its id.
    """

    # Any: a Job, or an AsyncJob where an AsyncClient raises this. A union would have every caller
    # ask which, though each knows.
    def __init__(self, job: Any, waited: float, last: str | None) -> None:
        self.job = job
        self.request_id: str = job.request_id
        seen = f" (last seen: {last})" if last else ""
        super().__init__(
            f"request {job.request_id} was not over after {waited:.3g} s{seen}. It goes on "
            "remotely: wait for it again with this error's job.wait(), or stop it with its "
            "job.cancel()"
        )


class DownloadFailed(RunComfyError):
    """A file of an output was not saved. The job is over and paid, and its files stay.

    Attributes:
        url: The file.
        path: What it was to become; its directory while its name is not known.
        received: Bytes of it that came. None of them are kept.
        saved: Other files of the same output that are there, whole.
    """

    def __init__(self, url: str, path: Path, reason: str, *, received: int = 0) -> None:
        self.url = url
        self.path = path
        self.received = received
        self.saved: tuple[Path, ...] = ()
        # Without the query, which may be a signature.
        super().__init__(
            f"{one_line(url.partition('?')[0], 200)}: {reason}. Nothing was saved under {path}; "
            "what the server still has can be fetched again"
        )
