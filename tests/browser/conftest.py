"""Fixtures: a Chromium, a server process, and pages of it in the browser."""

import os
import shutil

import pytest

from tests.webapp.running_app import APP, running, write_model

DEBIAN = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--no-proxy-server",
    "--host-resolver-rules=MAP *.machine.test 127.0.0.1",
    "--use-fake-device-for-media-stream",
]


def unavailable(reason: str) -> None:
    """Skip the test; in CI, where a browser must be there, fail it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def browser():
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        unavailable("Playwright is not installed")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=DEBIAN, args=ARGUMENTS)
        except Error as error:
            unavailable(f"there is no browser: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def url(tmp_path_factory):
    """A server of two models: "other" is the default, "tiny" is seldom sure."""
    folder = tmp_path_factory.mktemp("models")
    write_model(folder / "other" / "1.pb")
    write_model(folder / "tiny" / "2.pb", threshold=0.99)
    limits = {"at_most": 1800, "FREEZE_SERVE_MAX_MEGABYTES": "3"}
    listed = {"FREEZE_SERVE_ALLOWED_HOSTS": "a.machine.test"}
    with running(APP, "--models", str(folder), **limits, **listed) as process:
        yield f"http://127.0.0.1:{process.port()}/"


@pytest.fixture
def open_page(browser, url):
    """A function that opens the page in a browser context with the given settings."""
    contexts = []

    def open_page(path: str = "", **settings):
        usual = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
        contexts.append(browser.new_context(**usual | settings))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.goto(url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    return open_page()
