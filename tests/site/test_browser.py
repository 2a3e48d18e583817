"""The reference site in a real browser: what a reader does, on a desk and on a phone.

``make site-test`` builds the site and runs this; it needs Debian's Chromium.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runcomfy_sandbox import Sandbox, Timeline

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the extra 'docs'")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
SITE = ROOT / "out" / "site" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: Without these, Chromium looks for its maker's hosts at each start.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]

#: What Chromium says of a request that the page itself gave up.
_LEFT = "net::ERR_ABORTED"

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(not SITE.is_dir(), reason="needs the site: make docs"),
]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture(name="site", scope="module")
def served_site() -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(name="browser", scope="module")
def running_browser() -> Iterator[Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=QUIET, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@contextlib.contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page on which nothing goes wrong: no error in its console, no request that fails."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **options)
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    # The search reads the pages that it found, and stops when the reader opens one of them.
    page.on(
        "requestfailed",
        lambda request: faults.append(request.url) if request.failure != _LEFT else None,
    )
    yield page
    context.close()
    assert not faults


def test_from_the_start_page_to_a_snippet_that_runs(browser: Browser, site: str) -> None:
    with opened(browser) as page:
        page.goto(site)
        assert page.title() == "RunComfy Models"
        page.get_by_placeholder("Search").first.fill("nano banana")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Nano Banana 2 Lite T2I").click()
        assert page.locator("h1").inner_text().startswith("Nano Banana 2 Lite T2I")
        page.locator("label", has_text="curl").click()
        assert page.locator("pre:visible").first.inner_text().startswith("base=")
        page.locator("label", has_text="async").click()
        assert "await model.run(" in page.locator("pre:visible").first.inner_text()
        page.locator("label", has_text="Python").click()
        page.locator("div.highlight:visible").first.hover()
        page.locator("button.copybtn:visible").first.click()
        page.locator("button.copybtn.success").wait_for()
        copied: str = page.evaluate("navigator.clipboard.readText()")
    assert _run(copied).startswith("('http://127.0.0.1:")


def _run(snippet: str) -> str:
    """Run a snippet as a reader would: in a shell with the two variables of the sandbox."""
    with Sandbox(ROOT / "schemas", timeline=Timeline(0, 0)) as sandbox:
        variables = {
            "RUNCOMFY_MODEL_API_BASE": sandbox.base_url,
            "RUNCOMFY_API_TOKEN": "any-text",
        }
        done = subprocess.run(
            [sys.executable, "-c", snippet],
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("asked", ["wan-ai/wan-2-6/image-to-image", "camera_motion", "Kling 3.0"])
def test_the_search_finds_ids_fields_and_names(browser: Browser, site: str, asked: str) -> None:
    with opened(browser) as page:
        page.goto(f"{site}/search.html")
        page.get_by_placeholder("Search").last.fill(asked)
        page.keyboard.press("Enter")
        page.locator("ul.search li a[href^='models/']").first.wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "path", ["", "start.html", "models/index.html", "models/wan-ai/wan-2-6/image-to-image.html"]
)
def test_it_fits_a_phone_in_light_and_dark(
    browser: Browser, site: str, path: str, scheme: str
) -> None:
    size = {"width": 390, "height": 844}
    with opened(browser, viewport=size, color_scheme=scheme) as page:
        page.goto(f"{site}/{path}")
        # Wide tables scroll inside themselves; the page itself doesn't.
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness = sum(int(part) for part in background.removeprefix("rgb(")[:-1].split(","))
        assert (brightness < 300) is (scheme == "dark")


def test_every_page_opens_without_an_error(browser: Browser, site: str) -> None:
    pages = [one.relative_to(SITE).as_posix() for one in sorted(SITE.rglob("*.html"))]
    # The page of the search is empty until something is searched for.
    by_hand = [one for one in pages if not one.startswith("models/") and one != "search.html"]
    with opened(browser) as page:
        for path in by_hand:
            page.goto(f"{site}/{path}")
            assert page.locator("article").inner_text(), path
