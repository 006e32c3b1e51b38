"""The web app with Flask's client and real, tiny frozen graphs."""

import builtins
import json
import re
import subprocess
import sys
import tempfile
from io import BytesIO
from time import perf_counter

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from helpers.serving.library import Library
from helpers.serving.reloading import Reloader
from tests.webapp.running_app import APP, HTML, browser_form, photo, write_model
from webapp.app import create_app, watch_reloading
from webapp.security import CONTENT_SECURITY_POLICY
from webapp.serving.admission import ARRIVED, TOO_MANY

pillow_heif.register_heif_opener()  # so that Pillow can write HEIC

HELD_OUT = {
    "photos": {"accuracy": 0.9312, "count": 2349},
    "drawings": {"accuracy": 0.97, "count": 200},
}


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    files = {
        "cats": write_model(folder / "cats" / "3.pb", held_out=HELD_OUT),
        "birds": write_model(
            folder / "birds.pb", class_names=["crow", "<owl>"], held_out=3
        ),
    }
    with Library.load(files) as library:
        yield library


@pytest.fixture(scope="module")
def app(library):
    return create_app(library)


@pytest.fixture
def client(app):
    return app.test_client()


def form(data: bytes = b"", field: str = "image", name: str = "photo.png", **others):
    return browser_form([(field, name, data)], **others)


# The answer


def test_json_answer_has_the_documented_keys_in_order(client):
    answer = client.post("/predict", **form(photo()))
    assert answer.status_code == 200
    assert list(json.loads(answer.data)) == [
        "model",
        "version",
        "label",
        "probabilities",
        "milliseconds",
    ]
    assert list(answer.json["milliseconds"]) == ["decode", "wait", "infer", "total"]


def test_json_answer_of_two_classes_is_these_bytes(client):
    number = r"[\d.e-]+"
    times = ",".join(f'"{t}":{number}' for t in ("decode", "wait", "infer", "total"))
    pattern = (
        rf'{{"model":"cats","version":3,"label":"cat","probabilities":{{"cat":{number},'
        rf'"dog":{number}}},"milliseconds":{{{times}}}}}\n'
    )
    assert re.fullmatch(pattern, client.post("/predict", data=photo()).text)


@pytest.mark.parametrize(
    ("colour", "label"), [("red", "cat"), ("green", "dog"), ("grey", None)]
)
def test_label_is_the_likeliest_class_or_none_when_not_sure(client, colour, label):
    assert client.post("/predict", **form(photo(colour))).json["label"] == label


def test_probabilities_are_those_of_numpy(client):
    probabilities = client.post("/predict", **form(photo("red"))).json["probabilities"]
    exponentials = np.exp([4.0, 0.0])
    expected = exponentials / exponentials.sum()
    assert list(probabilities) == ["cat", "dog"]
    np.testing.assert_allclose(list(probabilities.values()), expected, atol=1e-6)


def test_total_milliseconds_cover_the_parts(client):
    spent = client.post("/predict", **form(photo())).json["milliseconds"]
    parts = spent["decode"] + spent["wait"] + spent["infer"]
    assert 0 < parts <= spent["total"] + 0.3  # three roundings


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        None,
    ],
)
def test_photo_may_be_the_whole_body(client, content_type):
    answer = client.post("/predict", data=photo("green"), content_type=content_type)
    assert answer.json["label"] == "dog"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "HEIF", "TIFF"])
def test_every_allowed_format_is_answered(client, kind):
    assert client.post("/predict", data=photo("red", kind)).json["label"] == "cat"


def test_two_requests_are_answered_by_one_session(client, library):
    before = library.model("cats").model.session
    operations = len(before.graph.get_operations())
    client.post("/predict", data=photo())
    client.post("/predict", data=photo())
    assert library.model("cats").model.session is before
    assert len(before.graph.get_operations()) == operations


# Which model


def test_first_model_answers_when_none_is_named(client):
    answer = client.post("/predict", **form(photo())).json
    assert (answer["model"], answer["version"]) == ("cats", 3)


def test_model_is_chosen_in_the_address(client):
    answer = client.post("/predict?model=birds", **form(photo()))
    assert answer.json["label"] == "crow"


def test_model_is_chosen_in_the_form(client):
    answer = client.post("/predict", **form(photo(), model="birds"))
    assert answer.json["model"] == "birds"


def test_unknown_model_is_answered_with_the_closest(client):
    answer = client.post("/predict?model=bird", data=photo())
    assert answer.status_code == 404
    assert answer.json["detail"] == "There is no model 'bird': did you mean 'birds'?"


# Bad input

NO_PHOTO = (
    'No photo was sent: put it in the multipart field "image", or send it as the body.'
)
DAMAGED = (
    "This PNG file is damaged or cut short: open it in a picture viewer and save it "
    "again."
)


@pytest.mark.parametrize(
    ("request_", "status", "detail"),
    [
        pytest.param({}, 400, NO_PHOTO, id="nothing"),
        pytest.param(
            {"data": {"model": "cats"}, "content_type": "multipart/form-data"},
            400,
            'No photo in the multipart field "image": no file came.',
            id="form without a file",
        ),
        pytest.param(
            form(photo(), field="photo"),
            400,
            'No photo in the multipart field "image": files came in "photo".',
            id="another field",
        ),
        pytest.param(
            {"data": {"image": "cat.jpg"}, "content_type": "multipart/form-data"},
            400,
            'The field "image" holds text, not a file: send a file (with curl, '
            "-F image=@photo.jpg).",
            id="text instead of a file",
        ),
        pytest.param(
            form(b"", name=""),
            400,
            "No photo was chosen: choose one, then ask again.",
            id="nothing chosen",
        ),
        pytest.param(
            form(b""),
            400,
            "The file is empty: choose a photo with something in it.",
            id="empty file",
        ),
        pytest.param(
            {"data": b"--x\r\ngarbage", "content_type": "multipart/form-data"},
            400,
            'No photo in the multipart field "image": no file came.',
            id="multipart without a boundary",
        ),
        pytest.param(
            form(b"hello, world"),
            415,
            "This is a text file; JPEG, PNG, GIF, WebP, BMP, HEIC and TIFF are "
            "understood: save the photo as JPEG.",
            id="text file",
        ),
        pytest.param(form(photo()[:60]), 422, DAMAGED, id="cut short"),
    ],
)
def test_bad_input_gets_its_status_and_sentence(client, request_, status, detail):
    answer = client.post("/predict", **request_)
    assert (answer.status_code, answer.json["detail"]) == (status, detail)


def test_errors_are_problem_json(client):
    answer = client.post("/predict")
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": NO_PHOTO,
    }


def test_wrong_method_says_which_is_right(client):
    answer = client.get("/predict")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_unknown_address_says_where_the_page_is(client):
    answer = client.get("/nothing")
    assert answer.status_code == 404
    assert answer.json["detail"] == "There is nothing at /nothing: the page is at /."


@pytest.fixture(scope="module")
def narrow(library):
    return create_app(library, MAX_BYTES=200_000, MAX_PIXELS=10_000).test_client()


def test_photo_over_the_byte_limit_is_refused(narrow):
    answer = narrow.post("/predict", data=bytes(200_001))
    assert answer.status_code == 413
    assert "at most 0.2 MB" in answer.json["detail"]


def test_photo_over_the_pixel_limit_is_refused(narrow):
    file = BytesIO()
    Image.new("RGB", (101, 100)).save(file, "PNG")
    answer = narrow.post("/predict", data=file.getvalue())
    assert answer.status_code == 413
    assert "megapixels" in answer.json["detail"]


def declare(length: int, **environment) -> dict:
    """The WSGI environment of a body that is declared to have that length."""
    return {"CONTENT_LENGTH": str(length), **environment}


def test_body_over_the_limit_is_not_read(narrow):
    unread = BytesIO(bytes(2_000_000))
    answer = narrow.post("/predict", input_stream=unread)
    assert answer.status_code == 413
    assert "allowed 0.2 MB" in answer.json["detail"]
    assert unread.tell() == 0


@pytest.mark.parametrize("server", [{}, {"wsgi.input_terminated": True}])
def test_incomplete_upload_is_refused(client, server):
    answer = client.post(
        "/predict",
        input_stream=BytesIO(photo()),
        environ_overrides=declare(100_000, **server),
    )
    assert answer.status_code == 400


def test_incomplete_upload_is_answered_with_the_bytes_that_arrived(client):
    answer = client.post(
        "/predict",
        input_stream=BytesIO(bytes(1500)),
        environ_overrides=declare(2500, **{"wsgi.input_terminated": True}),
    )
    assert answer.json["detail"] == (
        "The upload broke off after 1,500 of 2,500 bytes: send it again."
    )


def test_bug_is_logged_with_the_id_of_the_answer(library, caplog):
    app = create_app(library)
    app.extensions["library"] = None  # a bug
    answer = app.test_client().post("/predict", data=photo())
    assert (answer.status_code, "Traceback" in answer.text) == (500, False)
    assert answer.json["detail"].rstrip(".").split()[-1] in caplog.text


@pytest.mark.parametrize("route", ["/predict", "/explain"])
def test_every_bad_file_is_answered_or_refused_with_a_sentence(shared, client, route):
    files = sorted((shared / "bad").iterdir())
    for file in files:
        answer = client.post(route, **form(file.read_bytes(), name=file.name))
        assert answer.status_code in (200, 400, 413, 415, 422), file.name
    assert len(files) > 50


# Overload


def test_photo_above_the_limit_gets_503_and_retry_after(library):
    client = create_app(library).test_client()
    busy = {TOO_MANY: True}  # set by the server: tests/webapp/serving/test_server.py
    answer = client.post("/predict", data=photo(), environ_overrides=busy)
    health = client.get("/healthz", environ_overrides=busy)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert health.status_code == 200


def test_photo_that_waited_too_long_gets_504(library):
    client = create_app(library, PATIENCE=0.1).test_client()
    arrived = {ARRIVED: perf_counter() - 0.2}
    answer = client.post("/predict", data=photo(), environ_overrides=arrived)
    assert answer.status_code == 504
    assert "no time for this photo in 0.1 s" in answer.json["detail"]


def test_wait_is_the_time_since_the_photo_arrived(client):
    arrived = {ARRIVED: perf_counter() - 0.2}
    answer = client.post("/predict", data=photo(), environ_overrides=arrived)
    spent = answer.json["milliseconds"]
    assert spent["total"] > spent["wait"] >= 200 > spent["infer"]


# Privacy and security


def test_large_upload_is_not_written_to_disk(client, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    monkeypatch.setattr(builtins, "open", refuse)
    large = photo("red", "BMP") + bytes(3_000_000)
    assert client.post("/predict", **form(large)).json["label"] == "cat"


@pytest.mark.parametrize("path", ["/", "/predict", "/healthz", "/static/page.css"])
def test_every_answer_has_the_security_headers(client, path):
    headers = client.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


def test_policy_allows_nothing_inline_and_no_frames():
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "frame-ancestors 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"Sec-Fetch-Site": "same-origin"}, 200, id="our page"),
        pytest.param({"Sec-Fetch-Site": "none"}, 200, id="typed by hand"),
        pytest.param({"Origin": "http://localhost"}, 200, id="our page, old browser"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, 403, id="another port"),
        pytest.param({"Origin": "http://evil.test"}, 403, id="another, old browser"),
        pytest.param({"Origin": "null"}, 403, id="a sandboxed page"),
        pytest.param({"Origin": "http://[::1"}, 403, id="an impossible origin"),
    ],
)
def test_only_our_own_page_may_post_from_a_browser(client, headers, status):
    assert client.post("/predict", data=photo(), headers=headers).status_code == status


def test_answer_about_a_photo_is_not_cached(client):
    answer = client.post("/predict", data=photo())
    assert answer.headers["Cache-Control"] == "no-store"


# The page


def test_page_has_a_form_that_works_without_javascript(client):
    page = client.get("/", headers=HTML).text
    assert ">cat or dog?</h1>" in page
    assert 'method="post" action="/predict" enctype="multipart/form-data"' in page


def test_page_shows_the_accuracy_of_the_model(client):
    page = client.get("/", headers=HTML).text
    assert "93.1% of 2,349 unseen photos and 97.0% of 200 unseen drawings" in page


def test_page_offers_the_models_and_keeps_the_choice(client):
    page = client.post("/predict", **form(photo(), model="birds"), headers=HTML).text
    checked = re.findall('name="model" value="(.+?)".+? checked>', page)
    assert checked == ["birds"]


def test_browser_gets_the_answer_as_a_page(client):
    answer = client.post("/predict", **form(photo()), headers=HTML)
    assert answer.content_type == "text/html; charset=utf-8"
    assert '<h1 class="verdict">cat</h1>' in answer.text
    assert "<dd>98.2%</dd>" in answer.text  # softmax of 4 and 0


def test_page_says_so_when_the_model_is_not_sure(client):
    page = client.post("/predict", **form(photo("grey")), headers=HTML).text
    assert '<h1 class="verdict">Not sure</h1>' in page


def test_browser_gets_the_error_as_a_page(client):
    answer = client.post("/predict", **form(b"hello, world"), headers=HTML)
    assert answer.status_code == 415
    assert "This is a text file" in answer.text
    assert 'type="file"' in answer.text  # and may try again


def test_class_names_are_escaped(client):
    page = client.post("/predict?model=birds", data=photo(), headers=HTML).text
    assert "&lt;owl&gt;" in page
    assert "<owl>" not in page


def test_page_shows_the_photo_upright_and_in_its_own_shape(client):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    turned = photo("red", "JPEG", exif=exif)  # 60 x 40 as stored
    page = client.post("/predict", data=turned, headers=HTML).text
    assert 'width="320" height="480"' in page


# Operations


def test_health_and_readiness(client):
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {
        "status": "ready",
        "models": ["cats", "birds"],
    }


def test_readiness_says_if_nothing_is_reloaded_any_more(library):
    app = create_app(library)
    reloader = Reloader(library, dict, every=1, late_after=-1)
    watch_reloading(app, reloader)
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json["detail"].startswith("nothing was reloaded for 0 s: what is")


def test_stopping_server_is_healthy_but_not_ready(library):
    app = create_app(library)
    app.extensions["ready"].clear()
    assert app.test_client().get("/readyz").status_code == 503
    assert app.test_client().get("/healthz").status_code == 200


def test_without_its_packages_it_says_how_to_enter_the_environment():
    ended = subprocess.run([sys.executable, "-S", APP], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "enter the environment first with `source .venv" in ended.stderr
    assert ended.stderr.count("\n") == 1
