"""Each photo gets its answer: label, probabilities, times, heat map, or an error."""

import ast
import subprocess
import sys

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
    expect(card.get_by_role("heading")).to_have_text("cat")
    shares = card.locator(".bars dd").all_inner_texts()
    assert [float(share.rstrip("%")) > 50 for share in shares] == [True, False]
    assert sum(float(share.rstrip("%")) for share in shares) == pytest.approx(100)
    save_screenshot(page, "one-answer")


@pytest.mark.ci
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
    assert sum(parts) == pytest.approx(float(total.split()[0]), abs=1)


def test_several_photos_are_answered_in_the_order_in_which_they_were_chosen(page):
    choose(page, RED_CORNER, GREEN_CORNER, picture(60, 60))
    expect(answers(page)).to_have_count(3)
    assert page.locator(".verdict").all_inner_texts() == ["cat", "dog", "Not sure"]
    files = page.locator(".file").all_inner_texts()
    assert files == ["photo-0.png", "photo-1.png", "photo-2.png"]
    save_screenshot(page, "several-photos")


def test_two_models_answer_side_by_side_under_one_photo(page):
    page.get_by_role("checkbox", name="tiny").check()
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(2)
    left, right = (card.bounding_box() for card in answers(page).all())
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    assert page.locator(".verdict").all_inner_texts() == ["cat", "Not sure"]
    picture = page.get_by_role("img", name="photo-0.png").bounding_box()
    assert picture["y"] + picture["height"] <= left["y"]
    save_screenshot(page, "two-models")


@pytest.mark.ci
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


@pytest.mark.ci
def test_heat_map_lies_over_the_photo_in_its_shape(page):
    choose(page, picture(200, 100, ("red", 0, 0, 60, 60)))
    page.get_by_role("button", name="Show why").click()
    heat = page.locator(".heat")
    expect(heat).to_be_visible()
    assert heat.bounding_box() == page.locator(".picture img").first.bounding_box()
    assert heat.evaluate("heat => heat.naturalWidth / heat.naturalHeight") == 2


@pytest.mark.ci
def test_heat_map_is_switched_off(page):
    choose(page, RED_CORNER)
    page.get_by_role("button", name="Show why").click()
    expect(page.locator(".heat")).to_be_visible()
    page.get_by_role("radio", name="Off").check()
    expect(page.locator(".heat")).to_be_hidden()


@pytest.mark.ci
def test_heat_maps_of_two_models_are_shown_one_at_a_time(page):
    page.get_by_role("checkbox", name="tiny").check()
    choose(page, RED_CORNER)
    expect(answers(page)).to_have_count(2)
    for card in answers(page).all():
        card.get_by_role("button", name="Show why").click()
    expect(page.locator(".heat")).to_have_count(2)
    page.get_by_role("radio", name="other").check()
    visible = page.get_by_role("img", name="Heat map of")
    expect(visible).to_have_count(1)
    expect(visible).to_have_attribute("alt", "Heat map of other over the photo")


@pytest.mark.ci
def test_photo_that_no_part_decides_says_so(page):
    choose(page, picture(60, 60, ("red", 0, 0, 60, 60)))
    page.get_by_role("button", name="Show why").click()
    expect(page.get_by_text("No part decides alone")).to_be_visible()
    expect(page.locator(".heat")).to_have_count(0)


def test_file_that_is_no_photo_is_a_sentence(page):
    choose(page, b"hello, world")
    expect(error_card(page)).to_contain_text("This is a text file")
    save_screenshot(page, "no-photo")


def test_one_bad_file_does_not_affect_the_others(page):
    choose(page, RED_CORNER, b"hello, world", GREEN_CORNER)
    expect(answers(page).locator(".verdict")).to_have_text(["cat", "dog"])
    expect(error_card(page)).to_contain_text("This is a text file")


@pytest.mark.ci
def test_file_far_too_large_is_not_sent(page):
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    choose(page, bytes(4_000_000))
    expect(error_card(page)).to_have_text(
        "4 MB were not sent, because at most 3 MB may be: choose a smaller copy."
    )
    assert [address for address in requests if "predict" in address] == []


@pytest.mark.ci
def test_answers_of_a_proxy_are_sentences_of_the_page(page):
    answer = {"body": "<html><h1>413 Request Entity Too Large</h1></html>"}
    page.route("**/predict?*", lambda route: route.fulfill(status=413, **answer))
    choose(page, RED_CORNER)
    expect(error_card(page)).to_contain_text("A proxy before the server refused 0 MB")
    page.route("**/predict?*", lambda route: route.fulfill(status=502, **answer))
    page.get_by_role("button", name="Ask again").click()
    expect(error_card(page)).to_contain_text("A proxy answered 502 instead of the")


NOISE = bytes(2_500_000)  # not decoded, and sent as it is


@pytest.mark.parametrize(
    ("routes", "photo", "sentence"),
    [
        ("**/predict?*", RED_CORNER, "The connection broke, but the server runs"),
        pytest.param(
            "**/predict?*",
            NOISE,
            "broke while 2.5 MB were sent, but the server runs: a",
            marks=pytest.mark.ci,
        ),
        ("**/*", RED_CORNER, "The server cannot be reached"),
    ],
    ids=["small", "large", "server ended"],
)
def test_broken_connection_is_told_from_a_server_that_ended(
    page, routes, photo, sentence
):
    page.route(routes, lambda route: route.abort())
    choose(page, photo)
    expect(error_card(page)).to_contain_text(sentence)


@pytest.mark.ci
def test_photo_is_sent_again_on_demand(page):
    page.route("**/predict?*", lambda route: route.abort())
    choose(page, RED_CORNER)
    expect(error_card(page)).to_be_visible()
    page.unroute("**/predict?*")
    page.get_by_role("button", name="Ask again").click()
    expect(answers(page).get_by_role("heading")).to_have_text("cat")


@pytest.mark.ci
def test_photo_is_sent_again_after_retry_after(page):
    requests = []

    def busy(route):
        requests.append(route)
        route.fulfill(status=503, headers={"Retry-After": "1"})

    page.route("**/predict?*", busy, times=2)
    choose(page, RED_CORNER)
    expect(answers(page).get_by_role("heading")).to_have_text("cat")
    assert len(requests) == 2


def test_file_name_is_text(page):
    choose(page, RED_CORNER, names=("<img src=x onerror=alert(1)>.png",))
    expect(page.locator(".file")).to_have_text("<img src=x onerror=alert(1)>.png")
    expect(answers(page)).to_have_count(1)
    assert page.complaints == []


@pytest.mark.ci
def test_picture_is_shown_upright(page):
    choose(page, rotated_picture(60, 30, ("red", 0, 0, 30, 30)))
    shown = page.get_by_role("img", name="photo-0.png")
    expect(answers(page)).to_have_count(1)
    size = shown.evaluate("picture => [picture.naturalWidth, picture.naturalHeight]")
    assert size == [30, 60]


# The example for programs


@pytest.mark.parametrize(
    "name",
    ["my cat.png", pytest.param("""it's "a; b", c.png""", marks=pytest.mark.ci)],
)
def test_the_example_requests_give_the_answer_that_is_shown(page, tmp_path, name):
    (tmp_path / name).write_bytes(RED_CORNER)
    choose(page, RED_CORNER, names=(name,))
    page.get_by_text("Ask from a program").click()
    shown = answers(page).locator(".best dd").inner_text()
    for kind, command in (("curl", ["sh", "-c"]), ("Python", [sys.executable, "-c"])):
        text = page.get_by_label(kind).inner_text()
        done = subprocess.run([*command, text], cwd=tmp_path, capture_output=True)
        answer = ast.literal_eval(done.stdout.decode())
        assert f"{answer['probabilities']['cat']:.1%}" == shown, done.stderr
