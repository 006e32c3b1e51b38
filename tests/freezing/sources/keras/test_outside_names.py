"""Functions and vocabularies that a Keras file names and does not hold."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.small_models import numbers
from tests.freezing.sources.keras.keras_files import answers_of, edited

layers = tf_keras.layers
pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")


def lambda_of(name, module, path):
    """A file of one Lambda layer of the named function."""

    def change(config: dict) -> None:
        config["config"]["layers"][1]["config"] |= {
            "function": name,
            "function_type": "function",
            "module": module,
        }

    twice = layers.Lambda(lambda x: x * 2)
    tf_keras.Sequential([layers.Input((8, 8, 3)), twice]).save(path)
    return edited(path, change)


@pytest.mark.parametrize(
    ("function", "module"),
    [
        (tf_keras.backend.square, "tensorflow.python.keras.backend"),
        (tf.nn.relu6, "tensorflow.python.ops.gen_nn_ops"),
        (
            tf_keras.applications.resnet50.preprocess_input,
            "keras.applications.resnet50",
        ),
    ],
    ids=["backend", "tf", "preprocess_input"],
)
def test_a_lambda_of_a_function_of_keras_is_frozen(function, module, tmp_path):
    report = freeze(lambda_of(function.__name__, module, tmp_path / "model.h5"))
    images = numbers(2, 8, 8, 3)
    expected = np.asarray(function(tf.constant(images)))
    assert np.allclose(answers_of(report, [images])[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "module"),
    [("scale", "__main__"), ("system", "os"), ("load_op_library", "keras.backend")],
)
def test_a_named_function_that_is_not_there_is_named(name, module, tmp_path):
    path = lambda_of(name, module, tmp_path / "model.h5")
    with pytest.raises(FreezeError, match=f"the function '{name}' of the module"):
        freeze(path)


@pytest.mark.parametrize("end", ["h5", "keras"])
def test_a_vocabulary_elsewhere_is_read_if_trusted_only(end, tmp_path):
    (tmp_path / "words.txt").write_text("cat\ndog\n")
    lookup = layers.StringLookup(vocabulary=str(tmp_path / "words.txt"))
    path = tmp_path / f"model.{end}"
    tf_keras.Sequential([layers.Input((1,), dtype="string"), lookup]).save(path)
    with pytest.raises(FreezeError, match=r"reads its vocabulary from .*words\.txt"):
        freeze(path)
    report = freeze(path, trust=True)
    (found,) = answers_of(report, [np.array([["dog"], ["owl"]], object)])
    assert found.tolist() == [[2], [0]]
