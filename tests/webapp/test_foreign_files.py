"""The frozen graphs of shared/foreign, each with its card beside it, over HTTP."""

import json
import shutil

import pytest

from helpers.serving.library import Library
from tests.webapp.running_app import HTML, photo
from webapp.app import create_app

PRIMARY = {"class_names": ["r", "g", "b"], "pixels": "0..1"}
CARDS = {
    "caffe": PRIMARY | {"pixels": "caffe"},
    "jpegbytes": {"class_names": ["r", "g", "b"]},
    "keepprob": PRIMARY,
    "logits": PRIMARY | {"output_is": "logits"},
    "nan": {"pixels": "0..1", "output_is": "values"},
    "nchw": PRIMARY,
    "regress": {},
    "sigmoid": {"class_names": ["r", "g"], "pixels": "0..1", "output_is": "sigmoid"},
    "wide": PRIMARY,
}
COLOURED = ("caffe", "jpegbytes", "keepprob", "logits", "nchw", "wide")


@pytest.fixture(scope="module")
def client(shared, tmp_path_factory):
    files = {}
    for name, card in CARDS.items():
        files[name] = tmp_path_factory.mktemp(name) / f"{name}.pb"
        shutil.copy(shared / "foreign" / f"{name}.pb", files[name])
        files[name].with_suffix(".json").write_text(json.dumps(card))
    with Library.load(files) as library:
        yield create_app(library).test_client()


@pytest.mark.parametrize("name", COLOURED)
@pytest.mark.parametrize(("colour", "label"), [("red", "r"), ("green", "g")])
def test_a_photo_has_the_label_of_its_colour(client, name, colour, label):
    answer = client.post(f"/predict?model={name}", data=photo(colour)).json
    assert answer["label"] == label
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert all(0 <= share <= 1 for share in answer["probabilities"].values())


def test_a_sigmoid_is_a_pair(client):
    shares = client.post("/predict?model=sigmoid", data=photo()).json["probabilities"]
    assert list(shares) == ["r", "g"]
    assert sum(shares.values()) == pytest.approx(1)


def test_nan_is_a_502(client):
    answer = client.post("/predict?model=nan", data=photo("red"))
    assert answer.status_code == 502
    assert "NaN" not in answer.text.replace("(NaN or infinite)", "")


def test_a_regression_is_asked_with_its_vector(client):
    request = {"instances": [[1.0, 2.0, 3.0, 4.0]]}
    answer = client.post("/v1/models/regress:predict", json=request).json
    ((price,),) = answer["predictions"]
    examples = {"examples": [{"features": [1.0, 2.0, 3.0, 4.0]}]}
    regressed = client.post("/v1/models/regress:regress", json=examples).json
    assert regressed["results"] == [price]


@pytest.mark.parametrize("name", CARDS)
def test_every_file_has_its_metadata_and_is_on_the_pages(client, name):
    assert client.get(f"/v1/models/{name}/metadata").status_code == 200
    for page in ("/", "/models"):
        assert name in client.get(page, headers=HTML).text
