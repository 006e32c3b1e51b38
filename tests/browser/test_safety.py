"""The page in a real browser, against the real process."""

import os
import shutil

import pytest
from serving import ROOT, photo, running, write_model

APP = str(ROOT / "webapp" / "app.py")
DEBIAN = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--host-resolver-rules=MAP a.machine.test 127.0.0.1",
]


def unavailable(reason: str) -> None:
    """Skips here; fails in CI, which never leaves the browser out."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        unavailable("Playwright is not installed")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=DEBIAN, args=QUIET)
        except Error as error:
            unavailable(f"there is no browser: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for name in ("tiny", "other"):
        write_model(folder / name / "1.pb")
    with running(APP, "--models", str(folder)) as process:
        yield f"http://127.0.0.1:{process.port()}/"


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def page(request, browser, url):
    context = browser.new_context(java_script_enabled=request.param)
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.goto(url)
    yield page
    context.close()


def choose(page, data: bytes, name: str = "photo.png") -> None:
    file = {"name": name, "mimeType": "image/png", "buffer": data}
    page.get_by_label("choose a photo").set_input_files(file)


def test_visitor_uploads_a_photo_and_reads_the_answer(page):
    choose(page, photo("green"))
    page.get_by_role("button", name="Ask the model").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Dog"
    assert page.get_by_text("98.2%").is_visible()
    assert page.get_by_alt_text("The photo you sent").is_visible()
    assert page.complaints == []


def test_visitor_chooses_the_model(page):
    choose(page, photo())
    page.get_by_label("Model").select_option("tiny")
    page.get_by_role("button", name="Ask the model").click()
    assert page.get_by_text("tiny, version 1, says").is_visible()


def test_bad_file_is_answered_with_a_sentence(page):
    choose(page, b"hello, world")
    page.get_by_role("button", name="Ask the model").click()
    assert "This is a text file" in page.get_by_role("heading", level=1).inner_text()


def test_photo_far_too_large_is_answered_with_a_sentence(page, tmp_path):
    file = tmp_path / "large.bmp"
    file.write_bytes(bytes(25_000_000))
    page.get_by_label("choose a photo").set_input_files(file)
    page.get_by_role("button", name="Ask the model").click()
    assert "20 MB" in page.get_by_role("heading", level=1).inner_text()


def test_chosen_photo_is_shown_before_it_is_sent(browser, url):
    page = browser.new_page()
    page.goto(url)
    choose(page, photo())
    page.wait_for_function("document.querySelector('.drop img').naturalWidth == 60")
    page.close()


def test_page_asks_no_other_host(browser, url):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url, wait_until="networkidle")
    assert [address for address in asked if not address.startswith(url)] == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_page_fits_its_window(browser, url, width, scheme):
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page.goto(url)
    choose(page, photo())
    page.get_by_role("button", name="Ask the model").click()
    page.wait_for_load_state()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_page_works_under_a_name_that_browsers_do_not_trust(browser, url):
    page = browser.new_page()  # over plain HTTP no Sec-Fetch-Site tells who posts
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    choose(page, photo())
    page.get_by_role("button", name="Ask the model").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Cat"
    page.close()


def test_another_site_cannot_post_a_form(browser, url):
    page = browser.new_page()
    page.route(
        "http://evil.test/",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form method="post" action="{url}predict"><button>Go</button>',
        ),
    )
    page.goto("http://evil.test/")
    with page.expect_response(f"{url}predict") as answer:
        page.get_by_role("button").click()
    assert answer.value.status == 403
    page.close()
