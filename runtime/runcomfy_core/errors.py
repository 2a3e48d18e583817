"""All errors and warnings of this package.

Rules:

- There is one base class, :class:`RunComfyError`, so one ``except`` catches everything that can
  happen to a job.
- A message says where, what, and what to do. The attributes tell a program the same.
- Each error says whether money may have been spent: :attr:`RunComfyError.submitted`.
- An error can be pickled and copied whole, whatever it holds. For queues that don't use pickle, its
  class called with its ``args`` makes an equal error. So a job that was paid for keeps its request
  id on the way between processes.
- No message, attribute or chained exception holds the token.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn, Self, SupportsIndex, TypeVar, cast

from .portable import portable, twin
from .text import MOST_LISTED, one_line, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from .problem import Problem
    from .text import Mask

__all__ = [
    "ApiError",
    "AuthenticationError",
    "ConfigurationError",
    "ConnectionFailed",
    "DownloadFailed",
    "InputRefused",
    "InsufficientFunds",
    "InvalidInput",
    "JobCancelled",
    "JobFailed",
    "JobWarning",
    "JournalError",
    "JournalWarning",
    "MediaWarning",
    "NotFound",
    "PermissionDenied",
    "RateLimited",
    "RunComfyError",
    "ServerError",
    "SubmissionUncertain",
    "ThreadsExhausted",
    "UnexpectedResponse",
    "WaitTimeout",
]


ErrorT = TypeVar("ErrorT", bound="RunComfyError")


class RunComfyError(Exception):
    """The base class of all errors of this package.

    Attributes:
        submitted: Whether a job was submitted, and so money may have been spent. False: the call
            made no job, and a retry does not pay twice. True: there is a job, which goes on or is
            over, and a second submission would be paid again. None: there may be a job, so find out
            before you submit again.
        request_id: The job that the error is about, or None if there is none or its id is not
            known.
        addition: A text that follows the summary in the message.
    """

    submitted: bool | None = False
    request_id: str | None = None
    addition: str = ""

    @property
    def summary(self) -> str:
        """What went wrong, without what it means for the job."""
        return super().__str__()

    @property
    def outlook(self) -> str:
        """What happens to the job, and what to do about it; empty if there is nothing to say."""
        if self.submitted and self.request_id is not None:
            return f"The job goes on, or is over; pick it up with {pick_up(self.request_id)}"
        return ""

    def __str__(self) -> str:
        said = self.summary + self.addition
        return f"{said.rstrip('.')}. {self.outlook}" if self.outlook else said

    def of_job(self, request_id: str) -> None:
        """Note that the error came from a call about an existing job; only this package uses it."""
        if self.request_id is None:
            self.request_id = request_id
        self.submitted = True
        self.args = self._arguments()

    def _arguments(self) -> tuple[object, ...]:
        """Return the arguments with which the error's class makes an equal error."""
        return self.args

    # By default, unpickling calls __init__ with the args, which loses what they don't hold, and
    # pickling fails if an attribute can't be pickled.
    def __reduce_ex__(
        self, protocol: SupportsIndex
    ) -> tuple[Callable[..., RunComfyError], tuple[object, ...]]:
        state = {name: portable(value, protocol) for name, value in self._carried().items()}
        return _restored, (type(self), portable(self.args, protocol), state)

    def __copy__(self) -> Self:
        return _restored(type(self), self.args, self.__dict__.copy())

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        state = {name: twin(value, memo) for name, value in self.__dict__.items()}
        return _restored(type(self), self.args, state)

    def _carried(self) -> dict[str, object]:
        """Return the attributes that a pickled error takes to another process."""
        return self.__dict__


def _restored(kind: type[ErrorT], args: tuple[object, ...], state: dict[str, object]) -> ErrorT:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def _as_path(path: str | Path) -> Path:
    """Return a path as a Path; it is a text if an error is made from the args of another."""
    from pathlib import Path  # noqa: PLC0415 - importing a model must not load pathlib

    return Path(path)


def pick_up(request_id: str) -> str:
    """Return the call that picks a job up."""
    return f"model.job(client, {request_id!r})"


class ConfigurationError(RunComfyError, ValueError):
    """An argument or a setting can't be used: a token, a URL, a timeout, a closed client.

    It is raised before anything is sent, and ``submitted`` is False. The exception is a call about
    an existing job, such as a wait during which the client is closed: there it is True.
    """

    def __init__(
        self,
        message: str = "",
        request_id: str | None = None,
        submitted: bool | None = False,  # noqa: FBT001, FBT002 - `args` are passed by position
    ) -> None:
        self.message = message
        self.request_id = request_id
        self.submitted = submitted
        self.args = self._arguments()

    @property
    def summary(self) -> str:
        """What can't be used, and why."""
        return self.message

    def _arguments(self) -> tuple[object, ...]:
        if self.submitted is False:
            return (self.message,)
        return self.message, self.request_id, self.submitted


class InvalidInput(RunComfyError, ValueError):
    """An input breaks rules of its model's schema. Nothing was sent.

    Attributes:
        model_id: The model.
        problems: All problems of the input, in the order of the schema's fields.
    """

    def __init__(self, model_id: str, problems: Sequence[Problem] | Sequence[str]) -> None:
        self.model_id = model_id
        self.problems: tuple[Problem, ...] = (
            _read(problems)
            if problems and isinstance(problems[0], str)
            else cast("tuple[Problem, ...]", tuple(problems))
        )
        # This is all that the base's __init__ does, and a call would double the time.
        self.args = (model_id, self.problems)

    # The text is made only on demand, because many programs read just `problems`.
    @property
    def summary(self) -> str:
        """The first problems, one on each line, and how many more there are."""
        count = f"{len(self.problems):,} problem{'s' if len(self.problems) != 1 else ''}"
        lines = "".join(f"\n  {problem}" for problem in self.problems[:MOST_LISTED])
        if (rest := len(self.problems) - MOST_LISTED) > 0:
            lines += f"\n  and {rest:,} more; the attribute problems has all"
        return f"{self.model_id}: {count} in the input; nothing was sent{lines}"

    def __repr__(self) -> str:
        first = repr(self.problems[:MOST_LISTED])
        if (rest := len(self.problems) - MOST_LISTED) > 0:
            first = f"{first[:-1]}, and {rest:,} more)"
        return f"{type(self).__name__}({self.model_id!r}, {first})"


def _read(texts: str | Sequence[object]) -> tuple[Problem, ...]:
    """Return problems from texts, which is what a queue without pickle keeps of them."""
    from .problem import Problem  # noqa: PLC0415 - it loads attrs

    said = [texts] if isinstance(texts, str) else texts
    return tuple(Problem("", "input", limit=None, actual=None, message=str(one)) for one in said)


class MediaWarning(UserWarning):
    """``submit``, ``run`` or ``map`` sends a file that the model may not be able to use.

    It warns of a file whose size is doubtful (``MediaReport.doubtful``) and, with ``media="warn"``,
    of each file that would otherwise be refused.
    """


class JournalError(RunComfyError):
    """The journal can't be opened, read or written.

    If it is raised while a submission is being recorded, nothing was sent, and ``submitted`` is
    False. ``submitted`` is None if the journal can't say what an earlier run submitted.

    Attributes:
        path: The journal's file.
        reason: What is wrong, and what to do about it.
    """

    def __init__(
        self,
        path: str | Path,
        reason: str,
        submitted: bool | None = False,  # noqa: FBT001, FBT002 - `args` are passed by position
    ) -> None:
        self.path = _as_path(path)
        self.reason = reason
        self.submitted = submitted
        known = () if submitted is False else (submitted,)
        super().__init__(os.fspath(path), reason, *known)

    @property
    def summary(self) -> str:
        """Which journal, and what is wrong with it."""
        return f"the journal {self.path}: {self.reason}"

    @property
    def outlook(self) -> str:
        """What to do if the journal may hold a job for the input."""
        if self.submitted is None:
            return "It may hold a job for this, which goes on: mend it before you submit again"
        return super().outlook


class JobWarning(UserWarning):
    """An answer about a job names another model, so the request id may be that of another job."""


class JournalWarning(UserWarning):
    """Something about a job could not be recorded in the journal. The job itself goes on."""


class ApiError(RunComfyError):
    """The API refused a request (docs/contract.md, "Errors").

    If the API refused a submission, no job was made, and ``submitted`` is False. If it refused a
    status, a result or a cancel, the job exists: ``request_id`` names it, and ``submitted`` is
    True.

    Attributes:
        status: The HTTP status. Some refusals arrive with 200.
        error_code: The API's own code, such as 400002, or None.
        message: The API's message.
        model_id: The model of a submission that was refused, or None.
        retry_after: Seconds that the API asks to wait, or None.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - `args` are passed by position
        self,
        status: int,
        error_code: int | str | None,
        message: str,
        request_id: str | None = None,
        model_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.error_code = error_code
        self.message = message
        self.request_id = request_id
        self.submitted = request_id is not None
        self.model_id = model_id
        self.retry_after = retry_after
        super().__init__(status, error_code, message, request_id, model_id, retry_after)

    @property
    def summary(self) -> str:
        """The API's message, what it is about, and what to do."""
        code = "" if self.error_code is None else f", error_code {self.error_code}"
        about = "" if self.request_id is None else f" (request {self.request_id})"
        unnamed = self.request_id is None and self.model_id and self.model_id not in self.message
        model = f" (model {self.model_id})" if unnamed else ""
        seconds = self.retry_after
        wait = f". The API asks to wait {seconds:.4g} s" if seconds else ""
        hint = f". {self.hint}" if self.hint else ""
        said = self.message.rstrip(".")
        return f"HTTP {self.status}{code}{about}: {said}{model}{wait}{hint}"

    @property
    def hint(self) -> str:
        """What to do about the refusal, or "" if that is not known."""
        return ""


class AuthenticationError(ApiError):
    """The token is missing, wrong, expired or revoked, or the account is inactive."""

    @property
    def hint(self) -> str:
        """What to do about the token."""
        return "Check the token; making a new one on the profile page revokes the old one at once"


class _Hidden(ApiError):
    """The API does not show a model or a job: it may belong to another account, or be gone."""

    @property
    def outlook(self) -> str:
        """Where to look for the job."""
        if self.request_id is None:
            return ""
        return (
            "If this job was submitted, it goes on, or is over: pick it up with "
            f"{pick_up(self.request_id)} and the token that submitted it"
        )


class PermissionDenied(_Hidden):
    """The job or the model belongs to another account."""


class NotFound(_Hidden):
    """The model or the job does not exist, or was deleted, or has expired."""


class InputRefused(ApiError):
    """The API refused the input of a submission (HTTP 422); no job was made.

    Attributes:
        problems: The problems that the API reports; at least one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - `args` are passed by position
        self,
        status: int,
        error_code: int | str | None,
        message: str,
        request_id: str | None = None,
        model_id: str | None = None,
        retry_after: float | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(status, error_code, message, request_id, model_id, retry_after)
        self.problems: tuple[Problem, ...] = tuple(problems)

    @property
    def hint(self) -> str:
        """What to do about the input."""
        return "No job was made: mend the input, then submit again"


class InsufficientFunds(ApiError):
    """The account has no balance left."""

    @property
    def hint(self) -> str:
        """What to do about the balance."""
        if self.submitted:
            return "Add to the account's balance"
        return "Add to the account's balance, then submit again; no job was made"


class RateLimited(ApiError):
    """Too many requests were sent; ``retry_after`` says when to ask again, if the API tells."""


class ServerError(ApiError):
    """The API failed: HTTP 5xx, or a status above 599."""


class UnexpectedResponse(RunComfyError):
    """The answer is not what the API documents: HTML, half a JSON text, nothing.

    It is raised by a call about an existing job, so ``submitted`` is True.

    Attributes:
        status: The HTTP status.
        message: What is wrong with the answer.
    """

    def __init__(self, status: int, message: str, request_id: str | None = None) -> None:
        self.status = status
        self.message = message
        self.request_id = request_id
        self.submitted = request_id is not None
        super().__init__(status, message, request_id)

    @property
    def summary(self) -> str:
        """What is wrong with the answer, and which job it is about."""
        about = "" if self.request_id is None else f" (request {self.request_id})"
        return f"HTTP {self.status}{about}: {self.message}"


class ConnectionFailed(RunComfyError):
    """The API could not be reached, or the connection broke.

    If a submission raises it, nothing was sent, and ``submitted`` is False. If a call about a job
    raises it, ``submitted`` is True: the job goes on without the connection.

    Attributes:
        message: What happened.
    """

    def __init__(self, message: str, request_id: str | None = None) -> None:
        self.message = message
        self.request_id = request_id
        self.submitted = request_id is not None
        super().__init__(message, request_id)

    @property
    def summary(self) -> str:
        """What happened, and which job it is about."""
        about = "" if self.request_id is None else f" (request {self.request_id})"
        return f"{self.message}{about}"


class ThreadsExhausted(RunComfyError, RuntimeError):
    """The system lets this process start no thread, and no thread was there to do the work.

    Nothing was sent, and ``submitted`` is False, unless this ends a call about an existing job,
    such as a wait.

    Attributes:
        reason: The system's message.
    """

    def __init__(
        self,
        reason: str,
        request_id: str | None = None,
        submitted: bool | None = False,  # noqa: FBT001, FBT002 - `args` are passed by position
    ) -> None:
        self.reason = reason
        self.request_id = request_id
        self.submitted = submitted
        self.args = self._arguments()

    @property
    def summary(self) -> str:
        """The system's message, and what to do."""
        return (
            f"{self.reason}: nothing was sent. End some of this process's threads, or raise the "
            "limit on them (ulimit -u, or a container's limit on processes)"
        )

    def _arguments(self) -> tuple[object, ...]:
        if self.submitted is False:
            return (self.reason,)
        return self.reason, self.request_id, self.submitted


class SubmissionUncertain(RunComfyError):
    """A submission may have become a job, which may be billed; ``submitted`` is None.

    The submission is not retried, because a submission that is sent twice is paid twice
    (docs/contract.md, "Paying once").

    Attributes:
        model_id: The model.
        reason: What is known about the submission.
        status: The HTTP status of the answer, or None when none came.
        request_id: The job's id, or None if the answer held no usable one.
    """

    submitted = None

    def __init__(
        self, model_id: str, reason: str, status: int | None = None, request_id: str | None = None
    ) -> None:
        self.model_id = model_id
        self.reason = reason
        self.status = status
        self.request_id = request_id
        super().__init__(model_id, reason, status, request_id)

    @property
    def summary(self) -> str:
        """What is known, and what to do before submitting again."""
        known, ask = "", ""
        if self.request_id is not None:
            known = f" Its request id is {self.request_id}."
            ask = f" {pick_up(self.request_id)} asks for this one."
        return (
            f"{self.model_id}: the submission was sent, but {self.reason}. The job may exist and "
            f"be billed.{known} Look at the account's request history before submitting again."
            f"{ask}"
        )


class _OfJob(RunComfyError):
    """An error about a job that certainly exists."""

    submitted = True

    @property
    def outlook(self) -> str:
        """An empty text, because the summary says what happened to the job."""
        return ""


class JobFailed(_OfJob):
    """The job is over, and the model failed. The account shows whether it was billed.

    Attributes:
        request_id: The job.
        error: The ``error`` of the API's answer: a text, an object, or None.
        raw: The whole answer.
    """

    def __init__(
        self,
        request_id: str,
        error: object = None,
        # Any: the answer is JSON that no schema vouches for.
        raw: Mapping[str, Any] | None = None,
        mask: Mask | None = None,
    ) -> None:
        self.request_id: str = request_id  # pyright: ignore[reportIncompatibleVariableOverride] # never None
        self.error = error
        self.raw: Mapping[str, Any] = {} if raw is None else raw
        self.message = words(error, mask=mask) or "the API gives no reason"
        super().__init__(request_id, self.message)

    @property
    def summary(self) -> str:
        """Which job failed, and why."""
        return f"request {self.request_id} failed: {self.message}"


class JobCancelled(_OfJob):
    """The job was cancelled before it ran, and so costs nothing.

    Attributes:
        request_id: The job.
        raw: The whole answer that said so.
    """

    # Any: the answer is JSON that no schema vouches for.
    def __init__(self, request_id: str, raw: Mapping[str, Any] | None = None) -> None:
        self.request_id: str = request_id  # pyright: ignore[reportIncompatibleVariableOverride] # never None
        self.raw: Mapping[str, Any] = {} if raw is None else raw
        super().__init__(request_id)

    @property
    def summary(self) -> str:
        """Which job was cancelled."""
        return f"request {self.request_id} was cancelled"


class WaitTimeout(_OfJob, TimeoutError):
    """The wait is over, but the job is not: it goes on remotely, and is billed.

    Attributes:
        job: The job, to wait for again or to cancel. In another process, it is an object that says
            how to pick the job up.
        request_id: The job's id.
        waited: How many seconds the wait took.
        last: The last state of the job, or why there is none.
    """

    # Any: this is a Job, or an AsyncJob if an AsyncClient raises the error. With a union, every
    # caller would have to check which it is.
    def __init__(self, job: Any, waited: float, last: str | None = None) -> None:
        """Make the error.

        Args:
            job: The job, or its request id if the job itself is in another process.
            waited: How many seconds the wait took.
            last: The last state of the job, or why there is none.
        """
        self.job: Any = JobElsewhere(job) if isinstance(job, str) else job
        self.request_id: str = self.job.request_id  # pyright: ignore[reportIncompatibleVariableOverride] # never None
        self.waited = waited
        self.last = last
        # OSError.__init__ would take the arguments for an error number and its message.
        self.args = (self.request_id, waited, last)

    @property
    def summary(self) -> str:
        """Which job goes on, and how to wait for it again."""
        seen = f" (last seen: {self.last})" if self.last else ""
        return (
            f"request {self.request_id} was not over after {self.waited:.3g} s{seen}. It goes on "
            "remotely: wait for it again with this error's job.wait(), stop it with its "
            f"job.cancel(), or pick it up elsewhere with {pick_up(self.request_id)}"
        )

    def _carried(self) -> dict[str, object]:
        # The job holds a connection, which can't leave its process.
        return {**self.__dict__, "job": JobElsewhere(self.request_id)}


class JobElsewhere:
    """Takes the place of a job whose connection is in another process; says how to pick it up.

    Attributes:
        request_id: The job.
    """

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id

    def __repr__(self) -> str:
        return f"<job {self.request_id} of another process: use {pick_up(self.request_id)}>"

    def status(self, *_: object, **__: object) -> NoReturn:
        """Raise an error that says how to pick the job up."""
        raise ConfigurationError(
            "this job's client is in another process: pick the job up with "
            f"{pick_up(self.request_id)}",
            self.request_id,
            submitted=True,
        )

    wait = cancel = __enter__ = __aenter__ = status


class DownloadFailed(_OfJob):
    """A file of an output was not saved. The job is over and paid, and the server keeps its files.

    Attributes:
        url: The file's URL.
        path: The path at which the file was to be saved, or its directory if the file's name is not
            known.
        reason: Why the file was not saved.
        received: How many of its bytes arrived. None of them are kept.
        saved: Other files of the same output that were saved whole.
    """

    def __init__(
        self,
        url: str,
        path: str | Path,
        reason: str,
        received: int = 0,
        request_id: str | None = None,
    ) -> None:
        self.url = url
        self.path = _as_path(path)
        self.reason = reason
        self.received = received
        self.request_id = request_id
        self.saved: tuple[Path, ...] = ()
        super().__init__(*self._arguments())

    @property
    def summary(self) -> str:
        """Which file, and why."""
        # The query is left out, because it may hold a signature.
        name = one_line(self.url.partition("?")[0], 200)
        return (
            f"{name}: {self.reason}. Nothing was saved under {self.path}; what the server still "
            "has can be fetched again"
        )

    @property
    def outlook(self) -> str:
        """How to get the files again."""
        if self.request_id is None:
            return ""
        return f"The job is over: {pick_up(self.request_id)}.wait() gives its files again"

    def _arguments(self) -> tuple[object, ...]:
        return self.url, os.fspath(self.path), self.reason, self.received, self.request_id
