"""Layers, losses and optimizers that the training graphs of the tests are made of."""

import tensorflow as tf

tf1 = tf.compat.v1


def fed(*shape, dtype=tf.float32, name: str | None = None):
    return tf1.placeholder(dtype, [None, *shape], name)


def weight(*shape, **how):
    return tf1.get_variable("weights", shape, tf.float32, **how)


def dense(x, units: int, name: str, activation=None, out: str | None = None, **how):
    with tf1.variable_scope(name, reuse=tf1.AUTO_REUSE):
        kernel = weight(x.shape[-1], units, **how)
        bias = tf1.get_variable("bias", [units], tf.float32, **how)
        y = tf.nn.bias_add(tf.matmul(x, kernel), bias)
        y = activation(y) if activation else y
    return tf.identity(y, out) if out else y


def conv(x, filters: int, name: str, activation=tf.nn.relu, strides: int = 1):
    with tf1.variable_scope(name, reuse=tf1.AUTO_REUSE):
        y = tf.nn.conv2d(x, weight(3, 3, x.shape[-1], filters), strides, "SAME")
        y = y + tf1.get_variable("bias", [filters])
        return activation(y) if activation else y


def upsampled(x, filters: int, name: str, activation=tf.nn.relu):
    """A transposed convolution."""
    with tf1.variable_scope(name, reuse=tf1.AUTO_REUSE):
        kernel = weight(3, 3, filters, x.shape[-1])
        shape = [tf.shape(x)[0], 2 * x.shape[1], 2 * x.shape[2], filters]
        y = tf.nn.conv2d_transpose(x, kernel, tf.stack(shape), 2, "SAME")
        y.set_shape([None, 2 * x.shape[1], 2 * x.shape[2], filters])
        return activation(y) if activation else y


def normalised(x, name: str, updates: list | None = None):
    """Batch normalization by the batch's statistics, written out, as in training."""
    with tf1.variable_scope(name):
        size = x.shape[-1]
        mean, variance = tf1.nn.moments(x, list(range(len(x.shape) - 1)))
        for part, value in (("moving_mean", mean), ("moving_variance", variance)):
            moving = tf1.get_variable(part, [size], trainable=False)
            step = tf1.assign_sub(moving, (moving - value) * 0.1)
            tf1.add_to_collection("update_ops", step)
        gamma, beta = (tf1.get_variable(n, [size]) for n in ("gamma", "beta"))
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)


def flat(x):
    size = 1
    for axis in x.shape[1:]:
        size *= axis
    return tf.reshape(x, [-1, size])


def old_cross_entropy(logits, labels):
    """Cross entropy as TensorFlow 0.12 to 1.x wrote it, with Shape, Slice and Rank."""
    shape, rank = tf.shape(logits), tf.rank(logits)
    last = tf.slice(shape, [tf.subtract(rank, 1)], [1])
    flattened = tf.reshape(logits, tf.concat([[-1], last], 0))
    losses, _ = tf.raw_ops.SoftmaxCrossEntropyWithLogits(
        features=flattened, labels=labels
    )
    kept = tf.slice(shape, [0], [tf.subtract(tf.rank(logits), 1)])
    return tf.reshape(losses, kept)


def entropy(logits, labels, name: str | None = None):
    losses = tf1.nn.softmax_cross_entropy_with_logits_v2(labels, logits, name=name)
    return tf.reduce_mean(losses)


def train(loss, variables=None, optimizer=None):
    """Let an optimizer minimize the loss: Adam, where its slots are few."""
    if optimizer is None:
        few = len(tf1.trainable_variables()) <= 3
        kind = tf1.train.AdamOptimizer if few else tf1.train.GradientDescentOptimizer
        optimizer = kind(1e-3)
    return optimizer.minimize(loss, var_list=variables)


def variables_of(scope: str) -> list:
    return tf1.trainable_variables(scope)


def lstm_loop(x, units: int, name: str):
    """The outputs of an LSTM over time and its last state, by a while loop.

    Args:
      x: [N, T, D].
    """
    with tf1.variable_scope(name, reuse=tf1.AUTO_REUSE):
        kernel = tf1.get_variable("kernel", [x.shape[-1] + units, 4 * units])
        bias = tf1.get_variable("bias", [4 * units])
        steps = tf.shape(x)[1]
        sequence = tf.TensorArray(tf.float32, steps).unstack(tf.transpose(x, [1, 0, 2]))
        zeros = tf.zeros(tf.stack([tf.shape(x)[0], units]))

        def step(i, c, h, outputs):
            found = tf.concat([sequence.read(i), h], 1)
            parts = tf.split(tf.matmul(found, kernel) + bias, 4, 1)
            c = tf.sigmoid(parts[0]) * c + tf.sigmoid(parts[1]) * tf.tanh(parts[2])
            h = tf.sigmoid(parts[3]) * tf.tanh(c)
            return i + 1, c, h, outputs.write(i, h)

        start = [0, zeros, zeros, tf.TensorArray(tf.float32, steps)]
        shapes = [tf.TensorShape([]), *[tf.TensorShape([None, units])] * 2]
        shapes.append(tf.TensorShape(None))
        _, _, h, outputs = tf1.while_loop(
            lambda i, *_: i < steps, step, start, shape_invariants=shapes
        )
        found = tf.transpose(outputs.stack(), [1, 0, 2])
        found.set_shape([None, x.shape[1], units])
        h.set_shape([None, units])
        return found, h
