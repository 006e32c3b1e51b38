"""How the page looks and moves, at every width, in light and dark, and to all."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.visiting import GREEN_CORNER, RED_CORNER, answers, choose, keep

WIDTHS = pytest.mark.parametrize("width", [360, 768, 1280])
SCHEMES = pytest.mark.parametrize("scheme", ["light", "dark"])


@pytest.fixture
def look(visit):
    """Opens the page at a width, in light or dark."""

    def look(width: int, scheme: str = "light", path: str = ""):
        size = {"width": width, "height": 800}
        return visit(path, viewport=size, color_scheme=scheme)

    return look


def full(page):
    """The page with all it can show: answers, a heat map, two models, an error."""
    page.get_by_role("checkbox", name="tiny").check()
    choose(page, b"hello", RED_CORNER, GREEN_CORNER)
    expect(answers(page)).to_have_count(4)
    page.get_by_role("button", name="Show why").first.click()
    expect(page.locator(".heat")).to_be_visible()
    return page


def complaints(page) -> list[str]:
    """What axe-core finds wrong for those who do not see, point or tell colours."""
    found = Axe().run(page).response["violations"]
    return [f"{it['id']}: {[node['html'] for node in it['nodes']]}" for it in found]


@WIDTHS
@SCHEMES
def test_page_fits_its_window_and_is_for_all(look, width, scheme):
    page = look(width, scheme)
    keep(page, f"{width}-{scheme}-empty")
    assert complaints(page) == []
    full(page)
    keep(page, f"{width}-{scheme}-full")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@WIDTHS
@SCHEMES
def test_models_fit_their_window_and_are_for_all(look, width, scheme):
    page = look(width, scheme, "models")
    page.locator("summary").first.click()
    keep(page, f"{width}-{scheme}-models")
    assert complaints(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_camera_is_for_all(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
    assert complaints(page) == []


def test_dark_is_dark_and_light_is_light(look):
    def ground(scheme):
        body = look(360, scheme).locator("body")
        colour = body.evaluate("body => getComputedStyle(body).backgroundColor")
        return sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(",")))

    assert ground("dark") < 150 < 600 < ground("light")


def test_phone_is_not_asked_to_drop_anything(visit):
    size = {"width": 360, "height": 740}
    page = visit(viewport=size, has_touch=True, is_mobile=True)
    assert page.locator("label[for=image]").inner_text() == "Choose photos"


# Nothing jumps


def shifts(page, since: float = 0) -> list[float]:
    """How far things jumped by themselves, in the browser's own measure."""
    return page.evaluate(
        """(since) => new Promise((resolve) => {
          const tell = (list) => resolve(list.getEntries()
            .filter(({ startTime }) => startTime > since)
            .map(({ value }) => value));
          const kind = { type: "layout-shift", buffered: true };
          new PerformanceObserver(tell).observe(kind);
          setTimeout(() => resolve([]), 500);
        })""",
        since,
    )


PAINTED = """() => new Promise((resolve) =>
  requestAnimationFrame(() =>
    requestAnimationFrame(() => resolve(performance.now()))))"""


@WIDTHS
def test_nothing_jumps_while_the_page_loads(look, width):
    assert shifts(look(width)) == []


@WIDTHS
def test_answer_comes_into_the_room_that_was_kept_for_it(look, width):
    page, held = look(width), []
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


# Keyboard and screen reader


def test_everything_is_reached_by_the_keyboard_in_order(page):
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(1)
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                """() => {
                  const { name, id, textContent } = document.activeElement;
                  return name || id || textContent.trim();
                }"""
            )
        )
    assert [" ".join(name.split()) for name in reached] == [
        "Freeze & Serve",
        "Ask",
        "Models",
        "image",
        "camera",
        "model",
        "model",
        "original",
        "why",
    ]


def test_heat_map_is_asked_for_and_switched_off_by_the_keyboard(page):
    choose(page, RED_CORNER)
    answers(page).get_by_role("button", name="Show why").press("Enter")
    expect(page.get_by_label("Heat map", exact=True)).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".heat")).to_be_hidden()


def test_answer_is_told_to_a_screen_reader(page):
    choose(page, RED_CORNER)
    expect(page.locator("#heard")).to_contain_text("photo-0.png: other says Cat")


def test_new_answer_comes_into_view_on_a_phone(look):
    page = look(360)
    choose(page, RED_CORNER)
    expect(answers(page).get_by_role("heading")).to_be_in_viewport()
