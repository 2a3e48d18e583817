"""Run by the tests in a process of its own: imports every model of a client and says what happened.

Usage: ``python -I -B support_jail.py FOLDER PACKAGE``. An audit hook notes what a model has no
business to do; what it notes, and what went wrong, is printed as JSON.
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
    """Notes what happens once it is armed; a hook can't be taken away again."""

    def __init__(self, folder: str) -> None:
        self.noted: list[str] = []
        self.armed = False
        #: Annotations are strings that typing evaluates: what they do counts, not that they run.
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
        # To compile is not to run: typing does it with every annotation.
        if event == "exec" and not self.evaluating:
            return not self._is_sound(str(arguments[0].co_filename))
        return False

    def _is_sound(self, file: str) -> bool:
        # attrs makes the methods of its classes out of source, and so do we with a constructor;
        # "<string>" is nobody's file.
        if not file.startswith(os.sep):
            return file.startswith(("<attrs generated ", "<constructor of "))
        return os.path.realpath(file).startswith(self._sound)


def look_at(module: Any, watch: Watch) -> None:
    """Do what tools and users do with a model."""
    watch.evaluating = True
    for one in (module.Input, module.Output, module.Fields):
        typing.get_type_hints(one, {**vars(typing), **vars(module)})
        inspect.getdoc(one)
    watch.evaluating = False
    inspect.getdoc(module.run)
    inspect.signature(module.submit)
    for value in ({}, {"plain": "x"}, dict.fromkeys(module.Fields.__annotations__, "x")):
        module.validate(value)
        with contextlib.suppress(Exception):  # an unsound one is refused
            module.Input(**value)
    repr(module.Output())


def main() -> None:
    """Import everything."""
    folder, package = sys.argv[1:]
    sys.path.insert(0, folder)
    for limit, most in ((resource.RLIMIT_CPU, 120), (resource.RLIMIT_AS, 4 * 2**30)):
        resource.setrlimit(limit, (most, most))
    # A file that is written anywhere stays empty.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    models = importlib.import_module(f"{package}.models")
    # What the modules may use is loaded before anybody watches.
    face = importlib.import_module("runcomfy_core.generated")
    for name in face.__all__:
        getattr(face, name)
    late = ("errors", "media.places", "media.static", "model.help")
    for name in (*late, "values.choices", "values.convert"):
        importlib.import_module(f"runcomfy_core.{name}")
    importlib.import_module("difflib")  # it evaluates a text of its own; the runtime uses it late
    watch = Watch(folder)
    sys.addaudithook(watch)
    before = dict(os.environ), set(vars(builtins))
    failed: dict[str, str] = {}
    for model_id in models.MODULES:
        watch.armed = True
        try:
            look_at(models.get(model_id), watch)
        except BaseException:  # noqa: BLE001 - whatever happens is the finding
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
