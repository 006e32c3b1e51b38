"""The axes of inputs whose photos have not four, or whose sizes are open."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.serving.frozen_model import FrozenModel
from tests.serving.made_graphs import (
    BLUE,
    RED,
    filled,
    image_net,
    refusal,
    softmax,
    write_graph,
)

RGB = {"class_names": ["r", "g", "b"], "pixels": "0..1", "image_size": 8}
EYE = np.eye(3, dtype=np.float32)
ROW = np.tile(5 * EYE / 64, (64, 1))  # sums of the channels of 64 pixels
PLANES = np.repeat(5 * EYE / 64, 64, axis=0)  # the same, channels first


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.pb"


def product(path, shape, kernel, dtype=tf.float32):
    """A network that multiplies rows by a kernel."""

    def build():
        rows = tf1.placeholder(dtype, shape, "rows")
        found = rows if shape is None or len(shape) == 2 else rows[None]
        tf.nn.softmax(tf.cast(found, tf.float32) @ kernel, name="answer")

    return write_graph(path, build)


def convolution(path, shape, layout):
    def build():
        images = tf1.placeholder(tf.float32, shape, "images")
        kernel = 5 * EYE[None, None]
        found = tf.nn.conv2d(images, kernel, 1, "SAME", data_format=layout)
        axes = [1, 2] if layout == "NHWC" else [2, 3]
        tf.nn.softmax(tf.reduce_mean(found, axes), name="answer")

    return write_graph(path, build)


def tells_colours(path, **stated) -> bool:
    photos = np.concatenate([filled(RED), filled(BLUE)])
    with FrozenModel.load(path, stated=stated) as model:
        return [model.label(row) for row in model.predict(photos)] == ["r", "b"]


@pytest.mark.parametrize("shape", [(None, 192), (1, 192), (192,), (None, None), None])
def test_a_photo_is_a_row_where_its_size_is_stated(path, shape):
    assert tells_colours(product(path, shape, ROW), **RGB)


def test_a_row_may_have_its_channels_first(path):
    assert tells_colours(product(path, (None, 192), PLANES), **RGB, layout="NCHW")


def test_a_row_of_whole_numbers_takes_pixels(path):
    product(path, (None, 192), ROW / 255, tf.uint8)
    assert tells_colours(path, **RGB | {"pixels": "0..255"})


def test_a_row_is_arrays_where_no_size_is_stated(path):
    product(path, (None, 192), ROW)
    with FrozenModel.load(path, stated={"class_names": [*"rgb"]}) as model:
        assert (model.takes_photos, model.output_is) == (False, "probabilities")


@pytest.mark.parametrize(
    ("shape", "stated"),
    [
        ((None, 28, 28), {"image_size": 28}),
        ((None, 28, 28), {"channels": "grey"}),
        ((None, None, 28), {"image_size": 28}),
        ((1, 28, 28), {"image_size": 28}),
    ],
)
def test_a_photo_without_an_axis_of_channels_is_grey(path, shape, stated):
    def build():
        images = tf1.placeholder(tf.float32, shape, "images")
        kernel = np.ones([28, 1], np.float32) / 28
        light = tf.reduce_mean(tf.einsum("nhw,wc->nhc", images, kernel), 1)
        tf.concat([light, 1 - light], 1, name="answer")

    stated |= {"class_names": ["light", "dark"], "pixels": "0..1"}
    with FrozenModel.load(write_graph(path, build), stated=stated) as model:
        row = model.predict(filled((51,) * 3, 28, 28))[0]
    np.testing.assert_allclose(row, [0.2, 0.8], atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8, 3), (3, 8, 8), (None, None, 3)])
def test_one_photo_without_an_axis_for_the_batch_is_served(path, shape):
    def build():
        image = tf1.placeholder(tf.float32, shape, "image")
        axes = [1, 2] if shape[0] == 3 else [0, 1]
        tf.nn.softmax(5 * tf.reduce_mean(image, axes), name="answer")

    assert tells_colours(write_graph(path, build), **RGB)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
@pytest.mark.parametrize("shape", [None, (None,) * 4])
def test_the_first_convolution_says_the_layout_of_an_open_shape(path, shape, layout):
    assert tells_colours(convolution(path, shape, layout), **RGB)


def test_the_first_convolution_says_that_an_input_is_grey(path):
    def build():
        images = tf1.placeholder(tf.float32, [None] * 4, "images")
        kernel = np.float32([[[[1, -1]]]])
        found = tf.nn.conv2d(images, kernel, 1, "SAME")
        tf.nn.softmax(tf.reduce_mean(found, [1, 2]), name="answer")

    stated = RGB | {"class_names": ["light", "dark"]}
    with FrozenModel.load(write_graph(path, build), stated=stated) as model:
        assert model.preprocessing.channels == "grey"


@pytest.mark.parametrize(
    ("shape", "note"),
    [
        (None, "3 channels are assumed: nothing says how many images takes"),
        ((None, 3, 8, 3), "NHWC is assumed: the shape of images may be either"),
    ],
)
def test_what_no_layer_says_is_said_to_be_assumed(path, shape, note):
    def build():
        images = tf1.placeholder(tf.float32, shape, "images")
        tf.nn.softmax(5 * tf.reduce_mean(images, [1, 2]), name="answer")

    stated = RGB | {"image_size": [3, 8]}
    with FrozenModel.load(write_graph(path, build), stated=stated) as model:
        assert note in model.notes


@pytest.mark.parametrize(
    ("shape", "stated", "sentence"),
    [
        ((None, 192), {"image_size": 9}, "takes rows of 192: that is 8 x 8 coloured"),
        ((None, 100), {"image_size": 9}, "takes rows of 100: that is 10 x 10 grey"),
        ((None, 5), {"image_size": 9}, "takes rows of 5: no square has so many"),
        ((None, 28, 28), {"image_size": 9}, "image_size states a height of 9 pixels"),
        ((None, 8, 8, 4), {}, "photos have 1 or 3 channels"),
        ((None, 4, 8, 8, 3), {}, "takes no photos: it has the shape [?, 4, 8, 8, 3]"),
    ],
)
def test_a_shape_that_no_photo_has_is_one_sentence(path, shape, stated, sentence):
    def build():
        values = tf1.placeholder(tf.float32, shape, "values")
        flat = tf.reshape(values, [tf.shape(values)[0], -1])
        tf.nn.softmax(flat[:, :3], name="answer")

    known = {"class_names": [*"rgb"], "pixels": "0..1"}
    assert sentence in refusal(write_graph(path, build), **known | stated)


def test_a_row_of_unknown_depth_is_asked_about(path):
    def build():
        rows = tf1.placeholder(tf.float32, [None, None], "rows")
        tf.nn.softmax(rows[:, :3], name="answer")

    assert "say it with --channels" in refusal(write_graph(path, build), **RGB)


# Types that cannot hold a pixel


@pytest.mark.parametrize("dtype", [tf.int8, tf.bool])
def test_a_type_without_255_is_served_as_arrays(path, dtype):
    write_graph(path, image_net(softmax, dtype=dtype))
    with FrozenModel.load(path, stated={"class_names": [*"rgb"]}) as model:
        assert not model.takes_photos
    message = refusal(path, class_names=[*"rgb"], pixels="0..255")
    assert f"takes {dtype.name}, which cannot hold pixels of 0 to 255" in message


@pytest.mark.parametrize("dtype", [tf.int16, tf.uint16, tf.int64])
def test_the_range_of_other_whole_numbers_is_said_to_be_assumed(path, dtype):
    write_graph(path, image_net(lambda means: softmax(means / 255), dtype=dtype))
    stated = {"class_names": [*"rgb"]}
    assert tells_colours(path, **stated)
    with FrozenModel.load(path, stated=stated) as model:
        assert f"pixels of 0..255 are assumed: images:0 is {dtype.name}" in model.notes


@pytest.mark.parametrize("kind", ["vector", "booleans"])
def test_an_input_called_x_that_takes_no_images_is_arrays(path, kind):
    def build():
        if kind == "vector":
            x = tf1.placeholder(tf.float32, None, "x")
            tf.nn.softmax(tf.raw_ops.MatMul(a=x, b=ROW), name="y_pred")
        else:
            x = tf1.placeholder(tf.bool, [None, 8, 8, 3], "x")
            means = tf.reduce_mean(tf.cast(x, tf.float32), [1, 2])
            tf.nn.softmax(means, name="y_pred")

    with FrozenModel.load(write_graph(path, build)) as model:
        assert not model.takes_photos
