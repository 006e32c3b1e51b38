"""Layers of the networks: convolution, dense, residual block, batch normalization."""

import math

import tensorflow as tf
import tensorflow.compat.v1 as tf1


def convolution(images, filters, size=3, stride=1, padding="SAME", bias=True):
    """[N, H, W, C] to [N, H/stride, W/stride, filters]."""
    fan_in = size * size * images.shape[-1]
    kernel = tf1.get_variable(
        "kernel",
        [size, size, images.shape[-1], filters],
        initializer=tf1.truncated_normal_initializer(stddev=math.sqrt(2 / fan_in)),
    )
    images = tf.nn.conv2d(images, kernel, stride, padding)
    return _with_bias(images, filters) if bias else images


def dense(vectors, units):
    """[N, C] to [N, units]."""
    inputs = vectors.shape[-1]
    kernel = tf1.get_variable(
        "kernel",
        [inputs, units],
        initializer=tf1.truncated_normal_initializer(stddev=math.sqrt(2 / inputs)),
    )
    return _with_bias(tf.matmul(vectors, kernel), units)


def _with_bias(values, units):
    bias = tf1.get_variable("bias", [units], initializer=tf1.zeros_initializer())
    return tf.nn.bias_add(values, bias)


def flatten(images):
    """[N, H, W, C] to [N, H*W*C]."""
    return tf.reshape(images, [-1, math.prod(images.shape[1:])])


def residual(images, filters, stride, is_training):
    """[N, H, W, C] to [N, H/stride, W/stride, filters]: a pre-activation block."""
    with tf1.variable_scope("norm1"):
        inputs = normalized_relu(images, is_training)
    if images.shape[-1] != filters:
        with tf1.variable_scope("shortcut"):
            pool = stride > 1
            images = tf.nn.avg_pool2d(inputs, 2, stride, "SAME") if pool else inputs
            images = convolution(images, filters, size=1, bias=False)
    with tf1.variable_scope("conv1"):
        hidden = convolution(inputs, filters, stride=stride, bias=False)
    with tf1.variable_scope("norm2"):
        hidden = normalized_relu(hidden, is_training)
    with tf1.variable_scope("conv2"):
        return images + convolution(hidden, filters, bias=False)


def normalized_relu(images, is_training, momentum=0.95):
    """Batch normalization and Relu.

    Training uses the statistics of the batch and adds updates of their moving averages
    to UPDATE_OPS; inference uses the moving averages.
    """
    channels = images.shape[-1]
    ones, zeros = tf1.ones_initializer(), tf1.zeros_initializer()
    gamma = tf1.get_variable("gamma", [channels], initializer=ones)
    beta = tf1.get_variable("beta", [channels], initializer=zeros)
    mean = tf1.get_variable("mean", [channels], initializer=zeros, trainable=False)
    variance = tf1.get_variable(
        "variance", [channels], initializer=ones, trainable=False
    )
    images, batch_mean, batch_variance = in_train_phase(
        is_training,
        lambda: tf1.nn.fused_batch_norm(images, gamma, beta, is_training=True),
        lambda: tf1.nn.fused_batch_norm(
            images, gamma, beta, mean, variance, is_training=False
        ),
    )
    for average, value in ((mean, batch_mean), (variance, batch_variance)):
        update = average.assign_sub((1 - momentum) * (average - value))
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, update)
    return tf.nn.relu(images)


def in_train_phase(is_training, training, inference):
    """`training()` or `inference()`, as `is_training` is fed; None means training."""
    if is_training is None:
        return training()
    return tf1.cond(is_training, training, inference)
