"""No card, label, file name or query puts script into a page, or breaks one.

A page with hostile texts must have the elements and attributes of the same page with
harmless texts of the same length.
"""

import json
from html.parser import HTMLParser

import pytest

from helpers.graphs.card_fields import DESCRIPTIVE, READ
from helpers.serving.library import Library
from tests.webapp.running_app import HTML, browser_form, photo, write_model
from webapp.app import create_app

HOSTILE = " ".join(
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' autofocus onfocus='alert(1)",
        "javascript:alert(document.domain)",
        "</pre></dd></main><svg onload=alert(1)>",
        "{{ config }}{% include 'base.html' %}",
        "&#60;script&#62;alert(1)&#60;/script&#62;",
        "<!-- <plaintext><textarea><title>",
    ]
)
HARMLESS = "".join("/" if character == "/" else "x" for character in HOSTILE)
ADDRESSES = ("href", "src", "action", "formaction", "data", "srcdoc", "style")
PAGES = ("/", "/models", "/?model=m", "/?top=3&why=1", "/nowhere")
SHOWN = [field for field in DESCRIPTIVE if field not in READ]


class Structure(HTMLParser):
    """The elements of a page, with the names of their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple] = []
        self.addresses: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, [name for name, _ in attrs]))
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]


def hostile_card(text: str) -> dict:
    """A card with the text in every field that takes any, and in their keys."""
    names = {"class_names": [f"{text} 1", f"{text} 2"]}
    held_out = {text: {"accuracy": 0.5, "count": 7, text: text}}
    described = dict.fromkeys(SHOWN, text) | {"held_out": held_out, "history": [text]}
    return names | described | {text: text, "mine": {text: [text]}}


def client_of(folder, text: str):
    """A client of a model with this text in its card and its labels."""
    write_model(folder / "m" / "1.pb", image_size=8, **hostile_card(text))
    (folder / "m" / "labels.json").write_text(json.dumps({text: 1}))
    (folder / "m" / "2.pb").write_text(text)  # a version that is not loaded
    skipped = folder / text.replace("/", "")[:200]
    skipped.mkdir()
    (skipped / "1.pb").write_text("")
    library = Library.load_folder(folder)
    return library, create_app(library).test_client()


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    """Clients by text, of two models that differ in nothing else."""
    made = {
        text: client_of(tmp_path_factory.mktemp("models"), text)
        for text in (HOSTILE, HARMLESS)
    }
    yield {text: client for text, (_, client) in made.items()}
    for library, _ in made.values():
        library.close()


def structures(clients, ask) -> list[Structure]:
    """The structures of the two answers; neither is a failure of the server."""
    answers = [ask(client, text) for text, client in clients.items()]
    assert all(answer.status_code < 500 for answer in answers)
    return [Structure(answer.text) for answer in answers]


def assert_same(clients, ask) -> None:
    hostile, harmless = structures(clients, ask)
    assert hostile.elements == harmless.elements
    assert not any(":alert" in address for address in hostile.addresses)
    assert all("javascript" not in address.lower() for address in hostile.addresses)


def upload(name: str) -> dict:
    return browser_form([("image", name, photo())]) | {"headers": HTML}


@pytest.mark.parametrize("page", PAGES)
def test_a_hostile_card_adds_nothing_to_a_page(clients, page):
    assert_same(clients, lambda client, text: client.get(page, headers=HTML))


@pytest.mark.parametrize("path", ["/predict", "/explain", "/predict?fragment=1"])
def test_a_hostile_card_or_file_name_adds_nothing_to_an_answer(clients, path):
    assert_same(clients, lambda client, text: client.post(path, **upload(text)))


@pytest.mark.parametrize("field", ["model", "drawing", "top"])
def test_a_hostile_query_adds_nothing_to_a_page(clients, field):
    def ask(client, text):
        return client.get("/", query_string={field: text}, headers=HTML)

    assert_same(clients, ask)


def test_a_hostile_path_adds_nothing_to_an_error(clients):
    def ask(client, text):
        return client.get(f"/nowhere/{text}".replace("?", ""), headers=HTML)

    assert_same(clients, ask)


def test_a_hostile_card_is_text_on_the_page_of_models(clients):
    shown = Texts(clients[HOSTILE].get("/models", headers=HTML).text).text
    assert f'"author": {json.dumps(HOSTILE)}' in shown
    assert f"labelled {HOSTILE}" in shown


class Texts(HTMLParser):
    """All text of a page, as a browser decodes it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data):
        self.text += data


# Fields that are only shown, of every type

ODD = {
    "number": 10**39,
    "not-finite": float("nan"),
    "true": True,
    "null": None,
    "list": [[[]], {}, None, -1.5],
    "object": {"": {"": [True]}, "accuracy": "0.9", "count": {}},
    "lines": "two\nlines\tand a tab",
    "long": "x" * 100_000,
}


@pytest.fixture(scope="module")
def odd_client(tmp_path_factory):
    """A client of a model for each odd value, in every field that is only shown."""
    folder = tmp_path_factory.mktemp("odd")
    files = {
        name: write_model(
            folder / name / "1.pb",
            image_size=8,
            **dict.fromkeys(SHOWN, value)
            | {"held_out": {"photos": {"accuracy": value, "count": value}, "": value}},
        )
        for name, value in ODD.items()
    }
    with Library.load(files) as library:
        yield create_app(library).test_client()


@pytest.mark.parametrize("path", ["/", "/models", "/metrics", "/v1/models", "/readyz"])
def test_a_field_of_any_type_breaks_no_page(odd_client, path):
    for headers in ({}, HTML):
        answer = odd_client.get(path, headers=headers)
        assert answer.status_code == 200
        assert len(answer.data) < 10**7


@pytest.mark.parametrize("name", ODD)
def test_a_field_of_any_type_breaks_no_answer(odd_client, name):
    for path in (f"/v1/models/{name}/metadata", f"/v2/models/{name}"):
        assert odd_client.get(path).status_code == 200
    answer = odd_client.post(f"/predict?model={name}", data=photo())
    assert answer.json["label"] == "cat"


def test_the_report_of_the_models_is_json_without_nan(odd_client):
    text = odd_client.get("/models").text
    names = {
        model["name"]
        for model in json.loads(text, parse_constant=pytest.fail)["models"]
    }
    assert names == {*ODD}


def test_the_page_shows_the_beginning_of_a_long_card(odd_client):
    page = odd_client.get("/models", headers=HTML).text
    assert "characters more: GET /models as JSON" in page
    assert page.count("x" * 10_000) <= 4
