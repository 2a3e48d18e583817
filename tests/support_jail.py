"""Import every model of a client and report what happened; tests run this in a separate process.

Usage: ``python -I -B support_jail.py FOLDER PACKAGE``. An audit hook records actions that a model
must not take. The records and all failures are printed as JSON.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import json
import os
import resource
import sys
import sysconfig
import traceback
import typing
from typing import Any

MARK = "HOSTILE"

#: Events that no import of ours raises.
_FORBIDDEN = (
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "subprocess.", "pty."),
    *("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "ctypes.", "shutil.", "tempfile."),
    *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod"),
    *("os.putenv", "os.unsetenv", "os.kill", "signal.", "code.", "pickle.", "webbrowser."),
)


class Watch:
    """An audit hook that records events while it is armed; hooks can't be removed."""

    def __init__(self, folder: str) -> None:
        self.noted: list[str] = []
        self.armed = False
        #: Whether typing evaluates annotations, which are strings. That they run is no finding.
        self.evaluating = False
        self._sound = tuple(
            os.path.realpath(place) + os.sep
            for place in (folder, sys.base_prefix, sys.prefix, sysconfig.get_path("stdlib"))
        )

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.armed:
            return
        if event.startswith(_FORBIDDEN) or self._is_odd(event, arguments):
            self.noted.append(f"{event} {str(arguments)[:200]}")

    def _is_odd(self, event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            flags: int = arguments[2]
            return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND))
        # Compiling is not running, and typing compiles every annotation.
        if event == "exec" and not self.evaluating:
            return not self._is_sound(str(arguments[0].co_filename))
        return False

    def _is_sound(self, file: str) -> bool:
        # attrs generates the methods of its classes as source, and we generate a constructor. Any
        # other source that is not in a file is suspicious.
        if not file.startswith(os.sep):
            return file.startswith(("<attrs generated ", "<constructor of "))
        return os.path.realpath(file).startswith(self._sound)


def look_at(module: Any, watch: Watch) -> None:
    """Use a model as tools and users do."""
    watch.evaluating = True
    for one in (module.Input, module.Output, module.Fields):
        typing.get_type_hints(one, {**vars(typing), **vars(module)})
        inspect.getdoc(one)
    watch.evaluating = False
    inspect.getdoc(module.run)
    inspect.signature(module.submit)
    for value in ({}, {"plain": "x"}, dict.fromkeys(module.Fields.__annotations__, "x")):
        module.validate(value)
        with contextlib.suppress(Exception):  # an invalid value is refused
            module.Input(**value)
    repr(module.Output())
    for name in ("openai", "anthropic", "mcp"):
        json.dumps(module.tool(name)).encode()


def main() -> None:
    """Import everything."""
    folder, package = sys.argv[1:]
    sys.path.insert(0, folder)
    for limit, most in ((resource.RLIMIT_CPU, 120), (resource.RLIMIT_AS, 4 * 2**30)):
        resource.setrlimit(limit, (most, most))
    # Any file that is written stays empty.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    models = importlib.import_module(f"{package}.models")
    # The modules that models may use are loaded before the hook is armed.
    face = importlib.import_module("runcomfy_core.generated")
    for name in face.__all__:
        getattr(face, name)
    late = ("errors", "media.places", "media.static", "model.help", "model.tools")
    for name in (*late, "model.schemas", "values.choices", "values.convert"):
        importlib.import_module(f"runcomfy_core.{name}")
    importlib.import_module("difflib")  # it evaluates source; the runtime imports it late
    watch = Watch(folder)
    sys.addaudithook(watch)
    before = dict(os.environ), set(vars(builtins))
    failed: dict[str, str] = {}
    for model_id in models.MODULES:
        watch.armed = True
        try:
            look_at(models.get(model_id), watch)
        except BaseException:  # noqa: BLE001 - any exception is a finding
            failed[model_id] = traceback.format_exc()[-600:]
        finally:
            watch.armed = watch.evaluating = False
    changed = [
        *(["environment"] if dict(os.environ) != before[0] else []),
        *sorted(set(vars(builtins)) - before[1]),
        *(name for name in sys.modules if MARK in name),
    ]
    count = len(models.MODULES)
    sys.stdout.write(
        json.dumps({"models": count, "noted": watch.noted, "failed": failed, "changed": changed})
    )


if __name__ == "__main__":
    main()
