"""POST /predict: the likeliest classes, outputs that are numbers, and NaN."""

import numpy as np
import pytest

from tests.webapp.running_app import HTML, browser_form, photo
from tests.webapp.small_graphs import MANY
from webapp.serving.micro_batching import run_batch


@pytest.fixture
def ask(kinds_client):
    """A function that posts a photo to /predict, and returns the answer."""

    def ask(query: str, data: bytes = photo(), path: str = "/predict", **given):
        return kinds_client.post(f"{path}?{query}", data=data, **given)

    return ask


# top


@pytest.mark.parametrize(("top", "count"), [("", 5), ("&top=1", 1), ("&top=17", 17)])
def test_the_likeliest_classes_are_named_in_descending_order(ask, top, count):
    shares = ask(f"model=many{top}").json["probabilities"]
    assert list(shares) == MANY[::-1][:count]
    assert list(shares.values()) == sorted(shares.values(), reverse=True)


def test_all_classes_come_in_the_order_of_the_card(ask):
    shares = ask("model=many&top=1000").json["probabilities"]
    assert list(shares) == MANY
    assert sum(shares.values()) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("query", ["model=sigmoid", "model=sigmoid&top=2"])
def test_few_classes_come_in_the_order_of_the_card(ask, query):
    shares = ask(query, photo("green")).json["probabilities"]
    assert list(shares) == ["red", "green"]
    assert shares["green"] > shares["red"]


def test_top_may_be_a_field_of_the_form(kinds_client):
    form = browser_form([("image", "1.png", photo())], model="many", top="3")
    answer = kinds_client.post("/predict", **form)
    assert list(answer.json["probabilities"]) == MANY[:-4:-1]


def test_top_is_stated_once(kinds_client):
    form = browser_form([("image", "1.png", photo())], top="3")
    answer = kinds_client.post("/predict?model=many&top=4", **form)
    assert answer.json["detail"].startswith("Top is '4, 3': send the number of classes")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("model=many&top=0", "Top is 0, and 'many' has 1000 classes: send 1 to 1000."),
        ("model=many&top=1001", "send 1 to 1000"),
        ("model=sigmoid&top=3", "'sigmoid' has 2 classes: send 1 to 2."),
        ("model=embedding&top=1", "'embedding' has no classes"),
    ],
)
def test_a_number_of_classes_that_a_model_has_not_is_one_sentence(ask, query, sentence):
    answer = ask(query)
    assert answer.status_code == 400
    assert sentence in answer.text


def test_the_page_shows_all_classes_of_a_model_that_has_fewer(ask):
    page = ask("model=sigmoid&top=3", headers=HTML)
    assert page.status_code == 200


@pytest.mark.parametrize("stated", ["five", "-1", "", "1.5", "1&top=2"])
@pytest.mark.parametrize("headers", [{}, HTML], ids=["JSON", "HTML"])
def test_what_is_no_number_of_classes_is_one_sentence(ask, stated, headers):
    answer = ask(f"model=many&top={stated}", headers=headers)
    assert answer.status_code == 400
    said = stated.replace("&top=", ", ")
    sentence = f"Top is '{said}': send the number of classes"
    assert sentence in answer.text.replace("&#39;", "'")


def test_explanation_names_the_likeliest_classes_too(ask):
    explained = ask("model=many&top=2", path="/explain").json
    assert list(explained["probabilities"]) == MANY[:-3:-1]
    assert explained["why"]["label"] == MANY[-1]


def test_a_network_of_wide_photos_is_explained(ask):
    explained = ask("model=whole", photo("green"), path="/explain").json
    assert explained["why"]["label"] == "green"


# Outputs that are no probabilities


def test_every_output_of_numbers_is_answered(ask):
    answer = ask("model=embedding").json
    assert list(answer) == ["model", "version", "values", "milliseconds"]
    assert answer["values"]["embedding"] == pytest.approx([1, 0, 0] * 4)
    assert answer["values"]["sum"] == pytest.approx(4)


def test_one_number_is_a_number(ask):
    assert ask("model=age").json["values"] == {"age": pytest.approx(100)}


def test_several_networks_answer_photos_that_wait_together(ask):
    answers = {}
    names = ["embedding", "age", "many", "jpeg", "embedding"]

    def send(place, name):
        answers[place] = ask(f"model={name}").json

    run_batch(lambda p=place, n=name: send(p, n) for place, name in enumerate(names))
    assert [answers[place]["model"] for place in range(5)] == names
    assert answers[0]["values"] == answers[4]["values"]


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_a_network_without_photos_says_where_it_answers(ask, path):
    answer = ask("model=two-ends", path=path)
    assert answer.status_code == 400
    assert answer.json["detail"] == (
        "'two-ends' takes no photos: send 'ids' and 'words' to POST "
        "/v1/models/two-ends:predict."
    )


@pytest.mark.parametrize(
    ("name", "sentence"), [("age", "has no classes"), ("jpeg", "decodes its photos")]
)
def test_only_classes_of_pixels_are_explained(ask, name, sentence):
    answer = ask(f"model={name}", path="/explain")
    assert answer.status_code == 400
    assert sentence in answer.json["detail"]


def test_what_the_network_refuses_is_said_and_hurts_no_other_photo(ask):
    answers = {}

    def send(place, side):
        answers[place] = ask("model=crop", photo(size=(side, side)))

    run_batch(lambda p=place, s=s: send(p, s) for place, s in enumerate([60, 40, 70]))
    assert [answers[place].status_code for place in range(3)] == [200, 400, 200]
    assert "The network refuses this input" in answers[1].json["detail"]


# NaN


def test_nan_is_a_problem_and_never_in_json(ask):
    answer = ask("model=nan")
    assert answer.status_code == 502
    assert answer.content_type == "application/problem+json"
    assert (answer.json["title"], answer.json["status"]) == ("Bad Gateway", 502)
    assert "not finite" in answer.json["detail"]


def test_nan_is_a_page_with_the_sentence(ask):
    answer = ask("model=nan", headers=HTML)
    assert answer.status_code == 502
    assert "502 · Bad Gateway" in answer.text
    assert "not finite" in answer.text


@pytest.mark.parametrize(
    ("verb", "request_"),
    [("predict", "instances"), ("predict", "inputs"), ("classify", "examples")],
)
def test_nan_is_an_error_of_tensorflow_serving(call, red, verb, request_):
    value = {"image": red} if verb == "classify" else red
    answer = call("nan", {request_: [value]}, verb)
    assert answer.status_code == 502
    assert list(answer.json) == ["error"]


def test_nan_for_one_photo_does_not_hurt_the_others_of_its_batch(
    ask, kinds, monkeypatch
):
    model, sizes, answers = kinds.model("nan").model, [], {}
    run = model.predict
    monkeypatch.setattr(model, "predict", lambda x: (sizes.append(len(x)), run(x))[1])

    def send(place, colour):
        answers[place] = ask("model=nan", photo(colour))

    colours = enumerate(["green", "red", "grey"])
    run_batch(lambda p=place, c=colour: send(p, c) for place, colour in colours)
    assert sizes == [3, 1, 1, 1]
    assert [answers[place].status_code for place in range(3)] == [200, 502, 200]


def test_nan_for_one_photo_of_a_page_is_said_beside_the_others(kinds_client):
    files = [("image", "1.png", photo("green")), ("image", "2.png", photo("red"))]
    page = kinds_client.post(
        "/predict", **browser_form(files, model="nan"), headers=HTML
    )
    assert page.status_code == 200
    assert page.text.count("not finite") == 1
    assert page.text.count('alt="The photo you sent"') == 2


def test_answers_are_those_of_numpy(ask):
    shares = ask("model=many&top=1000").json["probabilities"]
    exponentials = np.exp(np.linspace(0, 9, 1000))
    expected = exponentials / exponentials.sum()
    np.testing.assert_allclose(list(shares.values()), expected, atol=1e-6)
