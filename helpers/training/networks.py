"""Placeholders, convolutional networks, loss and training step in TensorFlow 1 terms.

The names in the graph are the lesson's: placeholders `x` and `y_true`, output op
`y_pred`. Every network is built in a graph of its own.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import json
import math
from typing import NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.model_card import CARD_OP

TEMPERATURE = "head/temperature"


class Network(NamedTuple):
    """A graph and the tensors in it that training and prediction use."""

    graph: tf.Graph
    x: tf.Tensor  # float32 [N, size, size, 3], in [0, 1]
    y_true: tf.Tensor  # float32 [N, classes], one-hot (or smoothed) labels
    is_training: tf.Tensor | None  # bool, False unless fed; None: no such switch
    learning_rate: tf.Tensor  # float32, the recipe's unless fed
    logits: tf.Tensor  # float32 [N, classes]
    y_pred: tf.Tensor  # float32 [N, classes], probabilities
    loss: tf.Tensor
    accuracy: tf.Tensor
    train_op: tf.Operation
    global_step: tf.Variable
    temperature: tf.Variable | None  # divides the logits; fitted after training


def build(
    name: str, card: dict, *, size: int | None = None, learns_only: bool = False
) -> Network:
    """The network `name` for the classes and image size that the card states.

    Args:
      name: one of NETWORKS.
      card: needs `class_names`, `image_size` and `seed`; it is stored in the graph,
        so that it travels with the `.meta` file and into the frozen graph.
      size: train on pictures of another size; the variables are the same.
      learns_only: leave the inference side of the `is_training` switch out, which
        saves a tenth of a step's time; the variables are the same.
    """
    body, optimizer = NETWORKS[name]
    size, classes = size or card["image_size"], len(card["class_names"])
    graph = tf.Graph()
    with graph.as_default():
        tf1.set_random_seed(card["seed"])
        tf.constant(json.dumps(card), name=CARD_OP)
        x = tf1.placeholder(tf.float32, [None, size, size, 3], name="x")
        y_true = tf1.placeholder(tf.float32, [None, classes], name="y_true")
        switch = None
        if body is resnet and not learns_only:
            switch = tf1.placeholder_with_default(False, [], name="is_training")
        logits = body(x, classes, switch)
        y_pred = tf.nn.softmax(logits, name="y_pred")
        step = _step(logits, y_true, y_pred, optimizer)
        variables = {v.op.name: v for v in tf1.global_variables()}
        return Network(graph, x, y_true, switch, *step, variables.get(TEMPERATURE))


def _step(logits, y_true, y_pred, optimizer):
    with tf1.variable_scope("training"):
        loss = tf.reduce_mean(
            tf.nn.softmax_cross_entropy_with_logits(labels=y_true, logits=logits),
            name="loss",
        )
        right = tf.equal(tf.argmax(y_pred, 1), tf.argmax(y_true, 1))
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
        global_step = tf1.train.get_or_create_global_step()
        rate = tf1.placeholder_with_default(1e-4, [], name="learning_rate")
        train_op = optimizer(loss, rate, global_step)
    return rate, logits, y_pred, loss, accuracy, train_op, global_step


def adam(loss, rate, global_step):
    return tf1.train.AdamOptimizer(rate).minimize(loss, global_step, name="train_op")


def momentum(loss, rate, global_step, decay=5e-4):
    """Nesterov momentum on the loss and on the kernels' squared length."""
    kernels = [v for v in tf1.trainable_variables() if v.op.name.endswith("kernel")]
    penalty = decay * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
    optimizer = tf1.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)
    step = optimizer.minimize(loss + penalty, global_step)
    statistics = tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)
    averages = tf1.train.ExponentialMovingAverage(0.998, global_step)
    root = tf1.VariableScope(reuse=False)  # else they are named training/...
    with tf.control_dependencies([step, *statistics]), tf1.variable_scope(root):
        averaged = averages.apply(_model_variables())
    return tf.group(averaged, name="train_op")


def _model_variables():
    """What the prediction is made of: no optimizer slots, no counters."""
    parts = ("kernel", "bias", "gamma", "beta", "mean", "variance")
    return [v for v in tf1.global_variables() if v.op.name.endswith(parts)]


def average_names(graph: tf.Graph) -> dict[str, str]:
    """Each variable that has a moving average, and the average's name."""
    names = {v.op.name for v in graph.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES)}
    pairs = {name: f"{name}/ExponentialMovingAverage" for name in names}
    return {name: average for name, average in pairs.items() if average in names}


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


def small(x, classes, switch=None):
    """The lesson's network: three convolutions and two dense layers."""
    images = x  # [N, 128, 128, 3]
    for layer, filters in enumerate((32, 32, 64), start=1):
        with tf1.variable_scope(f"conv{layer}"):
            images = convolution(images, filters)
            images = tf.nn.relu(tf.nn.max_pool2d(images, 2, 2, "SAME"))
    with tf1.variable_scope("dense1"):  # [N, 16 * 16 * 64]
        hidden = tf.nn.relu(dense(flatten(images), 128))
    with tf1.variable_scope("dense2"):
        return dense(hidden, classes)


def alexnet(x, classes, switch=None):
    """AlexNet as the lesson counts it: one tower, 227 pixels, 62,378,344 parameters.

    Source: Krizhevsky, Sutskever, Hinton: ImageNet classification with deep
    convolutional neural networks, 2012.
    """
    shapes = ((96, 11, 4, "VALID"), (256, 5, 1, "SAME"))
    shapes += ((384, 3, 1, "SAME"), (384, 3, 1, "SAME"), (256, 3, 1, "SAME"))
    images = x  # [N, 227, 227, 3]
    for layer, (filters, size, stride, padding) in enumerate(shapes, start=1):
        with tf1.variable_scope(f"conv{layer}"):
            images = tf.nn.relu(convolution(images, filters, size, stride, padding))
        if layer in (1, 2, 5):
            images = tf.nn.max_pool2d(images, 3, 2, "VALID")
    vectors = flatten(images)  # [N, 6 * 6 * 256]
    for layer in (6, 7):
        with tf1.variable_scope(f"dense{layer}"):
            vectors = tf.nn.relu(dense(vectors, 4096))
    with tf1.variable_scope("dense8"):
        return dense(vectors, classes)


def resnet(x, classes, switch):
    """Residual pairs of 3x3 convolutions with batch normalization, then dropout.

    Asked, it looks at the mirror image too, and means both; it learns from one.

    Source: He, Zhang, Ren, Sun: Identity mappings in deep residual networks, 2016.
    """
    with tf1.variable_scope("mirror"):
        images = _switched(switch, lambda: x, lambda: tf.concat([x, x[:, :, ::-1]], 0))
    with tf1.variable_scope("stem"):
        images = convolution(images, 16, stride=2, bias=False)  # [N, 64, 64, 16]
    stages = ((32, 1, 1), (64, 2, 2), (128, 3, 2))
    for stage, (filters, blocks, stride) in enumerate(stages, start=1):
        for block in range(blocks):
            with tf1.variable_scope(f"stage{stage}/block{block}"):
                images = _residual(images, filters, 1 if block else stride, switch)
    with tf1.variable_scope("head"):  # [N, 16, 16, 128]
        images = _normalized_relu(images, switch)
        vectors = tf.reduce_mean(images, [1, 2])
        vectors = _switched(
            switch, lambda: tf.nn.dropout(vectors, rate=0.2), lambda: vectors
        )
        ones = tf1.ones_initializer()  # see helpers/training/calibration.py
        temperature = tf1.get_variable("temperature", [], None, ones, trainable=False)
        logits = dense(vectors, classes) / temperature
    with tf1.variable_scope("mean"):
        return _switched(
            switch, lambda: logits, lambda: tf.add_n(tf.split(logits, 2)) / 2
        )


def _residual(images, filters, stride, switch):
    with tf1.variable_scope("norm1"):
        inputs = _normalized_relu(images, switch)
    if images.shape[-1] != filters:
        with tf1.variable_scope("shortcut"):
            images = convolution(_pooled(inputs, stride), filters, size=1, bias=False)
    with tf1.variable_scope("conv1"):
        hidden = convolution(inputs, filters, stride=stride, bias=False)
    with tf1.variable_scope("norm2"):
        hidden = _normalized_relu(hidden, switch)
    with tf1.variable_scope("conv2"):
        return images + convolution(hidden, filters, bias=False)


def _pooled(images, stride):
    return tf.nn.avg_pool2d(images, 2, stride, "SAME") if stride > 1 else images


def _normalized_relu(images, switch, momentum=0.95):
    """Batch normalization: the batch's own statistics in training, else averages."""
    channels = images.shape[-1]
    ones, zeros = tf1.ones_initializer(), tf1.zeros_initializer()
    gamma = tf1.get_variable("gamma", [channels], initializer=ones)
    beta = tf1.get_variable("beta", [channels], initializer=zeros)
    mean = tf1.get_variable("mean", [channels], initializer=zeros, trainable=False)
    variance = tf1.get_variable(
        "variance", [channels], initializer=ones, trainable=False
    )
    images, batch_mean, batch_variance = _switched(
        switch,
        lambda: tf1.nn.fused_batch_norm(images, gamma, beta, is_training=True),
        lambda: tf1.nn.fused_batch_norm(
            images, gamma, beta, mean, variance, is_training=False
        ),
    )
    for average, value in ((mean, batch_mean), (variance, batch_variance)):
        update = average.assign_sub((1 - momentum) * (average - value))
        tf1.add_to_collection(tf1.GraphKeys.UPDATE_OPS, update)
    return tf.nn.relu(images)


def _switched(switch, training, inference):
    return training() if switch is None else tf1.cond(switch, training, inference)


NETWORKS = {
    "small": (small, adam),
    "resnet": (resnet, momentum),
    "alexnet": (alexnet, adam),
}
