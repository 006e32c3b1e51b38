"""SavedModels of many kinds, and what TensorFlow's own v1 loader answers."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from helpers.freezing.freeze import freeze
from helpers.freezing.proof.graph_session import GraphSession
from helpers.freezing.report import Report
from tests.freezing.small_models import dense, fed, numbers

tf1 = tf.compat.v1
Spec = tf.TensorSpec
ROWS = {"x": numbers(2, 4) - 0.5}


class Weights(tf.Module):
    """Variables, two of them of one name."""

    def __init__(self):
        super().__init__()
        self.kernel = tf.Variable(numbers(4, 3), name="weight")
        self.bias = tf.Variable(numbers(3), name="weight")
        self.count = tf.Variable(0.0)
        self.steps = tf.Variable(3)


def save_function(
    function: Callable, folder: Path, *specs: tf.TensorSpec, key: str | None = None
) -> Path:
    """Save a function of the weights and of inputs as the signature `key`."""
    module = Weights()
    traced = tf.function(lambda *given: function(module, *given))
    specs = specs or (Spec([None, 4], tf.float32, "x"),)
    concrete = traced.get_concrete_function(*specs)
    signatures = {key or "serving_default": concrete}
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


def edit(folder: Path, change: Callable) -> None:
    """Change the MetaGraphDef of a SavedModel in place."""
    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(saved.meta_graphs[0])
    path.write_bytes(saved.SerializeToString())


def loaded_answers(
    folder: Path, feeds: Mapping, *, key="serving_default", tags=("serve",)
) -> dict:
    """The outputs by key, of TensorFlow's loader; `feeds` are by key, too."""
    config = tf1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        meta = tf1.saved_model.load(session, [*tags], str(folder))
        signature = meta.signature_def[key]
        fed = {signature.inputs[name].name: value for name, value in feeds.items()}
        wanted = {name: info.name for name, info in signature.outputs.items()}
        return session.run(wanted, fed)


def frozen_outputs(report: Report, feeds: Mapping) -> list:
    """The outputs of the frozen graph; `feeds` are by op name."""
    with GraphSession.load(report.output) as session:
        session.initialise(report.card.get("initialisers", ()))
        named = {f"{name}:0": value for name, value in feeds.items()}
        fed = {**named, **session.constants}
        return session.session.run(list(report.outputs), fed)


def frozen_as_loaded(folder: Path, feeds: Mapping, **how) -> Report:
    """Freeze; assert that the outputs are those of TensorFlow's loader."""
    loading = {"key": how["signature"]} if "signature" in how else {}
    loading |= {"tags": how["tags"]} if "tags" in how else {}
    expected = loaded_answers(folder, feeds, **loading)
    report = freeze(folder, output=folder.with_suffix(".pb"), **how)
    assert report.proof.verdict == "exact"
    found = frozen_outputs(report, feeds)
    for key, ours in zip(sorted(expected), found, strict=True):
        assert alike(ours, expected[key])
    return report


def alike(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether two arrays are equal; floats within the rounding of another order."""
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    is_float = np.issubdtype(ours.dtype, np.floating)
    return bool(
        np.allclose(ours, theirs, rtol=1e-5, atol=1e-6)
        if is_float
        else np.array_equal(ours, theirs)
    )


def build_v1(
    folder: Path, tag_sets=(("serve",),), make: Callable | None = None
) -> Path:
    """A SavedModel of TensorFlow 1, one graph for each set of tags.

    Args:
      make: makes a graph and returns its signatures by key.
    """
    builder = tf1.saved_model.Builder(str(folder))
    for number, tags in enumerate(tag_sets):
        with tf.Graph().as_default(), tf1.Session() as session:
            tf1.set_random_seed(3)
            signatures = (make or dense_signature)()
            session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
            common = {
                "signature_def_map": signatures,
                "main_op": tf1.tables_initializer(),
                "assets_collection": tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
            }
            if number:
                builder.add_meta_graph([*tags], **common)
            else:
                builder.add_meta_graph_and_variables(session, [*tags], **common)
    builder.save()
    return folder


def signature(inputs: dict, outputs: dict):
    """A signature of these tensors."""
    info = tf1.saved_model.build_tensor_info
    return tf1.saved_model.build_signature_def(
        {key: info(tensor) for key, tensor in inputs.items()},
        {key: info(tensor) for key, tensor in outputs.items()},
        "tensorflow/serving/predict",
    )


def dense_signature() -> dict:
    """A dense layer from the placeholder `x` to the softmax `y`."""
    x = fed()
    y = tf.nn.softmax(dense(x, 3, "one"), name="y")
    return {"serving_default": signature({"in": x}, {"out": y})}
