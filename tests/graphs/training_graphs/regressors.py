"""Training graphs of regressors, autoencoders and generators, with right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    conv,
    dense,
    fed,
    flat,
    tf1,
    train,
    upsampled,
    variables_of,
)


def hidden(x, name: str = "hidden"):
    return dense(x, 5, name, tf.nn.relu)


def squared_error():
    answer = dense(hidden(fed(4)), 1, "last")
    train(tf.reduce_mean(tf.square(answer - fed(1))))
    return [answer]


def absolute_error_in_place():
    answer, truth = dense(hidden(fed(4)), 1, "last"), fed(1)
    train(tf.reduce_mean(tf.abs(truth - answer)))
    tf.sqrt(tf.reduce_mean(tf.math.squared_difference(truth, answer)), name="rmse")
    return [answer]


def huber():
    answer = dense(hidden(fed(4)), 2, "last", tf.tanh)
    train(tf1.losses.huber_loss(fed(2), answer))
    return [answer]


def line():
    """Linear regression on scalars, as in introductions to TensorFlow."""
    x, truth = tf1.placeholder(tf.float32), tf1.placeholder(tf.float32)
    slope, start = tf1.get_variable("W", []), tf1.get_variable("b", [])
    answer = tf.add(tf.multiply(x, slope), start)
    train(tf.reduce_sum(tf.pow(answer - truth, 2)) / 20)
    return [answer]


def squeezed():
    answer = tf.squeeze(dense(hidden(fed(4)), 1, "last"), 1)
    train(tf.reduce_mean(tf.square(fed() - answer)))
    return [answer]


def residual():
    """Super-resolution: what the network adds to a picture."""
    x, truth = fed(8, 8, 3), fed(8, 8, 3)
    answer = x + conv(conv(x, 4, "a"), 3, "b", None)
    train(tf.reduce_mean(tf.square(truth - answer)))
    return [answer]


def masked():
    """An answer that a mask, an input, is multiplied into."""
    answer = dense(hidden(fed(4)), 2, "last") * fed(2)
    train(tf.reduce_mean(tf.square(answer - fed(2))))
    return [answer], "ask"


def factorisation():
    """Ratings: the product of two embeddings and their biases."""
    users, items = fed(dtype=tf.int32), fed(dtype=tf.int32)
    tables = [tf1.get_variable(name, [9, 4]) for name in "ui"]
    biases = [tf1.get_variable(f"{name}_bias", [9]) for name in "ui"]
    found = [
        tf.nn.embedding_lookup(t, i)
        for t, i in zip(tables, (users, items), strict=True)
    ]
    more = [
        tf.nn.embedding_lookup(t, i)
        for t, i in zip(biases, (users, items), strict=True)
    ]
    answer = tf.reduce_sum(found[0] * found[1], 1) + more[0] + more[1]
    penalty = tf.nn.l2_loss(found[0]) + tf.nn.l2_loss(found[1])
    train(tf.nn.l2_loss(answer - fed()) + 0.1 * penalty)
    return [answer]


def autoencoder():
    x = fed(8)
    answer = dense(hidden(x), 8, "decoder", tf.sigmoid)
    train(tf.reduce_mean(tf.pow(x - answer, 2)))
    return [answer]


def residual_autoencoder():
    x = fed(8)
    answer = x + dense(hidden(x), 8, "decoder")
    train(tf.reduce_mean(tf.square(x - answer)))
    return [answer]


def convolutional_autoencoder():
    x = fed(8, 8, 3)
    logits = upsampled(conv(x, 4, "down", strides=2), 3, "up", None)
    answer = tf.nn.sigmoid(logits)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    train(tf.reduce_mean(losses))
    return [answer]


def denoising():
    x = fed(8)
    noisy = x + 0.1 * tf1.random_normal(tf.shape(x))
    answer = dense(hidden(noisy), 8, "decoder", tf.sigmoid)
    train(tf.reduce_mean(tf.square(x - answer)))
    return [answer]


def variational():
    x = fed(8)
    mean, log_variance = dense(hidden(x), 2, "mean"), dense(hidden(x), 2, "variance")
    noise = tf1.random_normal(tf.shape(mean))
    code = mean + tf.exp(0.5 * log_variance) * noise
    answer = dense(hidden(code, "back"), 8, "decoder", tf.sigmoid)
    error = -tf.reduce_sum(
        x * tf1.log(1e-8 + answer) + (1 - x) * tf1.log(1e-8 + 1 - answer), 1
    )
    spread = 1 + log_variance - tf.square(mean) - tf.exp(log_variance)
    train(tf.reduce_mean(error - 0.5 * tf.reduce_sum(spread, 1)))
    return [answer]


def _generator(z):
    with tf1.variable_scope("g", reuse=tf1.AUTO_REUSE):
        return dense(hidden(z), 8, "out", tf.tanh)


def _critic(x, activation=None):
    with tf1.variable_scope("d", reuse=tf1.AUTO_REUSE):
        return dense(hidden(x), 1, "out", activation)


def adversarial():
    made = _generator(fed(3))
    real, fake = _critic(fed(8), tf.sigmoid), _critic(made, tf.sigmoid)
    train(-tf.reduce_mean(tf1.log(real) + tf1.log(1 - fake)), variables_of("d"))
    train(-tf.reduce_mean(tf1.log(fake)), variables_of("g"))
    return [made, real, fake], "ask"


def adversarial_logits():
    made = _generator(fed(3))
    real, fake = _critic(fed(8)), _critic(made)
    entropy = tf.nn.sigmoid_cross_entropy_with_logits
    loss = tf.reduce_mean(entropy(labels=tf.ones_like(real), logits=real))
    loss += tf.reduce_mean(entropy(labels=tf.zeros_like(fake), logits=fake))
    train(loss, variables_of("d"))
    train(
        tf.reduce_mean(entropy(labels=tf.ones_like(fake), logits=fake)),
        variables_of("g"),
    )
    return [made], "ask"


def adversarial_from_noise():
    """A Wasserstein GAN whose noise is drawn in the graph."""
    made = _generator(tf1.random_normal([4, 3]))
    real, fake = _critic(fed(8)), _critic(made)
    train(tf.reduce_mean(fake) - tf.reduce_mean(real), variables_of("d"))
    train(-tf.reduce_mean(fake), variables_of("g"))
    return [made], "ask"


def _embedded(x):
    return dense(hidden(x), 3, "embedding")


def siamese():
    first, second, same = _embedded(fed(4)), _embedded(fed(4)), fed()
    squared = tf.reduce_sum(tf.square(first - second), 1)
    distance = tf.sqrt(squared + 1e-6)
    apart = (1 - same) * tf.square(tf.maximum(1.0 - distance, 0))
    train(tf.reduce_mean(same * squared + apart))
    return [distance, first, second], "ask"


def siamese_with_answer():
    first, second = _embedded(fed(4)), _embedded(fed(4))
    logits = dense(tf.abs(first - second), 1, "same")
    answer = tf.sigmoid(logits)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=fed(1), logits=logits)
    train(tf.reduce_mean(losses))
    return [answer]


def triplet():
    anchor, near, far = (_embedded(fed(4)) for _ in range(3))
    to_near = tf.reduce_sum(tf.square(anchor - near), 1)
    to_far = tf.reduce_sum(tf.square(anchor - far), 1)
    train(tf.reduce_mean(tf.maximum(to_near - to_far + 0.2, 0)))
    return [anchor, near, far], "ask"


def detector():
    """A detector's score and geometry."""
    shared = conv(fed(8, 8, 3), 4, "shared")
    score = conv(shared, 1, "score", tf.sigmoid)
    boxes = conv(shared, 4, "boxes", tf.sigmoid) * 512
    angle = (conv(shared, 1, "angle", tf.sigmoid) - 0.5) * 1.57
    geometry = tf.concat([boxes, angle], 3)
    true_score, true_geometry = fed(8, 8, 1), fed(8, 8, 5)
    overlap = tf.reduce_sum(score * true_score)
    both = tf.reduce_sum(score) + tf.reduce_sum(true_score) + 1e-5
    errors = tf.abs(true_geometry - geometry) * true_score
    train(1 - 2 * overlap / both + tf.reduce_mean(errors))
    return [score, geometry], "ask"


def boxes_and_classes():
    shared = flat(conv(fed(8, 8, 3), 4, "shared"))
    logits, boxes = dense(shared, 3, "classes"), dense(shared, 4, "boxes")
    answer = tf.nn.softmax(logits)
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=fed(3), logits=logits)
    train(tf.reduce_mean(losses) + tf.reduce_mean(tf.square(boxes - fed(4))))
    return [answer, boxes], "ask"


def mixture():
    """A mixture density network: weights, means and deviations from one layer."""
    parts = tf.split(dense(hidden(fed(1)), 9, "last"), 3, 1)
    weights, deviations, means = tf.nn.softmax(parts[0]), tf.exp(parts[1]), parts[2]
    normal = tf.exp(-0.5 * tf.square((fed(1) - means) / deviations)) / deviations
    train(tf.reduce_mean(-tf1.log(tf.reduce_sum(weights * normal, 1))))
    return [weights, deviations, means], "ask"


def uncertain():
    """Two tasks whose losses are weighed by trained scalars."""
    shared = hidden(fed(4))
    first, second = dense(shared, 1, "a"), dense(shared, 1, "b")
    loss = 0.0
    for name, answer in (("a", first), ("b", second)):
        scale = tf1.get_variable(f"scale_{name}", [])
        error = tf.reduce_mean(tf.square(answer - fed(1)))
        loss += tf.exp(-scale) * error + scale
    train(loss)
    return [first, second], "ask"


REGRESSORS = (
    *(squared_error, absolute_error_in_place, huber, line, squeezed, residual),
    *(factorisation, autoencoder, residual_autoencoder, convolutional_autoencoder),
    *(denoising, variational, adversarial, adversarial_logits, adversarial_from_noise),
    *(siamese, siamese_with_answer, triplet, detector, boxes_and_classes, mixture),
    *(uncertain, masked),
)
