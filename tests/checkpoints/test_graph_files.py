"""The graph of a checkpoint without a `.meta` of its own is found beside it."""

from pathlib import Path

import pytest
import tensorflow as tf

from helpers.checkpoints.checkpoint import Checkpoint
from helpers.checkpoints.graph_files import graph_beside, graphs_beside

tf1 = tf.compat.v1


def graph_def(frozen: bool = False):
    with tf.Graph().as_default() as graph:
        value = tf.constant(1.0) if frozen else tf1.get_variable("v", [])
        tf.identity(value, name="y")
    return graph.as_graph_def()


def write(folder: Path, *names: str, frozen: bool = False) -> str:
    """Write the graph under these names; return a prefix in the folder."""
    for name in names:
        text = str(graph_def(frozen)).encode()
        binary = graph_def(frozen).SerializeToString()
        (folder / name).write_bytes(binary if name.endswith("pb") else text)
    return f"{folder}/model.ckpt-3"


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (("graph.pbtxt",), "graph.pbtxt"),
        (("graph.pb",), "graph.pb"),
        (("graph.pb", "graph.pbtxt"), "graph.pbtxt"),
        (("graph.pbtxt", "a.meta", "b.meta"), "graph.pbtxt"),
        (("network.pb",), "network.pb"),
    ],
    ids=str,
)
def test_the_usual_file_is_taken_or_the_only_one(names, taken, tmp_path):
    prefix = write(tmp_path, *names)
    assert graph_beside(prefix) == tmp_path / taken
    assert Checkpoint(prefix).graph_path() == tmp_path / taken


@pytest.mark.parametrize("names", [("a.pb", "b.pb"), ("a.meta", "b.meta"), ()])
def test_one_of_several_is_not_chosen(names, tmp_path):
    prefix = write(tmp_path, *names)
    assert graph_beside(prefix) is None
    assert [path.name for path in graphs_beside(prefix)] == list(names)


def test_frozen_graphs_and_other_texts_are_no_graph_of_a_checkpoint(tmp_path):
    prefix = write(tmp_path, "graph.pb", frozen=True)
    (tmp_path / "label_map.pbtxt").write_text("item { id: 1 name: 'cat' }\n")
    assert graphs_beside(prefix) == []
