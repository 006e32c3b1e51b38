"""The page fits every width, in light and dark, is accessible, and does not shift."""

import pytest
from playwright.sync_api import expect

from tests.browser.page_actions import (
    GREEN_CORNER,
    RED_CORNER,
    VIEWS,
    answers,
    choose,
    save_screenshot,
    violations,
)

pytestmark = pytest.mark.slow

WIDTHS = pytest.mark.parametrize(
    "width",
    [360, *(pytest.param(width, marks=pytest.mark.ci) for width in (768, 1280))],
)


@pytest.fixture
def open_at(open_page):
    """A function that opens the page at a width, in light or dark."""

    def open_at(width: int, scheme: str = "light", path: str = ""):
        size = {"width": width, "height": 800}
        return open_page(path, viewport=size, color_scheme=scheme)

    return open_at


def fill(page) -> None:
    """Make the page show answers of two models, a heat map and an error."""
    page.get_by_role("checkbox", name="tiny").check()
    choose(page, b"hello", RED_CORNER, GREEN_CORNER)
    expect(answers(page)).to_have_count(4)
    page.get_by_role("button", name="Show why").first.click()
    expect(page.locator(".heat")).to_be_visible()
    answers(page).locator("summary").first.click()


@VIEWS
def test_page_fits_its_window_and_is_accessible(open_at, width, scheme):
    page = open_at(width, scheme)
    save_screenshot(page, f"{width}-{scheme}-empty")
    assert violations(page) == []
    fill(page)
    save_screenshot(page, f"{width}-{scheme}-full")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@VIEWS
def test_models_page_fits_its_window_and_is_accessible(open_at, width, scheme):
    page = open_at(width, scheme, "models")
    page.locator("summary").first.click()
    save_screenshot(page, f"{width}-{scheme}-models")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.ci
def test_camera_dialog_is_accessible(open_page):
    page = open_page(permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
    assert violations(page) == []


def test_dark_is_dark_and_light_is_light(open_at):
    def brightness(scheme):
        body = open_at(360, scheme).locator("body")
        colour = body.evaluate("body => getComputedStyle(body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(",")))

    assert brightness("dark") < 150 < 600 < brightness("light")


@pytest.mark.ci
def test_phone_is_not_offered_drag_and_drop(open_page):
    size = {"width": 360, "height": 740}
    page = open_page(viewport=size, has_touch=True, is_mobile=True)
    assert page.locator("label[for=image]").inner_text() == "Choose photos"


def shifts(page, since: float = 0) -> list[float]:
    """The layout shifts after `since`, in milliseconds, as scored by the browser."""
    return page.evaluate(
        """(since) => new Promise((resolve) => {
          const report = (list) => resolve(list.getEntries()
            .filter(({ startTime }) => startTime > since)
            .map(({ value }) => value));
          const kind = { type: "layout-shift", buffered: true };
          new PerformanceObserver(report).observe(kind);
          setTimeout(() => resolve([]), 500);
        })""",
        since,
    )


PAINTED = """() => new Promise((resolve) =>
  requestAnimationFrame(() =>
    requestAnimationFrame(() => resolve(performance.now()))))"""


@WIDTHS
def test_layout_does_not_shift_while_the_page_loads(open_at, width):
    assert shifts(open_at(width)) == []


@WIDTHS
def test_answer_fills_the_space_reserved_for_it(open_at, width):
    page, held = open_at(width), []
    page.route("**/predict?*", lambda route: held.append(route))
    choose(page, RED_CORNER)
    card = page.locator("article.answer[aria-busy]")
    expect(card).to_have_count(1)
    since = page.evaluate(PAINTED)
    before = card.bounding_box(), page.locator(".foot").bounding_box()
    held[0].continue_()
    expect(answers(page)).to_have_count(1)
    after = answers(page).bounding_box(), page.locator(".foot").bounding_box()
    assert after == before
    assert shifts(page, since) == []


def test_every_control_is_reached_by_the_keyboard_in_order(page):
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(1)
    reached = []
    for _ in range(17):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                  const { name, id, textContent } = document.activeElement;
                  return name || id || textContent.trim();
                }"""
            )
        )
    top = ["Freeze & Serve", "Ask", "Models", *["drawing"] * 6]
    form = ["image", "camera", "model", "model", "original", "permalink"]
    names = [" ".join(name.split()) for name in reached]
    assert names == [*top, *form, "clear", "remove"]


@pytest.mark.ci
def test_heat_map_is_shown_and_hidden_by_the_keyboard(page):
    choose(page, RED_CORNER)
    answers(page).get_by_role("button", name="Show why").press("Enter")
    expect(page.locator(".heat")).to_be_visible()
    expect(answers(page).locator("summary")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("radio", name="other")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".heat")).to_be_hidden()


def test_answer_is_announced_to_a_screen_reader(page):
    choose(page, RED_CORNER)
    expect(page.locator("#heard")).to_contain_text("photo-0.png: other says cat")


@pytest.mark.ci
def test_new_answer_is_scrolled_into_view_on_a_phone(open_at):
    page = open_at(360)
    choose(page, RED_CORNER)
    expect(answers(page).get_by_role("heading")).to_be_in_viewport()
