"""The form alone: it uploads, and a result page comes back."""

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


def ask(plain, *photos: bytes, how: str = "Ask", **names) -> None:
    choose(plain, *photos, **names)
    plain.get_by_role("button", name=how, exact=True).click()


def test_upload_shows_the_photo_and_the_answer(plain):
    ask(plain, RED_CORNER)
    expect(plain.get_by_role("heading", level=1)).to_have_text("Cat")
    assert answers(plain).locator(".bars dd").count() == 2
    assert plain.get_by_alt_text("The photo you sent").is_visible()
    assert plain.complaints == []
    keep(plain, "without-javascript")


def test_result_is_above_the_form_that_asks_for_another(visit):
    plain = visit(java_script_enabled=False, viewport={"width": 360, "height": 800})
    ask(plain, RED_CORNER)
    card, form = answers(plain).bounding_box(), plain.locator(".ask").bounding_box()
    assert card["y"] + card["height"] < form["y"]


def test_what_needs_javascript_is_not_offered(plain):
    buttons = plain.locator("button:visible")
    assert buttons.all_inner_texts() == ["Ask", "Ask, and show why"]
    expect(plain.get_by_label("Send originals")).to_be_hidden()


def test_what_javascript_makes_needless_is_not_offered(page):
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_hidden()
    assert page.locator("button:visible").all_inner_texts() == ["Use the camera"]


def test_photo_is_shown_upright(plain):
    ask(plain, turned(60, 30, ("red", 0, 0, 30, 30)))
    shown = plain.get_by_alt_text("The photo you sent")
    width, height = (shown.get_attribute(side) for side in ("width", "height"))
    assert int(height) == 2 * int(width)


def test_several_photos_are_answered_on_one_page(plain):
    ask(plain, RED_CORNER, b"hello", GREEN_CORNER, names=("a.png", "<b>.png", "c.png"))
    assert answers(plain).locator(".verdict").all_inner_texts() == ["Cat", "Dog"]
    assert plain.locator(".file").all_inner_texts() == ["a.png", "<b>.png", "c.png"]
    assert plain.get_by_text("This is a text file").is_visible()
    keep(plain, "without-javascript-several")


def test_two_models_answer_side_by_side(plain):
    plain.get_by_role("checkbox", name="tiny").check()
    ask(plain, RED_CORNER)
    left, right = (card.bounding_box() for card in answers(plain).all())
    assert (left["y"], left["x"] < right["x"]) == (right["y"], True)
    assert answers(plain).locator(".verdict").all_inner_texts() == ["Cat", "Not sure"]
    assert plain.get_by_role("checkbox", name="tiny").is_checked()


def test_heat_map_lies_over_the_photo(plain):
    ask(plain, picture(200, 100, ("red", 0, 0, 100, 100)), how="Ask, and show why")
    heat, photo = plain.locator(".heat"), plain.get_by_alt_text("The photo you sent")
    assert heat.bounding_box() == photo.bounding_box()
    plain.get_by_label("Heat map", exact=True).uncheck()
    expect(heat).to_be_hidden()


def test_bad_file_is_answered_with_a_sentence(plain):
    ask(plain, b"hello, world")
    assert "This is a text file" in plain.get_by_role("heading", level=1).inner_text()
    assert plain.get_by_role("button", name="Ask", exact=True).is_visible()
    keep(plain, "without-javascript-no-photo")


def test_photo_far_too_large_is_answered_with_a_sentence(plain, tmp_path):
    file = tmp_path / "large.bmp"
    file.write_bytes(bytes(25_000_000))
    plain.locator("#image").set_input_files(file)
    plain.get_by_role("button", name="Ask", exact=True).click()
    assert "20 MB" in plain.get_by_role("heading", level=1).inner_text()


def test_too_many_photos_at_once_are_a_sentence(plain):
    ask(plain, *[RED_CORNER] * 21)
    assert "at most 20" in plain.get_by_role("heading", level=1).inner_text()
