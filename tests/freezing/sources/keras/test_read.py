"""Keras files of all ages, read by the generation of Keras that wrote them."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.small_models import frozen_answers, numbers
from tests.freezing.sources.keras.keras_files import answers_of, edited

layers = tf.keras.layers
layers_2 = tf_keras.layers
pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5"),
]
TODAY = {
    "teachable_machine_mask.h5": [numbers(1, 224, 224, 3)],
    "self_driving_nvidia.h5": [numbers(1, 66, 200, 3)],
    "lstm_melody.h5": [numbers(2, 4, 38)],
    "made_keras2_depthwise/keras_model.h5": [numbers(2, 8, 8, 3)],
    "made_keras2_lstm/model.h5": [numbers(2, 5, 3)],
}


@pytest.mark.parametrize("name", TODAY)
def test_a_keras_2_file_of_today_answers_as_tf_keras_does(name, shared, tmp_path):
    path, samples = shared / "today" / name, TODAY[name]
    report = freeze(path, output=tmp_path / "frozen.pb")
    assert report.proof.verdict == "exact"
    model = tf_keras.models.load_model(path, compile=False)
    expected = model(samples[0], training=False)
    assert np.allclose(answers_of(report, samples)[0], expected, atol=1e-6)


def keras_model(path: Path, *parts) -> tf.keras.Model:
    """A sequential model of Keras 3, saved."""
    model = tf.keras.Sequential(list(parts))
    model.save(path)
    return model


def keras_2_model(path: Path, *parts) -> tf_keras.Model:
    """A sequential model of Keras 2, saved."""
    model = tf_keras.Sequential(list(parts))
    model.save(path)
    return model


def test_a_recurrent_keras_model_freezes_as_tensorflow_2_freezes_it(tmp_path):
    from tensorflow.python.framework import convert_to_constants

    gru = layers.Bidirectional(layers.GRU(4, return_sequences=True))
    path = tmp_path / "model.keras"
    model = keras_model(path, layers.Input([5, 3]), gru, layers.LSTM(4))
    report = freeze(path)
    steps = numbers(2, 5, 3)
    (tensor,) = report.inputs
    ours = frozen_answers(report.output, ["Identity"], {tensor[:-2]: steps})[0]
    forward = tf.function(lambda x: model(x, training=False))
    traced = forward.get_concrete_function(tf.TensorSpec([None, 5, 3]))
    convert = convert_to_constants.convert_variables_to_constants_v2
    theirs = convert(traced)(tf.constant(steps))[0]
    assert np.allclose(ours, theirs, atol=1e-6)
    assert report.proof.largest == 0


def test_dropout_inside_a_recurrent_keras_model_is_off(tmp_path):
    cell = layers.LSTM(4, dropout=0.5, recurrent_dropout=0.5)
    keras_model(tmp_path / "model.keras", layers.Input([5, 3]), cell)
    report = freeze(tmp_path / "model.keras")
    assert report.proof.largest == 0
    assert report.warnings == ()


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "no_name"])
def test_a_keras_model_freezes_with_training_off(name, tmp_path):
    hidden = [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Dropout(0.5)]
    last = [layers.Flatten(), layers.Dense(2, "softmax")]
    saved = name if "." in name else "model.keras"
    model = keras_model(tmp_path / saved, layers.Input([8, 8, 3]), *hidden, *last)
    (tmp_path / saved).rename(tmp_path / name)
    report = freeze(tmp_path / name, output=tmp_path / "out.pb")
    images = numbers(2, 8, 8, 3)
    (given,), (found,) = report.inputs, report.outputs
    (ours,) = frozen_answers(report.output, [found[:-2]], {given[:-2]: images})
    assert np.allclose(ours, model(images, training=False), atol=1e-6)
    assert report.proof.largest == 0
    narrow = freeze(tmp_path / name, output=tmp_path / "16.pb", weights="bfloat16")
    assert narrow.proof.verdict == "close"
    assert narrow.rounding > 0


def without_newer_keys(config: dict) -> None:
    """Describe a sequential model as Keras 2.0 did: a list, and few arguments."""
    first, *rest = config["config"]["layers"]
    rest[0]["config"]["batch_input_shape"] = first["config"]["batch_input_shape"]
    for layer in rest:
        for key in ("module", "registered_name", "build_config"):
            layer.pop(key, None)
        for key in ("data_format", "groups", "dilation_rate", "reset_after"):
            layer["config"].pop(key, None)
    config["config"] = rest


def as_keras_1(config: dict) -> None:
    """Describe a convolution, a pooling and a dense layer as Keras 1 did."""
    without_newer_keys(config)
    convolution, pooling, _, dense = (item["config"] for item in config["config"])
    names = [item["name"] for item in (convolution, pooling, dense)]
    shape = convolution["batch_input_shape"]
    old = {"init": "glorot_uniform", "bias": True, "W_regularizer": None}
    convolution.clear()
    convolution |= old | {"name": names[0], "batch_input_shape": shape, "nb_filter": 3}
    convolution |= {"nb_row": 3, "nb_col": 3, "border_mode": "valid"}
    convolution |= {"subsample": [1, 1], "dim_ordering": "tf", "input_dtype": "float32"}
    config["config"][0]["class_name"] = "Convolution2D"
    pooling.clear()
    pooling |= {"name": names[1], "pool_size": [2, 2], "border_mode": "valid"}
    dense.clear()
    dense |= old | {"name": names[2], "output_dim": 2, "activation": "linear"}


@pytest.mark.parametrize(
    ("change", "version"),
    [(without_newer_keys, "2.0.6"), (as_keras_1, "1.2.2")],
    ids=["Keras 2.0", "Keras 1"],
)
def test_an_old_description_of_a_model_is_read(change, version, tmp_path):
    parts = layers_2.Conv2D(3, 3), layers_2.MaxPooling2D(), layers_2.Flatten()
    parts = layers_2.Input((8, 8, 3)), *parts, layers_2.Dense(2)
    model = keras_2_model(tmp_path / "model.h5", *parts)
    report = freeze(edited(tmp_path / "model.h5", change, version))
    images = numbers(2, 8, 8, 3)
    assert np.allclose(answers_of(report, [images])[0], model(images), atol=1e-6)


def test_a_gru_of_before_reset_after_is_read_without_it(tmp_path):
    gru = layers_2.GRU(4, reset_after=False)
    model = keras_2_model(tmp_path / "model.h5", layers_2.Input((5, 3)), gru)
    report = freeze(edited(tmp_path / "model.h5", without_newer_keys, "2.1.0"))
    steps = numbers(2, 5, 3)
    assert np.allclose(answers_of(report, [steps])[0], model(steps), atol=1e-6)


@pytest.mark.parametrize(
    "module",
    [
        *("tensorflow.keras.layers", "tensorflow.python.keras.layers.core"),
        *("keras.src.layers.core.dense", "keras.layers.core.dense", "tf_keras.layers"),
    ],
)
def test_the_modules_that_keras_had_over_time_are_its_own(module, tmp_path):
    def name_module(config: dict) -> None:
        layer = config["config"]["layers"][1]
        layer |= {"module": module, "registered_name": None}

    path = tmp_path / "model.h5"
    model = keras_2_model(path, layers_2.Input((4,)), layers_2.Dense(2))
    report = freeze(edited(path, name_module, "2.13.1"))
    values = numbers(2, 4)
    assert np.allclose(answers_of(report, [values])[0], model(values), atol=1e-6)


@pytest.mark.parametrize("end", ["h5", "keras"])
def test_a_keras_2_file_is_not_given_keras_3s_meaning(end, tmp_path):
    path = tmp_path / f"model.{end}"
    dense = layers_2.Dense(4, "hard_sigmoid")
    model = keras_2_model(path, layers_2.Input((3,)), dense)
    values = 10 * numbers(2, 3) - 5
    (found,) = answers_of(freeze(path), [values])
    assert np.allclose(found, model(values), atol=1e-6)
    by_keras_3 = keras.activations.hard_sigmoid(dense.kernel.numpy().T @ values.T)
    assert not np.allclose(found.T, by_keras_3, atol=1e-2)


@pytest.mark.parametrize("maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"])
@pytest.mark.parametrize("end", ["h5", "keras"])
def test_a_loss_of_ones_own_is_not_needed(maker, end, tmp_path):
    def own_loss(labels, outputs):
        return tf.reduce_mean(labels - outputs)

    parts = [maker.layers.Input((3,)), maker.layers.Dense(4)]
    model = maker.Sequential(parts)
    model.compile("adam", loss=own_loss, metrics=[own_loss])
    model.fit(numbers(4, 3), numbers(4, 4), verbose=0)
    model.save(tmp_path / f"model.{end}")
    assert freeze(tmp_path / f"model.{end}").proof.verdict == "exact"


def test_functions_of_tensorflow_between_layers_are_frozen(tmp_path):
    values = tf_keras.Input((4,))
    hidden = tf.abs(layers_2.Dense(3)(values))[:, :2] * 2
    model = tf_keras.Model(values, tf.concat([hidden, hidden], 1))
    model.save(tmp_path / "model.h5")
    report = freeze(tmp_path / "model.h5")
    (found,) = answers_of(report, [numbers(2, 4)])
    assert np.allclose(found, model(numbers(2, 4)), atol=1e-6)


@pytest.mark.parametrize("axis", [-1, [1, 2]])
def test_a_normalized_layer_is_no_batch_norm_in_training(axis, tmp_path):
    normalize = layers_2.LayerNormalization(axis=axis)
    keras_2_model(tmp_path / "model.h5", layers_2.Input((6, 4)), normalize)
    assert freeze(tmp_path / "model.h5").warnings == ()


@pytest.mark.parametrize("maker", [keras, tf_keras], ids=["Keras 3", "tf_keras"])
def test_the_weights_of_a_vocabulary_are_known_as_loaded(maker, tmp_path):
    words = maker.Input((1,), dtype="string")
    vectorize = maker.layers.TextVectorization(20, output_mode="tf_idf")
    vectorize.adapt(["a cat sat", "the dog sat", "a dog"])
    model = maker.Model(words, vectorize(words))
    model.save(tmp_path / "model.keras")
    report = freeze(tmp_path / "model.keras")
    assert (report.proof.verdict, report.warnings) == ("exact", ())
    texts = np.array([["The cat sat"], ["a bird"]], object)
    (found,) = answers_of(report, [texts])
    assert np.allclose(found, model(tf.constant(texts)), atol=1e-6)


MULTIPLY = tf.compat.v1.NodeDef(name="by", op="Mul", input=["x", "by/y"])
MULTIPLY.attr["T"].type = tf.float32.as_datatype_enum
AS_JSON = {
    **{"name": "by", "op": "Mul", "input": ["x", "by/y"]},
    "attr": {"T": {"type": "DT_FLOAT"}},
}


def with_op(node_def, constants) -> Callable[[dict], None]:
    """Put an op between the two layers of a model, as TensorFlow 2.0 to 2.3 did."""

    def change(config: dict) -> None:
        given, first, second = config["config"]["layers"]
        inner = {"name": "by", "node_def": node_def, "constants": constants}
        op = {"class_name": "TensorFlowOpLayer", "name": "tf_op_layer_by"}
        op |= {"config": inner, "inbound_nodes": [[[first["name"], 0, 0, {}]]]}
        second["inbound_nodes"] = [[["tf_op_layer_by", 0, 0, {}]]]
        config["config"]["layers"] = [given, first, op, second]

    return change


def two_dense_layers(path: Path) -> tf_keras.Model:
    values = tf_keras.Input((4,))
    model = tf_keras.Model(values, layers_2.Dense(2)(layers_2.Dense(3)(values)))
    model.save(path)
    return model


@pytest.mark.parametrize(
    "node_def",
    [MULTIPLY.SerializeToString().decode(), AS_JSON],
    ids=["TensorFlow 2.0", "TensorFlow 2.3"],
)
def test_an_op_between_layers_is_read(node_def, tmp_path):
    model = two_dense_layers(tmp_path / "model.h5")
    change = with_op(node_def, {"1": 3.0})
    report = freeze(edited(tmp_path / "model.h5", change, "2.2.4-tf"))
    first, second = model.layers[1:]
    values = numbers(2, 4)
    assert np.allclose(
        answers_of(report, [values])[0], second(3 * first(values)), atol=1e-6
    )


def test_an_op_that_does_more_than_compute_is_not_run_unasked(tmp_path):
    two_dense_layers(tmp_path / "model.h5")
    node = {"name": "by", "op": "PyFunc", "input": ["x"], "attr": {}}
    path = edited(tmp_path / "model.h5", with_op(node, {}), "2.2.4-tf")
    with pytest.raises(FreezeError, match=r"calls tf\.raw_ops\.PyFunc, which may do"):
        freeze(path)


def test_a_number_that_was_an_array_of_numpy_is_a_number(tmp_path):
    def as_array(config: dict) -> None:
        config["config"]["layers"][1]["config"]["alpha"] = {
            **{"type": "ndarray", "value": 0.5}
        }

    path = tmp_path / "model.h5"
    keras_2_model(path, layers_2.Input((2,)), layers_2.LeakyReLU(0.3))
    (found,) = answers_of(
        freeze(edited(path, as_array, "2.0.8")), [np.float32([[-4, 2]])]
    )
    assert np.allclose(found, [[-2, 2]])


def test_outputs_may_be_named_as_their_layers_are(tmp_path):
    values = keras.Input((4,), name="Values")
    parts = [layers.Dense(2, name="score")(values), layers.Dense(3, name="box")(values)]
    model = keras.Model(values, parts)
    model.save(tmp_path / "model.keras")
    both = freeze(tmp_path / "model.keras", output=tmp_path / "both.pb")
    box = freeze(tmp_path / "model.keras", outputs="box", output=tmp_path / "box.pb")
    assert list(both.outputs) == ["Identity:0", "Identity_1:0"]
    assert list(box.outputs) == ["Identity_1:0"]
    assert list(box.inputs) == ["Values:0"]


def test_a_stateful_model_starts_from_zero_and_says_so(tmp_path):
    given = layers.Input(batch_shape=(2, 5, 3))
    model = keras_model(tmp_path / "new.keras", given, layers.LSTM(4, stateful=True))
    first = model(numbers(2, 5, 3)).numpy()
    model.save(tmp_path / "used.keras")  # with the state that the call left
    report = freeze(tmp_path / "used.keras")
    assert np.allclose(answers_of(report, [numbers(2, 5, 3)])[0], first, atol=1e-6)
    assert any("begins at zero" in text for text in report.warnings)


@pytest.mark.parametrize("kind", ["ragged", "sparse"])
def test_an_input_that_becomes_dense_is_said(kind, tmp_path):
    values = tf_keras.Input((6,), name="values", **{kind: True})
    embedded = layers_2.Embedding(2, 3) if kind == "ragged" else layers_2.Dense(2)
    tf_keras.Model(values, embedded(values)).save(tmp_path / "model.h5")
    report = freeze(tmp_path / "model.h5")
    assert any(f"'values' is {kind}" in text for text in report.warnings)


def test_a_model_that_was_never_built_has_no_input(tmp_path):
    keras.Sequential([layers.Dense(2)]).save(tmp_path / "model.keras")
    with pytest.raises(FreezeError, match="inputs are not known"):
        freeze(tmp_path / "model.keras")


@pytest.mark.ci
def test_keras_3_stays_keras_in_the_process(tmp_path):
    code = (
        "import sys, tensorflow as tf, keras\n"
        "from helpers.freezing.freeze import freeze\n"
        "dense = tf.keras.layers.Dense\n"
        "assert 'tf_keras' not in sys.modules\n"
        "freeze(sys.argv[1])\n"
        "assert 'tf_keras' in sys.modules\n"
        "from tensorflow.keras.layers import Dense\n"
        "assert tf.keras.layers.Dense is dense is Dense is keras.layers.Dense\n"
    )
    path = tmp_path / "model.h5"
    keras_2_model(path, layers_2.Input((4,)), layers_2.Dense(2))
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, capture_output=True).returncode == 0
