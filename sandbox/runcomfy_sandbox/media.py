"""The output of a job: one file, which is rendered when it is first fetched."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import attrs

from . import pictures, ranges, sounds
from .answers import Code, Refusal, error
from .jobs import State
from .sizes import picture_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from .answers import Answer, Call
    from .documents import Model
    from .jobs import Job, Jobs

_LONGEST_VIDEO_SIDE = 480
_KEPT = 16  # rendered files; usually a few hundred kB each, at most about 50 MB


@attrs.frozen
class Medium:
    """A kind of output.

    Attributes:
        key: The key in the output; a list has its plural.
        name: The name of the file.
        content_type: The media type. Pillow can't write videos, so a video is an animated GIF and
            is declared as such.
        render: Makes the file's bytes from a text and a size in pixels.
    """

    key: str
    name: str
    content_type: str
    render: Callable[[str, tuple[int, int]], bytes]


def _small_gif(text: str, size: tuple[int, int]) -> bytes:
    scale = min(1.0, _LONGEST_VIDEO_SIDE / max(size))
    return pictures.gif(text, (max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))


def _wav(text: str, _size: tuple[int, int]) -> bytes:
    return sounds.wav(text)


IMAGE = Medium("image", "0.png", "image/png", pictures.png)
VIDEO = Medium("video", "0.gif", "image/gif", _small_gif)
AUDIO = Medium("audio", "0.wav", "audio/wav", _wav)


def medium(model: Model) -> Medium:
    """Return the kind of output of `model`, which its first telling category decides."""
    for category in model.categories:
        for ending, made in (("-to-video", VIDEO), ("-to-audio", AUDIO), ("-to-image", IMAGE)):
            if category.endswith(ending):
                return made
    return IMAGE


def output(job: Job, origin: str) -> dict[str, object]:
    """Return the ``output`` of a job that succeeded.

    The API uses both ``image`` and ``images``. Here, image-to-image models answer with a list.

    Args:
        job: The job.
        origin: The scheme, host and port for the file's URL.
    """
    made = medium(job.model)
    url = f"{origin}/files/{job.request_id}/{made.name}"
    if "image-to-image" in job.model.categories:
        return {f"{made.key}s": [url]}
    return {made.key: url}


class Files:
    """The output files, which are served without a token.

    Args:
        jobs: The jobs that the files belong to.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def output(self, call: Call) -> Answer:
        """Answer with the whole file ``name`` of the job ``request_id``.

        Raises:
            Refusal: HTTP 404: there is no such file, or not yet.
        """
        job = self._jobs.get(call.path["request_id"])
        made = medium(job.model)
        if call.path["name"] != made.name or self._jobs.state(job) is not State.COMPLETED:
            raise _missing()
        settings = job.model.settings(job.value)
        prompt = settings.get("prompt")
        text = prompt if isinstance(prompt, str) and prompt else job.model.display_name
        return _rendered(made, text, picture_size(settings))


@functools.lru_cache(maxsize=_KEPT)
def _rendered(made: Medium, text: str, size: tuple[int, int]) -> Answer:
    return ranges.whole(made.render(text, size), made.content_type)


def _missing() -> Refusal:
    return Refusal(error(404, Code.NOT_FOUND, "There is no such file."))
