"""Graphs that take scalars, bytes or vectors, or have several outputs."""

import io
import json
import re

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1
from PIL import Image

from helpers.data.decoding import decode_photo
from helpers.data.photo_formats import PhotoError
from helpers.serving.encoded_photos import MAX_SIDE
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.refused_input import RefusedInput
from tests.serving.made_graphs import (
    BLUE,
    GREEN,
    RED,
    filled,
    photo_bytes,
    refusal,
    softmax,
    write_graph,
)

RGB = {"class_names": ["r", "g", "b"]}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pb"


# Scalars


def with_scalar(name, use, dtype=tf.float32, default=None):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        if default is None:
            scalar = tf1.placeholder(dtype, [], name=name)
        else:
            scalar = tf1.placeholder_with_default(default, [], name=name)
        means = tf.reduce_mean(images, [1, 2])
        tf.identity(softmax(use(means, scalar)), "answer")

    return build


def dropped(means, keep_prob):
    return tf1.nn.dropout(means, keep_prob=keep_prob)


def switched(means, training):
    return tf.cond(training, lambda: 0 * means + tf.random.uniform([]), lambda: means)


@pytest.mark.parametrize(
    ("name", "use", "dtype", "default", "value"),
    [
        ("keep_prob", tf.multiply, tf.float32, None, 1),
        ("kp", dropped, tf.float32, None, 1),
        ("dropout_keep_prob", dropped, tf.float32, 0.5, 1),
        ("is_training", switched, tf.bool, None, False),
        ("phase_train", switched, tf.bool, True, False),
        ("flag", switched, tf.bool, None, False),
    ],
    ids=["by name", "by mask", "with default", "switch", "true switch", "by branch"],
)
def test_scalars_are_bound_as_the_freezer_binds_them(
    path, name, use, dtype, default, value
):
    write_graph(path, with_scalar(name, use, dtype, default))
    with FrozenModel.load(path, stated=RGB | {"pixels": "0..1"}) as model:
        row = model.predict(filled(RED))[0]
        assert [*model.inputs] == ["images"]
        assert (
            f"{name} is fixed at {np.array(value, dtype.as_numpy_dtype)}" in model.notes
        )
    np.testing.assert_allclose(row, tf.nn.softmax([5.0, 0, 0]), atol=1e-6)


def test_a_scalar_that_the_card_states_is_bound(path):
    write_graph(path, with_scalar("gain", tf.multiply))
    stated = RGB | {"pixels": "0..1", "bound": {"gain": 0.5}}
    with FrozenModel.load(path, stated=stated) as model:
        row = model.predict(filled(RED))[0]
    np.testing.assert_allclose(row, tf.nn.softmax([2.5, 0, 0]), atol=1e-6)


def test_a_scalar_that_nobody_knows_is_asked_for(path):
    write_graph(path, with_scalar("gain", tf.multiply))
    assert '{"bound": {"gain": 1.0}}' in refusal(path, **RGB, pixels="0..1")


# Bytes


def decoding(op=tf.io.decode_jpeg, batch=False, encoded=False):
    def build():
        contents = tf1.placeholder(tf.string, [None] if batch else [], "contents")

        def pixels(text):
            text = tf.io.decode_base64(text) if encoded else text
            found = op(text, channels=3)
            found.set_shape([None, None, 3])
            return tf1.image.resize_bilinear(tf.cast(found, tf.float32)[None], [8, 8])[
                0
            ]

        images = (
            tf.map_fn(pixels, contents, tf.float32) if batch else pixels(contents)[None]
        )
        tf.identity(softmax(tf.reduce_mean(images / 255, [1, 2])), "answer")

    return build


@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"op": tf.io.decode_png},
        {"op": lambda text, channels: tf.image.decode_image(text, channels)},
        {"batch": True},
        {"encoded": True},
        {"batch": True, "encoded": True},
    ],
    ids=["jpeg", "png", "image", "batch", "base64", "batch of base64"],
)
def test_a_graph_that_decodes_photos_gets_their_bytes(path, kind):
    write_graph(path, decoding(**kind))
    photos = [photo_bytes(RED), photo_bytes(BLUE, "PNG"), photo_bytes(GREEN, "GIF")]
    with FrozenModel.load(path, stated=RGB | {"output": "answer"}) as model:
        rows = model.predict(np.stack([model.decode(photo) for photo in photos]))
        assert [model.label(row) for row in rows] == ["r", "b", "g"]
        assert model.run_photo(model.decode(photos[1]))["answer"].argmax() == 2


def inception_of_2015(path, contents):
    """The beginning of classify_image_graph_def.pb, by its own names and old ops."""

    def build():
        photo = contents("DecodeJpeg/contents")
        decoded = tf.raw_ops.DecodeJpeg(contents=photo, channels=3, name="DecodeJpeg")
        images = tf.expand_dims(tf.cast(decoded, tf.float32, name="Cast"), 0)
        small = tf.raw_ops.ResizeBilinear(images=images, size=[8, 8])
        for name, value in (("mean", 0), ("variance", 1), ("beta", 0), ("gamma", 1)):
            tf.constant(np.full(3, value, np.float32), name=name)
        normed = tf.identity((small - 128) * (1 / 128), "normed")
        logits = tf.tile(tf.reduce_mean(normed, [1, 2]), [1, 336])
        tf.nn.softmax(5 * logits, name="softmax")

    write_graph(path, build)
    graph_def = tf1.GraphDef.FromString(path.read_bytes())
    graph_def.versions.producer = 8
    (normed,) = (node for node in graph_def.node if node.name == "normed")
    normed.op = "BatchNormWithGlobalNormalization"
    normed.input.extend(["mean", "variance", "beta", "gamma"])
    normed.attr["variance_epsilon"].f = 0.001
    normed.attr["scale_after_normalization"].b = True
    path.write_bytes(graph_def.SerializeToString())


@pytest.mark.parametrize(
    "contents",
    [
        lambda name: tf.constant(photo_bytes(GREEN), name=name),
        lambda name: tf1.placeholder(tf.string, [], name),
        lambda name: tf1.placeholder_with_default(photo_bytes(GREEN), [], name),
    ],
    ids=["constant", "placeholder", "default"],
)
@pytest.mark.parametrize("stated", [{}, {"input": "DecodeJpeg/contents:0"}])
def test_the_inception_graph_of_2015_takes_photos(path, contents, stated):
    inception_of_2015(path, contents)
    names = [f"class {number}" for number in range(1008)]
    with FrozenModel.load(path, stated={"class_names": names, **stated}) as model:
        photos = [model.decode(photo_bytes(colour)) for colour in (RED, BLUE)]
        rows = model.predict(np.stack(photos))
    assert (rows.argmax(axis=1) % 3).tolist() == [0, 2]


def test_a_decoding_graph_sees_what_every_other_sees(path):
    write_graph(path, decoding())
    picture = np.asarray(Image.linear_gradient("L").convert("RGB").resize((50, 20)))
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # to be turned
    Image.fromarray(picture).save(file, "PNG", exif=exif)
    with FrozenModel.load(path, stated=RGB) as model:
        sent = Image.open(io.BytesIO(model.decode(file.getvalue())[()]))
    upright = decode_photo(file.getvalue(), (50, 20))
    np.testing.assert_array_equal(np.asarray(sent), upright)


def test_a_large_photo_is_reduced_before_a_graph_decodes_it(path):
    write_graph(path, decoding())
    with FrozenModel.load(path, stated=RGB) as model:
        sent = model.decode(photo_bytes(RED, size=(3000, 1500)))
        assert Image.open(io.BytesIO(sent[()])).size == (MAX_SIDE, MAX_SIDE // 2)
        with pytest.raises(PhotoError, match="not a known kind"):
            model.decode(b"\x01\x02\x03\x04" * 9)


# Vectors, and several inputs or outputs


def test_a_vector_in_and_a_number_out_is_served_by_run(path):
    def build():
        features = tf1.placeholder(tf.float32, [None, 4], "features")
        tf.reduce_sum(features, 1, keepdims=True, name="price")

    with FrozenModel.load(write_graph(path, build)) as model:
        assert (model.takes_photos, model.output_is) == (False, "values")
        found = model.run({"features": [[1, 2, 3, 4]]})
        assert found["price"].tolist() == [[10]]
        with pytest.raises(
            ValueError, match=r"its inputs are features \(float32 \[N, 4"
        ):
            model.predict(filled(RED))


@pytest.mark.parametrize(
    ("feeds", "sentence"),
    [
        ({}, "'features' is missing"),
        ({"features": [[1, 2]]}, r"an array of shape \[1, 2\] came"),
        ({"feature": [[1, 2]]}, "'feature' is none of them"),
        ({"features": [["a", "b", "c", "d"]]}, "<U1 came"),
        ({"features": [[1, 2, 3, 4], [1]]}, "lists of different lengths came"),
    ],
)
def test_feeds_that_do_not_fit_are_one_sentence(path, feeds, sentence):
    def build():
        features = tf1.placeholder(tf.float32, [None, 4], "features")
        tf.reduce_sum(features, 1, name="price")

    with (
        FrozenModel.load(write_graph(path, build)) as model,
        pytest.raises(ValueError, match=sentence),
    ):
        model.run(feeds)


def test_two_inputs_and_two_outputs_are_served(path):
    def build():
        left = tf1.placeholder(tf.float32, [None, 2], "left")
        right = tf1.placeholder(tf.int32, [None, 2], "right")
        tf.add(left, tf.cast(right, tf.float32), name="sum")
        tf.strings.as_string(right, name="text")

    write_graph(path, build)
    path.with_suffix(".json").write_text(json.dumps({"outputs": ["sum:0", "text:0"]}))
    with FrozenModel.load(path) as model:
        found = model.run({"left": [[0.5, 1]], "right:0": [[1, 2]]})
    assert found["sum"].tolist() == [[1.5, 3]]
    assert found["text"].tolist() == [[b"1", b"2"]]


def test_all_outputs_for_a_photo_are_the_networks_own(path):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        means = tf.reduce_mean(images, [1, 2], name="embedding")
        tf.nn.softmax(means, name="answer")

    write_graph(path, build)
    outputs = {"output": "answer:0", "outputs": ["answer:0", "embedding:0"]}
    stated = RGB | {"pixels": "0..1"} | outputs
    with FrozenModel.load(path, stated=stated) as model:
        found = model.run_photo(filled(RED)[0])
        assert found["embedding"].tolist() == [[1, 0, 0]]
        assert found["answer"].argmax() == 0


def test_a_thousand_classes_are_named_by_the_likeliest(path):
    names = [f"class {number}" for number in range(1000)]

    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        kernel = np.random.default_rng(0).normal(size=(3, 1000)).astype(np.float32)
        tf.nn.softmax(tf.reduce_mean(images, [1, 2]) @ kernel, name="answer")

    write_graph(path, build)
    with FrozenModel.load(path, stated={"class_names": names, "pixels": "0..1"}) as m:
        row = m.predict(filled(RED))[0]
        best = m.named(row, top=5)
        assert [*best] == [names[place] for place in np.argsort(-row)[:5]]
        assert len(m.named(row)) == len(m.named(row, top=1000)) == 1000


# The shared ones


@pytest.mark.parametrize(
    ("name", "stated"),
    [
        ("caffe", {"pixels": "caffe"}),
        ("logits", {"pixels": "0..1", "output_is": "logits"}),
        ("wide", {"pixels": "0..1"}),
        ("keepprob", {"pixels": "0..1"}),
        ("nchw", {"pixels": "0..1"}),
        ("jpegbytes", {}),
    ],
)
def test_a_shared_graph_tells_red_from_blue(shared, name, stated):
    with FrozenModel.load(shared / f"foreign/{name}.pb", stated=RGB | stated) as model:
        photos = [model.decode(photo_bytes(colour)) for colour in (RED, BLUE)]
        rows = model.predict(np.stack(photos))
    assert [model.label(row) for row in rows] == ["r", "b"]


@pytest.mark.parametrize(
    "name", ["caffe", "logits", "nan", "wide", "sigmoid", "keepprob", "nchw"]
)
def test_a_shared_graph_is_asked_about_without_a_card(shared, name):
    message = refusal(shared / f"foreign/{name}.pb")
    assert message.startswith(" does not say its class names")
    assert "--pixels" in message


def test_a_vector_called_x_is_no_photo(path):
    def build():
        x = tf1.placeholder(tf.float32, [None, 784], "x")
        tf.nn.softmax(x[:, :10], name="y_pred")

    with FrozenModel.load(write_graph(path, build)) as model:
        assert (model.takes_photos, "pixels" in model.card) == (False, False)
        assert model.run({"x": np.zeros([2, 784])})["y_pred"].shape == (2, 10)


def test_the_range_of_logits_is_not_guessed_from_their_size(path):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 1], "images")
        kernel = np.random.default_rng(0).normal(size=(64, 10)).astype(np.float32)
        tf.matmul(tf.reshape(images, [-1, 64]), kernel, name="logits")

    message = refusal(write_graph(path, build), class_names=[*"abcdefghij"])
    assert '{"pixels": "0..1"}' in message
    assert "nearly the same" not in message


@pytest.mark.parametrize("photos", [np.zeros([1, 8, 8, 3], np.uint8), np.array(b"a")])
def test_a_decoding_graph_takes_bytes_only(path, photos):
    with FrozenModel.load(write_graph(path, decoding()), stated=RGB) as model:
        assert model.predict(np.empty([0], object)).shape == (0, 3)
        with pytest.raises(ValueError, match="not a vector of bytes as `decode` ret"):
            model.predict(photos)


def test_an_image_with_a_default_is_the_input(path):
    def build():
        empty = np.zeros([1, 8, 8, 3], np.float32)
        images = tf1.placeholder_with_default(empty, [None, 8, 8, 3], "images")
        tf.identity(softmax(tf.reduce_mean(images, [1, 2])), "answer")

    with FrozenModel.load(
        write_graph(path, build), stated=RGB | {"pixels": "0..1"}
    ) as m:
        assert "input images: it replaces the value that the graph holds" in m.notes
        assert m.label(m.predict(filled(BLUE))[0]) == "b"


def test_what_describes_pixels_is_not_used_for_bytes(path):
    write_graph(path, decoding())
    with FrozenModel.load(path, stated=RGB | {"pixels": "0..1"}) as model:
        assert any(note.startswith("pixels is not used") for note in model.notes)


# Errors while the network runs


def failing(path, check):
    """A network that refuses a photo which is wholly red."""

    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        means = tf.reduce_mean(images, [1, 2])
        is_red = tf.logical_and(means[:, 0] > 0.9, means[:, 1] < 0.1)
        checked = check(tf.reduce_any(is_red))
        if isinstance(checked, tf.Tensor):  # control inputs alone are optimized away
            zero = tf.minimum(tf.reduce_sum(tf.cast(checked, tf.float32)) ** 2, 0)
            tf.add(softmax(means), zero, "answer")
            return
        with tf.control_dependencies([checked]):
            tf.identity(softmax(means), "answer")

    return write_graph(path, build)


CHECKS = {
    "assertion failed: [too red]": lambda bad: tf.debugging.Assert(~bad, ["too red"]),
    "is not in [0, 2)": lambda bad: tf.gather([1, 2], 5 * tf.cast(bad, tf.int32)),
    "Only one input size may be -1, not both": lambda bad: tf.reshape(
        [1.0, 2], tf.where(bad, [-1, -1], [1, 2])
    ),
}


@pytest.mark.parametrize(("cause", "check"), CHECKS.items())
def test_an_input_that_the_network_refuses_is_one_sentence(path, cause, check):
    failing(path, check)
    stated = RGB | {"output": "answer", "pixels": "0..1"}
    with FrozenModel.load(path, stated=stated) as model:
        assert any("refuses 1 of 12 test pictures" in note for note in model.notes)
        for ask in (model.predict, lambda images: model.run_photo(images[0])):
            with pytest.raises(RefusedInput, match=re.escape(cause)) as refused:
                ask(filled(RED))
            text = str(refused.value)
            assert not [odd for odd in ("\n", "{{", "Graph execution") if odd in text]


def test_a_network_that_refuses_every_photo_is_refused_with_the_cause(path):
    failing(path, lambda bad: tf.debugging.Assert(bad & False, ["never"]))
    message = refusal(path, output="answer", pixels="0..1", **RGB)
    assert message.endswith("cannot be served: assertion failed: [never]")


def test_a_batch_that_is_fixed_at_4_is_said(path):
    def build():
        images = tf1.placeholder(tf.float32, [4, 8, 8, 3], "images")
        flat = tf.reshape(images, [4, 192])
        tf.nn.softmax(flat[:, :3], name="answer")

    message = refusal(write_graph(path, build), pixels="0..1", **RGB)
    assert "its batch size is fixed at 4" in message


@pytest.mark.parametrize("factor", [1e-4, 1e6])
def test_values_of_a_batch_are_those_of_its_photos_alone(path, factor):
    def build():
        images = tf1.placeholder(tf.float32, [None, 8, 8, 3], "images")
        means = tf.reduce_mean(images, [1, 2])
        tf.multiply(factor, means - tf.reduce_mean(means, 0), name="difference")

    stated = {"pixels": "0..1", "output_is": "values"}
    with FrozenModel.load(write_graph(path, build), stated=stated) as model:
        assert not model.predict(np.concatenate([filled(RED), filled(BLUE)])).any()
