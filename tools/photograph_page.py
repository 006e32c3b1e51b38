"""Takes a screenshot of the web app's page with an answer and its heat map.

    tools/photograph_page.py http://127.0.0.1:5000 data/samples/cat-1.png page.png
    tools/photograph_page.py    start a server, and write the README's picture

Without a browser it prints one sentence and exits 1.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.find_browser import find_browser  # noqa: E402

SAMPLES = ROOT / "data" / "samples"
SERVE = [sys.executable, str(ROOT / "webapp" / "app.py"), "--port", "0"]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def served() -> Iterator[str]:
    """Serve the shipped models while the block runs; the server's address."""
    server = subprocess.Popen(SERVE, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        yield next(line for line in server.stdout if "Serving" in line).split()[-1]
    finally:
        server.terminate()
        server.wait()


def photograph(browser: str, url: str, photo: Path, picture: Path) -> None:
    """Upload the photo in the browser, and write a picture of the page as PNG."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=QUIET)
        page = chromium.new_page(
            viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
        )
        page.goto(url)
        page.locator("#image").set_input_files(photo)
        page.get_by_role("button", name="Show why").click()
        page.locator(".heat").wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=picture, full_page=True)
        chromium.close()


def main(*arguments: str) -> int:
    browser = find_browser()
    if browser is None:
        print("there is no Chromium here: install `chromium` to see the page")
        return 1
    if arguments:
        url, photo, picture = arguments
        photograph(browser, url, Path(photo), Path(picture))
    else:
        with served() as url:
            photograph(browser, url, SAMPLES / "cat-1.png", SAMPLES / "page.png")
    return 0


if __name__ == "__main__":
    if len(sys.argv) not in (1, 4):
        sys.exit("photograph_page: give the address, a photo and the file to write")
    sys.exit(main(*sys.argv[1:]))
