"""The HTML page, its fragments, and /explain, with Flask's client."""

import html
import re
from io import BytesIO
from typing import NamedTuple

import pytest
from PIL import Image

from helpers.serving.library import Library
from helpers.serving.occlusion import STEPS
from helpers.serving.preprocessing import Preprocessing
from helpers.serving.reloading import Reloader
from tests.webapp.running_app import HTML, browser_form, photo, write_model
from tests.webapp.small_graphs import MANY, price
from webapp.app import create_app
from webapp.loading import model_source
from webapp.pages.example_requests import example_request
from webapp.pages.thumbnails import seen_part
from webapp.proxy_headers import TrustedProxies
from webapp.requests.hosts import AllowedHosts
from webapp.views import page


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


def red_corner() -> bytes:
    """A black picture with a red corner, which decides what the model says."""
    picture, file = Image.new("RGB", (120, 120)), BytesIO()
    picture.paste("red", (0, 0, 60, 60))
    picture.save(file, "PNG")
    return file.getvalue()


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
    page = client.post("/explain", **form(red_corner())).text
    assert '<img class="heat" src="data:image/webp;base64,' in page
    assert "Without the brightest part, cat falls from" in page
    assert "64 copies, each with a part covered, took" in page


def test_a_photo_that_no_part_decides_has_a_sentence_instead_of_a_heat_map(client):
    page = client.post("/explain", **form(photo())).text
    assert "No part decides alone: whichever is covered, cat keeps 98.2% or" in page
    assert "data:image/webp" not in page
    assert 'class="overlays"' not in page.partition('<template id="shot">')[0]


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


def test_each_photo_is_shown_once_and_answered_by_each_model(client):
    page = client.post("/predict", **form(photo(), photo(), model=["cats", "birds"]))
    assert page.text.count('alt="The photo you sent"') == 2
    for name in ("cats, version 3", "birds, version 1"):
        assert page.text.count(name) == 2 + 1  # and the template of an answer


def test_photos_are_answered_in_the_order_in_which_they_were_chosen(client):
    page = client.post("/predict", **form(*[photo()] * 3)).text
    assert re.findall('<h2 class="file">(.+?)</h2>', page) == [
        "0.png",
        "1.png",
        "2.png",
    ]


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


def test_the_five_likeliest_of_many_classes_are_bars(kinds_client):
    page = kinds_client.post("/predict?model=many", **form(photo())).text
    answer = page.partition('id="results"')[2].partition("</article>")[0]
    shown = re.findall("<dt>(class .+?)</dt>", answer)
    assert shown == MANY[:-6:-1]
    assert "The 5 likeliest of 1,000 classes." in answer


def test_more_classes_are_shown_if_asked_for(kinds_client):
    fragment = kinds_client.post(
        "/predict?model=many&top=9&fragment=1", **form(photo())
    )
    assert fragment.text.count("<dt>class ") == 9


# The question on the page, and the link to it


def test_labels_are_spelled_as_the_model_has_them(tmp_path):
    names = ["cat", "iPhone X"]
    files = {"a": write_model(tmp_path / "1.pb", class_names=names)}
    with Library.load(files) as library:
        page = create_app(library).test_client()
        shown = (
            page.get("/", headers=HTML).text
            + page.post("/predict", **form(photo("green"))).text
        )
    assert ">cat or iPhone X?</h1>" in shown
    assert '<h1 class="verdict">iPhone X</h1>' in shown
    assert "<dt>cat</dt>" in shown


def test_the_heading_fits_the_models_that_are_named(kinds_client):
    def heading(query):
        page = kinds_client.get(f"/?{query}", headers=HTML).text
        return re.findall("<h1.*?>(.+?)</h1>", page)

    assert heading("model=sigmoid") == ["red or green?"]
    assert heading("model=sigmoid&model=many") == ["What is it?"]
    assert heading("model=age") == ["Photos in, numbers out"]


def permalink(page: str) -> str:
    return html.unescape(re.findall('id="permalink" href="(.+?)"', page)[0])


def test_the_permalink_has_the_models_and_the_options(kinds_client):
    asked = form(photo("green"), model=["many", "age"], top="9")
    link = permalink(kinds_client.post("/explain", **asked).text)
    assert link == "/?model=many&model=age&top=9&why=1"
    page = kinds_client.get(link, headers=HTML).text
    checked = re.findall('name="model" value="(.+?)".+? checked>', page)
    assert checked == ["many", "age"]
    assert "<option selected>9</option>" in page
    assert permalink(page) == link


def test_the_permalink_of_a_default_question_names_the_default_model(client):
    assert permalink(client.get("/", headers=HTML).text) == "/?model=cats"


def test_a_link_to_a_model_that_is_gone_says_so(client):
    page = client.get("/?model=cows", headers=HTML).text
    assert "No model is served here as cows: choose another." in page


def test_the_choices_are_kept_where_the_answer_is_an_error(client):
    page = client.post("/predict", **form(b"hello", model="birds")).text
    assert permalink(page) == "/?model=birds"


def test_more_classes_than_a_model_has_are_all_of_them(kinds_client):
    asked = form(photo(), model=["many", "sigmoid"], top="9")
    page = kinds_client.post("/predict", **asked).text
    assert page.partition('id="ask"')[0].count("<dt>class ") == 9
    assert "<dt>green</dt>" in page


def test_links_are_under_the_prefix_and_the_host_of_the_proxy(kinds):
    proxies = TrustedProxies.parse("127.0.0.1")
    hosts = AllowedHosts.parse("example.org")
    settings = {"TRUSTED_PROXIES": proxies, "ALLOWED_HOSTS": hosts}
    client = create_app(kinds, **settings).test_client()
    forwarded = {"Proto": "https", "Host": "example.org", "Prefix": "/cats"}
    sent = form(photo(), model="many")
    more = {f"X-Forwarded-{name}": value for name, value in forwarded.items()}
    sent["headers"] = sent["headers"] | more
    page = html.unescape(client.post("/predict", **sent).text)
    assert "https://example.org/cats/predict" in page
    assert permalink(page) == "/cats/?model=many"
    paths = re.findall(
        r' (?:href|src|action|formaction|data-why|data-health)="(/.*?)"', page
    )
    assert {path.startswith("/cats/") for path in paths} == {True}
    assert len(paths) > 15


# Drawings to try


def test_the_first_screen_offers_drawings_that_can_be_loaded(client):
    page = client.get("/", headers=HTML).text
    drawings = re.findall('name="drawing" value="(.+?)".+?<img src="(.+?)"', page)
    assert len(drawings) == 6
    for _, address in drawings:
        assert client.get(address).content_type == "image/jpeg"


def test_a_drawing_is_answered_as_if_its_file_had_been_chosen(client):
    shown = client.post("/predict", **form(b"", drawing="cat"))
    assert shown.status_code == 200
    assert "curl -sO http://localhost/static/drawing-cat.jpg" in shown.text
    assert permalink(shown.text) == "/?model=cats&drawing=cat"


@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_drawing_is_a_sentence_with_the_closest(client, method):
    path = {"get": "/?drawing=bot", "post": "/predict?drawing=bot"}[method]
    answer = getattr(client, method)(path, headers=HTML)
    assert answer.status_code == 400
    assert "did you mean &#39;boat&#39;?" in answer.text


# Models of other kinds


def test_numbers_are_a_table_for_each_output(kinds_client):
    fragment = kinds_client.post("/predict?model=embedding&fragment=1", **form(photo()))
    assert fragment.text.count("<table") == 2
    assert "embedding <small>[12]</small>" in fragment.text
    assert '<th scope="row">3</th><td>1</td>' in fragment.text
    assert "and 4 more" in fragment.text
    assert "13 numbers</h3>" in fragment.text


def test_one_number_is_the_headline(kinds_client):
    page = kinds_client.post("/predict?model=age", **form(photo())).text
    assert '<h1 class="verdict">100</h1>' in page
    assert "<title>100 " in page


@pytest.mark.parametrize(
    ("name", "count"), [("many", 1), ("sigmoid", 1), ("age", 0), ("jpeg", 0)]
)
def test_only_what_can_be_explained_has_the_button(kinds_client, name, count):
    page = kinds_client.post(f"/predict?model={name}&fragment=1", **form(photo())).text
    assert page.count('name="why"') == count


def test_of_several_models_those_that_can_are_explained(kinds_client):
    shown = kinds_client.post("/explain", **form(photo(), model=["age", "sigmoid"]))
    assert shown.text.count("copies, each with a part covered, took") == 1
    refused = kinds_client.post("/explain", **form(photo(), model=["age", "jpeg"]))
    assert refused.status_code == 400


def test_a_second_model_does_not_count_the_first_one_as_waiting(
    kinds_client, monkeypatch
):
    started = []
    answer = page.answer_photo
    monkeypatch.setattr(
        page, "answer_photo", lambda *a, **k: (started.append(a[2]), answer(*a, **k))[1]
    )
    kinds_client.post("/predict", **form(photo(), model=["age", "sigmoid"]))
    assert started[1] > started[0]


def test_a_model_without_photos_is_no_choice_but_has_an_example(kinds_client):
    page = kinds_client.get("/", headers=HTML).text
    assert 'value="many"' in page
    assert 'value="price"' not in page
    assert "<b>price</b>" in page
    assert "It takes no photos, but features (float32 [N, 2]): send JSON" in page


def test_a_model_without_photos_that_is_named_is_open(kinds_client):
    page = kinds_client.get("/?model=price", headers=HTML).text
    (opened,) = re.findall('<details class="other" open>.+?</details>', page, re.S)
    assert "<b>price</b>" in opened
    assert 'value="many" data-question="What is it?" checked' in page


@pytest.mark.parametrize("name", ["price", "two-ends", "flags", "one", "lookup"])
def test_the_example_request_is_answered(kinds_client, name):
    page = html.unescape(kinds_client.get("/", headers=HTML).text)
    pattern = f"curl -s -d '(.+?)' http://localhost(/v1/models/{name}:predict)"
    ((body, address),) = re.findall(pattern, page)
    assert kinds_client.post(address, data=body).status_code == 200


def test_a_large_input_has_an_example_in_python(kinds):
    class Images(NamedTuple):
        inputs: dict

    model = kinds.model("grey").model  # its own input as that of a network of vectors
    text = example_request(Images(model.inputs), "http://here/v1/models/grey")
    compile(text, "example", "exec")
    assert '"digit": np.full([1, 28, 28, 1], 0.5).tolist()' in text


@pytest.fixture(scope="module")
def numbers_only(tmp_path_factory):
    files = {"price": price(tmp_path_factory.mktemp("price") / "1.pb")}
    with Library.load(files) as library:
        yield create_app(library).test_client()


def test_without_any_model_of_photos_there_is_no_drop_zone(numbers_only):
    page = numbers_only.get("/", headers=HTML).text
    assert "Numbers in, numbers out" in page
    assert 'type="file"' not in page
    assert "page.js" not in page
    assert "/v1/models/price:predict" in page


def test_a_photo_for_it_is_a_page_that_says_where_to_ask(numbers_only):
    answer = numbers_only.post("/predict", **form(photo()))
    assert answer.status_code == 400
    assert "takes no photos: send &#39;features&#39; to POST" in answer.text


def test_models_page_says_what_becomes_of_a_photo_and_what_was_assumed(kinds_client):
    page = kinds_client.get("/models", headers=HTML).text
    assert "as one grey channel" in page
    assert "pixels:0, uint8 [N, 4, 6, 3]" in page
    assert "probabilities of 1,000 classes" in page
    assert "and 980 more" in page
    many = page.partition(">many</h2>")[2].partition("</article>")[0]
    assert '<details class="fold">' in many
    other = page.partition(">sigmoid</h2>")[2].partition("</article>")[0]
    assert '<details class="fold" open>' in other
    assert "the network&#39;s own numbers" in page
    assert "<dt>Note</dt>" in page


@pytest.mark.parametrize("name", ["caf\udce9", "\ud800"])
def test_a_card_with_what_utf_8_has_not_is_refused_and_breaks_no_page(tmp_path, name):
    write_model(tmp_path / "cats" / "1.pb", image_size=8)
    with Library.load_folder(tmp_path) as library:
        client = create_app(library).test_client()
        names = [name, "dog"]
        odd = write_model(tmp_path / "odd" / "1.pb", image_size=8, class_names=names)
        Reloader(library, model_source((), tmp_path), every=1).poll()
        pages = [client.get(path, headers=HTML) for path in ("/", "/models")]
        pages.append(client.post("/explain?model=cats", **form(photo())))
    assert [page.status_code for page in pages] == [200] * 3
    (failure,) = library.failures()
    assert f"{odd}: the op 'model_card': class_names[0] holds" in failure[2]
    assert "which is no character" in html.unescape(pages[1].text)


# The heat map


@pytest.mark.parametrize(
    ("resize", "box"),
    [
        ("stretch", (0, 0, 300, 100)),
        ("centre-crop", (100, 0, 200, 100)),
        ("letterbox", (0, -100, 300, 200)),
    ],
)
def test_heat_covers_the_part_that_the_network_sees(resize, box):
    assert seen_part((300, 100), Preprocessing(64, 64, resize=resize)) == box


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


@pytest.mark.parametrize("path", ["/predict", "/explain?fragment=1"])
@pytest.mark.parametrize("folder", ["edge", "bad"])
def test_no_file_breaks_the_page(client, shared, path, folder):
    for file in sorted((shared / folder).iterdir()):
        answer = client.post(path, **form(file.read_bytes()))
        assert answer.status_code in (200, 400, 413, 415, 422), file.name
        assert "<article" in answer.text or "<h1" in answer.text
