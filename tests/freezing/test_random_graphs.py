"""Random small graphs: the frozen graph has exactly the outputs of its checkpoint."""

import tempfile
from pathlib import Path

import pytest
import tensorflow as tf

from tests.freezing.small_models import V1, V2, frozen_as_checkpoint, numbers, ops, save

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

pytestmark = pytest.mark.slow

tf1 = tf.compat.v1
SIZE, CHANNELS = 4, 2
NOT_FROZEN = {"Variable", "VariableV2", "VarHandleOp", "ReadVariableOp", "Assert"}


class Layers:
    """Builds layers on images [N, 4, 4, 2], each of which keeps the shape."""

    def __init__(self, resource: bool):
        self.resource, self.number = resource, 0
        self.training = tf1.placeholder_with_default(False, [], name="is_training")

    def variable(self, shape, name="weights", **how):
        self.number += 1
        values = tf1.random_uniform_initializer(0.1, 1, seed=self.number)
        name = f"{name}{self.number}"
        how = {"use_resource": self.resource, "initializer": values} | how
        return tf1.get_variable(name, shape, **how)

    def convolution(self, x):
        kernel = self.variable([3, 3, CHANNELS, CHANNELS])
        return tf.tanh(tf.nn.conv2d(x, kernel, 1, "SAME"))

    def normalization(self, x):
        moments = [self.variable([CHANNELS]) for _ in range(4)]
        return tf1.nn.fused_batch_norm(x, *moments, is_training=False)[0]

    def switched_normalization(self, x):
        moments = [self.variable([CHANNELS]) for _ in range(4)]
        return tf1.cond(
            self.training,
            lambda: tf1.nn.fused_batch_norm(x, *moments[:2])[0],
            lambda: tf1.nn.fused_batch_norm(x, *moments, is_training=False)[0],
        )

    def dropout(self, x):
        return tf1.cond(self.training, lambda: tf.nn.dropout(x, rate=0.5), lambda: x)

    def conditional(self, x):
        one, two = self.variable([CHANNELS]), self.variable([])
        return tf1.cond(tf.reduce_sum(x) > 3, lambda: x * one, lambda: x - two)

    def loop(self, x):
        weight = self.variable([CHANNELS])

        def step(i, state):
            return i + 1, tf.tanh(state * weight + tf.cast(i, tf.float32))

        return tf1.while_loop(lambda i, _: i < 3, step, [0, x])[1]

    def shared(self, x):
        kernel = self.variable([1, 1, CHANNELS, CHANNELS])
        once = tf.tanh(tf.nn.conv2d(x, kernel, 1, "SAME"))
        return tf.tanh(tf.nn.conv2d(once, kernel, 1, "SAME"))

    def partitioned(self, x):
        with tf1.variable_scope("p", partitioner=tf1.fixed_size_partitioner(2)):
            return x + tf.convert_to_tensor(self.variable([SIZE, CHANNELS]))

    def waiting(self, x):
        seen = self.variable([], "seen")
        check = tf1.debugging.assert_less(x, 1e9)
        with tf.control_dependencies([check, seen.assign_add(1.0)]):
            return tf.identity(x)

    def called(self, x):
        weight = self.variable([CHANNELS])
        return tf.function(lambda values: tf.tanh(values) + weight)(x)

    def in_a_branch(self, x):
        return tf1.cond(tf.reduce_mean(x) > 0.2, lambda: self.loop(x), lambda: x)


KINDS = sorted(name for name in vars(Layers) if name[0] != "_" and name != "variable")


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    layers=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5),
    branches=st.booleans(),
    resource=st.booleans(),
    old=st.booleans(),
    form=st.sampled_from([V1, V2]),
)
def test_frozen_equals_checkpoint(layers, branches, resource, old, form):
    def build():
        y = tf1.placeholder(tf.float32, [None, SIZE, SIZE, CHANNELS], name="x")
        made = Layers(resource)
        made.variable([])
        for kind in layers:
            before, y = y, getattr(made, kind)(y)
            y = y + before if branches else y
        tf.identity(y, name="y")

    feeds = {"x": numbers(2, SIZE, SIZE, CHANNELS)}
    with tempfile.TemporaryDirectory() as folder:
        prefix = save(build, Path(folder), old=old, write_version=form)
        report = frozen_as_checkpoint(prefix, feeds)
        assert report.proof.verdict == "exact"
        assert not ops(report.output) & NOT_FROZEN
        assert report.inputs.keys() == {"x:0"}
