"""The browser of tests/browser, for benchmarks that look at pixels."""

from tests.browser.conftest import chromium, page

__all__ = ["chromium", "page"]
