"""Training graphs of classifiers; each builder returns the names of right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    conv,
    dense,
    entropy,
    fed,
    flat,
    normalised,
    old_cross_entropy,
    tf1,
    train,
    upsampled,
    weight,
)


def perceptron(x=None, classes: int = 3):
    x = fed(4) if x is None else x
    return dense(dense(x, 5, "one", tf.nn.relu), classes, "two")


def metrics(answers, labels):
    right = tf.equal(tf.argmax(answers, 1), tf.argmax(labels, 1))
    tf1.summary.scalar("accuracy", tf.reduce_mean(tf.cast(right, tf.float32)))


def softmax_and_accuracy():
    logits, labels = perceptron(), fed(3)
    answer = tf.nn.softmax(logits)
    train(entropy(logits, labels))
    metrics(answer, labels)
    return [answer]


def logits_only():
    logits, labels = perceptron(), fed(3)
    train(entropy(logits, labels))
    metrics(logits, labels)
    return [logits]


def old_logits_only():
    logits = tf.matmul(fed(4), weight(4, 3)) + tf1.get_variable("b", [3])
    labels = fed(3)
    train(tf.reduce_mean(old_cross_entropy(logits, labels)))
    metrics(logits, labels)
    return [logits]


def sparse_logits():
    logits, labels = perceptron(), fed(dtype=tf.int64)
    train(tf1.losses.sparse_softmax_cross_entropy(labels, logits))
    found = tf.cast(tf.nn.in_top_k(labels, logits, 1), tf.float32)
    tf.reduce_mean(found)
    return [logits]


def written_out_entropy():
    answer, labels = tf.nn.softmax(perceptron()), fed(3)
    train(tf.reduce_mean(-tf.reduce_sum(labels * tf1.log(answer), 1)))
    metrics(answer, labels)
    return [answer]


def clipped_entropy():
    answer, labels = tf.nn.softmax(perceptron()), fed(3)
    safe = tf1.log(tf.clip_by_value(answer, 1e-10, 1.0))
    train(-tf.reduce_sum(labels * safe))
    return [answer]


def entropy_with_epsilon():
    answer, labels = tf.nn.sigmoid(perceptron(classes=1)), fed(1)
    loss = labels * tf1.log(answer + 1e-9) + (1 - labels) * tf1.log(1 - answer + 1e-9)
    train(-tf.reduce_mean(loss))
    tf.reduce_mean(tf.cast(tf.equal(tf.round(answer), labels), tf.float32))
    return [answer]


def multi_label():
    logits, labels = perceptron(), fed(3)
    answer = tf.sigmoid(logits)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    train(tf.reduce_mean(losses))
    tf.cast(answer > 0.5, tf.float32)
    return [answer]


def regularised():
    logits, labels = perceptron(), fed(3)
    penalty = tf.add_n([tf.nn.l2_loss(v) for v in tf1.trainable_variables()])
    loss = entropy(logits, labels) + 1e-3 * penalty
    train(loss)
    tf1.summary.scalar("loss", loss)
    tf1.summary.histogram("logits", logits)
    return [logits]


def dropped():
    keep = tf1.placeholder(tf.float32, [], "keep_prob")
    hidden = dense(fed(4), 5, "one", tf.nn.relu)
    mask = tf.floor(keep + tf1.random_uniform(tf.shape(hidden)))
    logits, labels = dense(hidden / keep * mask, 3, "two"), fed(3)
    answer = tf.nn.softmax(logits)
    train(entropy(logits, labels))
    return [answer]


def batch_normalised():
    hidden = tf.nn.relu(normalised(conv(fed(8, 8, 3), 4, "conv", None), "bn"))
    logits, labels = dense(flat(hidden), 3, "fc"), fed(3)
    answer = tf.nn.softmax(logits)
    loss = entropy(logits, labels)
    with tf.control_dependencies(tf1.get_collection("update_ops")):
        train(loss)
    return [answer]


def averaged_loss_and_weights():
    logits, labels = perceptron(), fed(3)
    loss = entropy(logits, labels)
    step = train(loss)
    average = tf1.train.ExponentialMovingAverage(0.9)
    with tf.control_dependencies([step]):
        average.apply([loss, *tf1.trainable_variables()])
    tf1.summary.scalar("average", average.average(loss))
    return [logits]


def weighted_examples():
    logits, labels, weights = perceptron(), fed(3), fed()
    losses = tf1.nn.softmax_cross_entropy_with_logits_v2(labels, logits)
    answer = tf.nn.softmax(logits)
    train(tf.reduce_mean(losses * weights))
    return [answer]


def from_an_iterator():
    data = tf.data.Dataset.from_tensors((tf.zeros([4]), tf.zeros([3]))).batch(2)
    x, labels = tf1.data.make_one_shot_iterator(data).get_next()
    logits = perceptron(x)
    with tf1.name_scope("head"):
        answer = tf.nn.softmax(logits)
        train(entropy(logits, labels))
        metrics(answer, labels)
    return [answer]


def from_a_queue():
    x, labels = tf1.train.shuffle_batch([tf.ones([4]), tf.ones([3])], 2, 10, 2)
    logits = perceptron(x)
    train(entropy(logits, labels))
    return [logits]


def from_examples():
    """A serialized tf.train.Example, parsed in the graph; the label is parsed first."""
    text = tf1.placeholder(tf.string, [None])
    keys = {"a_label": 3, "image": 4}
    parsed = tf1.parse_example(
        text, {k: tf.io.FixedLenFeature([n], tf.float32) for k, n in keys.items()}
    )
    logits = perceptron(parsed["image"])
    train(entropy(logits, parsed["a_label"]))
    return [logits]


def slim():
    with tf1.variable_scope("Net"):
        x = conv(conv(fed(8, 8, 3), 4, "Conv2d_1a"), 4, "Conv2d_1b", strides=2)
        logits = dense(tf.reduce_mean(x, [1, 2]), 3, "Logits")
        ends = tf.nn.softmax(logits, name="Predictions")
    train(tf1.losses.softmax_cross_entropy(fed(3), logits))
    return [ends]


def global_average_logits():
    logits, labels = tf.reduce_mean(conv(fed(8, 8, 3), 3, "conv"), [1, 2]), fed(3)
    train(entropy(logits, labels))
    return [logits]


def tflearn():
    x = fed(4, name="InputData/X")
    hidden = dense(x, 5, "FullyConnected", tf.nn.relu)
    answer = dense(hidden, 3, "FullyConnected_1", tf.nn.softmax)
    labels = fed(3, name="TargetsData/Y")
    with tf1.name_scope("Crossentropy"):
        safe = tf.clip_by_value(
            answer / tf.reduce_sum(answer, 1, keepdims=True), 1e-10, 1.0
        )
        losses = -tf.reduce_sum(labels * tf1.log(safe), 1)
        loss = tf.reduce_mean(losses)
    train(loss)
    metrics(answer, labels)
    return [answer]


def keras():
    hidden = dense(fed(4, name="dense_1_input"), 5, "dense_1", tf.tanh)
    answer = dense(hidden, 3, "dense_2", tf.nn.softmax)
    labels = tf1.placeholder(tf.float32, [None, None], "dense_2_target")
    with tf1.name_scope("loss/dense_2_loss"):
        scaled = answer / tf.reduce_sum(answer, -1, keepdims=True)
        safe = tf.clip_by_value(scaled, 1e-7, 1 - 1e-7)
        loss = tf.reduce_mean(-tf.reduce_sum(labels * tf1.log(safe), -1))
    with tf1.name_scope("training/Adam"):
        train(loss)
    with tf1.name_scope("metrics/acc"):
        metrics(answer, labels)
    return [answer]


def text_cnn():
    """A CNN on words, as in dennybritz/cnn-text-classification-tf."""
    words = tf1.placeholder(tf.int32, [None, 6], "input_x")
    labels = fed(2, name="input_y")
    keep = tf1.placeholder(tf.float32, name="dropout_keep_prob")
    table = tf1.get_variable("W", [9, 4])
    found = tf.expand_dims(tf.nn.embedding_lookup(table, words), -1)
    pooled = tf.reduce_max(conv(found, 3, "conv"), [1, 2])
    mask = tf.floor(keep + tf1.random_uniform(tf.shape(pooled)))
    with tf1.name_scope("output"):
        kernel = tf1.get_variable("out_w", [3, 2])
        bias = tf1.get_variable("out_b", [2])
        scores = tf1.nn.xw_plus_b(pooled / keep * mask, kernel, bias, name="scores")
        tf.argmax(scores, 1, name="predictions")
    with tf1.name_scope("loss"):
        train(entropy(scores, labels) + 0.1 * tf.nn.l2_loss(kernel))
    return [scores]


def two_inputs():
    first, second = dense(fed(4), 3, "a", tf.nn.relu), fed(2)
    logits = dense(tf.concat([first, second], 1), 1, "b")
    answer = tf.sigmoid(logits)
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=fed(1), logits=logits)
    train(tf.reduce_mean(losses))
    return [answer]


def without_training():
    x, y = fed(4, name="x"), fed(4, name="y")
    both = tf.concat([dense(x, 3, "a", tf.nn.relu), dense(y, 3, "b", tf.nn.relu)], 1)
    return [dense(both, 1, "c", tf.sigmoid)]


def with_accuracy_only():
    answer = tf.nn.softmax(perceptron())
    metrics(answer, fed(3, name="labels"))
    return [answer]


def segmentation():
    x, labels = fed(8, 8, 3), fed(8, 8, dtype=tf.int32)
    down = conv(x, 4, "down", strides=2)
    up = upsampled(down, 4, "up")
    logits = conv(tf.concat([x, up], 3), 2, "last", None)
    answer = tf.nn.softmax(logits)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=labels, logits=logits
    )
    train(tf.reduce_mean(losses))
    tf.expand_dims(tf.argmax(logits, 3), 3)
    return [answer]


def center_loss():
    features, labels = dense(fed(4), 5, "one", tf.nn.relu), fed(dtype=tf.int32)
    logits = dense(features, 3, "two")
    centers = tf1.get_variable("centers", [3, 5], trainable=False)
    mine = tf.gather(centers, labels)
    loss = tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
    train(loss + tf.nn.l2_loss(features - mine))
    tf1.scatter_sub(centers, labels, 0.5 * (mine - features))
    return [logits]


def masked_logits():
    """A policy whose mask, a float input, is added to the logits."""
    logits = perceptron() + (1 - fed(3)) * -1e9
    answer = tf.nn.softmax(logits)
    train(entropy(logits, fed(3)))
    return [answer]


def label_smoothing():
    logits, labels = perceptron(), fed(dtype=tf.int32)
    smooth = tf.one_hot(labels, 3) * 0.9 + 0.1 / 3
    train(entropy(logits, smooth))
    return [logits]


CLASSIFIERS = (
    *(softmax_and_accuracy, logits_only, old_logits_only, sparse_logits),
    *(written_out_entropy, clipped_entropy, entropy_with_epsilon, multi_label),
    *(regularised, dropped, batch_normalised, averaged_loss_and_weights),
    *(weighted_examples, from_an_iterator, from_a_queue, from_examples, slim),
    *(global_average_logits, tflearn, keras, text_cnn, two_inputs, without_training),
    *(with_accuracy_only, segmentation, center_loss, masked_logits, label_smoothing),
)
