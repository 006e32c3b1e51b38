"""`verify` compares a frozen graph with its checkpoint, whatever its inputs' names."""

import pytest
import tensorflow as tf
from click.testing import CliRunner

from helpers.__main__ import cli
from helpers.freezing.freeze import freeze
from helpers.freezing.verify import verify
from tests.freezing.small_models import dense, fed, read, save, variable

tf1 = tf.compat.v1


@pytest.fixture(scope="module")
def frozen(prefix):
    return freeze(prefix, outputs="y").output


def renamed(path, names: dict[str, str], folder):
    """The frozen graph with other names for some nodes, and without its card."""
    graph_def = read(path)
    kept = [node for node in graph_def.node if node.name != "model_card"]
    for node in kept:
        node.name = names.get(node.name, node.name)
        for index, text in enumerate(node.input):
            node.input[index] = names.get(text, text)
    made = tf1.GraphDef(node=kept, versions=graph_def.versions)
    (folder / "renamed.pb").write_bytes(made.SerializeToString())
    return folder / "renamed.pb"


def ran(*command) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["verify", *map(str, command)])
    return result.exit_code, result.output


def test_an_input_of_another_name_is_matched_by_type_and_shape(
    prefix, frozen, tmp_path
):
    path = renamed(frozen, {"x": "input_tensor"}, tmp_path)
    assert verify(path, prefix).proof.verdict == "exact"


def two_alike():
    one, two = (tf1.placeholder(tf.float32, [None, 4], name=n) for n in ("a", "b"))
    tf.subtract(dense(one, 3, "one"), dense(two, 3, "two"), name="y")


def test_two_inputs_alike_of_other_names_are_not_guessed(tmp_path):
    prefix = save(two_alike, tmp_path)
    made = freeze(prefix, outputs="y").output
    path = renamed(made, {"a": "first", "b": "second"}, tmp_path)
    status, text = ran(path, prefix)
    assert status == 2
    assert "the frozen graph takes first (float32 [N, 4]), second" in text
    assert "and the checkpoint's graph a (float32 [N, 4]), b (float32 [N, 4])" in text


def test_an_input_of_another_shape_is_not_matched(frozen, tmp_path):
    def wider():
        tf.nn.softmax(dense(fed(6), 3, "one"), name="y")

    other = save(wider, tmp_path / "wider")
    path = renamed(frozen, {"x": "input_tensor"}, tmp_path)
    with pytest.raises(ValueError, match="which is which is not clear"):
        verify(path, other)


def test_verify_writes_nothing_and_says_so_nowhere(prefix, frozen):
    status, text = ran(frozen, prefix)
    assert status == 0
    assert "exact" in text
    assert "written" not in text


def test_what_differs_has_exit_status_1(frozen, tmp_path):
    def shifted():
        hidden = tf.nn.relu(dense(fed(), 5, "one"))
        tf.nn.softmax(dense(hidden, 3, "two") * variable("more", [3]), name="y")

    assert ran(frozen, save(shifted, tmp_path))[0] == 1


def test_what_is_unproven_has_exit_status_3(tmp_path):
    def build():  # no number of rows that is tried makes rows of 7
        tf.identity(dense(tf.reshape(fed(), [-1, 7]), 3, "one"), name="y")

    prefix = save(build, tmp_path)
    status, text = ran(freeze(prefix, outputs="y").output, prefix)
    assert status == 3
    assert "unproven" in text


def test_the_exit_statuses_are_documented():
    text = CliRunner().invoke(cli, ["verify", "--help"]).output
    assert "3 if it is unproven" in " ".join(text.split())


def test_the_shared_pair_of_other_names_is_equal(shared):
    folder = shared / "outputs" / "verify-other-input-name"
    found = verify(folder / "frozen.pb", folder / "m")
    assert found.proof.verdict in ("exact", "close")


def test_a_graph_that_writes_files_is_neither_run_by_freeze_nor_by_verify(tmp_path):
    place = tmp_path / "written"

    def build():
        with tf.control_dependencies([tf.io.write_file(str(place), "text")]):
            tf.nn.softmax(dense(fed(), 3, "one"), name="y")

    prefix = save(build, tmp_path)
    report = freeze(prefix, outputs="y")
    assert report.proof.note.startswith("the graph is not run, because WriteFile")
    assert ran(report.output, prefix)[0] == 3
    assert not place.exists()
