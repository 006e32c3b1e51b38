"""Whatever is sent is answered, or refused with a sentence: never a 500."""

import json
import os
import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpers.serving.library import Library
from helpers.serving.reloading import Reloader
from tests.webapp.running_app import HTML, photo, write_model
from webapp.app import create_app
from webapp.loading import model_source

pytestmark = pytest.mark.slow

some = settings(
    max_examples=40,
    derandomize=True,  # the same requests at every run
    deadline=None,
    suppress_health_check=[*HealthCheck],
)
ANY = st.text(st.characters(exclude_categories=()), max_size=12)  # surrogates, too
NAMES = st.sampled_from(
    [
        *("b64", "images", "photos", "x", "image", "image_bytes", "key", "pixels"),
        *("inputs", "features", "ids", "words", "mask", "factor", "contents"),
        *("scores", "\ud800"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(2**63), 2**64, 1e308, -0.0, 255, 256, 0.5])
    | st.floats()
    | ANY
    | st.sampled_from(["", "!", "/9j/", "iVBORw0KGgo="])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | ANY, inner, max_size=3)
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["instances", "inputs", "examples", "context", "signature_name", "key"]
)
REQUESTS = st.dictionaries(KEYS | ANY, VALUES, max_size=3) | VALUES
LISTED = st.builds(
    lambda key, values: {key: values},
    st.sampled_from(["instances", "inputs", "examples"]),
    st.lists(st.dictionaries(NAMES, VALUES, max_size=2) | VALUES, max_size=3),
)
MODELS = [
    "price",
    "two-ends",
    "flags",
    "one",
    "lookup",
    "jpeg",
    "grey",
    "whole",
    "nchw",
]
DEEP = [
    "[" * 100_000,
    '{"instances": ' + "[" * 300 + "]" * 300 + "}",
    '{"instances": [' + "1" * 5000 + "]}",
    '{"instances": [[1e999, NaN]]}',
    '{"instances": [{"b64": "\\ud800"}]}',
    '{"instances": [{"x": 0}, {}]}',
    '{"instances": [{}]}',
    '{"signature_name": "\\ud800", "instances": [1]}',
    '{"instances": [{"key": NaN, "images": 1}]}',
    '{"instances": [[]]}',
    '{"inputs": {"x": [[]]}}',
]


def is_well_answered(answer) -> bool:
    """Whether it has an answer, or a sentence that UTF-8 has."""
    body = json.loads(answer.data.decode())
    sentence = body.get("error", body.get("detail", "answered"))
    sentence.encode()
    return answer.status_code < 500 or answer.status_code in (502, 503)


@pytest.mark.parametrize("verb", ["predict", "classify", "regress"])
@pytest.mark.parametrize("body", DEEP, ids=lambda body: body[:30])
@pytest.mark.parametrize("model", ["whole", "price", "jpeg"])
def test_an_extreme_body_gets_a_sentence(kinds_client, model, verb, body):
    answer = kinds_client.post(f"/v1/models/{model}:{verb}", data=body)
    assert is_well_answered(answer)
    assert answer.status_code >= 400


@some
@given(
    model=st.sampled_from(MODELS),
    verb=st.sampled_from(["predict", "classify", "regress"]),
    request=REQUESTS | LISTED,
)
@example(model="whole", verb="predict", request={"instances": [{"photos": 0}, {}]})
def test_any_json_gets_an_answer_or_a_sentence(kinds_client, model, verb, request):
    body = json.dumps(request)
    answer = kinds_client.post(f"/v1/models/{model}:{verb}", data=body)
    assert is_well_answered(answer), body


PATHS = ["/predict", "/explain", "/v1/models/whole:predict", "/", "/models", "/nowhere"]
HEADERS = st.sampled_from(
    [
        *("Content-Type", "Content-Encoding", "Content-Length", "Transfer-Encoding"),
        *("Accept", "Host", "Origin", "X-Request-ID", "Range", "If-Modified-Since"),
        *("Cookie", "Authorization", "Sec-Fetch-Site", "Forwarded", "Expect"),
        *("X-Forwarded-Host", "X-Forwarded-Prefix"),
    ]
)
LATIN_1 = st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=30
)
KNOWN = st.sampled_from(
    [
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "gzip",
        "identity",
        "*/*",
        "text/html",
        "http://[::1",
        "application/x-www-form-urlencoded",
        "bytes=9-1",
    ]
)


@some
@given(
    path=st.sampled_from(PATHS),
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
    headers=st.dictionaries(HEADERS, LATIN_1 | KNOWN, max_size=4),
    data=st.binary(max_size=40) | st.just(photo()),
)
def test_any_header_gets_an_answer_or_a_sentence(
    kinds_client, path, method, headers, data
):
    answer = kinds_client.open(path, method=method, headers=headers, data=data)
    assert answer.status_code < 500
    answer.data.decode()


PARTS = st.sampled_from(
    ["..", "%00", "%ff", "%ed%a0%80", "%2e", "%2F", ":predict", "v1"]
)
TARGETS = st.lists(
    PARTS | st.text(string.printable.strip(), max_size=8) | ANY, min_size=1, max_size=4
)


@some
@given(
    root=st.sampled_from(["/", "/v1/", "/v1/models/", "/v1/models/whole/", "/static/"]),
    parts=TARGETS,
    query=ANY,
    accept=st.sampled_from([{}, HTML]),
)
def test_any_address_gets_an_answer_or_a_sentence(
    kinds_client, root, parts, query, accept
):
    environ = {
        "PATH_INFO": _as_wsgi(root + "/".join(parts)),
        "QUERY_STRING": _as_wsgi(f"model={query}&top={query}"),
    }
    answer = kinds_client.get("/", headers=accept, environ_overrides=environ)
    assert answer.status_code < 500
    answer.data.decode()


def _as_wsgi(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/models/whole/versions/{'9' * 5000}",
        f"/v1/models/{'x' * 100_000}",
        f"/v1/models/whole/labels/{'x' * 100_000}",
        f"/predict?model={'x' * 100_000}",
        f"/?model={'x' * 100_000}",
    ],
    ids=lambda path: path[:40],
)
def test_a_very_long_address_gets_a_short_sentence(kinds_client, path):
    method = "POST" if path.startswith("/predict") else "GET"
    answer = kinds_client.open(path, method=method, data=photo())
    assert answer.status_code in (200, 400, 404)
    assert len(answer.data) < 50_000


# Files and folders of any name, beside a model that is served


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A models folder, a client of it, and a function that looks at the folder."""
    folder = tmp_path_factory.mktemp("served")
    write_model(folder / "cats" / "1.pb", image_size=8)
    source = model_source((), folder)
    with Library.load_folder(folder) as library:
        poll = Reloader(library, source, every=1).poll
        yield folder, create_app(library).test_client(), poll


FILE_NAMES = (
    st.binary(max_size=20) | ANY.map(lambda text: text.encode("utf-8", "surrogatepass"))
).filter(lambda name: not {*b"/\0"} & {*name} and name not in (b"", b".", b".."))


@settings(some, max_examples=8)
@given(name=FILE_NAMES)
@example(name=b"caf\xe9")
@example(name=b"two\nlines")
@example(name=b"x" * 255)
def test_the_pages_survive_any_name_and_recover(served, name):
    folder, client, poll = served
    made = os.path.join(os.fsencode(folder), name)
    try:
        os.mkdir(made)
    except (OSError, ValueError):  # not a name here, or that of the model
        return
    os.link(folder / "cats" / "1.pb", os.path.join(made, b"1.pb"))
    poll()
    assert survives(client)
    os.unlink(os.path.join(made, b"1.pb"))
    os.rmdir(made)
    poll()
    assert survives(client)
    report = client.get("/models").json
    assert ([model["name"] for model in report["models"]], report["skipped"]) == (
        ["cats"],
        [],
    )


def survives(client) -> bool:
    """Whether the metrics and the pages are answered."""
    found = [client.get(page, headers=HTML) for page in ("/metrics", "/", "/models")]
    return all(answer.status_code == 200 and answer.data.decode() for answer in found)


def test_a_name_that_is_skipped_is_on_the_page_with_its_reason(served):
    folder, client, poll = served
    made = os.path.join(os.fsencode(folder), b"caf\xe9")
    os.mkdir(made)
    os.link(folder / "cats" / "1.pb", os.path.join(made, b"1.pb"))
    poll()
    page = client.get("/models", headers=HTML).text
    (skipped,) = client.get("/models").json["skipped"]
    os.unlink(os.path.join(made, b"1.pb"))
    os.rmdir(made)
    poll()
    assert skipped["name"] == r"caf\xe9"
    assert skipped["name"] in page
    assert "letters, digits" in page


def test_a_server_without_a_model_answers_until_one_comes(tmp_path):
    file = write_model(tmp_path / "cats" / "1.pb", image_size=8)
    with Library.load_folder(tmp_path) as library:
        client = create_app(library).test_client()
        poll = Reloader(library, model_source((), tmp_path), every=1).poll
        file.rename(tmp_path / "away")
        poll()
        found = {
            path: client.get(path, headers=HTML).status_code
            for path in ("/", "/models", "/metrics", "/readyz", "/v1/models")
        }
        refused = client.post("/predict", data=photo())
        (tmp_path / "away").rename(file)
        poll()
        assert client.post("/predict", data=photo()).json["model"] == "cats"
    assert found == dict.fromkeys(found, 200) | {"/readyz": 503}
    assert refused.status_code == 404
