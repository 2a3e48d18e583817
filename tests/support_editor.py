"""An editor as a language server sees it: it opens a file and asks about places in it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

_SERVER = Path(sys.executable).with_name("basedpyright-langserver")
#: The timeout for an answer in seconds. The first one is slow, since it reads all imports.
_LONGEST = 60


class Editor:
    """A session with basedpyright's language server, about one file.

    Args:
        folder: The folder of the file, whose pyrightconfig.json the server uses.
        text: The content of the file.
    """

    def __init__(self, folder: Path, text: str) -> None:
        self._text = text
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._asked = 0
        file = folder / "program.py"
        file.write_text(text, encoding="utf-8")
        self._uri = file.as_uri()
        self._server = subprocess.Popen(
            [str(_SERVER), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
        )
        threading.Thread(target=self._read, daemon=True).start()
        plain = ["plaintext"]
        capabilities = {
            "hover": {"contentFormat": plain},
            "completion": {"completionItem": {"documentationFormat": plain}},
        }
        root = folder.as_uri()
        self._ask(
            "initialize",
            processId=None,
            rootUri=root,
            workspaceFolders=[{"uri": root, "name": "tests"}],
            capabilities={"textDocument": capabilities},
        )
        self._tell("initialized")
        opened = {"uri": self._uri, "languageId": "python", "version": 1, "text": text}
        self._tell("textDocument/didOpen", textDocument=opened)

    def hover(self, place: str) -> str:
        """Return the hover text at ``^`` in *place*, a part of the file."""
        found = self._at("hover", place)
        return "" if found is None else str(found["contents"]["value"])

    def completions(self, place: str) -> list[str]:
        """Return the completions at ``^`` in *place*, a part of the file."""
        found = self._at("completion", place)
        items = [] if found is None else found["items"]
        return [str(one["label"]) for one in items]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.kill()
        self._server.communicate()

    # Any: JSON.
    def _at(self, what: str, place: str) -> Any:
        before, after = place.split("^")
        offset = self._text.index(before + after) + len(before)
        start = self._text.rfind("\n", 0, offset) + 1
        position = {"line": self._text.count("\n", 0, offset), "character": offset - start}
        document = {"uri": self._uri}
        return self._ask(f"textDocument/{what}", textDocument=document, position=position)

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": parameters})
        while True:
            answer = self._answers.get(timeout=_LONGEST)
            if answer is None:
                raise ConnectionError("the language server has ended")
            if "method" in answer:
                if "id" in answer:  # the server asks for settings, of which there are none
                    items = answer["params"].get("items", ())
                    self._send({"id": answer["id"], "result": [{} for _ in items]})
            elif answer["id"] == self._asked:
                return answer["result"]

    def _tell(self, method: str, **parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._server.stdin.flush()

    def _read(self) -> None:
        assert self._server.stdout is not None
        length = 0
        for line in self._server.stdout:
            name, _, value = line.strip().partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            elif not name:
                self._answers.put(json.loads(self._server.stdout.read(length)))
        self._answers.put(None)
