"""Training graphs of recommenders, rankings and similarities, with right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    dense,
    entropy,
    fed,
    lstm_loop,
    tf1,
    train,
)


def _table(name: str, *shape):
    return tf1.get_variable(name, [10, *shape])


def factorisation_machine():
    """Ids and values of features, whose embeddings Adam updates by rows."""
    ids, values, y = fed(3, dtype=tf.int32), fed(3), fed()
    rows = tf.gather(_table("v", 4), ids) * values[:, :, None]
    pairs = tf.square(tf.reduce_sum(rows, 1)) - tf.reduce_sum(tf.square(rows), 1)
    single = tf.reduce_sum(tf.gather(_table("w"), ids) * values, 1)
    answer = 0.5 * tf.reduce_sum(pairs, 1) + single + tf1.get_variable("b", [])
    train(tf.reduce_mean(tf.square(y - answer)))
    return [answer]


def deep_factorisation_machine():
    """DeepFM: single features, pairs and a perceptron, in one layer at the end."""
    ids, values, labels = fed(3, dtype=tf.int32), fed(3), fed(1)
    weights = tf.expand_dims(values, 2)
    single = tf.reduce_sum(tf.nn.embedding_lookup(_table("w", 1), ids) * weights, 2)
    rows = tf.nn.embedding_lookup(_table("v", 4), ids) * weights
    pairs = tf.square(tf.reduce_sum(rows, 1)) - tf.reduce_sum(tf.square(rows), 1)
    deep = dense(tf.reshape(rows, [-1, 12]), 5, "deep", tf.nn.relu)
    answer = tf.sigmoid(dense(tf.concat([single, 0.5 * pairs, deep], 1), 1, "last"))
    train(tf1.losses.log_loss(labels, answer))
    return [answer]


def wide_and_deep():
    wide, ids, labels = fed(6), fed(dtype=tf.int32), fed(1)
    deep = dense(tf.nn.embedding_lookup(_table("v", 4), ids), 5, "deep", tf.nn.relu)
    logits = dense(wide, 1, "wide") + dense(deep, 1, "last")
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    train(tf.reduce_mean(losses))
    return [tf.sigmoid(logits)]


def pairwise_ranking():
    """Bayesian personalised ranking: what a user took is before what he did not."""
    user, taken, other = (fed(dtype=tf.int32) for _ in range(3))
    users, items, biases = _table("users", 4), _table("items", 4), _table("biases")

    def scored(item):
        rows = tf.nn.embedding_lookup(users, user), tf.nn.embedding_lookup(items, item)
        return tf.reduce_sum(rows[0] * rows[1], 1) + tf.gather(biases, item)

    first, second = scored(taken), scored(other)
    penalty = tf.nn.l2_loss(users) + tf.nn.l2_loss(items)
    train(-tf.reduce_mean(tf.math.log_sigmoid(first - second)) + 1e-3 * penalty)
    return [first, second], "one network on two inputs"


def collaborative_filtering():
    """Neural collaborative filtering: a product and a perceptron of embeddings."""
    user, item, labels = fed(dtype=tf.int32), fed(dtype=tf.int32), fed()
    rows = {
        f"{kind}_{part}": tf.nn.embedding_lookup(_table(f"{kind}_{part}", 4), ids)
        for kind, ids in (("user", user), ("item", item))
        for part in ("mf", "mlp")
    }
    pair = tf.concat([rows["user_mlp"], rows["item_mlp"]], 1)
    both = [rows["user_mf"] * rows["item_mf"], dense(pair, 4, "one", tf.nn.relu)]
    logits = tf.reshape(dense(tf.concat(both, 1), 1, "two"), [-1])
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
    train(tf.reduce_mean(losses))
    return [tf.sigmoid(logits)]


def next_item():
    """A recurrent recommender, trained with a sampled softmax."""
    items, following = fed(6, dtype=tf.int32), fed(1, dtype=tf.int64)
    table = _table("items", 4)
    _, state = lstm_loop(tf.nn.embedding_lookup(table, items), 4, "rnn")
    bias = _table("bias")
    losses = tf1.nn.sampled_softmax_loss(table, bias, following, state, 3, 10)
    train(tf.reduce_mean(losses))
    logits = tf.matmul(state, table, transpose_b=True) + bias
    return [tf.nn.softmax(logits), state], "the loss reads the state"


def pointwise_hazards():
    """Survival: the partial likelihood of Cox, on patients sorted by time."""
    risk, events = dense(dense(fed(4), 5, "one", tf.nn.relu), 1, "two"), fed(1)
    later = tf1.log(tf.cumsum(tf.exp(risk), reverse=True))
    loss = -tf.reduce_sum((risk - later) * events) / tf.reduce_sum(events)
    train(loss)
    return [risk]


def quantiles():
    """Three quantiles, by the pinball loss."""
    answer, truth = dense(dense(fed(4), 5, "one", tf.nn.relu), 3, "two"), fed(1)
    error = truth - answer
    levels = tf.constant([0.1, 0.5, 0.9])
    train(tf.reduce_mean(tf.maximum(levels * error, (levels - 1) * error)))
    return [answer]


def cosine_margin():
    """Faces: the cosine between a vector and its class's weights, with a margin."""
    labels = fed(3)
    hidden = dense(dense(fed(4), 5, "one", tf.nn.relu), 4, "two")
    vector = tf.nn.l2_normalize(hidden, 1)
    kernel = tf.nn.l2_normalize(tf1.get_variable("kernel", [4, 3]), 0)
    cosine = tf.matmul(vector, kernel)
    train(entropy(30.0 * (cosine - 0.35 * labels), labels))
    return [vector, cosine]


def with_a_queue_of_keys():
    """Contrastive: the keys of earlier batches are in a variable."""
    query, key = fed(4), fed(4)

    def encoded(x, name, **how):
        with tf1.variable_scope(name):
            y = dense(dense(x, 5, "one", tf.nn.relu, **how), 3, "two", **how)
            return tf.nn.l2_normalize(y, 1)

    first = encoded(query, "query")
    second = tf.stop_gradient(encoded(key, "key", trainable=False))
    queue = tf1.get_variable("queue", [8, 3], trainable=False)
    near = tf.reduce_sum(first * second, 1, keepdims=True)
    far = tf.matmul(first, queue, transpose_b=True)
    logits = tf.concat([near, far], 1) / 0.07
    labels = tf.zeros([tf.shape(query)[0]], tf.int32)
    train(
        tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        )
    )
    tf1.assign(queue, tf.concat([second[:2], queue[:-2]], 0))
    return [first], "a loss without labels"


def of_two_views():
    """Contrastive: each picture's other view is nearer than those of the others."""
    first, second = (
        tf.nn.l2_normalize(dense(dense(fed(4), 5, "one", tf.nn.relu), 3, "two"), 1)
        for _ in range(2)
    )
    logits = tf.matmul(first, second, transpose_b=True) / 0.1
    labels = tf.range(tf.shape(logits)[0])
    train(
        tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        )
    )
    return [first, second], "one network on two inputs"


def hardest_triplets():
    """The hardest triplets of a batch with labels."""
    labels = fed(dtype=tf.int32)
    vector = tf.nn.l2_normalize(dense(dense(fed(4), 5, "one", tf.nn.relu), 3, "two"), 1)
    squared = 2.0 - 2.0 * tf.matmul(vector, vector, transpose_b=True)
    same = tf.cast(tf.equal(labels[:, None], labels[None]), tf.float32)
    near = tf.reduce_max(squared * same, 1)
    far = tf.reduce_min(squared + 10.0 * same, 1)
    train(tf.reduce_mean(tf.maximum(near - far + 0.2, 0.0)))
    return [vector]


def distilled():
    """A small network that learns a larger one's softened answers, and labels."""
    x, labels = fed(4), fed(3)
    with tf1.variable_scope("teacher"):
        hidden = dense(x, 8, "one", tf.nn.relu, trainable=False)
        known = dense(hidden, 3, "two", trainable=False)
    with tf1.variable_scope("student"):
        logits = dense(dense(x, 3, "one", tf.nn.relu), 3, "two")
    soft = entropy(logits / 4.0, tf.nn.softmax(known / 4.0))
    train(0.5 * entropy(logits, labels) + 8.0 * soft)
    return [tf.nn.softmax(logits), logits, known], "two networks"


def tasks_with_a_trunk():
    """Two classifiers on shared layers."""
    shared = dense(fed(4), 5, "shared", tf.nn.relu)
    heads = [dense(shared, size, f"head_{size}") for size in (3, 2)]
    answers = [tf.nn.softmax(head) for head in heads]
    train(sum(entropy(head, fed(head.shape[1])) for head in heads))
    return answers, "two heads"


RANKINGS = (
    *(factorisation_machine, deep_factorisation_machine, wide_and_deep),
    *(pairwise_ranking, collaborative_filtering, next_item, pointwise_hazards),
    *(quantiles, cosine_margin, with_a_queue_of_keys, of_two_views),
    *(hardest_triplets, distilled, tasks_with_a_trunk),
)
