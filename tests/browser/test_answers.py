"""Each photo gets its answer: label, probabilities, times, heat map, or an error."""

import pytest
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


def error_card(page):
    return page.locator("article.trouble")


def test_chosen_photo_gets_its_label_and_both_probabilities(page):
    choose(page, RED_CORNER)
    card = answers(page)
    expect(card.get_by_role("heading")).to_have_text("Cat")
    shares = card.locator(".bars dd").all_inner_texts()
    assert [float(share.rstrip("%")) > 50 for share in shares] == [True, False]
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100)
    save_screenshot(page, "one-answer")


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
    stages = answers(page).locator(".stages > div")
    expect(stages.locator("dt")).to_have_text(["Decode", "Wait", "Infer", "Rest"])
    parts = [float(text.split()[0]) for text in stages.locator("dd").all_inner_texts()]
    total = answers(page).locator(".time p b").last.inner_text()
    assert sum(parts) == pytest.approx(float(total.split()[0]), abs=0.3)


def test_several_photos_are_each_answered_the_newest_on_top(page):
    choose(page, RED_CORNER, GREEN_CORNER, picture(60, 60))
    expect(answers(page)).to_have_count(3)
    assert page.locator(".verdict").all_inner_texts() == ["Not sure", "Dog", "Cat"]
    files = page.locator(".file").all_inner_texts()
    assert files == ["photo-2.png", "photo-1.png", "photo-0.png"]
    save_screenshot(page, "several-photos")


def test_two_models_answer_side_by_side(page):
    page.get_by_role("checkbox", name="tiny").check()
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(2)
    left, right = (card.bounding_box() for card in answers(page).all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    assert page.locator(".verdict").all_inner_texts() == ["Cat", "Not sure"]
    save_screenshot(page, "two-models")


def test_second_model_answers_the_photos_already_uploaded(page):
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(1)
    page.get_by_role("checkbox", name="tiny").check()
    expect(answers(page)).to_have_count(2)
    page.get_by_role("checkbox", name="other Version").uncheck()
    expect(answers(page)).to_have_count(1)
    expect(answers(page).locator(".eyebrow")).to_have_text("tiny, version 2")


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


def test_heat_map_is_bright_where_the_model_looks(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Show why").click()
    text = "Without the brightest part, cat falls from"
    expect(page.get_by_text(text)).to_be_visible()
    red, _, blue, _ = heat_at(page, 0.3, 0.3)
    assert red > 200 > 150 > blue
    red, _, _, opacity = heat_at(page, 0.9, 0.9)
    assert (red < 50, opacity > 150) == (True, True)
    save_screenshot(page, "why")


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


def test_file_that_is_no_photo_is_a_sentence(page):
    choose(page, b"hello, world")
    expect(error_card(page)).to_contain_text("This is a text file")
    save_screenshot(page, "no-photo")


def test_one_bad_file_does_not_affect_the_others(page):
    choose(page, RED_CORNER, b"hello, world", GREEN_CORNER)
    expect(answers(page).locator(".verdict")).to_have_text(["Dog", "Cat"])
    expect(error_card(page)).to_contain_text("This is a text file")


def test_file_far_too_large_is_a_sentence(page):
    choose(page, bytes(4_000_000))
    expect(error_card(page)).to_contain_text("3 MB came")


def test_unreachable_server_is_a_sentence_and_the_photo_can_be_sent_again(page):
    page.route("**/predict?*", lambda route: route.abort())
    choose(page, RED_CORNER)
    expect(error_card(page)).to_contain_text("The server cannot be reached")
    page.unroute("**/predict?*")
    page.get_by_role("button", name="Ask again").click()
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")


def test_photo_is_sent_again_after_retry_after(page):
    requests = []

    def busy(route):
        requests.append(route)
        route.fulfill(status=503, headers={"Retry-After": "1"})

    page.route("**/predict?*", busy, times=2)
    choose(page, RED_CORNER)
    expect(answers(page).get_by_role("heading")).to_have_text("Cat")
    assert len(requests) == 2


def test_file_name_is_text(page):
    choose(page, RED_CORNER, names=("<img src=x onerror=alert(1)>.png",))
    expect(page.locator(".file")).to_have_text("<img src=x onerror=alert(1)>.png")
    expect(answers(page)).to_have_count(1)
    assert page.complaints == []


def test_picture_is_shown_upright(page):
    choose(page, rotated_picture(60, 30, ("red", 0, 0, 30, 30)))
    shown = answers(page).get_by_role("img", name="photo-0.png")
    size = shown.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]")
    assert size == [30, 60]
