"""A node that states a type that there is not makes a graph damaged."""

import pytest
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The prefix of a small checkpoint."""
    prefix = tmp_path_factory.mktemp("trained") / "model-ckpt"
    with tf1.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf1.float32, [None, 3], name="x")
        weights = tf1.get_variable("w", [3, 2], use_resource=True)
        tf1.nn.softmax(x @ weights, name="y_pred")
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver().save(session, str(prefix))
    return prefix


@pytest.fixture
def damaged(trained, tmp_path):
    """A function that freezes the checkpoint with one type replaced by a number."""

    def freeze_with(name: str, attribute: str, number: int):
        meta = tf1.MetaGraphDef.FromString(trained.with_suffix(".meta").read_bytes())
        (node,) = (node for node in meta.graph_def.node if node.name == name)
        node.attr[attribute].type = number
        (tmp_path / "odd.meta").write_bytes(meta.SerializeToString())
        options = {"meta": tmp_path / "odd.meta", "outputs": "y_pred"}
        return freeze(trained, output=tmp_path / "frozen.pb", **options)

    return freeze_with


@pytest.mark.parametrize("number", [0, 77, 101, 2**31 - 1])
@pytest.mark.parametrize(
    ("name", "attribute"), [("x", "dtype"), ("w", "dtype"), ("matmul", "T")]
)
def test_a_number_that_is_no_type_is_named(damaged, tmp_path, name, attribute, number):
    with pytest.raises(FreezeError, match=f"^op '{name}'") as error:
        damaged(name, attribute, number)
    sentence = f"is damaged: its {attribute} is {number}, which stands for no type\n"
    assert sentence in str(error.value)
    assert not (tmp_path / "frozen.pb").exists()


def test_a_node_that_no_output_needs_may_be_damaged(damaged, tmp_path):
    damaged("save/Identity", "T", 0)
    assert (tmp_path / "frozen.pb").exists()
