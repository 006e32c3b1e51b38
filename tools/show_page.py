"""The README's picture of the page: a drawing, its answers by two models, and why.

Run `python tools/show_page.py [FILE]`; it serves the shipped models by itself.
"""

import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.find_browser import find_browser  # noqa: E402

PICTURE = ROOT / "data" / "samples" / "page.png"
DRAWING = ROOT / "data" / "samples" / "cat-1.png"
SERVE = [sys.executable, str(ROOT / "webapp" / "app.py"), "--port", "0"]


def photograph(browser: Browser, url: str) -> bytes:
    """The page after it was asked about the drawing, as PNG."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(url)
    page.locator("#image").set_input_files(DRAWING)
    page.get_by_role("button", name="Show why").click()
    page.locator(".heat").wait_for()
    page.evaluate("scrollTo(0, 0)")
    return page.screenshot(full_page=True)


def main(file: Path = PICTURE) -> None:
    server = subprocess.Popen(SERVE, stdout=subprocess.PIPE, text=True)
    try:
        serving = next(line for line in server.stdout if line.startswith("Serving"))
        with sync_playwright() as playwright:
            path, plain = find_browser(), ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=path, args=plain)
            file.write_bytes(photograph(browser, serving.split()[-1]))
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
