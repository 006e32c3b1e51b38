"""FrozenModel: predictions, session lifetime, and the files and images it rejects."""

import gc
import json
import os
import re
import signal
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from helpers.graphs.card_fields import OUTPUT_KINDS
from helpers.graphs.model_card import put_card
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.preprocessing import PRESETS

tf1 = tf.compat.v1

CARD = {
    "class_names": ["red", "green"],
    "image_size": 8,
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
    "output_is": "probabilities",
}
VALUES = CARD | {"output_is": "values"}


def pictures(count, size=32, seed=0):
    rng = np.random.default_rng(seed)
    light = rng.uniform(0.1, 1, (count, 1, 1, 3))
    return (rng.integers(0, 256, (count, size, size, 3)) * light).astype(np.uint8)


def mean_colour(x):
    """The mean red and green of a picture."""
    return tf.reduce_mean(x, [1, 2])[:, :2]


def redness(x):
    """The mean red of a picture of 0 to 1 as the probability of the first class."""
    red = tf.reduce_mean(x, [1, 2])[:, :1]
    return tf.concat([red, 1 - red], 1)


def with_variable(x):
    return mean_colour(x) * tf1.get_variable("weights", [2])


def with_placeholder(x):
    return mean_colour(x) * tf1.placeholder(tf.float32, [], name="brightness")


def reading_a_file(x):
    return mean_colour(x) + tf.strings.to_number(tf.io.read_file("/etc/hostname"))


def for_one_photo(x):
    return tf.reshape(x, [1, -1])[:, :2]


def minus_batch_mean(x):
    return mean_colour(x) - tf.reduce_mean(mean_colour(x), 0)


def toy_graph(answer=redness, card=CARD):
    """A GraphDef from x to y_pred, with a card."""
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        tf.identity(answer(x), name="y_pred")
    graph_def = graph.as_graph_def()
    if card is not None:
        put_card(graph_def, card)
    return graph_def


@pytest.fixture
def write(tmp_path):
    """Writes a GraphDef, or other bytes, to toy.pb; returns the path."""

    def written(graph):
        content = graph if isinstance(graph, bytes) else graph.SerializeToString()
        (tmp_path / "toy.pb").write_bytes(content)
        return tmp_path / "toy.pb"

    return written


@pytest.fixture
def toy(write):
    """Writes a toy graph; returns its path."""
    return lambda answer=redness, card=CARD: write(toy_graph(answer, card))


def refused(path, **settings):
    """The whole message with which a file is rejected, without its path."""
    with pytest.raises(ValueError) as error:  # noqa: PT011  the callers compare it
        FrozenModel.load(path, **settings)
    return str(error.value).removeprefix(str(path))


@pytest.fixture(scope="module")
def model(small):
    with FrozenModel.load(small.path) as loaded:
        yield loaded


# Predictions


@pytest.mark.parametrize(
    "name", ["small", pytest.param("resnet", marks=pytest.mark.ci)]
)
def test_a_frozen_graph_predicts_like_the_session_it_was_frozen_from(request, name):
    network = request.getfixturevalue(name)
    expected = network.session.predict(pictures(8))
    with FrozenModel.load(network.path) as frozen:
        np.testing.assert_allclose(frozen.predict(pictures(8)), expected, atol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3, 32])
def test_probabilities_are_float32_rows_that_sum_to_one(model, count):
    answers = model.predict(pictures(count))
    assert (answers.shape, answers.dtype) == ((count, 2), np.float32)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize(
    ("pixels", "scale", "offset"),
    [("0..1", 255, 0), ("-1..1", 127.5, -1), ("0..255", 1, 0)],
)
def test_bytes_become_the_floats_that_the_card_wants(toy, pixels, scale, offset):
    images = pictures(4, size=8)
    expected = images.mean(axis=(1, 2))[:, :2] / scale + offset
    card = VALUES | {"pixels": pixels}
    with FrozenModel.load(toy(mean_colour, card)) as model:
        np.testing.assert_allclose(model.predict(images), expected, rtol=1e-5)


def test_the_model_has_the_card_in_its_graph(small, model):
    assert model.card.items() >= {"class_names": ["cat", "dog"], "seed": 1}.items()
    assert (model.class_names, model.image_size) == (("cat", "dog"), 32)
    assert model.path == small.path


def test_the_lessons_names_hold_where_the_card_is_silent(toy):
    card = {"class_names": ["red", "green"], "image_size": 8}
    with FrozenModel.load(toy(card=card)) as model:
        assert model.card == CARD


def test_the_likeliest_class_is_the_label_unless_it_is_below_the_threshold(toy):
    with FrozenModel.load(toy(card=CARD | {"threshold": 0.8})) as model:
        assert model.label(np.array([0.19, 0.81])) == "green"
        assert model.label(np.array([0.81, 0.19])) == "red"
        assert model.label(np.array([0.21, 0.79])) is None


def test_without_a_threshold_there_is_always_a_label(model):
    assert model.label(np.array([0.51, 0.49])) == "cat"


def test_probabilities_have_their_class_names_and_fit_into_json(model):
    named = model.named(np.array([0.25, 0.75], np.float32))
    assert json.loads(json.dumps(named)) == {"cat": 0.25, "dog": 0.75}


def test_a_tensor_may_be_named_without_its_number(toy):
    named = CARD | {"input": "x", "output": "y_pred"}
    with FrozenModel.load(toy(card=named)) as model:
        assert model.predict(pictures(1, size=8)).shape == (1, 2)


# The .json file beside the graph


def test_the_file_beside_the_graph_has_the_last_word(toy):
    path = toy()
    beside = {"class_names": ["rouge", "vert élégant"]}
    path.with_suffix(".json").write_text(json.dumps(beside, ensure_ascii=False), "utf8")
    with FrozenModel.load(path) as model:
        assert model.card == CARD | beside


@pytest.mark.parametrize("text", [b"{", b'["cat", "dog"]', b"3", b'"cat"', b"\xff"])
def test_a_file_beside_the_graph_that_is_no_object_is_named(toy, text):
    path = toy()
    path.with_suffix(".json").write_bytes(text)
    with pytest.raises(ValueError, match=r"toy\.json is not a JSON object"):
        FrozenModel.load(path)


# One graph, one session


def test_the_graph_takes_no_more_ops(model):
    with model.graph.as_default(), pytest.raises(RuntimeError, match="finalized"):
        tf.constant(1)


def test_a_thousand_predictions_add_no_op(model):
    image, before = pictures(1), len(model.graph.get_operations())
    session = model.session
    for _ in range(1000):
        model.predict(image)
    assert len(model.graph.get_operations()) == before
    assert model.session is session


def test_loading_leaves_the_default_graph_alone(small):
    before = len(tf1.get_default_graph().get_operations())
    FrozenModel.load(small.path).close()
    assert len(tf1.get_default_graph().get_operations()) == before


def test_eight_threads_get_their_own_answers(model):
    images = pictures(64)
    expected = model.predict(images)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: model.predict(images[i : i + 1]), range(64)))
    np.testing.assert_allclose(np.concatenate(answers), expected, atol=1e-6)


def test_a_closed_model_says_so(small):
    with FrozenModel.load(small.path) as model:
        model.predict(pictures(1))
    model.close()  # once more
    with pytest.raises(RuntimeError) as closed:
        model.predict(pictures(1))
    assert str(closed.value) == f"{small.path} is closed: load it again"


def test_a_closed_model_gives_its_graph_back(small):
    model = FrozenModel.load(small.path)
    graph = weakref.ref(model.graph)
    model.close()
    del model
    gc.collect()
    assert graph() is None


def test_a_forked_child_must_load_its_own_model(model):
    """A child that hangs in the session is killed after 20 seconds."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            model.predict(pictures(1))
        except RuntimeError as error:
            os.write(writing, str(error).encode())
        os._exit(0)
    os.close(writing)
    end_by = time.monotonic() + 20
    while not (ended := os.waitpid(child, os.WNOHANG)[0]) and time.monotonic() < end_by:
        time.sleep(0.01)
    if not ended:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with os.fdopen(reading) as message:
        assert message.read() == (
            f"{model.path} was loaded in process {os.getpid()}, before a fork; "
            "its session would hang here: load it in the process that predicts"
        )


# Rejected images, files and cards


@pytest.mark.parametrize(
    "shape", [(1, 16, 16, 3), (32, 32, 3), (1, 32, 32, 4)], ids=str
)
def test_images_of_another_shape_are_refused(model, shape):
    with pytest.raises(ValueError, match="images have shape") as error:
        model.predict(np.zeros(shape, np.uint8))
    assert str(error.value) == f"images have shape {shape}, not (N, 32, 32, 3)"


def test_images_of_floats_are_refused(model):
    with pytest.raises(ValueError, match="images are float32, not uint8 from 0 to"):
        model.predict(np.ones((1, 32, 32, 3), np.float32))


@pytest.mark.parametrize(
    "content",
    [
        b"not a graph at all",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        toy_graph().SerializeToString()[:-7],
    ],
    ids=["text", "photo", "cut short"],
)
def test_a_file_that_is_no_graph_is_refused(write, content):
    assert refused(write(content)) == (
        " is not a frozen graph: expected a binary GraphDef, as "
        "`python -m helpers freeze` writes it"
    )


def test_an_empty_file_is_refused(write):
    assert refused(write(b"")) == " holds no graph: freeze the checkpoint again"


@pytest.mark.parametrize("there", ["missing.pb", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, there):
    with pytest.raises(OSError, match=str(tmp_path)):
        FrozenModel.load(tmp_path / there)


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("class_names", "cat", "a list of different names"),
        ("class_names", ["cat", "cat"], "a list of different names"),
        ("pixels", "0..2", f"one of {[*PRESETS]}"),
        ("image_size", "8", "1 to 2048 pixels, or [height, width]"),
        ("image_size", 9999, "1 to 2048 pixels, or [height, width]"),
        ("image_size", [8, 8, 3], "1 to 2048 pixels, or [height, width]"),
        ("output_is", "logit", f"one of {[*OUTPUT_KINDS]}"),
        ("channels", "rgb", "one of ['RGB', 'BGR', 'grey']"),
        ("layout", "CHW", "one of ['NHWC', 'NCHW']"),
        ("resize", "crop", "one of ['stretch', 'centre-crop', 'letterbox']"),
        ("mean", "0.5", "a number, or one for each of 3 channels"),
        ("std", [0, 1, 1], "a number above 0, or one for each of 3 channels"),
        ("threshold", 80, "a share of 1"),
        ("input", 5, "a tensor's name"),
    ],
)
def test_a_card_field_of_a_wrong_value_is_named(toy, field, value, wanted):
    message = refused(toy(card=CARD | {field: value}))
    assert message == f": {field} is {value!r}, not {wanted}"


UNFIT = " cannot be served: for one photo y_pred:0 has shape"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (
            "class_names",
            [],
            " does not say its class names: put them into toy.json beside it, "
            'for instance {"class_names": ["cat", "dog"]}, or give --classes; if its '
            "outputs are no classes, give --output-is values instead",
        ),
        ("class_names", [*"abc"], f"{UNFIT} (1, 2), and 3 class names need (1, 3)"),
        ("output", "y_pre", " has no output op 'y_pre'; the closest: y_pred"),
        ("input", "X1:0", " has no input op 'X1'"),
        (
            "output",
            "y_pred:1",
            " cannot be served: Invalid return output 1 of node 'y_pred', "
            "which has 1 output(s)",
        ),
        (
            "initialisers",
            ["init_tables"],
            " cannot be served: Argument `fetch` = init_tables cannot be interpreted "
            "as a Tensor",
        ),
    ],
)
def test_a_card_that_does_not_fit_its_graph_is_one_sentence(toy, field, value, message):
    assert refused(toy(card=CARD | {field: value})) == message


def test_a_card_that_is_no_object_is_refused(toy):
    path = toy(card=["cat", "dog"])
    assert ": the op 'model_card' is not a JSON object" in refused(path)


BROKEN_GRAPHS = {
    "not frozen": (
        with_variable,
        " cannot be served: it has variables ('weights'): freeze its checkpoint first",
    ),
    "another placeholder": (
        with_placeholder,
        " takes a scalar 'brightness' beside a photo, and nothing in the graph says "
        "its value for inference: put it into toy.json beside it: "
        '{"bound": {"brightness": 1.0}}',
    ),
    "not a row a photo": (
        lambda x: x,
        f"{UNFIT} (1, 8, 8, 3), and 2 class names need (1, 2)",
    ),
    "reads files": (
        reading_a_file,
        " is refused: op 'ReadFile' (ReadFile) reads files",
    ),
}


@pytest.mark.parametrize(
    ("answer", "message"), BROKEN_GRAPHS.values(), ids=BROKEN_GRAPHS.keys()
)
def test_a_graph_that_cannot_answer_is_refused_when_it_is_loaded(toy, answer, message):
    assert refused(toy(answer)) == message


def test_an_op_that_this_tensorflow_does_not_have_is_named(write):
    graph_def = toy_graph()
    graph_def.node.add(name="odd", op="OddOp")
    assert "Op type not registered 'OddOp'" in refused(write(graph_def))


@pytest.mark.parametrize("inputs", [[], ["missing"], ["pool"], ["pool:two"]])
def test_a_relu_with_invalid_inputs_is_refused_in_one_line(write, inputs):
    graph_def = toy_graph()
    graph_def.node.add(name="pool", op="MaxPool")
    graph_def.node.add(name="relu", op="Relu", input=inputs)
    message = refused(write(graph_def), quick=True)
    assert re.fullmatch(" cannot be served: .+", message)


@pytest.mark.parametrize("quick", [False, True])
def test_a_kernel_of_three_axes_is_refused_by_name(write, quick):
    graph_def = toy_graph()
    graph_def.node.add(name="kernel", op="Const").attr["dtype"].type = 1
    value = tf.make_tensor_proto(np.ones([3, 3, 3], np.float32))
    graph_def.node[-1].attr["value"].tensor.CopyFrom(value)
    conv = graph_def.node.add(name="conv", op="Conv2D", input=["x", "kernel"])
    conv.attr["T"].type = 1
    conv.attr["strides"].list.i.extend([1, 1, 1, 1])
    conv.attr["padding"].s = b"SAME"
    message = refused(write(graph_def), quick=quick)
    assert re.match(" cannot be served: .*rank 4.*conv", message)


def test_a_narrow_weight_larger_than_memory_is_refused_in_one_line(write):
    graph_def = toy_graph()
    float16 = tf.float16.as_datatype_enum
    stored = graph_def.node.add(name="stored", op="Const")
    stored.attr["dtype"].type = float16
    tensor = stored.attr["value"].tensor
    tensor.dtype = float16
    tensor.half_val.append(1)  # one number for all of 182 TiB
    for size in (100_000, 100_000, 100, 100):
        tensor.tensor_shape.dim.add(size=size)
    cast = graph_def.node.add(name="kernel", op="Cast", input=["stored"])
    cast.attr["SrcT"].type = float16
    cast.attr["DstT"].type = tf.float32.as_datatype_enum
    assert refused(write(graph_def)).startswith(" cannot be served: it needs more")


@pytest.mark.parametrize("network", [for_one_photo, minus_batch_mean, mean_colour])
def test_a_batch_gets_the_answers_of_its_photos_alone(toy, network):
    images = pictures(5, size=8)
    with FrozenModel.load(toy(lambda x: tf.nn.softmax(9 * network(x)))) as model:
        alone = np.concatenate([model.predict(image[None]) for image in images])
        np.testing.assert_allclose(model.predict(images), alone, rtol=1e-6)
    assert len(np.unique(alone)) > 1 or network is minus_batch_mean
