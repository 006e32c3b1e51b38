"""Constant folding: the same answers, and no op that depends on constants only."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.passes.optional.fold_constants import fold_constants
from tests.freezing.small_models import (
    MODELS,
    X,
    conditional,
    dense,
    edited,
    fed,
    feeds_of,
    frozen_answers,
    frozen_as_checkpoint,
    loop,
    ops,
    perceptron,
    save,
)


def ops_in(editor) -> set[str]:
    return {node.op for node in editor.nodes.values()}


@pytest.mark.parametrize("name", MODELS)
def test_a_plain_graph_answers_as_its_checkpoint(name, tmp_path):
    prefix = save(MODELS[name], tmp_path)
    report = frozen_as_checkpoint(prefix, feeds_of(name), plain=True)
    assert report.proof.verdict == "exact"


@pytest.mark.parametrize("build", [conditional, loop])
def test_the_constants_of_branches_and_loops_stay_in_them(build, tmp_path):
    prefix = save(lambda: build(use_resource=False), tmp_path, old=True)
    assert frozen_as_checkpoint(prefix, plain=True).proof.verdict == "exact"


@pytest.mark.parametrize("weights", ["float16", "bfloat16"])
def test_the_casts_of_16_bit_weights_become_float32_constants(weights, tmp_path):
    frozen = freeze(save(perceptron, tmp_path), outputs="y", weights=weights).output
    plain = freeze(frozen, plain=True).output
    assert "Cast" in ops(frozen)
    assert "Cast" not in ops(plain)
    expected, found = (frozen_answers(path, ["y"], X) for path in (frozen, plain))
    assert np.array_equal(expected[0], found[0])


def test_every_output_of_an_op_on_constants_becomes_a_constant():
    def build():
        first, second = tf.split(tf.reshape(tf.range(8.0), [2, 4]), 2)
        tf.identity(fed() * first + second, name="y")

    editor = edited(build)
    assert fold_constants(editor) == 2
    assert ops_in(editor) == {"Placeholder", "Const", "Mul", "AddV2", "Identity"}


def test_an_output_that_is_constant_becomes_a_constant_of_its_name():
    editor = edited(lambda: tf.exp(tf.constant(1.0), name="y"))
    fold_constants(editor)
    assert editor.nodes["y"].op == "Const"
    assert editor.weights["y"].read() == pytest.approx(np.e)


def test_results_much_larger_than_their_inputs_stay_computed():
    editor = edited(lambda: tf.add(fed(4096), tf.fill([4096, 4096], 1.0), name="y"))
    fold_constants(editor)
    assert "Fill" in ops_in(editor)


def test_random_numbers_stay_random():
    editor = edited(lambda: tf.add(fed(), tf.random.normal([2, 4]), name="y"))
    fold_constants(editor)
    assert "RandomStandardNormal" in ops_in(editor)


def test_a_placeholder_with_a_default_stays_an_input():
    def build():
        rate = tf.compat.v1.placeholder_with_default(0.5, [], name="scale")
        tf.multiply(fed(), rate + 1, name="y")

    editor = edited(build)
    assert fold_constants(editor) == 0
    assert "PlaceholderWithDefault" in ops_in(editor)


def test_constants_that_cannot_be_computed_are_an_error():
    def build():
        tf.add(fed(), tf.linalg.inv(tf.zeros([4, 4])), name="y")

    with pytest.raises(FreezeError, match="depends on constants only does not run"):
        fold_constants(edited(build))


def test_fold_finds_the_constants_behind_casts(tmp_path):
    def build():
        images = dense(fed(), 3, "one")
        factors = tf.cast(tf.constant([2.0, 3, 4], tf.float16), tf.float32)
        tf.add(images * factors, 1.0, name="batch_y")

    prefix = save(build, tmp_path)
    report = freeze(prefix, outputs="batch_y", fold=True, plain=True)
    assert report.removed["batch normalization"] == 1
