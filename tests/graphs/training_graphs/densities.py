"""Training graphs of densities, clusters and weighed examples, with right outputs."""

import math

import tensorflow as tf

from tests.graphs.training_graphs.layers import dense, entropy, fed, tf1, train


def conditional_autoencoder():
    """A variational autoencoder whose label is an input of both halves."""
    x, label = fed(8), fed(3)
    hidden = dense(tf.concat([x, label], 1), 5, "encoder", tf.nn.relu)
    mean, spread = dense(hidden, 2, "mean"), dense(hidden, 2, "spread")
    code = mean + tf.exp(0.5 * spread) * tf1.random_normal(tf.shape(mean))
    inner = dense(tf.concat([code, label], 1), 5, "decoder", tf.nn.relu)
    logits = dense(inner, 8, "out")
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    distance = 1 + spread - tf.square(mean) - tf.exp(spread)
    train(
        tf.reduce_mean(tf.reduce_sum(losses, 1) - 0.5 * tf.reduce_sum(distance, 1)),
    )
    return [tf.sigmoid(logits), logits]


def sparse_autoencoder():
    """An autoencoder whose hidden units' mean activity is near 5%."""
    x = fed(8)
    hidden = dense(x, 5, "encoder", tf.sigmoid)
    answer = dense(hidden, 8, "decoder", tf.sigmoid)
    active = tf.reduce_mean(hidden, 0)
    distance = 0.05 * tf1.log(0.05 / active)
    distance += 0.95 * tf1.log(0.95 / (1 - active))
    error = tf.reduce_mean(tf.square(answer - x))
    train(error + 0.1 * tf.reduce_sum(distance))
    return [answer]


def with_deviations():
    """A mean and the logarithm of a variance for each example."""
    hidden, truth = dense(fed(4), 5, "one", tf.nn.relu), fed(1)
    mean, spread = dense(hidden, 1, "mean"), dense(hidden, 1, "spread")
    error = tf.exp(-spread) * tf.square(truth - mean) + spread
    train(0.5 * tf.reduce_mean(error))
    return [mean, spread], "two heads"


def logarithmic_mixture():
    """A mixture of densities, summed as logarithms."""
    hidden, truth = dense(fed(4), 5, "one", tf.tanh), fed(1)
    logits, mean, spread = (dense(hidden, 3, name) for name in ("pi", "mu", "sigma"))
    density = -0.5 * tf.square((truth - mean) / tf.exp(spread)) - spread
    density -= 0.5 * math.log(2 * math.pi)
    parts = tf.nn.log_softmax(logits) + density
    train(-tf.reduce_mean(tf.reduce_logsumexp(parts, 1)))
    return [tf.nn.softmax(logits), logits, mean, spread], "three heads"


def counts():
    """A Poisson regression."""
    answer, truth = tf.exp(dense(dense(fed(4), 5, "one", tf.nn.relu), 1, "two")), fed(1)
    train(tf.reduce_mean(answer - truth * tf1.log(answer + 1e-8)))
    return [answer]


def clusters():
    """Deep embedded clustering: soft assignments by Student's t, and their targets."""
    code = dense(dense(fed(4), 5, "one", tf.nn.relu), 2, "two")
    centers, target = tf1.get_variable("centers", [3, 2]), fed(3)
    squared = tf.reduce_sum(tf.square(tf.expand_dims(code, 1) - centers), 2)
    near = 1.0 / (1.0 + squared)
    answer = near / tf.reduce_sum(near, 1, keepdims=True)
    train(tf.reduce_mean(tf.reduce_sum(target * tf1.log(target / answer), 1)))
    return [answer]


def with_class_weights():
    """Cross entropy weighed by the class of each label."""
    logits, labels = dense(dense(fed(4), 5, "one", tf.nn.relu), 3, "two"), fed(3)
    weights = tf.reduce_sum(tf.constant([1.0, 2.0, 5.0]) * labels, 1)
    losses = tf1.nn.softmax_cross_entropy_with_logits_v2(labels, logits)
    train(tf.reduce_mean(losses * weights))
    return [tf.nn.softmax(logits)]


def hinge():
    """A linear classifier with the hinge loss of a support vector machine."""
    answer, labels = dense(fed(4), 1, "linear"), fed(1)
    kernel = tf1.trainable_variables()[0]
    loss = tf.reduce_mean(tf.maximum(0.0, 1.0 - labels * answer))
    train(loss + 0.01 * tf.reduce_sum(tf.square(kernel)))
    tf.sign(answer)
    return [answer]


def confident():
    """Entropy of the answers is taken from the loss."""
    logits, labels = dense(dense(fed(4), 5, "one", tf.nn.relu), 3, "two"), fed(3)
    answer = tf.nn.softmax(logits)
    spread = -tf.reduce_sum(answer * tf1.log(answer + 1e-8), 1)
    train(entropy(logits, labels) - 0.1 * tf.reduce_mean(spread))
    return [answer]


def consistent():
    """Half-supervised: the answers to two noisy copies are alike."""
    x, labels = fed(4), fed(3)

    def answered(noise):
        seen = x + noise * tf1.random_normal(tf.shape(x))
        return dense(dense(seen, 5, "one", tf.nn.relu), 3, "two")

    first, second = answered(0.1), answered(0.1)
    answers = tf.nn.softmax(first), tf.nn.softmax(second)
    alike = tf.math.squared_difference(*answers)
    train(entropy(first, labels) + tf.reduce_mean(alike))
    return [first, second, *answers], "one network on two inputs"


DENSITIES = (
    *(conditional_autoencoder, sparse_autoencoder, with_deviations),
    *(logarithmic_mixture, counts, clusters, with_class_weights, hinge, confident),
    *(consistent,),
)
