"""Training graphs on words, graphs and speech, with their right outputs."""

import tensorflow as tf

from tests.graphs.training_graphs.layers import (
    dense,
    entropy,
    fed,
    lstm_loop,
    tf1,
    train,
)


def _attended(x, name: str):
    """Self-attention with a residual and a layer normalization."""
    rows = tf.reshape(x, [-1, 4])
    q, k, v = (
        tf.reshape(dense(rows, 4, f"{name}/{part}"), [-1, 6, 4]) for part in "qkv"
    )
    shares = tf.nn.softmax(tf.matmul(q, k, transpose_b=True) * 0.5)
    x = x + tf.matmul(shares, v)
    mean, variance = tf1.nn.moments(x, [-1], keepdims=True)
    with tf1.variable_scope(name):
        gamma, beta = (tf1.get_variable(part, [4]) for part in ("gamma", "beta"))
    return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-6)


def _encoded():
    words = fed(6, dtype=tf.int32)
    table = tf1.get_variable("table", [9, 4])
    return table, _attended(tf.nn.embedding_lookup(table, words), "layer")


def _sparse(logits, labels):
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def pretrained():
    """BERT: words that were masked, by the table, and whether sentences follow."""
    table, sequence = _encoded()
    places, words, weights, follows = (
        *(fed(2, dtype=tf.int32), fed(2, dtype=tf.int32)),
        *(fed(2), fed(dtype=tf.int32)),
    )
    pooled = dense(sequence[:, 0], 4, "pooler", tf.tanh)
    flat = tf.reshape(sequence, [-1, 4])
    starts = tf.reshape(tf.range(tf.shape(sequence)[0]) * 6, [-1, 1])
    found = tf.gather(flat, tf.reshape(places + starts, [-1]))
    logits = tf.matmul(dense(found, 4, "transform"), table, transpose_b=True)
    known = tf.nn.log_softmax(logits + tf1.get_variable("bias", [9]))
    hits = tf.one_hot(tf.reshape(words, [-1]), 9)
    losses = -tf.reduce_sum(known * hits, 1)
    weights = tf.reshape(weights, [-1])
    loss = tf.reduce_sum(weights * losses) / (tf.reduce_sum(weights) + 1e-5)
    following = tf.nn.log_softmax(dense(pooled, 2, "following"))
    loss -= tf.reduce_mean(tf.reduce_sum(tf.one_hot(follows, 2) * following, 1))
    train(loss)
    return [sequence, pooled, known, following], "two heads"


def spans():
    """Answers to questions: where they start and end, from one layer."""
    _, sequence = _encoded()
    both = tf.reshape(dense(tf.reshape(sequence, [-1, 4]), 2, "spans"), [-1, 6, 2])
    starts, ends = tf.unstack(tf.transpose(both, [2, 0, 1]))
    losses = [
        tf.reduce_mean(_sparse(one, fed(dtype=tf.int32))) for one in (starts, ends)
    ]
    train((losses[0] + losses[1]) / 2.0)
    return [both, starts, ends], "two heads"


def next_words():
    """A language model whose last layer is the table of embeddings."""
    table, sequence = _encoded()
    flat = tf.reshape(sequence, [-1, 4])
    logits = tf.matmul(flat, table, transpose_b=True) + tf1.get_variable("b", [9])
    losses = _sparse(logits, tf.reshape(fed(6, dtype=tf.int32), [-1]))
    loss = tf.reduce_mean(losses)
    tf.exp(loss, name="perplexity")
    train(loss)
    return [tf.nn.softmax(logits)]


def attention_decoder():
    """Sequence to sequence: a decoder that attends to the encoder's outputs."""
    source, target = fed(6, dtype=tf.int32), fed(6, dtype=tf.int32)
    table = tf1.get_variable("table", [9, 4])
    memory, _ = lstm_loop(tf.nn.embedding_lookup(table, source), 4, "encoder")
    decoded, _ = lstm_loop(tf.nn.embedding_lookup(table, target), 4, "decoder")
    shares = tf.nn.softmax(tf.matmul(decoded, memory, transpose_b=True))
    both = tf.concat([decoded, tf.matmul(shares, memory)], 2)
    hidden = dense(tf.reshape(both, [-1, 8]), 4, "attention", tf.tanh)
    logits = tf.reshape(dense(hidden, 9, "words"), [-1, 6, 9])
    lengths = fed(dtype=tf.int32)
    mask = tf.sequence_mask(lengths, 6, tf.float32)
    losses = _sparse(logits, fed(6, dtype=tf.int32)) * mask
    train(tf.reduce_sum(losses) / tf.cast(tf.shape(source)[0], tf.float32))
    tf.argmax(logits, 2)
    return [logits]


def conditional_random_field():
    """A tagger whose loss is the likelihood of a path, by the forward algorithm."""
    outputs, _ = lstm_loop(fed(4, 4), 5, "rnn")
    scores = tf.reshape(dense(tf.reshape(outputs, [-1, 5]), 3, "tags"), [-1, 4, 3])
    moves, tags = tf1.get_variable("transitions", [3, 3]), fed(4, dtype=tf.int32)
    hits = tf.one_hot(tags, 3)
    path = tf.reduce_sum(scores * hits, [1, 2])
    pairs = tf.gather_nd(moves, tf.stack([tags[:, :-1], tags[:, 1:]], 2))
    state = scores[:, 0]
    for step in range(1, 4):
        arrived = tf.reduce_logsumexp(tf.expand_dims(state, 2) + moves, 1)
        state = arrived + scores[:, step]
    total = tf.reduce_logsumexp(state, 1)
    train(tf.reduce_mean(total - path - tf.reduce_sum(pairs, 1)))
    return [scores], "decoding needs the transitions"


def attentive_pooling():
    """A document's class: states weighed by attention."""
    words, labels = fed(6, dtype=tf.int32), fed(3)
    table = tf1.get_variable("table", [9, 4])
    states, _ = lstm_loop(tf.nn.embedding_lookup(table, words), 5, "rnn")
    query = tf1.get_variable("query", [5])
    shares = tf.nn.softmax(tf.tensordot(tf.tanh(states), query, 1))
    pooled = tf.reduce_sum(states * tf.expand_dims(shares, 2), 1)
    logits = dense(pooled, 3, "last")
    train(entropy(logits, labels))
    return [tf.nn.softmax(logits)]


def graph_convolution():
    """Nodes of a graph: a support matrix, and a mask of those with labels."""
    support = tf1.sparse_placeholder(tf.float32)
    features, labels, mask = fed(4), fed(3), fed()
    hidden = features
    for place, size in enumerate((5, 3)):
        with tf1.variable_scope(f"layer_{place}"):
            kernel = tf1.get_variable("weights", [hidden.shape[1], size])
            hidden = tf1.sparse_tensor_dense_matmul(support, tf.matmul(hidden, kernel))
        hidden = tf.nn.relu(hidden) if not place else hidden
    losses = tf1.nn.softmax_cross_entropy_with_logits_v2(labels, hidden)
    share = mask / tf.reduce_mean(mask)
    right = tf.equal(tf.argmax(hidden, 1), tf.argmax(labels, 1))
    tf.reduce_mean(tf.cast(right, tf.float32) * share)
    train(tf.reduce_mean(losses * share))
    return [hidden]


def two_directions():
    """Phonemes: an LSTM forwards and one backwards, and the CTC loss."""
    x, lengths = fed(6, 4), fed(dtype=tf.int32)
    there, _ = lstm_loop(x, 5, "forwards")
    back, _ = lstm_loop(tf.reverse(x, [1]), 5, "backwards")
    both = tf.concat([there, tf.reverse(back, [1])], 2)
    logits = tf.reshape(dense(tf.reshape(both, [-1, 10]), 3, "last"), [-1, 6, 3])
    slices = tf.transpose(logits, [1, 0, 2])
    labels = tf1.sparse_placeholder(tf.int32)
    train(tf.reduce_mean(tf1.nn.ctc_loss(labels, slices, lengths)))
    decoded, probability = tf1.nn.ctc_beam_search_decoder(slices, lengths)
    tf.reduce_mean(tf1.edit_distance(tf.cast(decoded[0], tf.int32), labels))
    tf.exp(probability)
    return [slices, logits]


TEXTS = (
    *(pretrained, spans, next_words, attention_decoder, conditional_random_field),
    *(attentive_pooling, graph_convolution, two_directions),
)
