"""A service and a real browser for it. The browser's address bar, console and network are watched throughout.

One browser per module: while it runs, its event loop belongs to the thread, and other tests want their own.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright

from tests.browser.service import running

HERE = Path(__file__).parent
# As root Chromium runs only without its sandbox; the others keep it from looking for hosts of its maker.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
).split()
WAIT_MS = 60_000  # a busy machine is no fault; what has not come by then does not come
expect.set_options(timeout=WAIT_MS)


@dataclass
class Watched:
    """What a page did besides showing itself."""

    base: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    bytes: int = 0

    def watch(self, page: Page) -> None:
        """From now on."""
        page.on("console", lambda told: self._console(told.type, told.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)
        page.on("requestfinished", self._finished)

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.base}/", "data:", "blob:")):
            self.foreign.append(request.url)

    def _finished(self, request: Request) -> None:
        sizes = request.sizes()
        self.bytes += sizes["responseBodySize"] + sizes["responseHeadersSize"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an open service with default settings."""
    with running(tmp_path_factory.mktemp("service")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, as the operating system has it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.fail("there is no Chromium for the browser tests: run `make browser`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def watched(base: str) -> Iterator[Watched]:
    """Fails the test in the end if a page complained, or asked anybody but the service."""
    found = Watched(base)
    yield found
    assert found.complaints == []
    assert found.foreign == []


@pytest.fixture
def open_page(browser: Browser, base: str, watched: Watched) -> Iterator[Callable[..., Page]]:
    """Opens a path in a fresh context; `options` are those of a browser context."""
    contexts: list[BrowserContext] = []

    def open_it(path: str = "/", **options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
        context.set_default_timeout(WAIT_MS)
        contexts.append(context)
        page = context.new_page()
        watched.watch(page)
        page.goto(base + path)
        return page

    yield open_it
    for context in contexts:
        context.close()
