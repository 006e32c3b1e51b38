"""One graph, one session: what it answers, survives and refuses."""

import gc
import json
import os
import signal
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf

from helpers.graphs.model_card import card_in, put_card
from helpers.serving.frozen_model import FrozenModel

tf1 = tf.compat.v1

CARD = {
    "class_names": ["red", "green"],
    "image_size": 8,
    "input": "x:0",
    "output": "y_pred:0",
    "pixels": "0..1",
}
VARIABLE = "it has variables ('weights'): freeze its checkpoint first"


def pictures(count, size=32, seed=0):
    rng = np.random.default_rng(seed)
    light = rng.uniform(0.1, 1, (count, 1, 1, 3))
    return (rng.integers(0, 256, (count, size, size, 3)) * light).astype(np.uint8)


def mean_colour(x):
    """How red and how green a picture is: the input's own numbers, averaged."""
    return tf.reduce_mean(x, [1, 2])[:, :2]


def with_variable(x):
    return mean_colour(x) * tf1.get_variable("weights", [2])


def with_placeholder(x):
    return mean_colour(x) * tf1.placeholder(tf.float32, [], name="keep_prob")


def reading_a_file(x):
    return mean_colour(x) + tf.strings.to_number(tf.io.read_file("/etc/hostname"))


def toy_graph(answer=mean_colour, card=CARD):
    """A GraphDef from x to y_pred, with a card."""
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        tf.identity(answer(x), name="y_pred")
    graph_def = graph.as_graph_def()
    if card is not None:
        put_card(graph_def, card)
    return graph_def


@pytest.fixture
def toy(tmp_path):
    """Writes a toy graph; its path."""

    def write(answer=mean_colour, card=CARD):
        path = tmp_path / "toy.pb"
        path.write_bytes(toy_graph(answer, card).SerializeToString())
        return path

    return write


@pytest.fixture(scope="module")
def model(small):
    with FrozenModel.load(small.path) as loaded:
        yield loaded


# ---- what it answers


@pytest.mark.parametrize("name", ["small", "resnet"])
def test_a_frozen_graph_predicts_like_the_session_it_was_frozen_from(request, name):
    network = request.getfixturevalue(name)
    expected = network.session.predict(pictures(8))
    with FrozenModel.load(network.path) as frozen:
        np.testing.assert_allclose(frozen.predict(pictures(8)), expected, atol=1e-6)


def test_probabilities_are_float32_rows_that_sum_to_one(model):
    answers = model.predict(pictures(5))
    assert (answers.shape, answers.dtype) == ((5, 2), np.float32)
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 3, 32])
def test_a_batch_may_have_any_size(model, count):
    assert model.predict(pictures(count)).shape == (count, 2)


def test_a_picture_is_answered_alike_alone_and_in_a_batch(model):
    images = pictures(8)
    alone = [model.predict(image[None])[0] for image in images]
    np.testing.assert_allclose(model.predict(images), alone, atol=1e-6)


@pytest.mark.parametrize(
    ("pixels", "scaled"),
    [
        ("0..1", lambda images: images / 255),
        ("-1..1", lambda images: images / 127.5 - 1),
        ("0..255", lambda images: images),
    ],
)
def test_bytes_become_the_floats_that_the_card_wants(toy, pixels, scaled):
    images = pictures(4, size=8)
    expected = scaled(images.astype(float)).mean(axis=(1, 2))[:, :2]
    with FrozenModel.load(toy(card=CARD | {"pixels": pixels})) as model:
        np.testing.assert_allclose(model.predict(images), expected, rtol=1e-5)


def test_the_card_inside_says_what_the_model_is(small, model):
    assert model.card.items() >= {"class_names": ["cat", "dog"], "seed": 1}.items()
    assert (model.class_names, model.image_size) == (("cat", "dog"), 32)
    assert model.path == small.path


def test_the_lessons_names_hold_where_the_card_is_silent(toy):
    card = {"class_names": ["red", "green"], "image_size": 8}
    with FrozenModel.load(toy(card=card)) as model:
        assert model.card == CARD


def test_the_likeliest_class_is_the_label(model):
    assert model.label(np.array([0.3, 0.7])) == "dog"
    assert model.label(np.array([0.51, 0.49])) == "cat"


def test_below_the_threshold_there_is_no_label(toy):
    with FrozenModel.load(toy(card=CARD | {"threshold": 0.8})) as model:
        assert model.label(np.array([0.21, 0.79])) is None
        assert model.label(np.array([0.19, 0.81])) == "green"


def test_probabilities_have_their_class_names_and_fit_into_json(model):
    named = model.named(np.array([0.25, 0.75], np.float32))
    assert json.loads(json.dumps(named)) == {"cat": 0.25, "dog": 0.75}


def test_a_tensor_may_be_named_without_its_number(toy):
    named = CARD | {"input": "x", "output": "y_pred"}
    with FrozenModel.load(toy(card=named)) as model:
        assert model.predict(pictures(1, size=8)).shape == (1, 2)


# ---- facts beside the file


def test_facts_may_stand_in_a_json_file_beside_the_graph(toy):
    path = toy(card=None)
    path.with_suffix(".json").write_text(json.dumps(CARD))
    with FrozenModel.load(path) as model:
        assert model.class_names == ("red", "green")


def test_the_file_beside_the_graph_has_the_last_word(toy):
    path = toy()
    beside = {"class_names": ["rouge", "vert élégant"]}
    path.with_suffix(".json").write_text(json.dumps(beside, ensure_ascii=False), "utf8")
    with FrozenModel.load(path) as model:
        assert model.card == CARD | beside


@pytest.mark.parametrize(
    "text", ["{", '["cat", "dog"]', "3", '"cat"', "\udcff"], ids=ascii
)
def test_a_file_beside_the_graph_that_is_no_object_is_named(toy, text):
    path = toy()
    beside = path.with_suffix(".json")
    beside.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"toy\.json is not a JSON object"):
        FrozenModel.load(path)


# ---- one graph, one session


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


def test_two_models_of_one_file_share_nothing(small, model):
    with FrozenModel.load(small.path) as other:
        assert other.graph is not model.graph
        assert other.session is not model.session
        assert other.session.graph is other.graph


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
    model = FrozenModel.load(small.path)
    model.close()
    model.close()
    with pytest.raises(RuntimeError) as closed:
        model.predict(pictures(1))
    assert str(closed.value) == f"{small.path} is closed: load it again"


def test_leaving_the_context_closes_the_model(small):
    with FrozenModel.load(small.path) as model:
        model.predict(pictures(1))
    with pytest.raises(RuntimeError, match="is closed"):
        model.predict(pictures(1))


def test_a_closed_model_gives_its_graph_back(small):
    model = FrozenModel.load(small.path)
    graph = weakref.ref(model.graph)
    model.close()
    del model
    gc.collect()
    assert graph() is None


def test_a_forked_child_is_told_to_load_its_own(model):
    """The child would hang in the session: it is ended after twenty seconds."""
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
    with os.fdopen(reading) as told:
        assert told.read() == (
            f"{model.path} was loaded in process {os.getpid()}, before a fork; "
            "its session would hang here: load it in the process that predicts"
        )


# ---- what it refuses


@pytest.mark.parametrize(
    ("images", "message"),
    [
        pytest.param(
            np.zeros((1, 16, 16, 3), np.uint8),
            "images have shape (1, 16, 16, 3), not (N, 32, 32, 3)",
            id="another size",
        ),
        pytest.param(
            np.zeros((32, 32, 3), np.uint8),
            "images have shape (32, 32, 3), not (N, 32, 32, 3)",
            id="no batch",
        ),
        pytest.param(
            np.zeros((1, 32, 32, 4), np.uint8),
            "images have shape (1, 32, 32, 4), not (N, 32, 32, 3)",
            id="four channels",
        ),
        pytest.param(
            np.ones((1, 32, 32, 3), np.float32),
            "images are float32, not uint8 from 0 to 255",
            id="floats",
        ),
    ],
)
def test_images_that_do_not_fit_are_refused(model, images, message):
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the text follows
        model.predict(images)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            b"not a graph at all",
            "is not a frozen graph: expected a binary GraphDef, as "
            "`python -m helpers freeze` writes it",
            id="text",
        ),
        pytest.param(
            b"\xff\xd8\xff\xe0\x00\x10JFIF",
            "is not a frozen graph: expected a binary GraphDef, as "
            "`python -m helpers freeze` writes it",
            id="photo",
        ),
        pytest.param(
            toy_graph().SerializeToString()[:-7],
            "is not a frozen graph: expected a binary GraphDef, as "
            "`python -m helpers freeze` writes it",
            id="cut short",
        ),
        pytest.param(b"", "holds no graph: freeze the checkpoint again", id="empty"),
    ],
)
def test_a_file_that_is_no_graph_is_refused(tmp_path, content, message):
    path = tmp_path / "toy.pb"
    path.write_bytes(content)
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text follows
        FrozenModel.load(path)
    assert str(refused.value) == f"{path} {message}"


@pytest.mark.parametrize("there", ["missing.pb", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path, there):
    with pytest.raises(OSError, match=str(tmp_path)):
        FrozenModel.load(tmp_path / there)


@pytest.mark.parametrize(
    ("card", "message"),
    [
        pytest.param(
            {"class_names": []},
            " does not say its class names: put them into toy.json beside it, "
            'for instance {"class_names": ["cat", "dog"]}',
            id="no class names",
        ),
        pytest.param(
            {"class_names": "cat"},
            ": class_names is 'cat', not a list of different names",
            id="one class name",
        ),
        pytest.param(
            {"class_names": ["cat", "cat"]},
            ": class_names is ['cat', 'cat'], not a list of different names",
            id="a class name twice",
        ),
        pytest.param(
            {"class_names": ["cat", "dog", "cow"]},
            " cannot be served: for one photo y_pred:0 has shape (1, 2), and "
            "3 class names need (1, 3)",
            id="a class name too many",
        ),
        pytest.param(
            {"pixels": "0..2"},
            ": pixels is '0..2', not one of ['0..1', '-1..1', '0..255']",
            id="pixels",
        ),
        pytest.param(
            {"image_size": "8"},
            ": image_size is '8', not 1 to 2048 pixels",
            id="size as text",
        ),
        pytest.param(
            {"image_size": 100_000},
            ": image_size is 100000, not 1 to 2048 pixels",
            id="size without end",
        ),
        pytest.param(
            {"threshold": 80},
            ": threshold is 80, not a share of 1",
            id="threshold in percent",
        ),
        pytest.param(
            {"input": 5}, ": input is 5, not a tensor's name", id="input a number"
        ),
        pytest.param(
            {"output": "y_predd:0"},
            " has no output op 'y_predd'; the closest: y_pred",
            id="output almost right",
        ),
        pytest.param(
            {"input": "X1:0"}, " has no input op 'X1'", id="input like no other"
        ),
        pytest.param(
            {"output": "y_pred:1"},
            " cannot be served: Invalid return output 1 of node 'y_pred', "
            "which has 1 output(s)",
            id="second output of one",
        ),
        pytest.param(
            {"initialisers": ["init_tables"]},
            " cannot be served: Argument `fetch` = init_tables cannot be interpreted "
            "as a Tensor",
            id="unknown initialiser",
        ),
    ],
)
def test_a_card_that_is_wrong_is_one_sentence(toy, card, message):
    path = toy(card=CARD | card)
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text follows
        FrozenModel.load(path)
    assert str(refused.value) == f"{path}{message}"


def test_a_card_that_is_no_object_is_refused(toy):
    path = toy(card=["cat", "dog"])
    with pytest.raises(ValueError, match="the op 'model_card' is not a JSON object"):
        FrozenModel.load(path)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(with_variable, VARIABLE, id="not frozen"),
        pytest.param(
            with_placeholder,
            "You must feed a value for placeholder tensor 'keep_prob' with dtype float",
            id="another placeholder",
        ),
        pytest.param(
            lambda x: x,
            "for one photo y_pred:0 has shape (1, 8, 8, 3), and "
            "2 class names need (1, 2)",
            id="not a row a photo",
        ),
    ],
)
def test_a_graph_that_cannot_answer_is_refused_when_it_is_loaded(toy, answer, message):
    path = toy(answer)
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text follows
        FrozenModel.load(path)
    assert str(refused.value) == f"{path} cannot be served: {message}"


def test_an_op_that_this_tensorflow_does_not_have_is_named(toy, tmp_path):
    graph_def = toy_graph()
    graph_def.node.add(name="odd", op="OddOp")
    path = tmp_path / "odd.pb"
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ValueError, match="Op type not registered 'OddOp'"):
        FrozenModel.load(path)


def test_a_graph_that_reads_files_is_refused(toy):
    path = toy(reading_a_file)
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole text follows
        FrozenModel.load(path)
    assert str(refused.value) == (
        f"{path} is refused: op 'ReadFile' (ReadFile) reads files"
    )


def test_the_card_stays_in_the_file_as_it_is(toy):
    path = toy(card={"class_names": ["red", "green"], "image_size": 8})
    FrozenModel.load(path).close()
    stored = card_in(tf1.GraphDef.FromString(path.read_bytes()))
    assert stored == {"class_names": ["red", "green"], "image_size": 8}


@pytest.mark.parametrize("inputs", [[], ["nobody"], ["pool"], ["pool:two"]])
def test_a_relu_that_reads_nonsense_is_refused_in_one_line(tmp_path, inputs):
    graph_def = toy_graph()
    graph_def.node.add(name="pool", op="MaxPool")
    graph_def.node.add(name="relu", op="Relu", input=inputs)
    path = tmp_path / "toy.pb"
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ValueError, match=f"^{path} cannot be served: .+") as refused:
        FrozenModel.load(path, quick=True)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("quick", [False, True])
def test_a_kernel_of_three_axes_is_refused_by_name(tmp_path, quick):
    graph_def = toy_graph()
    graph_def.node.add(name="kernel", op="Const").attr["dtype"].type = 1
    value = tf.make_tensor_proto(np.ones([3, 3, 3], np.float32))
    graph_def.node[-1].attr["value"].tensor.CopyFrom(value)
    conv = graph_def.node.add(name="conv", op="Conv2D", input=["x", "kernel"])
    conv.attr["T"].type = 1
    conv.attr["strides"].list.i.extend([1, 1, 1, 1])
    conv.attr["padding"].s = b"SAME"
    path = tmp_path / "toy.pb"
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ValueError, match=f"^{path} cannot be served: .*rank 4.*conv"):
        FrozenModel.load(path, quick=quick)


def test_a_narrow_weight_larger_than_memory_is_refused_in_one_line(tmp_path):
    graph_def = toy_graph()
    stored = graph_def.node.add(name="stored", op="Const")
    stored.attr["dtype"].type = tf.float16.as_datatype_enum
    tensor = stored.attr["value"].tensor
    tensor.dtype = tf.float16.as_datatype_enum
    tensor.half_val.append(1)  # one number for all of 182 TiB
    for size in (100_000, 100_000, 100, 100):
        tensor.tensor_shape.dim.add(size=size)
    cast = graph_def.node.add(name="kernel", op="Cast", input=["stored"])
    cast.attr["SrcT"].type = tf.float16.as_datatype_enum
    cast.attr["DstT"].type = tf.float32.as_datatype_enum
    path = tmp_path / "toy.pb"
    path.write_bytes(graph_def.SerializeToString())
    with pytest.raises(ValueError, match=f"^{path} cannot be served: it needs more"):
        FrozenModel.load(path)


def for_one_photo(x):
    return tf.reshape(x, [1, -1])[:, :2]


def by_rank(x):
    means = tf.reduce_mean(x, [1, 2])[:, :2]
    return means - tf.reduce_mean(means, 0)


def each_alone(x):
    return tf.reduce_mean(x, [1, 2])[:, :2]


@pytest.mark.parametrize("network", [for_one_photo, by_rank, each_alone])
def test_photos_that_come_together_get_what_each_gets_alone(tmp_path, network):
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 8, 8, 3], name="x")
        tf.nn.softmax(9 * network(x), name="y_pred")
    path = tmp_path / "1.pb"
    path.write_bytes(graph.as_graph_def().SerializeToString())
    facts = {"class_names": ["a", "b"], "image_size": 8, "pixels": "0..1"}
    images = pictures(5)[:, :8, :8]
    with FrozenModel.load(path, facts | {"input": "x", "output": "y_pred"}) as model:
        alone = np.concatenate([model.predict(image[None]) for image in images])
        np.testing.assert_allclose(model.predict(images), alone, rtol=1e-6)
    assert len(np.unique(alone)) > 1 or network is by_rank
