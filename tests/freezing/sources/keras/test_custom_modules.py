"""Custom classes, brought by a module; named where they are missing."""

import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.sources.keras.custom_modules import custom_objects
from helpers.freezing.sources.keras.keras_2 import keras_2_for_imports
from tests.freezing.small_models import numbers
from tests.freezing.sources.keras.keras_files import answers_of

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
LAYER = """
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras.layers import Layer

{decorator}
class Scaled(Layer):
    def __init__(self, factor=2.0, **options):
        super().__init__(**options)
        self.factor = factor
        self.dense = tf.keras.layers.Dense(3)

    def build(self, shape):
        self.scale = self.add_weight(name="scale", shape=(shape[-1],))
        self.dense.build(shape)
        super().build(shape)

    def call(self, inputs):
        return self.dense(inputs * self.scale * self.factor)

    def get_config(self):
        return dict(super().get_config(), factor=self.factor)


def twice(values):
    return values * 2
"""
REGISTERED = '@keras.utils.register_keras_serializable(package="mine")'


@pytest.fixture(params=["", REGISTERED], ids=["plain", "registered"])
def module(request, tmp_path):
    path = tmp_path / "my_layers.py"
    path.write_text(LAYER.format(decorator=request.param))
    return path


def saved(maker, module, path):
    """A model with a custom layer and a custom activation, saved; its answers."""
    if maker is tf_keras:
        with keras_2_for_imports():
            return _saved(maker, module, path)
    return _saved(maker, module, path)


def _saved(maker, module, path):
    own = custom_objects([str(module)])
    layers = own["Scaled"](3.0), maker.layers.Dense(2, own["twice"])
    model = maker.Sequential([maker.layers.Input((4,)), *layers])
    model.save(path)
    return model(numbers(2, 4)).numpy()


@pytest.mark.parametrize("maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"])
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_a_module_brings_the_classes_and_functions(maker, end, module, tmp_path):
    expected = saved(maker, module, tmp_path / f"model.{end}")
    report = freeze(tmp_path / f"model.{end}", custom=[str(module)])
    assert np.allclose(answers_of(report, [numbers(2, 4)])[0], expected, atol=1e-6)
    assert not any("was written by" in text for text in report.warnings)


@pytest.mark.parametrize("maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"])
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_the_class_that_is_missing_is_named(maker, end, tmp_path):
    (tmp_path / "unseen.py").write_text(LAYER.format(decorator=""))
    saved(maker, tmp_path / "unseen.py", tmp_path / f"model.{end}")
    with pytest.raises(FreezeError, match="Scaled") as caught:
        freeze(tmp_path / f"model.{end}")
    assert "--custom" in caught.value.fix


def test_a_dotted_name_brings_a_package(tmp_path, monkeypatch):
    package = tmp_path / "shop"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text(LAYER.format(decorator=""))
    (package / "models.py").write_text("from .parts import Scaled, twice\n")
    monkeypatch.syspath_prepend(tmp_path)
    expected = saved(tf_keras, package / "parts.py", tmp_path / "model.h5")
    report = freeze(tmp_path / "model.h5", custom=["shop.models"])
    assert np.allclose(answers_of(report, [numbers(2, 4)])[0], expected, atol=1e-6)
    assert not [name for name in sys.modules if name.startswith("shop")]


def test_keras_is_what_it_was_after_an_import():
    before = tf.keras.layers.Dense, sys.modules["keras"]
    with keras_2_for_imports():
        assert tf.keras.layers.Dense is tf_keras.layers.Dense
        from tensorflow.keras.layers import Dense

        assert Dense is tf_keras.layers.Dense
    assert (tf.keras.layers.Dense, sys.modules["keras"]) == before


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("x = (", "SyntaxError"),
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    ],
    ids=["an import", "a syntax error", "an exception"],
)
def test_a_module_that_fails_is_said_with_its_cause(text, cause, tmp_path):
    (tmp_path / "broken.py").write_text(text)
    with pytest.raises(FreezeError, match=r"broken\.py cannot be imported") as caught:
        custom_objects([str(tmp_path / "broken.py")])
    assert cause in caught.value.cause


@pytest.mark.parametrize("name", ["no.such_module", "/no/such.py"])
def test_a_module_that_is_not_there_is_said(name):
    with pytest.raises(FreezeError, match=f"there is no (module|file) '?{name}"):
        custom_objects([name])
