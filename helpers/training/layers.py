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
    """[N, H, W, C] to [N, H/stride, W/stride, filters].

    Two convolutions and `excitation` are added to the images. Source: He, Zhang, Ren,
    Sun: Deep residual learning for image recognition, 2016; the mean before the
    shortcut: He and others: Bag of tricks for image classification, 2019.
    """
    direct = tf.nn.avg_pool2d(images, stride, stride, "SAME") if stride > 1 else images
    if images.shape[-1] != filters:
        with tf1.variable_scope("shortcut"):
            direct = convolution(direct, filters, size=1, bias=False)
        direct = normalized(direct, is_training, "norm3")
    with tf1.variable_scope("conv1"):
        hidden = convolution(images, filters, stride=stride, bias=False)
    hidden = tf.nn.relu(normalized(hidden, is_training, "norm1"))
    with tf1.variable_scope("conv2"):
        hidden = convolution(hidden, filters, bias=False)
    hidden = normalized(hidden, is_training, "norm2")
    return tf.nn.relu(direct + excitation(hidden))


def excitation(images):
    """Each channel times a number from 0 to 1 that depends on the means of all.

    Source: Hu, Shen, Sun: Squeeze-and-excitation networks, 2018.
    """
    channels = images.shape[-1]
    with tf1.variable_scope("excite1"):
        hidden = tf.nn.relu(dense(tf.reduce_mean(images, [1, 2]), channels // 4))
    with tf1.variable_scope("excite2"):
        factors = tf.sigmoid(dense(hidden, channels))
    return images * factors[:, tf.newaxis, tf.newaxis]


def normalized(images, is_training, name, momentum=0.95):
    """Batch normalization.

    Training uses the statistics of the batch and adds updates of their moving averages
    to UPDATE_OPS; inference uses the moving averages.
    """
    channels = images.shape[-1]
    ones, zeros = tf1.ones_initializer(), tf1.zeros_initializer()
    with tf1.variable_scope(name):
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
    return images


def in_train_phase(is_training, training, inference):
    """`training()` or `inference()`, as `is_training` is fed; None means training."""
    if is_training is None:
        return training()
    return tf1.cond(is_training, training, inference)
