"""The page for models of many classes, of numbers, and of no photos, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.browser.page_actions import (
    GREEN_CORNER,
    RED_CORNER,
    VIEWS,
    answers,
    choose,
    violations,
)
from tests.webapp.running_app import APP, running
from tests.webapp.small_graphs import MANY, embedding, many_classes, price

pytestmark = pytest.mark.slow


def serve(folder, **writers):
    for name, write in writers.items():
        write(folder / name / "1.pb")
    return running(APP, "--models", str(folder), at_most=600)


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """A server of a model of 1,000 classes, one of numbers, and one of no photos."""
    writers = {"a": many_classes, "b": embedding, "c": price}
    with serve(tmp_path_factory.mktemp("kinds"), **writers) as process:
        yield f"http://127.0.0.1:{process.port()}/"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A server of one model that takes no photos."""
    with serve(tmp_path_factory.mktemp("numbers"), price=price) as process:
        yield f"http://127.0.0.1:{process.port()}/"


@pytest.fixture
def open_at(browser):
    contexts = []

    def open_at(address: str, width: int = 1280, scheme: str = "light"):
        size = {"width": width, "height": 800}
        contexts.append(browser.new_context(viewport=size, color_scheme=scheme))
        page = contexts[-1].new_page()
        page.goto(address)
        return page

    yield open_at
    for context in contexts:
        context.close()


@VIEWS
def test_bars_and_tables_fit_the_window_and_are_accessible(
    open_at, kinds, width, scheme
):
    page = open_at(kinds, width, scheme)
    page.get_by_role("checkbox", name="b Version").check()
    choose(page, GREEN_CORNER)
    expect(answers(page)).to_have_count(2)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@VIEWS
@pytest.mark.ci
def test_the_example_request_fits_the_window_and_is_accessible(
    open_at, numbers, width, scheme
):
    page = open_at(numbers, width, scheme)
    expect(page.get_by_text("curl -s -d")).to_be_visible()
    assert page.locator("input").count() == 0
    heading, pane = (
        page.locator("h1").bounding_box(),
        page.locator(".pane").bounding_box(),
    )
    assert heading["y"] + heading["height"] <= pane["y"]
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_five_likeliest_of_many_classes_come_first(open_at, kinds):
    page = open_at(kinds)
    choose(page, GREEN_CORNER)
    expect(answers(page)).to_have_count(1)
    assert answers(page).locator(".bars dt").count() == 5
    shares = answers(page).locator(".bars dd").all_inner_texts()
    numbers = [float(share.rstrip("%")) for share in shares]
    assert numbers == sorted(numbers, reverse=True)


@pytest.mark.ci
def test_a_model_of_many_classes_explains_and_one_of_numbers_does_not(open_at, kinds):
    page = open_at(kinds)
    page.get_by_role("checkbox", name="b Version").check()
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(2)
    expect(page.get_by_role("button", name="Show why")).to_have_count(1)
    page.get_by_role("button", name="Show why").click()
    expect(page.locator(".heat")).to_be_visible()


def test_the_switcher_adds_the_answer_of_the_other_model(open_at, kinds):
    page = open_at(kinds)
    choose(page, GREEN_CORNER)
    expect(answers(page)).to_have_count(1)
    page.get_by_role("checkbox", name="b Version").check()
    expect(answers(page).get_by_role("table")).to_have_count(2)
    page.get_by_role("checkbox", name="a Version").uncheck()
    expect(answers(page)).to_have_count(1)
    assert MANY[0] not in answers(page).inner_text()


@pytest.mark.ci
def test_the_example_request_of_a_model_unfolds(open_at, kinds):
    page = open_at(kinds)
    expect(page.get_by_text("curl -s -d")).to_be_hidden()
    page.get_by_text("asked by programs").click()
    expect(page.get_by_text("curl -s -d")).to_be_visible()


@pytest.mark.ci
def test_the_heading_follows_the_chosen_models(open_at, kinds):
    page = open_at(f"{kinds}?model=b")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Photos in, numbers out")
    page.get_by_role("checkbox", name="a Version").check()
    expect(heading).to_have_text("What is it?")
    assert page.title().startswith("What is it? ")


@pytest.mark.ci
def test_more_classes_are_shown_on_demand_and_the_address_says_so(open_at, kinds):
    page = open_at(kinds)
    choose(page, GREEN_CORNER)
    expect(answers(page)).to_have_count(1)
    page.get_by_label("Classes shown").select_option("10")
    expect(answers(page).locator(".bars dt")).to_have_count(10)
    assert page.url == f"{kinds}?model=a&top=10"
