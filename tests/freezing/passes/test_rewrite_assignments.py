"""Outputs that depend on an update of a variable: computed, or refused."""

import pytest
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from tests.freezing.small_models import fed, save, variable

tf1 = tf.compat.v1


def scattered(**how):
    x, memory = fed(), tf1.get_variable("memory", initializer=tf.ones([3, 4]), **how)
    tf.add(tf1.scatter_add(memory, [0], x[:1])[0], x, name="y")


def counted_in_a_loop(**how):
    x, count = fed(), variable("count", [], **how)

    def step(i, state):
        return i + 1, state * tf1.assign_add(count, 1.0)

    tf.identity(tf1.while_loop(lambda i, _: i < 2, step, [0, x])[1], name="y")


@pytest.mark.parametrize(
    ("build", "resource", "old"),
    [
        (scattered, False, False),
        (scattered, True, False),
        (counted_in_a_loop, True, False),
        (counted_in_a_loop, False, True),
    ],
    ids=["scattered", "scattered and read", "in a loop", "in an old loop"],
)
def test_output_that_depends_on_an_update_is_refused(build, resource, old, tmp_path):
    prefix = save(lambda: build(use_resource=resource), tmp_path, old=old)
    with pytest.raises(FreezeError, match=r"changes a variable .*frozen graph cannot"):
        freeze(prefix, outputs="y")
    assert not (tmp_path / "model-ckpt.pb").exists()
