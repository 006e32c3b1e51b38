"""Missing card fields of a foreign graph are named, with likely inputs and outputs."""

import json

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from helpers.graphs.card_fields import PIXELS
from helpers.serving.frozen_model import FrozenModel

FIELDS = {
    "class_names": ["tabby", "lion"],
    "input": "photos:0",
    "output": "head/answer:0",
    "pixels": "0..255",
    "image_size": 16,
}


@pytest.fixture
def foreign(tmp_path):
    """Writes a graph with other op names and no card."""

    def write(shape=(None, 16, 16, 3), heads=1):
        with tf1.Graph().as_default() as graph:
            photos = tf1.placeholder(tf1.float32, shape, name="photos")
            logits = tf1.reduce_mean(photos, [1, 2])[:, :2]
            with tf1.name_scope("head"):
                for _ in range(heads):
                    tf1.nn.softmax(logits, name="answer")
        path = tmp_path / "foreign.pb"
        path.write_bytes(graph.as_graph_def().SerializeToString())
        return path

    return write


def refused(path, defaults=None) -> str:
    with pytest.raises(ValueError) as error:  # noqa: PT011  the whole text follows
        FrozenModel.load(path, defaults)
    return str(error.value)


def test_all_that_is_missing_is_asked_for_at_once(foreign):
    path = foreign()
    assert refused(path) == (
        f"{path} does not say its class names and pixels: put them into foreign.json "
        'beside it, for instance {"class_names": ["cat", "dog"], "pixels": "0..1"}, or '
        f"give --classes and --pixels; pixels is one of {', '.join(PIXELS)}; if its "
        "outputs are no classes, give --output-is values instead"
    )


def test_of_several_possible_outputs_one_is_asked_for(foreign):
    message = refused(foreign(heads=2))
    assert " does not say its class names, output and pixels: put them" in message
    assert "; outputs found in it: head/answer:0 (float32" in message


def without(field):
    return {name: value for name, value in FIELDS.items() if name != field}


def test_one_missing_field_is_asked_for_alone(foreign):
    message = refused(foreign(heads=2), without("output"))
    assert " does not say its output: put it into foreign.json" in message


def test_the_size_is_read_from_the_placeholder(foreign):
    with FrozenModel.load(foreign(), without("image_size")) as model:
        assert model.image_size == 16


def test_a_size_that_the_placeholder_leaves_open_is_asked_for(foreign):
    path = foreign((None, None, None, 3))
    message = refused(path, without("image_size"))
    assert " does not say its image size: put it into" in message


def test_a_foreign_graph_answers_with_its_fields_beside_it(foreign):
    path = foreign()
    path.with_suffix(".json").write_text(json.dumps(FIELDS))
    with FrozenModel.load(path) as model:
        (row,) = model.predict(np.full([1, 16, 16, 3], 7, np.uint8))
    np.testing.assert_allclose(row, [0.5, 0.5])


def test_the_json_beside_it_overrides_the_defaults(foreign):
    path = foreign()
    path.with_suffix(".json").write_text('{"class_names": ["a", "b"]}')
    with FrozenModel.load(path, FIELDS) as model:
        assert model.class_names == ("a", "b")
