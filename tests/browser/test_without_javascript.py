"""Without JavaScript the form uploads photos, and a result page answers."""

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
    submit,
)
from tests.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def page(open_page):
    """The page in a browser without JavaScript."""
    return open_page(java_script_enabled=False)


def test_upload_shows_the_photo_and_the_answer(page):
    submit(page, RED_CORNER)
    expect(page.get_by_role("heading", level=1)).to_have_text("cat")
    assert answers(page).locator(".bars dd").count() == 2
    assert page.get_by_alt_text("The photo you sent").is_visible()
    assert page.complaints == []
    save_screenshot(page, "without-javascript")


@pytest.mark.ci
def test_result_is_above_the_form_for_the_next_photo(page):
    page.set_viewport_size({"width": 360, "height": 800})
    submit(page, RED_CORNER)
    card, form = answers(page).bounding_box(), page.locator(".ask").bounding_box()
    assert card["y"] + card["height"] < form["y"]


def test_what_needs_javascript_is_not_offered(page):
    buttons = page.locator("button:visible")
    assert buttons.all_inner_texts() == [*[""] * 6, "Ask", "Ask, and show why", "Clear"]
    expect(page.get_by_label("Send originals")).to_be_hidden()


@pytest.mark.ci
def test_what_javascript_makes_needless_is_not_offered(open_page):
    page = open_page()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_hidden()
    buttons = page.locator("button:visible").all_inner_texts()
    assert buttons == [*[""] * 6, "Use the camera"]  # and the drawings


@pytest.mark.ci
def test_photo_is_shown_upright(page):
    submit(page, rotated_picture(60, 30, ("red", 0, 0, 30, 30)))
    shown = page.get_by_alt_text("The photo you sent")
    width, height = (shown.get_attribute(side) for side in ("width", "height"))
    assert int(height) == 2 * int(width)


def test_several_photos_are_answered_on_one_page(page):
    names = ("a.png", "<b>.png", "c.png")
    submit(page, RED_CORNER, b"hello", GREEN_CORNER, names=names)
    assert answers(page).locator(".verdict").all_inner_texts() == ["cat", "dog"]
    assert page.locator(".file").all_inner_texts() == list(names)
    assert page.get_by_text("This is a text file").is_visible()
    save_screenshot(page, "without-javascript-several")


@pytest.mark.ci
def test_two_models_answer_side_by_side_under_one_photo(page):
    page.get_by_role("checkbox", name="tiny").check()
    submit(page, RED_CORNER)
    left, right = (card.bounding_box() for card in answers(page).all())
    assert (left["y"], left["x"] < right["x"]) == (right["y"], True)
    assert answers(page).locator(".verdict").all_inner_texts() == ["cat", "Not sure"]
    assert page.get_by_role("checkbox", name="tiny").is_checked()
    expect(page.get_by_alt_text("The photo you sent")).to_have_count(1)


@pytest.mark.ci
def test_heat_map_lies_over_the_photo(page):
    sent = picture(200, 100, ("red", 0, 0, 60, 60))
    submit(page, sent, button="Ask, and show why")
    heat, photo = page.locator(".heat"), page.get_by_alt_text("The photo you sent")
    wait_for(lambda: heat.bounding_box() == photo.bounding_box())
    page.get_by_role("radio", name="Off").check()
    expect(heat).to_be_hidden()


def test_bad_file_is_answered_with_a_sentence(page):
    submit(page, b"hello, world")
    assert "This is a text file" in page.get_by_role("heading", level=1).inner_text()
    assert page.get_by_role("button", name="Ask", exact=True).is_visible()
    save_screenshot(page, "without-javascript-no-photo")


@pytest.mark.ci
def test_photo_far_too_large_is_answered_with_a_sentence(page):
    submit(page, bytes(4_000_000))
    assert "3 MB" in page.get_by_role("heading", level=1).inner_text()


@pytest.mark.ci
def test_too_many_photos_at_once_are_a_sentence(page):
    submit(page, *[RED_CORNER] * 21)
    assert "at most 20" in page.get_by_role("heading", level=1).inner_text()


def test_a_drawing_is_asked_about_with_one_button(page):
    page.get_by_role("button", name="Drawing of a flower").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("dog")
    page.get_by_text("Ask from a program").click()
    expect(page.get_by_text("drawing-flower.jpg").first).to_be_visible()


@pytest.mark.ci
def test_chosen_photos_are_cleared(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Clear").click()
    assert page.locator("#image").input_value() == ""


@pytest.mark.ci
def test_the_link_opens_the_page_with_the_same_choices(page, url):
    page.get_by_role("checkbox", name="tiny").check()
    submit(page, RED_CORNER, button="Ask, and show why")
    page.get_by_role("link", name="Link to these choices").click()
    assert page.url == f"{url}?model=other&model=tiny&why=1"
    assert page.get_by_role("checkbox", name="tiny").is_checked()
