"""A real browser for the tests: the Chromium that the machine has."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
FOLDERS = os.pathsep.join(("/usr/bin", os.environ.get("PATH", "")))
# A container has no sandbox of its own to give; the rest keeps a test off the network.
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The browser, started once for all tests; they skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = [path for name in NAMES if (path := shutil.which(name, path=FOLDERS))]
    if not found:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found[0], args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> "Iterator[Page]":
    """A page in a fresh profile; `page.problems` lists what it wrote to the console as errors."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.problems = problems = []  # type: ignore[attr-defined]

        def note(message: "ConsoleMessage") -> None:
            if message.type == "error":
                problems.append(f"{message.text} ({message.location.get('url', '')})")

        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        yield page
