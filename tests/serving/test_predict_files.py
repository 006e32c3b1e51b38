"""`python -m helpers predict` for networks of every kind of output."""

import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1
from click.testing import CliRunner

from helpers.commands.predict import predict
from tests.serving.made_graphs import (
    BLUE,
    RED,
    image_net,
    photo_bytes,
    sigmoid,
    softmax,
    write_graph,
)


@pytest.fixture
def ask(tmp_path):
    """Runs the command on a red and a blue photo; returns its result."""
    photos = {"red.jpg": RED, "blue.png": BLUE}
    for name, colour in photos.items():
        kind = "PNG" if name.endswith("png") else "JPEG"
        (tmp_path / name).write_bytes(photo_bytes(colour, kind))

    def run(head, *options):
        path = write_graph(tmp_path / "net.pb", image_net(head))
        files = [str(tmp_path / name) for name in photos]
        return CliRunner().invoke(predict, [str(path), *files, *options])

    return run


def test_options_describe_a_graph_without_a_card(ask, tmp_path):
    (tmp_path / "labels.json").write_text('{"r": 0, "g": 1, "b": 2}')
    names = str(tmp_path / "labels.json")
    result = ask(softmax, "--classes", names, "--pixels", "0..1", "--json")
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["label"] for answer in answers] == ["r", "b"]
    assert "note: output answer: no other op of the graph is one" in result.stderr


def test_options_win_over_the_card_beside_it(ask, tmp_path):
    card = {"class_names": ["x", "y", "z"], "pixels": "0..1"}
    (tmp_path / "net.json").write_text(json.dumps(card))
    result = ask(softmax, "--classes", "r,g,b", "--channels", "BGR")
    assert "red.jpg: b (" in result.stdout


def test_values_are_printed_with_all_outputs(ask):
    pixels = ("--pixels", "0..1", "--output-is", "values")
    result = ask(lambda means: 100 * means, *pixels)
    assert "blue.png: answer 0, 0, 100" in result.stdout
    lines = ask(lambda means: 100 * means, *pixels, "--json").stdout.splitlines()
    answer = json.loads(lines[1])
    assert list(answer) == ["photo", "model", "version", "outputs"]
    assert answer["outputs"] == {"answer": [[0, 0, 100]]}


def test_one_sigmoid_is_two_classes(ask):
    options = ("--classes", "dark,light", "--pixels", "0..1", "--output-is", "sigmoid")
    printed = ask(sigmoid, *options).stdout
    assert "blue.png: dark (dark 73.1%, light 26.9%)" in printed


def test_many_classes_are_cut_to_the_likeliest(ask):
    kernel = np.random.default_rng(0).normal(size=(3, 40)).astype(np.float32)
    names = ",".join(f"c{number}" for number in range(40))
    result = ask(
        lambda means: tf1.nn.softmax(means @ kernel),
        "--classes",
        names,
        "--pixels",
        "tf",
    )
    assert result.stdout.splitlines()[0].count("%") == 5


def test_a_nan_is_the_error_of_its_photo(ask):
    result = ask(
        lambda means: tf1.log(means[:, :1] - 0.5),
        *("--pixels", "0..1", "--output-is", "values", "--json"),
    )
    red, blue = map(json.loads, result.stdout.splitlines())
    assert "outputs" in red
    assert blue["error"].startswith("the network answers with numbers that are not")
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--mean", "1,2", "is not NUMBER or A,B,C"),
        ("--image-size", "8x8x3", "is not SIDE or HEIGHTxWIDTH"),
        ("--image-size", "0", "is not 1 to 2048 pixels"),
        ("--classes", "nowhere.txt", "there is no file nowhere.txt"),
        ("--output-is", "logit", "'probabilities', 'logits', 'sigmoid', 'values'"),
    ],
)
def test_an_option_of_a_wrong_value_is_refused(ask, option, value, words):
    result = ask(softmax, option, value)
    assert result.exit_code == 2
    assert words in result.stderr.replace("\n", " ")
