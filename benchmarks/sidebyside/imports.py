"""The cost of imports: CPU time without that of bare Python, and memory, in new processes."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from . import corpus
from .clients import INPUT, TOKEN
from .machine import version
from .measure import child, in_turns, tell
from .server import Server
from .table import Column, Goal, Row, Sample, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

_CPU: Final = Column("CPU net of bare Python", "ms", drawn=True)
_MEMORY: Final = Column("memory", "MB", drawn=True)
_BARE: Final = "bare Python"
_PACKAGE: Final = "import runcomfy"
_MODEL: Final = "one model's module"
_FIRST: Final = "up to the first request"
_OWN: Final = frozenset({_PACKAGE, _MODEL, _FIRST})
_FAL: Final = "fal-client"
_FAL_FIRST: Final = "fal-client, up to its first request"
_FLAT: Final = 1.1
#: How many processes make one sample if the difference to find is small.
_TRIES: Final = 5
_SEED: Final = "from runcomfy.models.wan_ai import wan_2_6_image_to_image as model"

#: Code that is appended to a program to print its memory in kB, as the kernel counts it. Systems
#: other than Linux print the peak, since the standard library has nothing closer.
_TELL_MEMORY: Final = """
try:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmRSS")))
except FileNotFoundError:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def tables(*, quick: bool) -> Iterator[Table]:
    """Measure imports, and imports as models grow."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sidebyside-")))
        server = stack.enter_context(Server())
        tell("Import")
        samples = 5 if quick else 21
        models = 10 if quick else corpus.SEEDS
        yield _imports(_programs(folder, server.origin, models), samples)
        tell("Import as models grow")
        samples = 3 if quick else 41
        yield _growth(folder, (1, 100) if quick else (1, 100, 1000, 4000), samples)


def _programs(folder: Path, origin: str, models: int) -> dict[str, tuple[str, str]]:
    """Return, for each contender, the program that it runs and a note."""
    corpus.write(folder / "peer", models)
    child(corpus.client_command(), folder / "peer")
    generated = f"import sys; sys.path.insert(0, {str(folder / 'peer')!r})\n"
    seed = {"prompt": INPUT["prompt"], "image_urls": INPUT["image_urls"]}
    ours_first = (
        f"{_SEED}\nfrom runcomfy import Client\n"
        f"client = Client({TOKEN!r}, base_url={origin + '/v1'!r})\n"
        f"model.submit(client, {seed!r}, media='skip')"
    )
    fal_first = (
        "import fal_client\nfrom fal_client import client as module\n"
        f"module.QUEUE_URL_FORMAT = {origin + '/'!r}\n"
        f"fal_client.SyncClient(key={TOKEN!r}).submit('fal-ai/model', {seed!r})"
    )
    return {
        _BARE: ("pass", "What is taken off the CPU of the others."),
        _PACKAGE: ("import runcomfy", version("runcomfy-models")),
        _MODEL: (_SEED, "The module of wan-ai/wan-2-6/image-to-image."),
        _FIRST: (ours_first, "That module, a Client, and a submission that is answered."),
        _FAL: ("import fal_client", version("fal-client")),
        _FAL_FIRST: (fal_first, "The same with a SyncClient."),
        "replicate": ("import replicate", version("replicate")),
        "openai": ("import openai", version("openai")),
        "wavespeed": ("import wavespeed", version("wavespeed")),
        "datamodel-codegen client": (
            generated + "from client_out import Client",
            (
                f"{version('datamodel-code-generator')}, --generate-client httpx2, of "
                f"{models} models; its Client, which loads what it needs."
            ),
        ),
        "urllib3": ("import urllib3", version("urllib3")),
        "attrs": ("import attrs", version("attrs")),
    }


def _imports(programs: dict[str, tuple[str, str]], samples: int) -> Table:
    rows = _rows(programs, samples, own=_OWN)
    peers = [name for name in programs if name not in {*_OWN, _BARE, _FAL_FIRST}]
    goals = [
        Goal("import runcomfy: at most 0.1 of fal-client's CPU", _CPU.title, _PACKAGE, _FAL, 0.1),
        Goal("one model's module: at most 0.5 of it", _CPU.title, _MODEL, _FAL, 0.5),
        Goal("up to the first request: at most 1.0 of it", _CPU.title, _FIRST, _FAL, 1.0),
        Goal(
            "up to the first request: at most 1.0 of fal-client up to its own",
            _CPU.title,
            _FIRST,
            _FAL_FIRST,
            1.0,
        ),
        *(
            Goal(f"memory below {name}'s", _MEMORY.title, _PACKAGE, name, 1.0, beyond=True)
            for name in peers
        ),
    ]
    note = (
        f"New processes, {samples} of each. CPU is net of bare Python's, memory is not: "
        "it is what the process holds afterwards."
    )
    return Table("Import", (_CPU, _MEMORY), rows, _PACKAGE, tuple(goals), note)


def _growth(folder: Path, counts: tuple[int, ...], samples: int) -> Table:
    programs: dict[str, tuple[str, str]] = {_BARE: ("pass", "")}
    for count in counts:
        place = folder / str(count)
        corpus.write(place, count)
        child(corpus.our_command(), place)
        path = f"import sys; sys.path.insert(0, {str(place / 'generated')!r})\n"
        module = corpus.first_module(place)
        programs[f"import runcomfy, models: {count:,}"] = (path + "import runcomfy", "")
        programs[f"one module, models: {count:,}"] = (f"{path}import {module}", "")
    rows = _rows(programs, samples, own=programs.keys() - {_BARE}, least_of=_TRIES)
    goals = [
        Goal(
            f"{what}, {count:,} models: at most {_FLAT} of one model's {column.title}",
            column.title,
            f"{what}, models: {count:,}",
            f"{what}, models: 1",
            _FLAT,
        )
        for count in counts[1:]
        for what in ("import runcomfy", "one module")
        for column in (_CPU, _MEMORY)
    ]
    first = f"one module, models: {counts[0]:,}"
    note = (
        f"New processes; {samples} samples of each. A sample of CPU is the least of {_TRIES} "
        "processes, net of bare Python's: a tenth of a short time is looked for, and whatever "
        "else the machine does only adds."
    )
    columns = (_CPU, attrs.evolve(_MEMORY, drawn=False))
    return Table("Import as models grow", columns, rows, first, tuple(goals), note)


def _rows(
    programs: dict[str, tuple[str, str]], samples: int, *, own: Collection[str], least_of: int = 1
) -> tuple[Row, ...]:
    cpu = _sampled(
        {who: _cpu(program, least_of) for who, (program, _) in programs.items()}, samples
    )
    memory = _sampled({who: _memory(program) for who, (program, _) in programs.items()}, 5)
    bare = Sample(cpu[_BARE]).median
    return tuple(
        Row(
            who,
            {
                _CPU.title: Sample(one if who == _BARE else one - bare for one in cpu[who]),
                _MEMORY.title: Sample(memory[who]),
            },
            note,
            own=who in own,
        )
        for who, (_, note) in programs.items()
    )


def _sampled(samplers: dict[str, Callable[[], float]], samples: int) -> dict[str, list[float]]:
    in_turns(samplers, 1)  # the first run writes bytecode
    return in_turns(samplers, samples)


def _cpu(program: str, least_of: int) -> Callable[[], float]:
    return lambda: min(child([sys.executable, "-c", program]).cpu for _ in range(least_of)) * 1e3


def _memory(program: str) -> Callable[[], float]:
    return lambda: int(child([sys.executable, "-c", program + _TELL_MEMORY]).said) / 1e3
