"""What a network's output is, and the ops that make probabilities of it.

`probabilities`: a distribution over the classes. `logits`: what a softmax makes
probabilities of; one logit is that of the second of two classes. `sigmoid`: one
probability, that of the second of two classes, or several independent ones, one a
class. `values`: anything else, answered as it is.
"""

from collections.abc import Callable

import tensorflow as tf

from helpers.graphs.edges import Edge
from helpers.graphs.editor import output_types
from helpers.graphs.op_registry import op_def
from helpers.graphs.output_ending import last_op
from helpers.graphs.wiring import Wiring, type_of

# Ops that answer indices of classes, or scores in another order than the classes'.
CHOOSING = ("ArgMax", "ArgMin", "TopK", "TopKV2")


def find_kind(
    wiring: Wiring, output: str, *, has_classes: bool
) -> tuple[str | None, str]:
    """What an output is by its op, and a note on it; None: the user must say it.

    Args:
      has_classes: whether probabilities are looked for.
    """
    dtype, ending = _dtype(wiring, output), last_op(wiring.nodes, output)
    if dtype is not None and not dtype.is_floating:
        return "values", f"{output} is {dtype.name}: it is answered as it is"
    if not has_classes:
        return "values", ""
    if ending in CHOOSING:
        return "values", f"{output} ends in {ending}: it is answered as it is"
    if ending == "LogSoftmax":
        return "logits", (
            f"{output} ends in LogSoftmax: the probabilities answered are the "
            "exponentials of its numbers"
        )
    return None if ending == "Sigmoid" else "probabilities", ""


def refuse_kind(wiring: Wiring, output: str, kind: str) -> None:
    """Check that an output of which probabilities are made has a float type.

    Raises:
      ValueError: it has another type.
    """
    dtype = _dtype(wiring, output)
    if kind != "values" and dtype is not None and not dtype.is_floating:
        raise ValueError(
            f"output_is is {kind!r}, and {output} is {dtype.name}, which holds no "
            "probabilities: output_is must be 'values'"
        )


def _dtype(wiring: Wiring, tensor: str) -> tf.DType | None:
    """The type of a tensor; None: its op, or the op's type, is not known."""
    item = Edge.parse(tensor)
    node = wiring.nodes.get(item.node)
    if node is None or op_def(node.op) is None:
        return None
    types = output_types(node)
    return type_of(types[item.output_index]) if item.output_index < len(types) else None


def rewritable(output: tf.Tensor) -> tf.Tensor:
    """The output; one in NCHW behind an op, because outputs are not rewritten."""
    layout = output.op.node_def.attr["data_format"].s
    return tf.identity(output) if layout == b"NCHW" else output


def answer(
    output: tf.Tensor, kind: str, count: int, images: tf.Tensor | None = None
) -> tf.Tensor:
    """Ops from a network's output to what `FrozenModel.predict` answers.

    Args:
      kind: one of OUTPUT_KINDS.
      count: the number of class names.
      images: the photos of a run; None: the network takes none.
    Returns:
      float32 [N, count] for classes; the output itself for values.
    """
    if kind == "values":
        is_short = output.dtype.is_floating and output.dtype != tf.float32
        return tf.cast(output, tf.float32) if is_short else output
    rows = _as_rows(tf.cast(output, tf.float32), count, images)
    if kind == "logits":
        return _for_width(
            rows,
            count,
            single=lambda: tf.sigmoid(tf.concat([-rows, rows], axis=1)),
            several=lambda: tf.nn.softmax(rows),
        )
    if kind == "sigmoid":
        return _for_width(
            rows,
            count,
            single=lambda: tf.concat([1 - rows, rows], axis=1),
            several=lambda: rows,
        )
    return rows


def _for_width(
    rows: tf.Tensor, count: int, *, single: Callable, several: Callable
) -> tf.Tensor:
    """The ops of `single` for rows of one number and two classes, else of `several`.

    Where the graph leaves the width of the rows open, each run decides by its own.
    """
    if count != 2 or rows.shape.rank != 2:
        return several()
    if rows.shape[1] is not None:
        return single() if rows.shape[1] == 1 else several()
    found = tf.cond(tf.equal(tf.shape(rows)[1], 1), single, several)
    return tf.ensure_shape(found, [None, None])


def _as_rows(output: tf.Tensor, count: int, images: tf.Tensor | None) -> tf.Tensor:
    """[N, K] for what has the shape [N], [N, 1, 1, K], or of one photo [K]."""
    shape = output.shape
    if images is not None and (shape.rank is None or shape.rank < 2):
        batch = tf.shape(images)[0] if images.shape.rank else 1
        return tf.reshape(output, [batch, -1])
    if shape.rank in (0, 1):
        is_row = count > 1 and shape.num_elements() == count
        return tf.reshape(output, [1, -1] if is_row else [-1, 1])
    if shape.rank and shape.rank > 2 and all(size == 1 for size in shape[1:-1]):
        return tf.reshape(output, [-1, shape[-1] or tf.shape(output)[-1]])
    return output
