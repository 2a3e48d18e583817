"""The commands on streams that can't print everything, or nothing at all."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from support_sandbox import SCHEMAS
from support_schemas import document, save

from runcomfy_codegen import console

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KOREAN = "프롬프트 é 😀"
ESCAPED = r"\ud504\ub86c\ud504\ud2b8 \xe9 \U0001f600"

#: Terminals that know no Korean.
POOR = {
    "ASCII": {"PYTHONIOENCODING": "ascii"},
    "Latin-1": {"PYTHONIOENCODING": "latin-1"},
    "the C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}
UTF_8 = {"PYTHONIOENCODING": "utf-8"}


def environment(more: dict[str, str]) -> dict[str, str]:
    kept = {key: one for key, one in os.environ.items() if not key.startswith(("LC_", "PYTHON"))}
    return {**kept, "LANG": "C", **more}


def run(
    folder: Path, *arguments: str, module: str = "runcomfy_codegen", **more: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment(more),
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Schemas, in two versions, whose words are Korean."""
    words = {"type": "string", "enum": ["a", KOREAN]}
    save(tmp_path / "old", document("acme/paint", prompt=words))
    save(tmp_path / "new", document("acme/paint", prompt={**words, "enum": ["a"]}))
    return tmp_path


@pytest.mark.parametrize("terminal", POOR)
@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_difference_is_shown_whatever_the_terminal(
    folder: Path, form: str, terminal: str
) -> None:
    arguments = ("diff", "old", "new", "--format", form, "--fail-on", "breaking")
    rich, poor = run(folder, *arguments, **UTF_8), run(folder, *arguments, **POOR[terminal])
    assert (poor.returncode, poor.stderr) == (1, b"")
    assert rich.returncode == 1
    if form == "json":
        assert poor.stdout == rich.stdout
        assert KOREAN in json.loads(poor.stdout)["changes"][0]["what"]
    else:
        assert KOREAN in rich.stdout.decode()
        said = poor.stdout.decode("latin-1")
        assert ESCAPED in said.replace("é", r"\xe9")


@pytest.mark.parametrize("terminal", POOR)
def test_the_generator_works_in_a_folder_of_any_name(folder: Path, terminal: str) -> None:
    (folder / "old").rename(folder / KOREAN)
    options = ("--schemas", KOREAN, "--out", f"out {KOREAN}")
    for command, words in (("generate", b"files written"), ("check", b"all as the schemas say")):
        done = run(folder, command, *options, **POOR[terminal])
        assert (done.returncode, done.stderr) == (0, b"")
        assert words in done.stdout
    (folder / f"out {KOREAN}" / "runcomfy" / "models" / KOREAN).write_bytes(b"mine")
    done = run(folder, "check", *options, **POOR[terminal])
    assert done.returncode == 1
    assert b"is none of the generated files" in done.stderr
    save(folder / KOREAN, document("acme/bad", **{KOREAN: {"type": KOREAN}}))
    done = run(folder, "check", *options, **POOR[terminal])
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert done.stderr.endswith(b"1 error\n")


def test_a_name_that_is_no_text_in_the_system_s_encoding_is_printed(folder: Path) -> None:
    odd = os.fsdecode(b"k\xe4se")
    (folder / "old").rename(folder / odd)
    done = run(folder, "generate", "--schemas", odd, "--out", f"out-{odd}", **UTF_8)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(rb"out-k\udce4se: ")


def programmed(folder: Path, program: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", program]
    more = environment(UTF_8)
    return subprocess.run(
        command, cwd=folder, env=more, capture_output=True, check=False, timeout=60
    )


def piped(folder: Path, read: int, *arguments: str, module: str = "runcomfy_codegen") -> Any:
    """Run a command whose output is a pipe of which so many bytes are read; return code, errors."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,
        env=environment(UTF_8),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(read)
        process.stdout.close()
        said = process.stderr.read()
        return process.wait(60), said


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("read", [0, 1])
def test_a_reader_that_goes_away_ends_it_quietly(folder: Path, form: str, read: int) -> None:
    # More than a pipe holds.
    fields = {f"field_{i}": {"type": "string"} for i in range(1_500)}
    save(folder / "new", document("acme/paint", **fields), document("acme/more", **fields))
    save(folder / "old", document("acme/more"))
    arguments = ("diff", "old", "new", "--format", form, "--fail-on", "breaking")
    assert piped(folder, read, *arguments) == (141, b"")


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["diff", "old", "new"]])
def test_it_ends_quietly_before_it_has_said_a_word(folder: Path, arguments: list[str]) -> None:
    program = (
        "import os, sys\n"
        "reader, writer = os.pipe()\n"
        "os.close(reader)\n"
        "os.dup2(writer, 1)\n"
        "from runcomfy_codegen.cli import main\n"
        f"sys.exit(main({arguments!r}))\n"
    )
    done = programmed(folder, program)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no full disk to offer")  # noqa: PTH110 - a device
def test_a_full_disk_is_said(folder: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "runcomfy_codegen", "diff", "old", "new"],
            cwd=folder,
            env=environment(UTF_8),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert done.stderr == b"the output can't be written: No space left on device\n"


@pytest.mark.parametrize("closed", ["1", "2", "1,2"])
def test_it_works_where_there_are_no_streams(folder: Path, closed: str) -> None:
    program = (
        "import sys\n"
        f"for one in ({closed},):\n"
        "    setattr(sys, {1: 'stdout', 2: 'stderr'}[one], None)\n"
        "from runcomfy_codegen.cli import main\n"
        "codes = [main(['diff', 'old', 'new', '--fail-on', 'breaking'])]\n"
        "codes += [main(['generate', '--schemas', one]) for one in ('old', 'nowhere')]\n"
        "assert [sys.stdout, sys.stderr].count(None) == len({" + closed + "})\n"
        "sys.exit(int(codes != [1, 0, 1]))\n"
    )
    done = programmed(folder, program)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("arguments", [["old", "nowhere"], ["old", "bad"], ["nowhere", "new"]])
def test_what_keeps_from_comparing_is_no_breaking_change(
    folder: Path, arguments: list[str]
) -> None:
    save(folder / "bad", document("acme/paint", x={"type": "nope"}))
    assert run(folder, "diff", *arguments).returncode == 1
    done = run(folder, "diff", *arguments, "--fail-on", "breaking")
    assert done.returncode == 2
    assert done.stdout == b""


def test_a_failure_that_nobody_thought_of_is_no_breaking_change(folder: Path) -> None:
    program = (
        "import sys\n"
        "from runcomfy_codegen.cli import main\n"
        "from runcomfy_codegen.diff import compare\n"
        "compare.compare = None\n"
        "sys.exit(main(['diff', 'old', 'new', '--fail-on', 'breaking']))\n"
    )
    done = programmed(folder, program)
    assert done.returncode == 2
    assert b"TypeError: 'NoneType' object is not callable" in done.stderr


def test_the_help_names_the_codes(folder: Path) -> None:
    said = b" ".join(run(folder, "--help").stdout.split())
    assert b"exit codes: 0 all is well; 1 something in the schemas is wrong, differs" in said


@pytest.mark.parametrize("terminal", POOR)
def test_the_sandbox_s_command_says_what_is_wrong_on_any_terminal(
    folder: Path, terminal: str
) -> None:
    program = "import sys; from runcomfy_sandbox.cli import main; sys.exit(main())"
    (folder / KOREAN).mkdir()
    (folder / KOREAN / "half.json").write_bytes(b"{")
    done = subprocess.run(
        [sys.executable, "-c", program, "--schemas", KOREAN],
        cwd=folder,
        env=environment(POOR[terminal]),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(b"runcomfy-sandbox: ")
    assert b"not readable as JSON" in done.stderr


def test_the_demo_runs_on_any_terminal(folder: Path) -> None:
    (folder / "schemas").symlink_to(SCHEMAS)
    more = {**POOR["ASCII"], "LIVE": "0"}
    done = run(folder, module="runcomfy_sandbox.demo", **more)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\uac01 \uc774\ubbf8\uc9c0" in done.stdout
    assert piped(folder, 1, module="runcomfy_sandbox.demo") == (141, b"")


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


def test_what_a_command_raises_has_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run(lambda: 5) == 5
    assert console.run(raising(KeyboardInterrupt())) == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert console.run(raising(BrokenPipeError(32, "Broken pipe"))) == 141
    assert capsys.readouterr() == ("", "")
    assert console.run(raising(OSError(5, "Input/output error"))) == 2
    assert capsys.readouterr().err.endswith("OSError: [Errno 5] Input/output error\n")
    with pytest.raises(SystemExit):
        console.run(raising(SystemExit(2)))


def test_streams_that_stand_for_the_real_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    notebook = io.StringIO()
    monkeypatch.setattr(sys, "stdout", notebook)
    assert console.run(lambda: sys.stdout.write(KOREAN)) == len(KOREAN)
    assert notebook.getvalue() == KOREAN
    chosen = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    monkeypatch.setattr(sys, "stdout", chosen)
    assert console.run(lambda: sys.stdout.write("é")) == 1
    assert chosen.buffer.getvalue() == b"?"
