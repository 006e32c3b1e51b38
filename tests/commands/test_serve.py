"""`python -m helpers serve` freezes, proves and serves a model."""

import io
import os
import zipfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import requests
import tensorflow as tf
from click.testing import CliRunner
from flask.testing import FlaskClient

from helpers.__main__ import cli
from tests.webapp.running_app import photo, running, write_model
from webapp.app import create_app, main
from webapp.loading import ModelLoader, load, model_source
from webapp.options import limits, load_settings

pytestmark = pytest.mark.slow
tf1 = tf.compat.v1

SERVE = ("-m", "helpers", "serve")
JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    """Keras 2 files that tell pictures apart, and a vector model, in one folder."""
    import tf_keras
    from tf_keras import layers

    folder = tmp_path_factory.mktemp("models")

    def save(name: str, *ahead, units: int, activation: str | None) -> None:
        model = tf_keras.Sequential([*ahead, layers.Dense(units, activation)])
        generator = np.random.default_rng(1)
        model.set_weights([generator.normal(size=w.shape) for w in model.get_weights()])
        model.save(folder / name)

    def colours(side: int) -> list:
        return [layers.Input((side, side, 3)), layers.GlobalAveragePooling2D()]

    save("keras_model.h5", *colours(224), units=2, activation="softmax")
    save("photos.h5", *colours(32), units=3, activation="softmax")
    save("one.h5", *colours(32), units=1, activation="sigmoid")
    save("angle.h5", *colours(32), units=1, activation=None)
    save("vector.h5", layers.Input((4,)), units=2, activation=None)
    return folder


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """A function: the lines that the command prints, and a client of its app.

    The app gets the arguments with which the command would replace this process.
    """
    with ExitStack() as stack:

        def start(source: Path, *options: str) -> tuple[list[str], FlaskClient]:
            argv: list[str] = []
            monkeypatch.setattr(os, "execv", lambda program, given: argv.extend(given))
            saved = ("--save", str(tmp_path / "a model.pb"))
            done = CliRunner().invoke(cli, ["serve", str(source), *saved, *options])
            assert done.exit_code == 0, done.output
            given = main.make_context("app", argv[2:]).params
            models = model_source(given["model"], given["models"])
            library = load(models, ModelLoader(load_settings(given)))
            app = create_app(stack.enter_context(library), **limits(given))
            return done.stdout.splitlines(), app.test_client()

        yield start


def answer(client: FlaskClient) -> dict:
    image = io.BytesIO(photo("red")), "photo.png"
    return client.post("/predict", data={"image": image}, headers=JSON).json


def refusal(*options: str) -> str:
    """What the command says on standard error when it serves nothing."""
    done = CliRunner().invoke(cli, ["serve", *options])
    assert done.exit_code == 2
    return done.stderr


def test_a_process_serves_at_its_address(models):
    options = ("--port", "0", "--classes", "a,b,c", "--", "--workers", "1")
    with running(*SERVE, str(models / "photos.h5"), *options) as process:
        url = process.line_with("Serving").rpartition(" at ")[2]
        files = {"image": ("photo.png", photo("red"))}
        asked = requests.post(f"{url}/predict", files=files, headers=JSON)
    assert asked.json()["probabilities"].keys() == {"a", "b", "c"}


def test_a_zip_of_teachable_machine_needs_no_option(models, serve, tmp_path):
    path = tmp_path / "converted_keras.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(models / "keras_model.h5", "keras_model.h5")
        archive.writestr("labels.txt", "0 With Mask\n1 Without, Mask\n")
    lines, client = serve(path)
    assert "proof    exact" in "\n".join(lines)
    assert "photos   224 x 224 pixels, cropped to its shape" in "\n".join(lines)
    assert answer(client)["probabilities"].keys() == {"With Mask", "Without, Mask"}
    assert answer(client)["model"] == "a-model"


def test_what_is_assumed_is_said(models, serve):
    lines, client = serve(models / "photos.h5")
    assumed = [line for line in lines if line.startswith("assumed ")]
    assert [line.split(":")[0] for line in assumed] == [
        "assumed  pixels 0..1",
        "assumed  class names class 0, class 1, class 2",
    ]
    assert answer(client)["probabilities"].keys() == {"class 0", "class 1", "class 2"}


def test_what_the_user_states_is_not_assumed(models, serve):
    stated = ("--classes", "a,b,c", "--pixels", "caffe", "--resize", "letterbox")
    lines, client = serve(models / "photos.h5", *stated)
    assert not [line for line in lines if line.startswith("assumed ")]
    assert answer(client)["probabilities"].keys() == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ([], True),
        (["--pixels", "0..255"], True),
        (["--pixels", "0..255", "--channels", "RGB"], False),
        (["--pixels", "caffe"], False),
    ],
)
def test_channels_in_an_order_that_nothing_says_are_told(models, serve, stated, said):
    lines, _ = serve(models / "photos.h5", "--classes", "a,b,c", *stated)
    assert any("RGB or BGR" in line for line in lines) == said


def test_one_sigmoid_is_two_classes(models, serve):
    lines, client = serve(models / "one.h5", "--classes", "cat,dog", "--pixels", "0..1")
    assert sum(answer(client)["probabilities"].values()) == pytest.approx(1)
    assert any("the second of the two classes" in line for line in lines)


def test_one_sigmoid_without_names_is_asked_about(models, tmp_path):
    text = refusal(str(models / "one.h5"), "--save", str(tmp_path / "one.pb"))
    assert "--output-is" in text
    assert "\n" not in text.strip()


def test_numbers_that_are_no_probabilities_are_values(models, serve):
    lines, client = serve(models / "angle.h5")
    assert any(line.startswith("assumed  output is values") for line in lines)
    assert "probabilities" not in answer(client)


def test_a_network_without_photos_is_served_by_its_own_inputs(models, serve):
    lines, client = serve(models / "vector.h5")
    assert any(line.startswith("answers  values") for line in lines)
    body = {"instances": [[1, 2, 3, 4]]}
    asked = client.post("/v1/models/a-model:predict", json=body)
    assert np.shape(asked.json["predictions"]) == (1, 2)


def test_a_frozen_graph_is_served_as_it_is(serve, tmp_path):
    path = write_model(tmp_path / "red.pb")
    lines, client = serve(path)
    assert not [line for line in lines if line.startswith("frozen ")]
    assert answer(client)["label"] == "cat"
    assert answer(client)["model"] == "red"


def card_of(client: FlaskClient) -> dict:
    return client.application.extensions["library"].model("red").model.card


def test_what_the_user_states_replaces_the_card_in_the_graph(serve, tmp_path):
    path = write_model(tmp_path / "red.pb", mean=0.5)
    stated = ("--pixels", "-1..1", "--resize", "letterbox", "--classes", "cat,dog")
    lines, client = serve(path, *stated)
    card = card_of(client)
    assert (card["pixels"], card["resize"], "mean" in card) == (*stated[1:4:2], False)
    assert "note     pixels: -1..1 instead of the card's 0..1" in lines
    assert "note     mean: nothing instead of the card's 0.5" in lines
    assert not [line for line in lines if "class names:" in line]


def test_the_card_in_the_graph_is_served_where_nothing_is_stated(serve, tmp_path):
    lines, client = serve(write_model(tmp_path / "red.pb"))
    assert card_of(client)["pixels"] == "0..1"
    assert not [line for line in lines if "instead" in line]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("nothing.h5",), "nothing.h5"),
        (("README.md",), "README.md is"),
        (("README.md", "--pixels", "0..2"), "is not one of"),
    ],
    ids=["missing", "no model", "wrong option"],
)
def test_what_cannot_be_served_is_one_sentence(options, said):
    assert said in refusal(*options)


def test_a_file_that_cannot_be_written_is_said(models, tmp_path):
    (tmp_path / "file").write_text("no folder")
    place = tmp_path / "file" / "x.pb"
    assert str(tmp_path / "file") in refusal(
        str(models / "photos.h5"), "--save", str(place)
    )


def test_a_graph_of_ones_own_is_served_although_it_prints(models, serve, tmp_path):
    serve(models / "photos.h5", "--classes", "a,b,c")
    path = with_print(tmp_path / "a model.pb")
    options = ("--classes", "a,b,c", "--pixels", "0..1", "--allow-ops", "PrintV2")
    lines, client = serve(path, *options)
    (said,) = [line for line in lines if "although" in line]
    assert said.startswith("note     served although op 'printed' (PrintV2) prints")
    assert answer(client)["probabilities"].keys() == {"a", "b", "c"}


def with_print(path: Path) -> Path:
    """The frozen graph, with an op that prints."""
    graph_def = tf1.GraphDef.FromString(path.read_bytes())
    text = graph_def.node.add(name="text", op="Const")
    text.attr["dtype"].type = tf.string.as_datatype_enum
    text.attr["value"].tensor.CopyFrom(tf.make_tensor_proto("hello"))
    graph_def.node.add(name="printed", op="PrintV2", input=["text"])
    path.write_bytes(graph_def.SerializeToString())
    return path
