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
            if (options.body) window.sent = options.body.get("image");
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
    expect(answers(page).get_by_role("heading")).to_have_text("dog")
    expect(page.locator("form.over")).to_have_count(0)


@pytest.mark.ci
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
    expect(answers(page).get_by_role("heading")).to_have_text("dog")
    assert page.locator(".file").inner_text() == "Pasted photo"


def test_pasted_text_is_no_photo(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('a cat')")
    page.keyboard.press("Control+V")
    expect(page.get_by_text("No photo is on the clipboard")).to_be_visible()


@pytest.mark.ci
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


@pytest.mark.ci
def test_camera_that_is_not_allowed_is_a_sentence(open_page):
    page = open_page()
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_text("The camera is not allowed here")).to_be_visible()
    expect(page.get_by_role("button", name="Take the photo")).to_be_disabled()


@pytest.mark.ci
def test_page_over_http_offers_the_phones_own_camera(page, url):
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Use the camera").click()
    chooser.value.set_files(
        {"name": "taken.png", "mimeType": "image/png", "buffer": RED_CORNER}
    )
    expect(answers(page).get_by_role("heading")).to_have_text("cat")


def test_large_photo_is_shrunk_before_it_is_sent(page):
    choose(page, LARGE)
    assert sent_picture(page).size == (1024, 683)
    assert len(sent(page)) < len(LARGE) / 4


@pytest.mark.ci
def test_original_is_sent_on_demand(page):
    page.get_by_label("Send originals").check()
    choose(page, LARGE)
    assert sent(page) == LARGE


@pytest.mark.ci
def test_small_photo_is_sent_as_it_is(page):
    choose(page, RED_CORNER)
    assert sent(page) == RED_CORNER


@pytest.mark.ci
def test_shrunk_photo_is_upright(page):
    choose(page, rotated_picture(2000, 1000, ("red", 0, 0, 1000, 1000)))
    image = sent_picture(page)
    assert image.size == (512, 1024)
    assert image.getpixel((256, 200))[0] > 200  # what was left is on top
    assert image.getpixel((256, 900))[0] < 50
    assert image.getexif().get(0x0112, 1) == 1


# Drawings, the number of photos, and taking them away again


def test_a_drawing_is_answered_without_being_uploaded(page, url):
    page.get_by_role("button", name="Drawing of a flower").click()
    expect(answers(page)).to_have_count(1)
    assert page.evaluate("window.sent") is None
    assert page.url == f"{url}?model=other&drawing=flower"


@pytest.mark.ci
def test_the_address_of_a_drawing_asks_about_it_with_its_reasons(open_page):
    page = open_page("?model=tiny&model=other&why=1&drawing=cat")
    expect(answers(page)).to_have_count(2)
    assert answers(page).locator(".why p").count() == 2
    assert page.get_by_role("button", name="Show why").count() == 0
    assert page.complaints == []


def test_a_photo_is_removed_and_the_next_button_has_the_focus(page):
    choose(page, RED_CORNER, GREEN_CORNER)
    expect(answers(page)).to_have_count(2)
    page.get_by_role("button", name="Remove photo-0.png").click()
    assert page.locator(".file").all_inner_texts() == ["photo-1.png"]
    expect(page.get_by_role("button", name="Remove photo-1.png")).to_be_focused()
    expect(page.get_by_role("heading", name="1 photo")).to_be_visible()


@pytest.mark.ci
def test_all_photos_are_cleared(page):
    choose(page, RED_CORNER, GREEN_CORNER)
    page.get_by_role("button", name="Clear all").click()
    expect(page.locator(".shot")).to_have_count(0)
    expect(page.get_by_role("button", name="Clear all")).to_be_hidden()
    expect(page.locator("#image")).to_be_focused()


@pytest.mark.ci
def test_the_request_of_a_removed_photo_is_given_up(page):
    page.route("**/predict?*", lambda route: None)  # answers nothing
    with page.expect_request("**/predict?*"):
        choose(page, RED_CORNER)
    with page.expect_event("requestfailed") as failed:
        page.get_by_role("button", name="Remove photo-0.png").click()
    assert "ERR_ABORTED" in failed.value.failure


@pytest.mark.ci
def test_at_most_20_photos_are_taken(page):
    page.route("**/predict?*", lambda route: None)
    choose(page, *[RED_CORNER] * 21)
    expect(page.locator(".shot")).to_have_count(20)
    expect(page.locator("#said")).to_contain_text("so 1 of 21 were left out")


def test_the_address_says_what_is_chosen_and_opens_the_same_page(page, url):
    page.get_by_role("checkbox", name="tiny").check()
    page.get_by_label("Send originals").check()
    address = f"{url}?model=other&model=tiny&originals=1"
    link = page.get_by_role("link", name="Link to these choices")
    assert (page.url, link.evaluate("link => link.href")) == (address, address)
    page.reload()
    expect(page.get_by_role("checkbox", name="tiny")).to_be_checked()
    expect(page.get_by_label("Send originals")).to_be_checked()
