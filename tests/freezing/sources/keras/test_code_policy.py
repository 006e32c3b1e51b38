"""Code that a file holds or names: said, and not run unasked."""

import base64
import marshal
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.small_models import numbers
from tests.freezing.sources.keras.keras_files import answers_of, edited

MAKERS = {"Keras 3": keras, "tf_keras": tf_keras}
ENDS = ("h5", "keras")
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")


@pytest.fixture(params=MAKERS)
def maker(request):
    return MAKERS[request.param]


@pytest.fixture(params=ENDS)
def lambda_file(request, maker, tmp_path) -> tuple[Path, np.ndarray]:
    """A file with a lambda in the layer "triple", and its answers to numbers(2, 4)."""
    triple = maker.layers.Lambda(lambda x: tf.abs(x) * 3, name="triple")
    model = maker.Sequential([maker.layers.Input((4,)), triple])
    path = tmp_path / f"model.{request.param}"
    model.save(path)
    return path, 3 * numbers(2, 4)


def test_a_lambda_is_named_and_not_run(lambda_file):
    path, _ = lambda_file
    with pytest.raises(FreezeError) as caught:
        freeze(path)
    assert "the layer 'triple' (its code names tf, abs)" in caught.value.cause
    assert "--trust" in caught.value.fix
    assert "a function named triple" in caught.value.fix


def test_a_trusted_lambda_is_frozen(lambda_file):
    path, expected = lambda_file
    (found,) = answers_of(freeze(path, trust=True), [numbers(2, 4)])
    assert np.allclose(found, expected)


def test_a_function_of_the_layers_name_stands_for_its_code(lambda_file, tmp_path):
    path, expected = lambda_file
    (tmp_path / "own.py").write_text("def triple(x):\n    return x * 3 + 1\n")
    report = freeze(path, custom=[str(tmp_path / "own.py")])
    assert np.allclose(answers_of(report, [numbers(2, 4)])[0], expected + 1)


def with_code(path: Path, data: bytes) -> Path:
    """The file of a tf_keras model, the code of its lambda replaced."""

    def change(config: dict) -> None:
        function = config["config"]["layers"][1]["config"]["function"]
        function[0] = base64.b64encode(data).decode()

    return edited(path, change)


def saved_lambda(tmp_path: Path) -> Path:
    triple = tf_keras.layers.Lambda(lambda x: x * 3, name="triple")
    path = tmp_path / "model.h5"
    tf_keras.Sequential([tf_keras.layers.Input((4,)), triple]).save(path)
    return path


def test_code_of_another_python_is_refused_with_that_cause(tmp_path):
    code = (lambda x: x * 3).__code__
    other = code.replace(co_code=bytes([1, 0, 23, 0, 83, 0]))
    path = with_code(saved_lambda(tmp_path), marshal.dumps(other))
    with pytest.raises(FreezeError, match="another version of Python"):
        freeze(path, trust=True)


def test_names_that_the_file_does_not_hold_are_said(tmp_path):
    code = (lambda x: unknown_thing(x)).__code__  # noqa: F821
    path = with_code(saved_lambda(tmp_path), marshal.dumps(code))
    with pytest.raises(FreezeError, match="uses unknown_thing"):
        freeze(path, trust=True)


FOREIGN = {
    "a system call": ("os", "system"),
    "a standard class": ("subprocess", "Popen"),
    "a loader of code": ("tf_keras.src.utils.generic_utils", "func_load"),
    "a download": ("keras.utils", "get_file"),
    "a module inside": ("tf_keras.src.layers.core.lambda_layer", "sys.exit"),
    "a built-in": ("builtins", "eval"),
    "a module beside": ("beside_the_file", "boom"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize("role", ["class", "activation"])
def test_nothing_that_a_file_names_is_imported_or_called(
    role, foreign, end, maker, tmp_path, monkeypatch
):
    module, name = FOREIGN[foreign]
    ran = tmp_path / "ran"
    (tmp_path / "beside_the_file.py").write_text(f"open({str(ran)!r}, 'w').close()")
    monkeypatch.syspath_prepend(tmp_path)

    def change(config: dict) -> None:
        layer = config["config"]["layers"][1]
        named = {"module": module, "class_name": name, "registered_name": name}
        if role == "class":
            layer |= named | {"config": {"args": ["touch", str(ran)]}}
        else:
            function = {"class_name": "function", "config": name}
            layer["config"]["activation"] = named | function

    path = tmp_path / f"model.{end}"
    dense = maker.layers.Dense(2, "relu")
    maker.Sequential([maker.layers.Input((4,)), dense]).save(path)
    with pytest.raises(FreezeError, match=name.split(".")[-1]):
        freeze(edited(path, change))
    assert not ran.exists()
    assert "beside_the_file" not in sys.modules


@pytest.mark.parametrize(
    "symbol",
    [
        *("io.write_file", "load_library", "py_function", "numpy_function"),
        *("saved_model.load", "compat.v1.py_func", "raw_ops.WriteFile"),
    ],
)
def test_a_tensorflow_function_that_does_more_than_compute_is_refused(symbol, tmp_path):
    values = tf_keras.Input((4,))
    tf_keras.Model(values, tf.abs(values)).save(tmp_path / "model.h5")

    def change(config: dict) -> None:
        config["config"]["layers"][1]["config"]["function"] = symbol

    with pytest.raises(FreezeError, match=f"calls tf.{symbol}"):
        freeze(edited(tmp_path / "model.h5", change))
