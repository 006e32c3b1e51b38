"""Training graphs on pictures, with losses of their own, and their right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    conv,
    dense,
    entropy,
    fed,
    flat,
    normalised,
    tf1,
    train,
    upsampled,
    variables_of,
)


def _mask():
    return tf.sigmoid(conv(conv(fed(8, 8, 3), 4, "one"), 1, "two", None))


def dice():
    """Segmentation by the overlap of masks: the loss sums the answer itself."""
    answer, labels, axes = _mask(), fed(8, 8, 1), [1, 2, 3]
    both = tf.reduce_sum(answer * labels, axes)
    total = tf.reduce_sum(answer, axes) + tf.reduce_sum(labels, axes)
    train(1 - tf.reduce_mean((2 * both + 1) / (total + 1)))
    return [answer]


def dice_of_flat_masks():
    """Masks in one vector; the sums are of squares, and over the whole batch."""
    answer = _mask()
    found = tf.reshape(answer, [-1])
    labels = tf.reshape(fed(8, 8, 1), [-1])
    both = tf.reduce_sum(found * labels)
    total = tf.reduce_sum(found * found) + tf.reduce_sum(tf.square(labels))
    train(1 - 2 * both / (total + 1e-5))
    return [answer]


def intersection_over_union():
    answer, labels = _mask(), fed(8, 8, 1)
    both = tf.reduce_sum(answer * labels, [1, 2, 3])
    union = tf.reduce_sum(answer + labels - answer * labels, [1, 2, 3])
    train(-tf.reduce_mean(both / (union + 1e-6)))
    return [answer]


def tversky():
    """The overlap of softmax masks, with weights for both kinds of errors."""
    logits = conv(conv(fed(8, 8, 3), 4, "one"), 2, "two", None)
    answer = tf.nn.softmax(logits)
    labels = tf.one_hot(fed(8, 8, dtype=tf.int32), 2)
    hits = tf.reduce_sum(answer * labels, [0, 1, 2])
    false = tf.reduce_sum(answer * (1 - labels), [0, 1, 2])
    missed = tf.reduce_sum((1 - answer) * labels, [0, 1, 2])
    index = (hits + 1e-5) / (hits + 0.3 * false + 0.7 * missed + 1e-5)
    train(tf.reduce_sum(1 - index))
    return [answer]


def focal():
    """A loss with less weight on what is easy: (1 - p)^2 log(p)."""
    answer, labels = _mask(), fed(8, 8, 1)
    right = tf.where(tf.equal(labels, 1), answer, 1 - answer)
    share = tf.where(tf.equal(labels, 1), 0.25 * tf.ones_like(labels), 0.75 * labels)
    loss = -share * tf.pow(1 - right, 2) * tf1.log(tf.clip_by_value(right, 1e-7, 1))
    train(tf.reduce_mean(tf.reduce_sum(loss, [1, 2, 3])))
    return [answer]


def boxes_of_cells():
    """YOLO: position, size, object and classes of a grid of cells, in one tensor."""
    found = conv(conv(fed(8, 8, 3), 4, "one"), 8, "two", None)
    truth = fed(8, 8, 8)
    place, size = tf.sigmoid(found[..., :2]), tf.exp(found[..., 2:4])
    is_object, classes = tf.sigmoid(found[..., 4:5]), tf.nn.softmax(found[..., 5:])
    there = truth[..., 4:5]
    errors = [
        there * tf.square(place - truth[..., :2]),
        there * tf.square(tf.sqrt(size) - tf.sqrt(truth[..., 2:4])),
        tf.square(is_object - there),
        there * tf.square(classes - truth[..., 5:]),
    ]
    train(tf.add_n([tf.reduce_sum(error) for error in errors]))
    return [found, place, size, is_object, classes], "ask"


def super_resolution():
    """A larger picture, by channels; a summary of its peak signal-to-noise ratio."""
    truth = fed(16, 16, 3)
    channels = conv(conv(fed(8, 8, 3), 4, "one"), 12, "two", None)
    answer = tf.nn.depth_to_space(channels, 2)
    error = tf.reduce_mean(tf.math.squared_difference(truth, answer))
    ratio = -10.0 * tf1.log(error) / tf1.log(tf.constant(10.0))
    tf1.summary.scalar("psnr", ratio)
    tf1.summary.image("answer", tf.clip_by_value(answer, 0, 1))
    train(error)
    return [answer]


def styled():
    """A picture that a fixed network compares, and a total variation."""
    x = fed(8, 8, 3)
    made = tf.sigmoid(conv(x, 3, "transform", None)) * 255.0
    seen = [conv(picture / 127.0, 4, "fixed") for picture in (made, x)]
    variation = tf.reduce_sum(tf.square(made[:, 1:] - made[:, :-1]))
    train(tf.nn.l2_loss(seen[0] - seen[1]) + variation, variables_of("transform"))
    return [made], "a fixed network after it"


def gradient_penalty():
    """A Wasserstein GAN whose critic also takes a random mixture of both."""
    x, made = fed(4), dense(fed(3), 4, "generator", tf.nn.tanh)
    share = tf1.random_uniform([1])
    mixed = share * x + (1 - share) * made
    (slope,) = tf.gradients(dense(mixed, 1, "critic"), [mixed])
    norm = tf.sqrt(tf.reduce_sum(tf.square(slope), 1))
    fake = tf.reduce_mean(dense(made, 1, "critic"))
    real = tf.reduce_mean(dense(x, 1, "critic"))
    train(-fake, variables_of("generator"))
    penalty = tf.reduce_mean(tf.square(norm - 1))
    train(fake - real + 10 * penalty, variables_of("critic"))
    return [made], "two networks"


def translated_pictures():
    """Pix2pix: a generator that is also taught by the difference from the truth."""
    x, truth = fed(8, 8, 3), fed(8, 8, 3)
    with tf1.variable_scope("generator"):
        down = normalised(conv(x, 4, "down", strides=2), "bn")
        made = upsampled(down, 3, "up", tf.tanh)

    def judged(picture):
        with tf1.variable_scope("critic", reuse=tf1.AUTO_REUSE):
            pair = tf.concat([x, picture], 3)
            return dense(flat(conv(pair, 4, "one")), 1, "two", tf.sigmoid)

    real, fake = judged(truth), judged(made)
    loss = tf.reduce_mean(-(tf1.log(real + 1e-12) + tf1.log(1 - fake + 1e-12)))
    train(loss, variables_of("critic"))
    error = tf.reduce_mean(tf.abs(truth - made))
    train(
        tf.reduce_mean(-tf1.log(fake + 1e-12)) + 100 * error, variables_of("generator")
    )
    return [made], "two networks"


def relativistic():
    """A GAN whose losses are log-sigmoids of the difference of both answers."""
    made = dense(dense(fed(3), 5, "generator", tf.nn.relu), 4, "generator/out")
    real, fake = dense(fed(4), 1, "critic"), dense(made, 1, "critic")
    train(-tf.reduce_mean(tf.math.log_sigmoid(real - fake)), variables_of("critic"))
    train(-tf.reduce_mean(tf.math.log_sigmoid(fake - real)), variables_of("generator"))
    return [made], "two networks"


def cycle():
    """Two generators, each the inverse of the other."""
    first, second = fed(4), fed(4)

    def generated(x, name):
        with tf1.variable_scope(name, reuse=tf1.AUTO_REUSE):
            return dense(dense(x, 5, "one", tf.nn.relu), 4, "two", tf.tanh)

    there, back = generated(first, "there"), generated(second, "back")
    again = [generated(there, "back"), generated(back, "there")]
    loss = tf.add_n(
        [
            tf.reduce_mean(tf.abs(x - made))
            for x, made in zip((first, second), again, strict=True)
        ]
    )
    fakes = dense(there, 1, "a_critic"), dense(back, 1, "b_critic")
    loss += tf.add_n([tf.reduce_mean(tf.square(fake - 1)) for fake in fakes])
    train(loss, [*variables_of("there"), *variables_of("back")])
    judged = 0.0
    for name, x, fake in zip("ba", (first, second), fakes[::-1], strict=True):
        real = dense(x, 1, f"{name}_critic")
        judged += tf.reduce_mean(tf.square(real - 1)) + tf.reduce_mean(tf.square(fake))
    train(judged, variables_of("[ab]_critic"))
    return [there, back], "two networks"


def stacked_heatmaps():
    """An hourglass network: two stages, each taught by the same heat maps."""
    x, truth = fed(8, 8, 3), fed(8, 8, 2)
    shared = conv(x, 4, "shared")
    first = conv(shared, 2, "first", None)
    second = conv(tf.concat([shared, first], 3), 2, "second", None)
    train(tf.add_n([tf.nn.l2_loss(truth - stage) for stage in (first, second)]))
    return [second]


def auxiliary_classifier():
    """Inception: a second classifier beside the trunk, for training only."""
    x, labels = fed(8, 8, 3), fed(3)
    middle = conv(x, 4, "one")
    aside = dense(flat(middle), 3, "aside")
    logits = dense(flat(conv(middle, 4, "two")), 3, "last")
    answer = tf.nn.softmax(logits)
    train(entropy(logits, labels) + 0.3 * entropy(aside, labels))
    return [answer, aside], "two heads"


def capsules():
    """A margin loss on the lengths of vectors, which a decoder reads by the label."""
    x, labels = fed(8, 8, 1), fed(3)
    vectors = tf.reshape(dense(flat(conv(x, 4, "one")), 12, "two"), [-1, 3, 4])
    lengths = tf.sqrt(tf.reduce_sum(tf.square(vectors), 2) + 1e-9)
    kept = tf.reshape(vectors * tf.expand_dims(labels, 2), [-1, 12])
    drawn = dense(kept, 64, "decoder", tf.sigmoid)
    above = tf.square(tf.maximum(0.0, 0.9 - lengths))
    below = tf.square(tf.maximum(0.0, lengths - 0.1))
    margin = labels * above + 0.5 * (1 - labels) * below
    error = tf.reduce_mean(tf.square(drawn - flat(x)))
    train(tf.reduce_mean(tf.reduce_sum(margin, 1)) + 5e-4 * error)
    return [lengths, drawn], "the label is an input of the decoder"


def depth():
    """Depth of each pixel: the error of its logarithm, less its mean."""
    answer, truth = conv(conv(fed(8, 8, 3), 4, "one"), 1, "two"), fed(8, 8, 1)
    error = tf1.log(answer + 1e-6) - tf1.log(truth + 1e-6)
    mean = tf.reduce_mean(tf.square(error), [1, 2, 3])
    train(tf.reduce_mean(mean - 0.5 * tf.square(tf.reduce_mean(error, [1, 2, 3]))))
    return [answer]


PICTURES = (
    *(dice, dice_of_flat_masks, intersection_over_union, tversky, focal),
    *(boxes_of_cells, super_resolution, styled, gradient_penalty),
    *(translated_pictures, relativistic, cycle, stacked_heatmaps),
    *(auxiliary_classifier, capsules, depth),
)
