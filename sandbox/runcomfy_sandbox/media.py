"""What a job puts out: one file, named in the output and rendered when it is first fetched."""

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
_KEPT = 16  # renderings; at most about 50 MB each, a few hundred kB as a rule


@attrs.frozen
class Medium:
    """One kind of output.

    Attributes:
        key: Its name in the output; the plural names a list.
        name: The file's name.
        content_type: What the file is. Pillow writes no video format, so a video is an
            animated GIF and says so.
        render: From a text and a size in pixels to the file's bytes.
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
    """What `model` makes, as the first category that says so tells."""
    for category in model.categories:
        for ending, made in (("-to-video", VIDEO), ("-to-audio", AUDIO), ("-to-image", IMAGE)):
            if category.endswith(ending):
                return made
    return IMAGE


def output(job: Job, origin: str) -> dict[str, object]:
    """The ``output`` of a job that succeeded.

    The pages use ``image`` and ``images`` alike; here, models from image to image answer a list.

    Args:
        job: The job.
        origin: Scheme, host and port that the file's URL shall have.
    """
    made = medium(job.model)
    url = f"{origin}/files/{job.request_id}/{made.name}"
    if "image-to-image" in job.model.categories:
        return {f"{made.key}s": [url]}
    return {made.key: url}


class Files:
    """The files that are fetched without a token.

    Args:
        jobs: The jobs whose outputs they are.
    """

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def output(self, call: Call) -> Answer:
        """The file ``name`` of the job ``request_id``, whole.

        Raises:
            Refusal: HTTP 404; there is no such file, or not yet.
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
