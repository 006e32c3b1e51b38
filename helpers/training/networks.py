"""Convolutional networks with placeholders, loss and training op.

The names in the graph are the lesson's: placeholders `x` and `y_true`, output op
`y_pred`. Each network is built in its own graph.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import json
from typing import NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.model_card import CARD_OP
from helpers.training import layers

TEMPERATURE = "head/temperature"


class Network(NamedTuple):
    """A graph and the tensors in it that training and prediction use."""

    graph: tf.Graph
    x: tf.Tensor  # float32 [N, size, size, 3], in [0, 1]
    y_true: tf.Tensor  # float32 [N, classes], one-hot (or smoothed) labels
    is_training: tf.Tensor | None  # bool, False unless fed; None: no such input
    learning_rate: tf.Tensor  # float32, 1e-4 unless fed
    logits: tf.Tensor  # float32 [N, classes]
    y_pred: tf.Tensor  # float32 [N, classes], probabilities
    loss: tf.Tensor
    accuracy: tf.Tensor
    train_op: tf.Operation
    global_step: tf.Variable
    temperature: tf.Variable | None  # divides the logits; fitted after training


def build(
    name: str, card: dict, *, size: int | None = None, training_only: bool = False
) -> Network:
    """The network `name` for the classes and image size that the card states.

    Args:
      name: one of NETWORKS.
      card: needs `class_names`, `image_size` and `seed`; it is stored in the graph,
        so the `.meta` file and the frozen graph contain it.
      size: width of the input instead of `image_size`; the variables are the same.
      training_only: omit the inference branches and `is_training`, which saves a tenth
        of a step's time; the variables are the same.
    """
    body, optimizer = NETWORKS[name]
    size, classes = size or card["image_size"], len(card["class_names"])
    graph = tf.Graph()
    with graph.as_default():
        tf1.set_random_seed(card["seed"])
        tf.constant(json.dumps(card), name=CARD_OP)
        x = tf1.placeholder(tf.float32, [None, size, size, 3], name="x")
        y_true = tf1.placeholder(tf.float32, [None, classes], name="y_true")
        is_training = None
        if body is resnet and not training_only:
            is_training = tf1.placeholder_with_default(False, [], name="is_training")
        logits = body(x, classes, is_training)
        y_pred = tf.nn.softmax(logits, name="y_pred")
        with tf1.variable_scope("training"):
            loss = tf.reduce_mean(
                tf.nn.softmax_cross_entropy_with_logits(labels=y_true, logits=logits),
                name="loss",
            )
            right = tf.equal(tf.argmax(y_pred, 1), tf.argmax(y_true, 1))
            accuracy = tf.reduce_mean(tf.cast(right, tf.float32), name="accuracy")
            step = tf1.train.get_or_create_global_step()
            rate = tf1.placeholder_with_default(1e-4, [], name="learning_rate")
            train_op = optimizer(loss, rate, step)
        variables = {v.op.name: v for v in tf1.global_variables()}
        return Network(
            graph,
            x,
            y_true,
            is_training,
            learning_rate=rate,
            logits=logits,
            y_pred=y_pred,
            loss=loss,
            accuracy=accuracy,
            train_op=train_op,
            global_step=step,
            temperature=variables.get(TEMPERATURE),
        )


def adam(loss, rate, global_step):
    """The op that takes one step of Adam."""
    return tf1.train.AdamOptimizer(rate).minimize(loss, global_step, name="train_op")


def momentum(loss, rate, global_step, decay=5e-4):
    """The op that takes one step of Nesterov momentum with L2 weight decay.

    It also updates the statistics of batch normalization and the moving averages.
    """
    kernels = [v for v in tf1.trainable_variables() if v.op.name.endswith("kernel")]
    penalty = decay * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels])
    optimizer = tf1.train.MomentumOptimizer(rate, 0.9, use_nesterov=True)
    step = optimizer.minimize(loss + penalty, global_step)
    statistics = tf1.get_collection(tf1.GraphKeys.UPDATE_OPS)
    averages = tf1.train.ExponentialMovingAverage(0.998, global_step)
    root = tf1.VariableScope(reuse=False)  # or their names would begin with training/
    with tf.control_dependencies([step, *statistics]), tf1.variable_scope(root):
        averaged = averages.apply(model_variables(tf1.get_default_graph()))
    return tf.group(averaged, name="train_op")


def model_variables(graph: tf.Graph) -> list[tf.Variable]:
    """The variables that training fits: no optimizer slots, no counters."""
    parts = ("kernel", "bias", "gamma", "beta", "mean", "variance")
    variables = graph.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES)
    return [v for v in variables if v.op.name.endswith(parts)]


def average_names(graph: tf.Graph) -> dict[str, str]:
    """The name of the moving average of each variable that has one, by variable."""
    names = {v.op.name for v in graph.get_collection(tf1.GraphKeys.GLOBAL_VARIABLES)}
    pairs = {name: f"{name}/ExponentialMovingAverage" for name in names}
    return {name: average for name, average in pairs.items() if average in names}


def small(x, classes, is_training=None):
    """The lesson's network: three convolutions and two dense layers."""
    images = x  # [N, 128, 128, 3]
    for layer, filters in enumerate((32, 32, 64), start=1):
        with tf1.variable_scope(f"conv{layer}"):
            images = layers.convolution(images, filters)
            images = tf.nn.relu(tf.nn.max_pool2d(images, 2, 2, "SAME"))
    with tf1.variable_scope("dense1"):  # [N, 16 * 16 * 64]
        hidden = tf.nn.relu(layers.dense(layers.flatten(images), 128))
    with tf1.variable_scope("dense2"):
        return layers.dense(hidden, classes)


def alexnet(x, classes, is_training=None):
    """AlexNet as the lesson counts it: one tower, 227 pixels, 62,378,344 parameters.

    Source: Krizhevsky, Sutskever, Hinton: ImageNet classification with deep
    convolutional neural networks, 2012.
    """
    shapes = [(96, 11, 4, "VALID"), (256, 5, 1, "SAME")]
    shapes += [(filters, 3, 1, "SAME") for filters in (384, 384, 256)]
    images = x  # [N, 227, 227, 3]
    for layer, (filters, size, stride, padding) in enumerate(shapes, start=1):
        with tf1.variable_scope(f"conv{layer}"):
            images = tf.nn.relu(
                layers.convolution(images, filters, size, stride, padding)
            )
        if layer in (1, 2, 5):
            images = tf.nn.max_pool2d(images, 3, 2, "VALID")
    vectors = layers.flatten(images)  # [N, 6 * 6 * 256]
    for layer in (6, 7):
        with tf1.variable_scope(f"dense{layer}"):
            vectors = tf.nn.relu(layers.dense(vectors, 4096))
    with tf1.variable_scope("dense8"):
        return layers.dense(vectors, classes)


def resnet(x, classes, is_training):
    """Two convolutions, residual blocks with squeeze and excitation, then dropout."""
    images = x
    with tf1.variable_scope("stem"):
        for layer, filters in enumerate((32, 64), start=1):
            with tf1.variable_scope(f"conv{layer}"):
                images = layers.convolution(images, filters, stride=2, bias=False)
            images = layers.normalized(images, is_training, f"norm{layer}")
            images = tf.nn.relu(images)
    stages = ((64, 2, 1), (128, 3, 2), (160, 1, 2))  # [N, 32, 32, 64] to [N, 8, 8, 160]
    for stage, (filters, blocks, stride) in enumerate(stages, start=1):
        for block in range(blocks):
            with tf1.variable_scope(f"stage{stage}/block{block}"):
                images = layers.residual(
                    images, filters, 1 if block else stride, is_training
                )
    with tf1.variable_scope("head"):
        vectors = tf.reduce_mean(images, [1, 2])
        vectors = layers.in_train_phase(
            is_training, lambda: tf.nn.dropout(vectors, rate=0.2), lambda: vectors
        )
        ones = tf1.ones_initializer()  # see helpers/training/calibration.py
        temperature = tf1.get_variable("temperature", [], None, ones, trainable=False)
        return layers.dense(vectors, classes) / temperature


NETWORKS = {
    "small": (small, adam),
    "resnet": (resnet, momentum),
    "alexnet": (alexnet, adam),
}
