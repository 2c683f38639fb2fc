"""Makes the picture of the README: the demo training, seen in Chromium while it runs.

`make screenshot` writes docs/page.png.
"""

import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
SECONDS = 24
PORT = 7797


def main() -> None:
    """Train, serve, look."""
    target = ROOT / "docs" / "page.png"
    target.parent.mkdir(exist_ok=True)
    log = Path(tempfile.mkdtemp()) / "demo.log"
    python = [sys.executable, "-m"]
    training = subprocess.Popen([*python, "app.demo", str(log), "--seconds", str(SECONDS)], cwd=ROOT)
    server = subprocess.Popen([*python, "app", str(log), "-p", str(PORT)], cwd=ROOT)
    try:
        _wait_for(f"http://127.0.0.1:{PORT}/healthz")
        with sync_playwright() as playwright:
            _shoot(playwright, target)
    finally:
        server.terminate()
        training.terminate()
        server.wait()
        training.wait()
    print(target)


def _wait_for(url: str) -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(url, timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"{url} does not answer")


def _shoot(playwright, target: Path) -> None:
    path = next(path for path in BROWSERS if Path(path).exists())
    flags = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
    browser = playwright.chromium.launch(executable_path=path, args=flags)
    page = browser.new_page(viewport={"width": 1280, "height": 490}, device_scale_factor=1.5)
    page.goto(f"http://127.0.0.1:{PORT}/")
    page.wait_for_selector(".chart .main-svg")
    page.wait_for_timeout(SECONDS * 450)
    page.screenshot(path=target)
    browser.close()


if __name__ == "__main__":
    main()
