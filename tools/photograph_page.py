"""Photograph the page of a running server, after it has answered a photo.

    tools/photograph_page.py http://127.0.0.1:5000 data/samples/cat-1.png page.png

Where there is no browser it says so in one sentence, and exits 1.
"""

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.find_browser import find_browser  # noqa: E402

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WINDOW = {"width": 1280, "height": 880}


def photograph(url: str, photo: Path, picture: Path, browser: str) -> None:
    """Uploads the photo as a visitor would, and writes what he sees as PNG."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=QUIET)
        page = chromium.new_page(viewport=WINDOW, reduced_motion="reduce")
        page.goto(url)
        with page.expect_response(lambda response: "/predict" in response.url):
            _send(page, photo)
        page.get_by_text(re.compile(r"\d%")).first.wait_for()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=picture)
        chromium.close()


def _send(page: Page, photo: Path) -> None:
    page.locator("input[type=file]").set_input_files(photo)
    button = page.locator("form:has(input[type=file]) [type=submit]").first
    if button.is_visible():  # a page with a script asks by itself
        button.click()


def main(url: str, photo: str, picture: str) -> int:
    browser = find_browser()
    if browser is None:
        print("there is no Chromium here: install `chromium` to see the page")
        return 1
    photograph(url, Path(photo), Path(picture), browser)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("photograph_page: give the address, a photo and the file to write")
    sys.exit(main(*sys.argv[1:]))
