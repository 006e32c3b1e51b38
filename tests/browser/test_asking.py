"""Photos come in by every way, and each gets its answer."""

from base64 import b64decode
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.visiting import (
    GREEN_CORNER,
    RED_CORNER,
    answers,
    choose,
    keep,
    picture,
    turned,
)

LARGE = picture(3000, 2000, ("red", 0, 0, 1500, 1000), kind="JPEG", quality=95)


@pytest.fixture
def watched(page):
    """The page, and what it sends is kept."""
    return watch(page)


def watch(page):
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


def picture_sent(page) -> Image.Image:
    return Image.open(BytesIO(sent(page)))


def trouble(page):
    return page.locator("article.trouble")


# The ways in


def test_chosen_photo_gets_its_label_and_both_probabilities(page):
    choose(page, RED_CORNER)
    card = answers(page)
    expect(card.get_by_role("heading")).to_have_text("Cat")
    shares = card.locator(".bars dd").all_inner_texts()
    assert [float(share.rstrip("%")) > 50 for share in shares] == [True, False]
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100)
    keep(page, "one-answer")


def test_bars_are_as_long_as_the_probabilities(page):
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(1)
    for bar, share in zip(
        answers(page).locator(".bar").all(),
        answers(page).locator(".bars dd").all_inner_texts(),
        strict=True,
    ):
        whole = bar.locator(".track").bounding_box()["width"]
        filled = bar.locator(".share").bounding_box()["width"]
        assert filled / whole == pytest.approx(float(share.rstrip("%")) / 100, abs=0.01)


def test_time_is_split(page):
    choose(page, RED_CORNER)
    laps = answers(page).locator(".laps > div")
    expect(laps.locator("dt")).to_have_text(["Decode", "Wait", "Infer", "Rest"])
    parts = [float(text.split()[0]) for text in laps.locator("dd").all_inner_texts()]
    total = answers(page).locator(".time p b").last.inner_text()
    assert sum(parts) == pytest.approx(float(total.split()[0]), abs=0.3)


def test_several_photos_are_each_answered_the_newest_on_top(page):
    choose(page, RED_CORNER, GREEN_CORNER, picture(60, 60))
    expect(answers(page)).to_have_count(3)
    assert page.locator(".verdict").all_inner_texts() == ["Not sure", "Dog", "Cat"]
    assert page.locator(".file").all_inner_texts() == [
        "photo-2.png",
        "photo-1.png",
        "photo-0.png",
    ]
    keep(page, "several-photos")


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


def test_photo_is_pasted(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
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


def test_pasted_text_is_no_photo(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('a cat')")
    page.keyboard.press("Control+V")
    expect(page.get_by_text("No photo is on the clipboard")).to_be_visible()


def test_photo_is_taken_with_the_camera(visit):
    page = watch(visit(permissions=["camera"]))
    page.get_by_role("button", name="Use the camera").click()
    take = page.get_by_role("button", name="Take the photo")
    expect(take).to_be_enabled()
    keep(page, "camera")
    take.click()
    green = picture_sent(page).getpixel((10, 10))
    assert green[1] > max(green[0], green[2])  # what Chromium's fake camera shows


def test_camera_is_off_afterwards(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
    track = page.evaluate_handle("document.querySelector('video').srcObject")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert track.evaluate("stream => stream.getTracks()[0].readyState") == "ended"
    expect(answers(page)).to_have_count(0)


def test_camera_that_is_not_allowed_is_a_sentence(page):
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_text("The camera is not allowed here")).to_be_visible()
    expect(page.get_by_role("button", name="Take the photo")).to_be_disabled()


def test_page_that_came_unsafely_offers_the_phones_own_camera(page, url):
    page.goto(url.replace("127.0.0.1", "a.machine.test"))
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Use the camera").click()
    chooser.value.set_files(
        {"name": "taken.png", "mimeType": "image/png", "buffer": RED_CORNER}
    )
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")


# What is sent


def test_large_photo_is_shrunk_before_it_is_sent(watched):
    choose(watched, LARGE)
    assert picture_sent(watched).size == (1024, 683)
    assert len(sent(watched)) < len(LARGE) / 4


def test_original_is_sent_on_demand(watched):
    watched.get_by_label("Send originals").check()
    choose(watched, LARGE)
    assert sent(watched) == LARGE


def test_small_photo_is_sent_as_it_is(watched):
    choose(watched, RED_CORNER)
    assert sent(watched) == RED_CORNER


def test_shrunk_photo_is_upright(watched):
    choose(watched, turned(2000, 1000, ("red", 0, 0, 1000, 1000)))
    image = picture_sent(watched)
    assert image.size == (512, 1024)
    assert image.getpixel((256, 200))[0] > 200  # what was left is on top
    assert image.getpixel((256, 900))[0] < 50
    assert image.getexif().get(0x0112, 1) == 1


def test_picture_is_shown_upright(page):
    choose(page, turned(60, 30, ("red", 0, 0, 30, 30)))
    shown = answers(page).get_by_role("img", name="photo-0.png")
    size = shown.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]")
    assert size == [30, 60]


# Several models


def test_two_models_answer_side_by_side(page):
    page.get_by_role("checkbox", name="tiny").check()
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(2)
    left, right = (card.bounding_box() for card in answers(page).all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    assert page.locator(".verdict").all_inner_texts() == ["Cat", "Not sure"]
    keep(page, "two-models")


def test_second_model_is_asked_about_the_photos_that_are_there(page):
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(1)
    page.get_by_role("checkbox", name="tiny").check()
    expect(answers(page)).to_have_count(2)
    page.get_by_role("checkbox", name="other Version").uncheck()
    expect(answers(page)).to_have_count(1)
    expect(answers(page).locator(".eyebrow")).to_have_text("tiny, version 2")


# Why


def heat_at(page, x: float, y: float) -> list[int]:
    """Red, green, blue and opacity of the heat map, at a share of its sides."""
    return page.locator(".heat").evaluate(
        """(heat, [x, y]) => {
          const canvas = new OffscreenCanvas(heat.naturalWidth, heat.naturalHeight);
          const pen = canvas.getContext("2d");
          pen.drawImage(heat, 0, 0);
          return [...pen.getImageData(x * canvas.width, y * canvas.height, 1, 1).data];
        }""",
        [x, y],
    )


def test_heat_map_glows_where_the_model_looks(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Show why").click()
    expect(
        page.get_by_text("Without the brightest part, cat falls from")
    ).to_be_visible()
    red, _, blue, _ = heat_at(page, 0.3, 0.3)
    assert red > 200 > 150 > blue
    red, _, _, opacity = heat_at(page, 0.9, 0.9)
    assert (red < 50, opacity > 150) == (True, True)
    keep(page, "why")


def test_heat_map_lies_over_the_photo_in_its_shape(page):
    choose(page, picture(200, 100, ("red", 0, 0, 100, 100)))
    page.get_by_role("button", name="Show why").click()
    heat = page.locator(".heat")
    expect(heat).to_be_visible()
    assert heat.bounding_box() == page.locator(".picture img").first.bounding_box()
    assert heat.evaluate("heat => heat.naturalWidth / heat.naturalHeight") == 2


def test_heat_map_is_switched_off(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Show why").click()
    page.get_by_label("Heat map", exact=True).uncheck()
    expect(page.locator(".heat")).to_be_hidden()


def test_photo_that_no_part_decides_says_so(page):
    choose(page, picture(60, 60, ("red", 0, 0, 60, 60)))
    page.get_by_role("button", name="Show why").click()
    expect(page.get_by_text("No part decides alone")).to_be_visible()


# What goes wrong


def test_file_that_is_no_photo_is_a_sentence(page):
    choose(page, b"hello, world")
    expect(trouble(page)).to_contain_text("This is a text file")
    keep(page, "no-photo")


def test_one_bad_file_does_not_spoil_the_others(page):
    choose(page, RED_CORNER, b"hello, world", GREEN_CORNER)
    expect(answers(page).locator(".verdict")).to_have_text(["Dog", "Cat"])
    expect(trouble(page)).to_contain_text("This is a text file")


def test_file_far_too_large_is_a_sentence(page, tmp_path):
    file = tmp_path / "large.bmp"
    file.write_bytes(bytes(25_000_000))
    page.locator("#image").set_input_files(file)
    expect(trouble(page)).to_contain_text("20 MB came")


def test_server_that_is_gone_is_a_sentence_and_may_be_asked_again(page):
    page.route("**/predict?*", lambda route: route.abort())
    choose(page, RED_CORNER)
    expect(trouble(page)).to_contain_text("The server cannot be reached")
    page.unroute("**/predict?*")
    page.get_by_role("button", name="Ask again").click()
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")


def test_busy_server_is_asked_again_when_it_says_so(page):
    asked = []

    def busy(route):
        asked.append(route)
        route.fulfill(status=503, headers={"Retry-After": "1"})

    page.route("**/predict?*", busy, times=2)
    choose(page, RED_CORNER)
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")
    assert len(asked) == 2


def test_file_name_is_text(page):
    choose(page, RED_CORNER, names=("<img src=x onerror=alert(1)>.png",))
    expect(page.locator(".file")).to_have_text("<img src=x onerror=alert(1)>.png")
    expect(answers(page)).to_have_count(1)
    assert page.complaints == []
