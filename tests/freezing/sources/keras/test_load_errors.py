"""The error that a layer raised is told, not what Keras wraps around it."""

import keras
import pytest
import tf_keras

from helpers.freezing.freeze import freeze
from helpers.freezing.sources.keras.keras_contents import KerasContents
from helpers.freezing.sources.keras.load_errors import cause_of, explain
from tests.freezing.refusals import refusal
from tests.freezing.sources.keras.keras_files import edited

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
BODIES = {
    "no key": ("return {}['boom']", "there is no 'boom'"),
    "assertion": ("assert False", "an assertion does not hold"),
    "shapes": (
        "return tf.matmul(inputs, tf.zeros([7, 2]))",
        "Dimensions must be equal, but are 4 and 7",
    ),
    "own": ("raise ValueError('only for squares')", "only for squares"),
}
LAYERS = """
import keras
import tensorflow as tf

class Inner(keras.layers.Layer):
    def call(self, inputs):
        {body}

class Mine(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        self.inner = Inner(name="inside")

    def call(self, inputs):
        return self.inner(inputs)
"""


def with_mine(maker, path) -> None:
    """Save a model with a layer of the class Mine."""

    class Mine(maker.layers.Layer):
        def call(self, inputs):
            return inputs

    parts = maker.layers.Input((4,)), Mine(name="outside"), maker.layers.Dense(2)
    maker.Sequential(parts).save(path)


@pytest.mark.parametrize(("body", "said"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"])
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_the_cause_inside_a_layer_is_told(maker, end, body, said, tmp_path):
    with_mine(maker, tmp_path / f"model.{end}")
    module = tmp_path / "layers.py"
    module.write_text(LAYERS.format(body=body))
    text = refusal(tmp_path / f"model.{end}", custom=(str(module),))
    assert said in text.split("does not load it: ")[1].split("\n")[0]
    assert "Exception encountered" not in text


@pytest.mark.parametrize("maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"])
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_a_missing_class_is_named(maker, end, tmp_path):
    with_mine(maker, tmp_path / f"model.{end}")
    text = refusal(tmp_path / f"model.{end}")
    assert "'Mine', which Keras does not have" in text or "Mine, which Keras" in text
    assert "--custom" in text


def test_an_error_that_its_handler_explained_is_not_replaced_by_the_first():
    error = ValueError("the layer has no kernel")
    error.__context__ = KeyError("k")
    assert cause_of(error) == "the layer has no kernel"


def test_the_same_version_is_not_advised(tmp_path):
    version = tf_keras.__version__
    contents = KerasContents(tmp_path / "m.h5", True, {}, version, ())
    fix = explain(contents, ValueError("no"), "tf_keras").fix
    assert fix.startswith("export it in the program that made it")


def with_a_layer_of_keras_2(path):
    """A file that says Keras 3, with a layer that Keras 3 does not have."""
    layers = tf_keras.layers
    parts = layers.Input((4,)), layers.ThresholdedReLU(0.5), layers.Dense(2)
    tf_keras.Sequential(parts).save(path)
    return edited(path, lambda config: None, "3.1.0")


def test_which_generation_loaded_a_file_and_why_is_said_truly(tmp_path):
    path = with_a_layer_of_keras_2(tmp_path / "model.h5")
    (said,) = [text for text in freeze(path).warnings if str(path) in text]
    assert said.startswith(f"{path} was written by Keras 3.1.0; tf_keras loaded it")
    assert "because Keras 3 does not load it: Unknown layer" in said
    assert said.count(str(path)) == 1
