"""Presets against keras.applications and Teachable Machine's own code."""

import io

import numpy as np
import pytest
import tensorflow as tf
from keras.applications import imagenet_utils
from PIL import Image, ImageOps

from helpers.graphs.card_fields import PIXELS
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.preprocessing import PRESETS, Preprocessing
from tests.serving.made_graphs import (
    BLUE,
    RED,
    filled,
    image_net,
    refusal,
    softmax,
    write_graph,
)

RGB = {"class_names": ["r", "g", "b"]}


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """A smooth picture of many colours, wider than it is high."""
    grid = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    return Image.fromarray(grid).resize((320, 200), Image.Resampling.BICUBIC)


def encoded(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def network_input(preprocessing: Preprocessing, images) -> np.ndarray:
    return preprocessing.network_input(tf.constant(images)).numpy()


def preset(name: str, **changes) -> Preprocessing:
    """What a card that only names the preset means, for 224 x 224 pixels."""
    found = PRESETS[name]
    order = -1 if found.channels == "BGR" else 1
    fields = found._asdict() | {"mean": found.mean[::order], "std": found.std[::order]}
    return Preprocessing(224, 224, **fields | changes)


def test_every_choice_of_the_card_is_a_preset():
    assert {*PRESETS} == {*PIXELS}


@pytest.mark.parametrize("mode", ["tf", "torch", "caffe"])
@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_a_preset_is_that_of_keras_applications(photo, mode, layout):
    pixels = preset(mode, layout=layout)
    images = pixels.decode(encoded(photo))[None]
    keras = imagenet_utils.preprocess_input(images.astype("float32"), mode=mode)
    wanted = keras.transpose(0, 3, 1, 2) if layout == "NCHW" else keras
    np.testing.assert_allclose(network_input(pixels, images), wanted, atol=1e-4)


@pytest.mark.parametrize("size", [(320, 200), (200, 320), (224, 224), (1000, 90)])
def test_teachable_machine_is_its_own_code(photo, size):
    picture = photo.resize(size)
    fitted = ImageOps.fit(picture, (224, 224), Image.Resampling.LANCZOS)
    wanted = np.asarray(fitted).astype(np.float32) / 127.5 - 1
    pixels = preset("teachable-machine")
    found = network_input(pixels, pixels.decode(encoded(picture))[None])[0]
    assert np.abs(found - wanted).mean() < 0.01  # the filters differ
    assert found.shape == wanted.shape


def test_grey_is_pillows(photo):
    pixels = Preprocessing(64, 96, "0..255", channels="grey", dtype="uint8")
    images = pixels.decode(encoded(photo))
    wanted = np.asarray(Image.fromarray(images).convert("L"), np.int16)
    found = network_input(pixels, images[None])[0, ..., 0]
    assert found.dtype == np.uint8
    assert np.abs(found - wanted).max() <= 1


def test_a_mean_and_a_deviation_are_in_the_networks_order_of_channels():
    pixels = Preprocessing(
        1, 1, "0..255", mean=(1, 2, 3), std=(1, 2, 4), channels="BGR"
    )
    found = network_input(pixels, np.uint8([[[[7, 6, 5]]]]))
    np.testing.assert_allclose(found, [[[[4, 2, 1]]]])


@pytest.mark.parametrize("dtype", ["float16", "float64", "uint8", "int32", "bfloat16"])
def test_pixels_get_the_type_of_the_input(dtype):
    pixels = Preprocessing(2, 2, "0..255", dtype=dtype)
    images = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    found = pixels.network_input(tf.constant(images))
    assert found.dtype.name == dtype
    np.testing.assert_array_equal(tf.cast(found, tf.uint8), images)


@pytest.mark.parametrize("name", [*PRESETS])
def test_the_bounds_are_those_of_black_and_white(name):
    pixels = preset(name)
    extremes = np.stack([filled(c, 1, 1)[0] for c in ((0,) * 3, (255,) * 3)])
    found = network_input(pixels, extremes)
    np.testing.assert_allclose(pixels.bounds, (found.min(), found.max()), rtol=1e-4)


def test_the_description_says_all_of_it():
    assert preset("caffe", layout="NCHW").describe() == (
        "224 x 224 pixels, stretched to it; BGR, NCHW, float32 from 0..255, "
        "minus 103.939, 116.779, 123.68"
    )


# Graphs are served with it


@pytest.fixture
def net(tmp_path):
    """Writes a network over the means of a photo's channels."""
    return lambda **kind: write_graph(tmp_path / "net.pb", image_net(softmax, **kind))


@pytest.mark.parametrize(
    ("stated", "label"),
    [
        ({"pixels": "0..1"}, "r"),
        ({"pixels": "0..1", "channels": "BGR"}, "b"),
        ({"pixels": "caffe"}, "b"),
        ({"pixels": "caffe", "channels": "RGB"}, "r"),
    ],
)
def test_red_is_where_the_card_says(net, stated, label):
    with FrozenModel.load(net(), stated=RGB | stated) as model:
        assert model.label(model.predict(filled(RED))[0]) == label


def test_caffes_means_follow_the_channels(net):
    stated = RGB | {"pixels": "caffe", "channels": "RGB"}
    with FrozenModel.load(net(), stated=stated) as model:
        assert model.preprocessing.mean == (123.68, 116.779, 103.939)


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32, tf.int64])
def test_whole_numbers_need_no_range(tmp_path, dtype):
    build = image_net(lambda means: softmax(means / 255), dtype=dtype)
    path = write_graph(tmp_path / "net.pb", build)
    with FrozenModel.load(path, stated=RGB) as model:
        assert model.card["pixels"] == "0..255"
        assert model.label(model.predict(filled(BLUE))[0]) == "b"


def test_a_size_that_is_not_square_stays(net):
    with FrozenModel.load(
        net(shape=(None, 8, 16, 3)), stated=RGB | {"pixels": "tf"}
    ) as m:
        assert (m.image_size, m.image_shape) == ((8, 16), (8, 16, 3))
        assert m.card["image_size"] == [8, 16]
        assert m.predict(filled(RED, 8, 16)).argmax() == 0


def test_channels_first_are_seen(net):
    with FrozenModel.load(
        net(shape=(None, 3, 8, 8)), stated=RGB | {"pixels": "tf"}
    ) as m:
        assert m.preprocessing.layout == "NCHW"
        assert m.label(m.predict(filled(BLUE))[0]) == "b"


def test_a_convolution_with_channels_first_runs(tmp_path):
    def build():
        images = tf.compat.v1.placeholder(tf.float32, [None, 3, 8, 8], "images")
        kernel = np.eye(3, dtype=np.float32)[None, None]
        found = tf.nn.conv2d(images, kernel, 1, "SAME", data_format="NCHW")
        tf.nn.softmax(5 * tf.reduce_mean(found, [2, 3]), name="answer")

    path = write_graph(tmp_path / "net.pb", build)
    with FrozenModel.load(path, stated=RGB | {"pixels": "0..1"}) as model:
        assert model.label(model.predict(filled(BLUE))[0]) == "b"


def test_a_range_is_proposed_for_a_convolution_with_channels_first(tmp_path):
    def build():
        images = tf.compat.v1.placeholder(tf.float32, [None, 3, 8, 8], "images")
        kernel = np.eye(3, dtype=np.float32)[None, None] / 13000
        squared = tf.square(images)  # no scaling that the graph shows
        found = tf.nn.conv2d(squared, kernel, 1, "SAME", data_format="NCHW")
        tf.nn.softmax(tf.reduce_mean(found, [2, 3]), name="answer")

    message = refusal(write_graph(tmp_path / "net.pb", build), **RGB)
    assert '{"pixels": "0..255"}' in message


def test_an_output_with_channels_first_runs(tmp_path):
    def build():
        images = tf.compat.v1.placeholder(tf.float32, [None, 3, 8, 8], "images")
        tf.nn.max_pool2d(images, 2, 2, "SAME", data_format="NCHW", name="answer")

    path = write_graph(tmp_path / "net.pb", build)
    stated = {"pixels": "0..1", "output_is": "values"}
    with FrozenModel.load(path, stated=stated) as model:
        assert model.predict(filled(BLUE)).max(axis=(0, 2, 3)).tolist() == [0, 0, 1]
        assert model.run_photo(filled(BLUE)[0])["answer"].shape == (1, 3, 4, 4)


def test_one_channel_is_grey(tmp_path):
    def pair(means):
        return tf.concat([means, 1 - means], 1)

    path = write_graph(tmp_path / "n.pb", image_net(pair, (None, 28, 28, 1)))
    stated = {"class_names": ["light", "dark"], "pixels": "0..1"}
    with FrozenModel.load(path, stated=stated) as model:
        assert model.preprocessing.channels == "grey"
        assert model.predict(filled((200,) * 3, 28, 28))[0, 0] == pytest.approx(
            200 / 255
        )


@pytest.mark.parametrize(
    ("shape", "stated"),
    [
        ((None, 28 * 28), {"image_size": 28}),
        ((None, 28, 28), {"channels": "grey"}),
        ((None, 784), {"image_size": [28, 28], "channels": "grey"}),
    ],
)
def test_photos_in_rows_or_without_channels_are_served_when_said(
    tmp_path, shape, stated
):
    def build():
        images = tf.compat.v1.placeholder(tf.float32, shape, name="images")
        light = tf.reduce_mean(tf.reshape(images, [-1, 784]), 1, keepdims=True)
        tf.concat([light, 1 - light], 1, name="answer")

    path = write_graph(tmp_path / "net.pb", build)
    stated |= {"class_names": ["light", "dark"], "pixels": "0..1"}
    with FrozenModel.load(path, stated=stated) as model:
        row = model.predict(filled((51,) * 3, 28, 28))[0]
    np.testing.assert_allclose(row, [0.2, 0.8], atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "stated", "sentence"),
    [
        (
            (None, 8, 8, 3),
            {"image_size": 16},
            "image_size states a height of 16 pixels",
        ),
        ((None, 8, 8, 3), {"channels": "grey"}, "3 channels are RGB or BGR"),
        ((None, 8, 8, 1), {"channels": "BGR"}, "1 channels are grey"),
        ((None, 3, 8, 8), {"layout": "NHWC"}, "8 channels: try 'NCHW'"),
        ((None, 8, 8, 1), {"pixels": "torch"}, "takes one grey channel"),
        (
            (None, 8, 8, 1),
            {"channels": "grey", "pixels": "caffe"},
            "mean has 3 numbers",
        ),
    ],
)
def test_a_card_that_contradicts_the_placeholder_is_refused(
    net, shape, stated, sentence
):
    stated = RGB | {"pixels": "0..1"} | stated
    assert sentence in refusal(net(shape=shape), **stated)


def test_pixels_of_an_input_that_takes_no_photos_are_refused(tmp_path):
    def build():
        vector = tf.compat.v1.placeholder(tf.float32, [None, 9], "vector")
        tf.nn.softmax(vector, name="answer")

    path = write_graph(tmp_path / "net.pb", build)
    assert "takes no photos: it has the shape [?, 9]" in refusal(path, pixels="0..1")
