from __future__ import annotations

import errno
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support_client import FakeClock
from support_files import state
from support_files_server import (
    CONTENT,
    FilesServer,
    Flood,
    chunked,
    cut,
    moved,
    options,
    rest,
    whole,
)
from support_server import CERTIFICATE, HANG, FaultServer, Proxy, Step, answer

import runcomfy
from runcomfy.errors import ConfigurationError, DownloadFailed
from runcomfy_core.download.download import download, save
from runcomfy_core.download.options import Options

if TYPE_CHECKING:
    from runcomfy_core.jobs.saving import Progress

ROOT = Path(runcomfy.__file__).parent.parent
#: Any, for it is what a type checker would refuse.
NO_PATH: Any = None
#: Content of no known type, which may be any.
ONE, TWO, THREE = b"\x00\x01", b"\x00\x02", b"\x00\x03"
ADVICE = "; what the server still has can be fetched again"


def names(directory: Path) -> list[str]:
    return sorted(one.name for one in directory.iterdir())


def at(server: FaultServer, path: str) -> str:
    return f"http://127.0.0.1:{server.port}{path}"


def test_every_file_of_an_output(tmp_path: Path) -> None:
    with FaultServer(whole(ONE), whole(TWO), chunked(THREE)) as server:
        urls = [at(server, "/x/a.png?sig=1"), at(server, "/y/a.png"), at(server, "/clip.mp4")]
        made = download(urls, tmp_path / "new" / "out", options(server))
    folder = tmp_path / "new" / "out"
    assert made == [folder / "a.png", folder / "a-1.png", folder / "clip.mp4"]
    assert [one.read_bytes() for one in made] == [ONE, TWO, THREE]
    assert names(folder) == ["a-1.png", "a.png", "clip.mp4"]
    assert server.connections == 1


def test_a_url_that_is_named_twice_is_fetched_once(tmp_path: Path) -> None:
    with FaultServer(whole(ONE), whole(TWO)) as server:
        one, two = at(server, "/a.png"), at(server, "/b.png")
        made = download([one, two, one], tmp_path, options(server))
    assert [path.name for path in made] == ["a.png", "b.png", "a.png"]
    assert len(server.requests) == 2


def test_nothing_to_fetch(tmp_path: Path) -> None:
    assert download([], tmp_path / "out") == []
    assert names(tmp_path) == []


def test_names(tmp_path: Path) -> None:
    typed = whole(ONE, headers=["Content-Type: image/png"])
    with FaultServer(*[typed] * 4) as server:
        paths = ["/", "/a", "/..%2F..%2Fa.png", "/A.PNG"]
        made = download([at(server, one) for one in paths], tmp_path, options(server))
        assert [one.name for one in made] == ["output.png", "a-1.png", "_.._a.png", "A.PNG"]
        server.add(typed)
        [prefixed] = download([at(server, "/a")], tmp_path, options(server), prefix="r-1")
    assert prefixed.name == "r-1-a.png"


def test_a_path_of_the_caller_s_stands_as_it_is(tmp_path: Path) -> None:
    typed = whole(ONE, headers=["Content-Type: image/png"])
    target = tmp_path / "sub" / "-odd name."
    with FaultServer(typed) as server:
        assert save(at(server, "/a.mp4"), str(target), options(server)) == target
    assert names(tmp_path / "sub") == ["-odd name."]


def test_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with FaultServer(whole(ONE), whole(TWO)) as server:
        assert save(at(server, "/a"), "x.png", options(server)) == Path("x.png")
        assert download([at(server, "/y.png")], ".", options(server)) == [Path("y.png")]
    assert names(tmp_path) == ["x.png", "y.png"]


def test_https_under_our_names_needs_no_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    script = [moved("https://cdn.runcomfy.com/x"), whole()]
    with FilesServer(*script) as server, Proxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        target = save("https://files.runcomfy.net/a.png", tmp_path / "a.png")
    assert target.read_bytes() == CONTENT


def test_a_refused_url_is_not_asked_for_and_keeps_no_other(tmp_path: Path) -> None:
    with FaultServer(whole()) as server, pytest.raises(DownloadFailed) as caught:
        download(
            ["https://evil.org/a.png?token=s3", at(server, "/b.png"), "ftp://x/"],
            tmp_path,
            options(server),
        )
    error = caught.value
    assert str(error) == (
        "https://evil.org/a.png: its host is 'evil.org', and files are fetched from runcomfy.net "
        "and runcomfy.com only; if you trust it, pass allow_hosts=['evil.org']. "
        f"Nothing was saved under {tmp_path}{ADVICE}"
    )
    assert error.url == "https://evil.org/a.png?token=s3"
    assert error.path == tmp_path, "no name was made for it yet"
    assert error.received == 0
    assert error.saved == (tmp_path / "b.png",)
    [note] = error.__notes__
    assert note.startswith("ftp://x/: its address is not a URL that begins with https://. ")
    assert note.endswith(f"{tmp_path}{ADVICE}")
    assert names(tmp_path) == ["b.png"]


def test_a_failure_tells_what_came(tmp_path: Path) -> None:
    gone = Step(answer(b"", 404))
    with FaultServer(cut(5000), gone) as server, pytest.raises(DownloadFailed) as caught:
        save(at(server, "/a.png"), tmp_path / "a.png", options(server))
    assert caught.value.received == 5000
    assert caught.value.saved == ()
    assert caught.value.__cause__ is None
    assert "the server answers HTTP 404 Not Found; its address may have expired" in str(
        caught.value
    )
    assert names(tmp_path) == []
    twin = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own
    assert vars(twin) == vars(caught.value)


def test_it_can_be_done_again(tmp_path: Path) -> None:
    with FaultServer(whole(ONE), Step(answer(b"", 404)), whole(THREE)) as server:
        urls = [at(server, f"/{n}/a.png") for n in range(3)]
        with pytest.raises(DownloadFailed) as caught:
            download(urls, tmp_path, options(server))
        assert caught.value.saved == (tmp_path / "a.png", tmp_path / "a-2.png")
        server.add(whole(ONE), whole(TWO), whole(THREE))
        made = download(urls, tmp_path, options(server))
    assert [(one.name, one.read_bytes()) for one in made] == [
        ("a.png", ONE),
        ("a-1.png", TWO),
        ("a-2.png", THREE),
    ]


@pytest.mark.parametrize("kind", ["file", "same size", "link", "directory"])
def test_an_existing_target_stays(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "a.png"
    if kind == "link":
        target.symlink_to(tmp_path / "nowhere")
    elif kind == "directory":
        target.mkdir()
    else:
        target.write_bytes(b"mine" if kind == "file" else bytes(len(CONTENT)))
    before = state(target)
    with FaultServer(whole()) as server, pytest.raises(DownloadFailed) as caught:
        download([at(server, "/a.png")], tmp_path, options(server))
    assert f"{target} exists already as something else, which is never rep" in str(caught.value)
    assert state(target) == before
    assert names(tmp_path) == ["a.png"]


def test_a_target_that_appears_meanwhile_stays(tmp_path: Path) -> None:
    target = tmp_path / "a.png"

    def appear(progress: Progress) -> None:
        if progress.received == len(CONTENT):
            target.write_bytes(b"mine")

    with FaultServer(whole()) as server, pytest.raises(DownloadFailed, match="exists already"):
        save(at(server, "/a.png"), target, options(server, on_progress=appear))
    assert target.read_bytes() == b"mine"
    assert names(tmp_path) == ["a.png"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, BrokenPipeError, TimeoutError])
@pytest.mark.parametrize("when", [0, 5000])
def test_what_a_callback_raises_ends_it(
    tmp_path: Path, error: type[BaseException], when: int
) -> None:
    def stop(progress: Progress) -> None:
        if progress.received == when:
            raise error("enough")

    with (
        FaultServer(cut(5000), rest(5000), whole()) as server,
        pytest.raises(error, match="enough"),
    ):
        download(
            [at(server, "/a.png"), at(server, "/b.png")],
            tmp_path,
            options(server, on_progress=stop),
        )
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_ctrl_c_while_the_server_is_silent(tmp_path: Path) -> None:
    main = threading.main_thread().ident
    assert main is not None
    step = Step(answer(b"half", length=8), "hang")
    with FaultServer(step) as server:

        def later(progress: Progress) -> None:
            if progress.received == 4:
                threading.Timer(0.1, signal.pthread_kill, [main, signal.SIGINT]).start()

        with pytest.raises(KeyboardInterrupt):
            save(at(server, "/a"), tmp_path / "a", options(server, on_progress=later, timeout=60))
    assert names(tmp_path) == []


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with FaultServer(whole()) as server, pytest.raises(DownloadFailed) as caught:
        save(at(server, "/a.png"), tmp_path / "a.png", options(server))
    assert f"it can't be written to {tmp_path} (No space left on device)" in str(caught.value)
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_a_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with FaultServer() as server:
        with pytest.raises(ConfigurationError) as caught:
            download([at(server, "/a.png")], tmp_path / "out", options(server))
        with pytest.raises(DownloadFailed, match=r"out/in can't be made \(Not a directory\)"):
            download([at(server, "/a.png")], tmp_path / "out" / "in", options(server))
        assert server.requests == []
    assert str(caught.value) == (
        f"directory is a file: {str(tmp_path / 'out')!r}; name a directory, or give the only file "
        "of an output a name with save(path)"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: download("https://a.test/x", "."),
            r"urls must be a list: \['https://a\.test/x'\]",
        ),
        (lambda: download(["https://a.test/x"], NO_PATH), "directory must be a path, not None"),
        (lambda: download([], "a\0b"), r"directory has a NUL character in it: 'a\\x00b'"),
        (lambda: save("https://a.test/x", ""), "path must end in a file's name: ''"),
        (lambda: save("https://a.test/x", "a/.."), r"path must end in a file's name: 'a/\.\.'"),
        (lambda: save("https://a.test/x", "/"), "path must end in a file's name: '/'"),
        (lambda: save("https://a.test/x", "a/"), "path must end in a file's name: 'a/'; name the"),
        (
            lambda: save("https://a.test/x", ROOT),
            f"path is a directory: '{ROOT}'; name the file in it, or have it named by download",
        ),
        (
            lambda: save("https://a.test/x", "~/a.png"),
            r"path begins with ~, .*: '~/a.png'; pass pathlib.Path\('~/a.png'\).expanduser\(\)",
        ),
        (lambda: download(["https://a.test/x"], Path("~")), "directory begins with ~, which only"),
        (lambda: save("https://a.test/x", NO_PATH), "path must be a path, not None"),
        (lambda: save("https://a.test/x", "a", Options(allow_hosts="a.test")), "must be a list"),
        (lambda: download([], ".", Options(allow_hosts=["a/b"])), "allow_hosts holds 'a/b'"),
    ],
)
def test_wrong_arguments(call: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        call()


def test_a_directory_may_begin_with_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert download([], "~no-such-user/x") == []
    with FaultServer(whole()) as server:
        made = download([at(server, "/a.png")], "~no-such-user", options(server))
    assert made == [Path("~no-such-user/a.png")]


def test_a_page_is_not_saved_as_a_picture(tmp_path: Path) -> None:
    page = b"<!doctype html><title>Please wait</title>"
    typed = whole(page, headers=["Content-Type: image/png"])
    with FaultServer(typed, whole(ONE)) as server, pytest.raises(DownloadFailed) as caught:
        download([at(server, "/a.png"), at(server, "/b.png")], tmp_path, options(server))
    assert str(caught.value) == (
        f"{at(server, '/a.png')}: what came is a web page titled 'Please wait', not a file of the "
        f"job. Nothing was saved under {tmp_path / 'a.png'}{ADVICE}"
    )
    assert (caught.value.received, caught.value.saved) == (len(page), (tmp_path / "b.png",))
    assert names(tmp_path) == ["b.png"]


def test_a_name_that_comes_with_the_answer_is_told_when_it_came(tmp_path: Path) -> None:
    gone = Step(answer(b"", 404))
    page = whole(b'{"error": "expired"}', headers=["Content-Type: image/png"])
    with FaultServer(gone, page) as server:
        for place in (tmp_path, tmp_path / "a.png"):
            with pytest.raises(DownloadFailed) as caught:
                download([at(server, "/a")], tmp_path, options(server))
            assert caught.value.path == place
    assert 'what came is a JSON text ("expired"), not a file of the job' in str(caught.value)
    assert names(tmp_path) == []


_CHILD = """
import sys
from runcomfy_core.download.download import save
from runcomfy_core.download.options import Options
save(sys.argv[1], sys.argv[2], Options(
    allow_hosts=[sys.argv[1].split("/")[2]],
    on_progress=lambda one: print(one.received, flush=True),
))
"""


def child(program: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_a_killed_process_leaves_no_half_file_under_its_name(tmp_path: Path) -> None:
    step = Step(answer(b"half", length=8), "hang")
    with FaultServer(step) as server:
        with child(_CHILD, at(server, "/a.png"), tmp_path / "a.png") as process:
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)] == ["0\n", "4\n"]
            process.kill()
        [left] = names(tmp_path)
        assert left.startswith(".runcomfy-")
        assert left.endswith(".part")
        server.add(whole())
        save(at(server, "/a.png"), tmp_path / "a.png", options(server))
    assert (tmp_path / "a.png").read_bytes() == CONTENT


_MEASURED = """
import resource, sys
from runcomfy_core.download.download import save
from runcomfy_core.download.options import Options
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = []
save(sys.argv[1], sys.argv[2], Options(
    allow_hosts=[sys.argv[1].split("/")[2]],
    on_progress=lambda one: before or before.append(peak()),
))
print(peak() - before[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="measures as Unix does")
def test_a_large_file_takes_little_memory(tmp_path: Path) -> None:
    size = 200 * 1024**2
    begin = time.monotonic()
    with Flood(size) as server, child(_MEASURED, server.url, tmp_path / "flood") as process:
        out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert (tmp_path / "flood").stat().st_size == size
    assert int(out) < 20, "MiB beyond what the first byte found"
    assert time.monotonic() - begin < 60


def test_threads_may_share_a_directory(tmp_path: Path) -> None:
    """Several download one name at once: one wins, and none is spoilt."""
    gate = threading.Barrier(4, timeout=10)
    steps = [Step(whole(bytes([n]) * 9).send, hook=gate.wait) for n in range(4)]
    outcomes: list[Path | DownloadFailed] = []
    with FaultServer(*steps) as server:

        def work() -> None:
            try:
                outcomes.extend(download([at(server, "/a.png")], tmp_path, options(server)))
            except DownloadFailed as error:
                outcomes.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes.count(tmp_path / "a.png") == 1
    assert len(outcomes) == 4
    assert names(tmp_path) == ["a.png"]
    assert len(set((tmp_path / "a.png").read_bytes())) == 1


def test_silence_ends(tmp_path: Path) -> None:
    clock = FakeClock()
    with (
        FaultServer(*[HANG] * 5) as server,
        pytest.raises(DownloadFailed, match=r"timed out after 0\.1 s"),
    ):
        save(at(server, "/a"), tmp_path / "a", options(server, timeout=0.1, clock=clock))
    assert len(clock.sleeps) == 4


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(), prefix=st.text(max_size=5), content_type=st.sampled_from(["image/png", "x"]))
def test_whatever_the_url_it_is_one_new_file_in_the_directory(
    tmp_path: Path, path: str, prefix: str, content_type: str
) -> None:
    folder = tmp_path / os.urandom(8).hex()
    step = whole(ONE, headers=[f"Content-Type: {content_type}"])
    with FaultServer(step) as server:
        try:
            [made] = download([at(server, f"/{path}")], folder, options(server), prefix=prefix)
        except DownloadFailed as error:
            assert "its address is not a URL" in str(error)  # noqa: PT017 - only some raise
            assert not path.isprintable()
            return
    assert made.parent == folder
    assert made.read_bytes() == ONE
    assert names(folder) == [made.name]
    assert all(one.is_dir() for one in tmp_path.iterdir())
