"""Training graphs of sequences, agents and copies of networks, with right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    dense,
    entropy,
    fed,
    lstm_loop,
    tf1,
    train,
    variables_of,
)


def recurrent():
    outputs, _ = lstm_loop(fed(6, 4), 5, "rnn")
    logits, labels = dense(outputs[:, -1], 3, "last"), fed(3)
    answer = tf.nn.softmax(logits)
    train(entropy(logits, labels))
    return [answer]


def recurrent_states():
    _, state = lstm_loop(lstm_loop(fed(6, 4), 5, "one")[0], 5, "two")
    logits, labels = dense(state, 3, "last"), fed(3)
    train(entropy(logits, labels))
    return [logits]


def tagger():
    outputs, _ = lstm_loop(fed(6, 4), 5, "rnn")
    logits = tf.reshape(dense(tf.reshape(outputs, [-1, 5]), 3, "tags"), [-1, 6, 3])
    labels = fed(6, dtype=tf.int32)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=labels, logits=logits
    )
    mask = tf.sequence_mask(fed(dtype=tf.int32), 6, tf.float32)
    train(tf.reduce_sum(losses * mask) / tf.reduce_sum(mask))
    tf.argmax(logits, 2)
    return [logits]


def connectionist():
    outputs, _ = lstm_loop(fed(6, 4), 5, "rnn")
    logits = tf.reshape(dense(tf.reshape(outputs, [-1, 5]), 3, "last"), [-1, 6, 3])
    logits = tf.transpose(logits, [1, 0, 2])
    labels = tf1.sparse_placeholder(tf.int32)
    lengths = fed(dtype=tf.int32)
    train(tf.reduce_mean(tf1.nn.ctc_loss(labels, logits, lengths)))
    decoded, _ = tf1.nn.ctc_greedy_decoder(logits, lengths)
    distance = tf1.edit_distance(tf.cast(decoded[0], tf.int32), labels)
    tf.reduce_mean(distance)
    return [logits]


def unrolled():
    """Characters: an answer for each step, by the same weights."""
    x, labels = fed(4, 3), fed(4, dtype=tf.int32)
    state = tf.zeros([tf.shape(x)[0], 5])
    state.set_shape([None, 5])
    answers, losses = [], []
    for step in range(4):
        state = dense(tf.concat([x[:, step], state], 1), 5, "cell", tf.tanh)
        logits = dense(state, 3, "out")
        answers.append(tf.nn.softmax(logits))
        losses.append(
            tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=labels[:, step], logits=logits
            )
        )
    train(tf.reduce_mean(losses))
    return answers, "ask"


def translation():
    """A decoder that is taught with the targets, which are embedded."""
    source, target = fed(6, dtype=tf.int32), fed(6, dtype=tf.int32)
    table = tf1.get_variable("table", [9, 4])
    _, state = lstm_loop(tf.nn.embedding_lookup(table, source), 4, "encoder")
    words = tf.nn.embedding_lookup(table, target) + tf.expand_dims(state, 1)
    outputs, _ = lstm_loop(words, 4, "decoder")
    logits = tf.reshape(dense(tf.reshape(outputs, [-1, 4]), 9, "out"), [-1, 6, 9])
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=target, logits=logits
    )
    train(tf.reduce_mean(losses), optimizer=tf1.train.RMSPropOptimizer(0.01))
    return [logits]


def words():
    """Embeddings of words, by noise-contrastive estimation."""
    centre, context = fed(dtype=tf.int32), fed(1, dtype=tf.int64)
    table = tf1.get_variable("embeddings", [20, 4])
    found = tf.nn.embedding_lookup(table, centre)
    kernel, bias = tf1.get_variable("nce_w", [20, 4]), tf1.get_variable("nce_b", [20])
    losses = tf1.nn.nce_loss(kernel, bias, context, found, 3, 20)
    train(tf.reduce_mean(losses), optimizer=tf1.train.GradientDescentOptimizer(1.0))
    norm = tf.sqrt(tf.reduce_sum(tf.square(table), 1, keepdims=True))
    unit = table / norm
    valid = tf.nn.embedding_lookup(unit, tf.constant([1, 2, 3]))
    similarity = tf.matmul(valid, unit, transpose_b=True)
    return [found, unit, similarity], "ask"


def transformer():
    """Attention with a mask, and the loss scope of BERT's classifier."""
    words, mask = fed(6, dtype=tf.int32), fed(6, dtype=tf.int32)
    labels = fed(dtype=tf.int32)
    x = tf.nn.embedding_lookup(tf1.get_variable("table", [9, 4]), words)
    rows = tf.reshape(x, [-1, 4])
    q, k, v = (tf.reshape(dense(rows, 4, name), [-1, 6, 4]) for name in "qkv")
    bias = (1.0 - tf.cast(tf.expand_dims(mask, 1), tf.float32)) * -10000.0
    scores = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * 0.5 + bias)
    pooled = dense(tf.matmul(scores, v)[:, 0], 4, "pooler", tf.tanh)
    with tf1.variable_scope("loss"):
        kernel = tf1.get_variable("output_weights", [3, 4])
        logits = tf.matmul(pooled, kernel, transpose_b=True)
        logits = tf.nn.bias_add(logits, tf1.get_variable("output_bias", [3]))
        answer = tf.nn.softmax(logits, axis=-1)
        known = tf.one_hot(labels, 3) * tf.nn.log_softmax(logits, axis=-1)
        loss = tf.reduce_mean(-tf.reduce_sum(known, -1))
    train(loss)
    return [answer]


def random_field():
    """A tagger whose loss trains a matrix of transitions."""
    logits, labels = dense(fed(4), 3, "tags"), fed(3)
    moves = tf1.get_variable("transitions", [3, 3])
    path = tf.reduce_sum(labels * logits, 1)
    path += tf.reduce_sum(tf.matmul(labels, moves) * labels, 1)
    train(tf.reduce_mean(tf.reduce_logsumexp(logits, 1) - path))
    return [logits], "ask"


def _values(state, name: str, **how):
    with tf1.variable_scope(name):
        return dense(dense(state, 5, "l1", tf.nn.relu, **how), 2, "l2", **how)


def q_learning():
    """A network of values, its slowly following copy, and actions taken."""
    state, following, rewards = fed(4), fed(4), fed()
    actions = fed(2)
    values, later = (
        _values(state, "eval"),
        _values(following, "target", trainable=False),
    )
    wanted = tf.stop_gradient(rewards + 0.9 * tf.reduce_max(later, 1))
    taken = tf.reduce_sum(values * actions, 1)
    train(tf.reduce_mean(tf.math.squared_difference(wanted, taken)))
    pairs = zip(*map(tf1.global_variables, ("target", "eval")), strict=False)
    tf.group(*[tf1.assign(old, new) for old, new in pairs])
    return [values]


def dueling():
    state, actions, wanted = fed(4), fed(dtype=tf.int32), fed()
    shared = dense(state, 5, "shared", tf.nn.relu)
    value, advantage = dense(shared, 1, "value"), dense(shared, 2, "advantage")
    values = value + advantage - tf.reduce_mean(advantage, 1, keepdims=True)
    taken = tf.reduce_sum(values * tf.one_hot(actions, 2), 1)
    train(tf.reduce_mean(tf.square(wanted - taken)))
    return [values]


def policy_gradient():
    logits = dense(dense(fed(4), 5, "one", tf.tanh), 2, "two")
    answer = tf.nn.softmax(logits)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=fed(dtype=tf.int32), logits=logits
    )
    train(tf.reduce_mean(losses * fed()))
    return [answer]


def actor_critic():
    state, actions, returns = fed(4), fed(dtype=tf.int32), fed(1)
    shared = dense(state, 5, "shared", tf.nn.relu)
    policy = dense(shared, 2, "policy", tf.nn.softmax)
    value = dense(shared, 1, "value")
    chosen = tf.reduce_sum(policy * tf.one_hot(actions, 2), 1)
    loss = -tf.reduce_mean(tf1.log(chosen) * tf.stop_gradient(returns - value)[:, 0])
    spread = -tf.reduce_sum(policy * tf1.log(policy + 1e-8))
    train(loss + tf.nn.l2_loss(returns - value) - 0.01 * spread)
    return [policy, value], "ask"


def continuous_actor():
    """A policy of a mean and a deviation, which the graph samples from."""
    state, actions, advantage = fed(4), fed(2), fed(1)
    with tf1.variable_scope("actor"):
        hidden = dense(state, 5, "l1", tf.nn.relu)
        mean = dense(hidden, 2, "mu", tf.tanh) * 2
        deviation = dense(hidden, 2, "sigma", tf.nn.softplus) + 1e-4
        sample = mean + deviation * tf1.random_normal(tf.shape(mean))
        tf.clip_by_value(sample, -2, 2)
    with tf1.name_scope("Normal/log_prob"):
        log_prob = -0.5 * tf.square((actions - mean) / deviation) - tf1.log(deviation)
    spread = 0.5 + tf1.log(deviation)
    with tf1.variable_scope("critic"):
        value = dense(dense(state, 5, "l1", tf.nn.relu), 1, "v")
    train(tf.reduce_mean(tf.square(advantage - value)), variables_of("critic"))
    train(
        tf.reduce_mean(-(log_prob * advantage + 0.01 * spread)), variables_of("actor")
    )
    return [mean, deviation, value], "ask"


def deterministic_actor():
    """An actor whose actions the critic takes."""
    state = fed(4)
    with tf1.variable_scope("pi"):
        action = dense(dense(state, 5, "l1", tf.nn.relu), 2, "a", tf.tanh)
    with tf1.variable_scope("q"):
        value = dense(dense(tf.concat([state, action], 1), 5, "l1"), 1, "l2")
    train(tf.reduce_mean(tf.square(fed(1) - value)), variables_of("q"))
    train(-tf.reduce_mean(value), variables_of("pi"))
    return [action], "ask"


def towers():
    """A batch split over two devices, which share the variables."""
    losses, answers = [], []
    optimizer = tf1.train.GradientDescentOptimizer(0.1)
    for device, (x, labels) in enumerate(
        zip(tf.split(fed(4), 2), tf.split(fed(3), 2), strict=True)
    ):
        with tf1.name_scope(f"tower_{device}"):
            logits = dense(dense(x, 5, "one", tf.nn.relu), 3, "two")
            answers.append(tf.nn.softmax(logits))
            losses.append(entropy(logits, labels))
    train(tf.add_n(losses), optimizer=optimizer)
    return answers, "ask"


def train_and_eval_towers():
    """One tower with dropout on a queue, one without it on a placeholder."""
    first, labels = tf1.train.batch([tf.ones([4]), tf.ones([3])], 2)
    dropped = tf.nn.dropout(dense(first, 5, "one", tf.nn.relu), rate=0.5)
    logits = dense(dropped, 3, "two")
    train(entropy(logits, labels))
    tf.nn.softmax(logits)
    answer = tf.nn.softmax(dense(dense(fed(4), 5, "one", tf.nn.relu), 3, "two"))
    return [answer], "ask"


SEQUENCES = (
    *(recurrent, recurrent_states, tagger, connectionist, unrolled, translation),
    *(words, transformer, random_field, q_learning, dueling, policy_gradient),
    *(actor_critic, continuous_actor, deterministic_actor, towers),
    *(train_and_eval_towers,),
)
