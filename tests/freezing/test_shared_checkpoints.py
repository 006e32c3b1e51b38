"""Checkpoints and graphs that others published freeze, or say why they cannot."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow.compat.v1 as tf1

from helpers.freezing.freeze import freeze
from tests.freezing.small_models import checkpoint_answers, frozen_answers, ops, read

pytestmark = pytest.mark.slow

NAMES = [
    "acrobot_v1fmt",
    "alphazero_bn",
    "ctc_lstm_refenter",
    "dogcat13_v1",
    "dogcat_v2",
    "fastweights_v1fmt",
    "minimal_export",
    "mtcnn_allinone",
    "rl_ddpg",
    "tf2onnx_regression",
    "traffic_lvenn",
    "v1_sharded_bundle",
]
GRAPHS = [
    "pb_hello_tf_c/graph.pb",
    "pb_kws_arm/DS_CNN_S.pb",
    "pb_kws_arm/GRU_S.pb",
    "pb_kws_arm/LSTM_S.pb",
    "pb_kws_arm/Basic_LSTM_S.pb",
    "pb_tfpose_mobilenet_v2_small/mobilenet_v2_small/graph_opt.pb",
    "tf2onnx_regression/graphdef/frozen.pb",
]
# TensorFlow's own way fails on these: it cannot import the graph.
NOT_IMPORTED = {"v1_sharded_bundle"}


@pytest.fixture(scope="module")
def cases(shared) -> dict:
    found = json.loads((shared / "checkpoints" / "cases.json").read_text())["cases"]
    return {case["name"]: case for case in found}


def fed(case: dict, graph_def) -> dict:
    """Inputs as the case says, by op name."""
    rng, feeds = np.random.default_rng(11), {}
    nodes = {node.name: node for node in graph_def.node}
    for tensor, how in case["feeds"].items():
        name, kind, number = tensor[:-2], how["values"][0], how["values"][1:]
        shape = how["shape"] if how["shape"] is not None else _shape(nodes[name])
        if kind == "c":
            numbers = np.full(shape, int(number))
        elif kind == "i":
            numbers = rng.integers(int(number), size=shape)
        else:
            numbers = rng.normal(size=shape) if kind == "n" else rng.random(shape)
        feeds[name] = numbers.astype(how["dtype"])
    return feeds


def _shape(node) -> list[int]:
    noted = node.attr["_output_shapes"].list.shape
    sizes = [dim.size for dim in (noted[0] if noted else node.attr["shape"].shape).dim]
    return [size if size > 0 else 2 for size in sizes]


@pytest.mark.parametrize("name", NAMES)
def test_a_published_checkpoint_freezes_exactly(name, cases, shared, tmp_path):
    case = cases[name]
    prefix = shared / "checkpoints" / case["prefix"]
    report = freeze(prefix, outputs=case["outputs"], output=tmp_path / "frozen.pb")
    assert report.proof.verdict == "exact"
    assert not ops(report.output) & {"Variable", "VariableV2", "VarHandleOp"}
    meta = tf1.MetaGraphDef.FromString(Path(f"{prefix}.meta").read_bytes())
    feeds = fed(case, meta.graph_def)
    frozen = frozen_answers(report.output, case["outputs"], feeds)
    if name in NOT_IMPORTED:
        assert np.isfinite(frozen).all()
        return
    expected = checkpoint_answers(str(prefix), case["outputs"], feeds)
    for ours, theirs in zip(frozen, expected, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_published_saved_model_freezes_to_the_graph_beside_it(shared, tmp_path):
    folder = shared / "checkpoints" / "tf2onnx_regression"
    report = freeze(folder / "saved_model", output=tmp_path / "frozen.pb")
    assert report.proof.verdict == "exact"
    feeds = {"X": np.array([1, 2], np.float32)}
    theirs = read(folder / "graphdef" / "frozen.pb")
    assert {"X", "pred"} <= {node.name for node in theirs.node}
    frozen = frozen_answers(report.output, ["pred"], feeds)
    expected = frozen_answers(folder / "graphdef" / "frozen.pb", ["pred"], feeds)
    assert np.array_equal(frozen, expected)


@pytest.mark.parametrize("graph", GRAPHS)
def test_a_published_frozen_graph_is_frozen_already(graph, shared):
    with pytest.raises(ValueError, match="is frozen already: its graph has no var"):
        freeze(shared / "checkpoints" / graph)


def test_a_published_graph_in_text_named_binary_lacks_its_checkpoint(shared):
    path = shared / "checkpoints/pb_tfpose_mobilenet_v2_small/mobilenet_thin/graph.pb"
    with pytest.raises(ValueError, match="whose weights are in a checkpoint"):
        freeze(path)
