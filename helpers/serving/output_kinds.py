"""What a network's output is, and the ops that make probabilities of it.

`probabilities`: a distribution over the classes. `logits`: what a softmax makes
probabilities of; one logit is that of the second of two classes. `sigmoid`: one
probability, that of the second of two classes, or several independent ones, one a
class. `values`: anything else, answered as it is.
"""

import tensorflow as tf


def answer(
    output: tf.Tensor, kind: str, count: int, *, is_one: bool = False
) -> tf.Tensor:
    """Ops from a network's output to what `FrozenModel.predict` answers.

    Args:
      kind: one of OUTPUT_KINDS.
      count: the number of class names.
      is_one: the network takes one photo at a time, and may have no axis of a batch.
    Returns:
      float32 [N, count] for classes; the output itself for values.
    """
    if kind == "values":
        is_short = output.dtype.is_floating and output.dtype != tf.float32
        return tf.cast(output, tf.float32) if is_short else output
    rows = _as_rows(tf.cast(output, tf.float32), is_one=is_one)
    if kind == "logits":
        pair = is_pair(output, count)
        return tf.sigmoid(tf.concat([-rows, rows], 1)) if pair else tf.nn.softmax(rows)
    if kind == "sigmoid" and is_pair(output, count):
        return tf.concat([1 - rows, rows], axis=1)
    return rows


def is_pair(output: tf.Tensor, count: int) -> bool:
    """Whether there is one number for two classes."""
    if output.shape.rank in (0, 1):
        return count == 2 and output.shape.num_elements() != 2
    width = output.shape[-1] if output.shape.rank else None
    return width == 1


def _as_rows(output: tf.Tensor, *, is_one: bool) -> tf.Tensor:
    """[N, K] for what has the shape [N], [N, 1, 1, K], or of one photo [K]."""
    shape = output.shape
    if shape.rank in (0, 1):
        return tf.reshape(output, [1, -1] if is_one else [-1, 1])
    if shape.rank and shape.rank > 2 and all(size == 1 for size in shape[1:-1]):
        return tf.reshape(output, [-1, shape[-1] or tf.shape(output)[-1]])
    return output
