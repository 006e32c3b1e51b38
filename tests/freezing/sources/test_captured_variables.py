"""Tables and variables that a layer captured anywhere are in the frozen graph."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.sources.keras.keras_files import answers_of

LAYERS = """
import keras
import tensorflow as tf


class Looking(keras.layers.Layer):
    def __init__(self, **options):
        super().__init__(**options)
        rows = tf.lookup.KeyValueTensorInitializer(["a", "b"], [5.0, 6.0])
        self.table = tf.lookup.StaticHashTable(rows, -1.0)
        self.factor = self.add_weight(name="factor", shape=())

    def compute_output_spec(self, words):
        return keras.KerasTensor(words.shape, "float32")

    def found(self, words):
        return self.table.lookup(words) * self.factor


class InBranch(Looking):
    def call(self, words):
        branches = [lambda: self.found(words), lambda: -self.found(words)]
        return tf.switch_case(tf.shape(words)[0] - 1, branches)


class InFunction(Looking):
    def call(self, words):
        inner = tf.function(lambda x: self.found(x))
        return tf.function(lambda x: inner(x) + self.factor)(words)


class InLoop(Looking):
    def call(self, words):
        def body(step, sums):
            with tf.control_dependencies([self.table.size()]):
                return step + 1, sums + self.found(words)

        start = [0, tf.zeros(tf.shape(words))]
        return tf.while_loop(lambda step, sums: step < 3, body, start)[1]


class InCondition(Looking):
    def call(self, words):
        is_pair = tf.shape(words)[0] > 1
        zeros = tf.zeros(tf.shape(words))
        inner = lambda: tf.cond(is_pair, lambda: self.found(words), lambda: zeros)
        return tf.cond(tf.shape(words)[0] < 9, inner, lambda: zeros)


class InMap(Looking):
    def call(self, words):
        return tf.map_fn(self.found, words, fn_output_signature=tf.float32)


class SizeAlone(Looking):
    def call(self, words):
        return tf.zeros(tf.shape(words)) + tf.cast(self.table.size(), tf.float32)


class OfData(Looking):
    def __init__(self, **options):
        super().__init__(**options)
        self.rows = tf.data.Dataset.range(3)

    def call(self, words):
        total = self.rows.reduce(tf.constant(0, tf.int64), lambda a, b: a + b)
        return tf.zeros(tf.shape(words)) + tf.cast(total, tf.float32)
"""
NAMES = ("InBranch", "InFunction", "InLoop", "InCondition", "InMap", "SizeAlone")


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """The file with the layers, and the classes that it defines."""
    path = tmp_path_factory.mktemp("code") / "looking.py"
    path.write_text(LAYERS)
    defined: dict = {}
    exec(compile(LAYERS, "looking", "exec"), defined)
    return path, defined


def saved(code, name, tmp_path) -> keras.Model:
    words = keras.Input((2,), dtype="string")
    model = keras.Model(words, code[1][name]()(words))
    model.save(tmp_path / "model.keras")
    return model


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_found_wherever_a_function_looks_it_up(name, code, tmp_path):
    model = saved(code, name, tmp_path)
    report = freeze(tmp_path / "model.keras", custom=(str(code[0]),))
    words = np.array([["b", "?"], ["a", "a"]], object)
    assert report.proof.verdict == "exact"
    assert np.allclose(answers_of(report, [words])[0], model(tf.constant(words)))


def test_what_is_neither_variable_nor_table_is_refused(code, tmp_path):
    saved(code, "OfData", tmp_path)
    with pytest.raises(FreezeError, match="which is no variable, lookup table or"):
        freeze(tmp_path / "model.keras", custom=(str(code[0]),))
