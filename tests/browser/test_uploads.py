"""Photos are uploaded in every way that the page offers; large ones are shrunk."""

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.page_actions import (
    GREEN_CORNER,
    RED_CORNER,
    answers,
    choose,
    picture,
    rotated_picture,
    save_screenshot,
)

pytestmark = pytest.mark.slow

LARGE = picture(3000, 2000, ("red", 0, 0, 1500, 1000), kind="JPEG", quality=95)


@pytest.fixture
def page(open_page):
    """The page with a camera; window.sent is the body of its last request."""
    page = open_page(permissions=["camera"])
    page.evaluate(
        """() => {
          const { fetch } = window;
          window.fetch = (address, options) => {
            window.sent = options.body;
            return fetch(address, options);
          };
        }"""
    )
    return page


def sent(page) -> bytes:
    """The body of the last request, once it is answered."""
    expect(answers(page)).to_have_count(1)
    address = page.evaluate(
        """() => new Promise((resolve) => {
          const reader = new FileReader();
          reader.onload = () => resolve(reader.result);
          reader.readAsDataURL(window.sent);
        })"""
    )
    return b64decode(address.partition(",")[2])


def sent_picture(page) -> Image.Image:
    return Image.open(BytesIO(sent(page)))


def test_photo_is_dropped_on_the_page(page, tmp_path):
    file = tmp_path / "dropped.png"
    file.write_bytes(GREEN_CORNER)
    mouse = page.context.new_cdp_session(page)
    for event in ("dragEnter", "dragOver", "drop"):
        if event == "drop":
            expect(page.locator("form.over")).to_be_visible()
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        where = {"type": event, "x": 300, "y": 600, "data": data}
        mouse.send("Input.dispatchDragEvent", where)
    expect(answers(page).get_by_role("heading")).to_have_text("Dog")
    expect(page.locator("form.over")).to_have_count(0)


def test_photo_is_pasted(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate(
        """async (bytes) => {
          const photo = new Blob([new Uint8Array(bytes)], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": photo })]);
        }""",
        list(GREEN_CORNER),
    )
    page.keyboard.press("Control+V")
    expect(answers(page).get_by_role("heading")).to_have_text("Dog")
    assert page.locator(".file").inner_text() == "Pasted photo"


def test_pasted_text_is_no_photo(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('a cat')")
    page.keyboard.press("Control+V")
    expect(page.get_by_text("No photo is on the clipboard")).to_be_visible()


def test_photo_is_taken_with_the_camera(page):
    page.get_by_role("button", name="Use the camera").click()
    take = page.get_by_role("button", name="Take the photo")
    expect(take).to_be_enabled()
    save_screenshot(page, "camera")
    take.click()
    green = sent_picture(page).getpixel((10, 10))
    assert green[1] > max(green[0], green[2])  # what Chromium's fake camera shows


def test_camera_is_off_afterwards(page):
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
    track = page.evaluate_handle("document.querySelector('video').srcObject")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert track.evaluate("stream => stream.getTracks()[0].readyState") == "ended"
    expect(answers(page)).to_have_count(0)


def test_camera_that_is_not_allowed_is_a_sentence(open_page):
    page = open_page()
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_text("The camera is not allowed here")).to_be_visible()
    expect(page.get_by_role("button", name="Take the photo")).to_be_disabled()


def test_page_over_http_offers_the_phones_own_camera(page, url):
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Use the camera").click()
    chooser.value.set_files(
        {"name": "taken.png", "mimeType": "image/png", "buffer": RED_CORNER}
    )
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")


def test_large_photo_is_shrunk_before_it_is_sent(page):
    choose(page, LARGE)
    assert sent_picture(page).size == (1024, 683)
    assert len(sent(page)) < len(LARGE) / 4


def test_original_is_sent_on_demand(page):
    page.get_by_label("Send originals").check()
    choose(page, LARGE)
    assert sent(page) == LARGE


def test_small_photo_is_sent_as_it_is(page):
    choose(page, RED_CORNER)
    assert sent(page) == RED_CORNER


def test_shrunk_photo_is_upright(page):
    choose(page, rotated_picture(2000, 1000, ("red", 0, 0, 1000, 1000)))
    image = sent_picture(page)
    assert image.size == (512, 1024)
    assert image.getpixel((256, 200))[0] > 200  # what was left is on top
    assert image.getpixel((256, 900))[0] < 50
    assert image.getexif().get(0x0112, 1) == 1
