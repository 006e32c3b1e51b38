"""The HTML page, its fragments, and /explain, with Flask's client."""

from io import BytesIO

import pytest

from helpers.serving.library import Library
from helpers.serving.occlusion import STEPS
from tests.webapp.running_app import HTML, browser_form, photo, write_model
from webapp.app import create_app


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    held_out = {
        "photos": {"accuracy": 0.93, "count": 2349},
        "photos, blurred": {"accuracy": 0.7, "count": 2349},
        "nothing known": {"count": 1000, "not_sure": 0.9},
    }
    files = {
        "cats": write_model(folder / "cats" / "3.pb", held_out=held_out),
        "birds": write_model(folder / "birds.pb", held_out=3, threshold=0.99),
    }
    with Library.load(files) as library:
        yield create_app(library).test_client()


def form(*photos: bytes, **others) -> dict:
    files = [("image", f"{number}.png", data) for number, data in enumerate(photos)]
    return browser_form(files, **others) | {"headers": HTML}


# /explain


def test_explanation_is_the_answer_and_the_loss_of_each_cover(client):
    plain = client.post("/predict", data=photo()).json
    explained = client.post("/explain", data=photo()).json
    assert list(explained) == [*plain, "why"]
    assert explained["label"] == plain["label"]
    assert explained["probabilities"] == pytest.approx(plain["probabilities"])
    assert explained["why"]["label"] == "cat"
    assert [len(row) for row in explained["why"]["lost"]] == [STEPS] * STEPS
    assert explained["why"]["milliseconds"] > 0
    assert "why" not in plain


def test_browser_gets_the_heat_map_as_a_page(client):
    page = client.post("/explain", **form(photo())).text
    assert '<img class="heat" src="data:image/webp;base64,' in page
    assert "64 copies, each with a part covered, took" in page


def test_explanation_of_no_photo_is_the_same_sentence(client):
    sentences = [
        client.post(path, data=b"hello").json["detail"]
        for path in ("/predict", "/explain")
    ]
    assert sentences[0] == sentences[1]


# Fragments


def test_fragment_is_the_answer_alone(client):
    fragment = client.post("/predict?fragment=1&model=birds", **form(photo())).text
    assert fragment.count("<article") == 1
    assert "<html" not in fragment
    assert "birds, version 1" in fragment


def test_fragment_of_an_error_is_its_sentence_alone(client):
    answer = client.post("/predict?fragment=1", **form(b"hello"))
    assert answer.status_code == 415
    assert "This is a text file" in answer.text
    assert "<html" not in answer.text


# Several photos and models


def test_each_photo_is_answered_by_each_model(client):
    page = client.post("/predict", **form(photo(), photo(), model=["cats", "birds"]))
    for name in ("cats, version 3", "birds, version 1"):
        assert page.text.count(name) == 2 + 1  # and the template of an answer


def test_bad_photo_among_good_ones_has_its_own_sentence(client):
    answer = client.post("/predict", **form(photo(), b"hello"))
    assert answer.status_code == 200
    assert "This is a text file" in answer.text


def test_only_bad_photos_are_an_error(client):
    assert client.post("/predict", **form(b"hello", b"")).status_code == 415


def test_too_many_answers_at_once_are_refused(client):
    answer = client.post("/predict", **form(*[photo()] * 11, model=["cats", "birds"]))
    assert answer.status_code == 413
    assert "22 answers were asked for" in answer.text


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        pytest.param(
            {"data": {"image": [(BytesIO(b"1"), "1"), (BytesIO(b"2"), "2")]}},
            "2 photos came: send one in each request.",
            id="photos",
        ),
        pytest.param(
            {"data": photo(), "query_string": "model=cats&model=birds"},
            "2 models were named: name one in each request.",
            id="models",
        ),
    ],
)
def test_json_request_has_one_photo_and_one_model(client, request_, sentence):
    answer = client.post("/predict", **request_)
    assert (answer.status_code, answer.json["detail"]) == (400, sentence)


def test_unknown_model_is_a_page_with_the_closest(client):
    answer = client.post("/predict?model=cat", **form(photo()))
    assert answer.status_code == 404
    assert "did you mean &#39;cats&#39;?" in answer.text


# What the page says


def test_accuracy_sentence_skips_degraded_copies_and_entries_without_accuracy(client):
    page = client.get("/", headers=HTML).text
    assert "<small>Right on 93.0% of 2,349 unseen photos</small>" in page
    assert "<small>Version 1</small>" in page  # its card has no usable accuracy


def test_file_names_are_escaped_and_cut(client):
    files = [(BytesIO(photo()), f"<b>{'x' * 300}"), (BytesIO(photo()), "2.png")]
    page = client.post("/predict", data={"image": files}, headers=HTML).text
    assert "&lt;b&gt;xxx" in page
    assert "<b>x" not in page
    assert "x" * 80 not in page


def test_the_five_likeliest_of_many_classes_are_shown(client):
    shares = {f"class {number}": number / 21 for number in range(7)}
    card = client.application.jinja_env.get_template("card.html").module
    bars = str(card.bars(shares, (), "class 6"))
    shown = [bars.find(f"<dt>Class {number}</dt>") for number in range(7)]
    assert shown[:2] == [-1, -1]
    assert 0 < shown[6] < shown[5] < shown[4] < shown[3] < shown[2]


def test_models_page_shows_each_model(client):
    page = client.get("/models", headers=HTML).text
    assert "2 models are in memory" in page
    assert "Version 3 is live" in page
    assert "as when it was loaded: nothing leaks" in page
    assert "x:0, float32 [N, 128, 128, 3], pixels 0..1" in page


def test_models_page_counts_what_a_model_answers(client):
    def answers():
        page = client.get("/models", headers=HTML).text
        return int(page.partition("Answers so far</dt><dd>")[2].partition("<")[0])

    before = answers()
    client.post("/predict?model=cats", data=photo())
    assert answers() == before + 1


# Every picture and every bad file

PATHS = ("/predict", "/explain", "/explain?fragment=1")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("folder", ["edge", "bad"])
def test_no_file_breaks_the_page(client, shared, path, folder):
    for file in sorted((shared / folder).iterdir()):
        answer = client.post(path, **form(file.read_bytes()))
        assert answer.status_code < 500, file.name
        assert "<article" in answer.text or "<h1" in answer.text
