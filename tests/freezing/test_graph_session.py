"""The session that proves a graph as it is written."""

import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from helpers.freezing.proof.graph_session import unoptimized
from tests.freezing.small_models import save

tf1 = tf.compat.v1


def channels_first():
    images = tf1.placeholder(tf.float32, [None, 3, 8, 8], name="x")
    kernel = tf1.get_variable("kernel", [3, 3, 3, 4])
    found = tf.nn.conv2d(images, kernel, 1, "SAME", data_format="NCHW")
    found = tf.nn.max_pool2d(found, 2, 2, "SAME", data_format="NCHW")
    tf.nn.softmax(tf.reduce_mean(found, [2, 3]), name="y")


def test_a_convolution_with_channels_first_is_proven_on_a_cpu(tmp_path):
    report = freeze(save(channels_first, tmp_path), outputs="y")
    assert str(report.proof).startswith("exact")


@pytest.mark.parametrize("is_first", [False, True])
def test_no_constant_is_folded(is_first):
    rewrite = unoptimized(channels_first=is_first).graph_options.rewrite_options
    assert rewrite.disable_meta_optimizer is not is_first
    assert rewrite.constant_folding == rewrite.OFF
    assert np.isin(rewrite.cpu_layout_conversion, [int(is_first)])
