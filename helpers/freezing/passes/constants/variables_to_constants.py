"""Turn variables into constants whose values stay in the checkpoint until written."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import variables
from helpers.freezing.sources.checkpoint_values import Checkpoint, Saved
from helpers.graphs.editor import GraphEditor

LARGE = 256  # bytes; a smaller constant is left as it is
LIMIT = 2**31 - 1  # bytes; a protobuf message cannot be larger


class Weight(NamedTuple):
    """A constant to be, of known type and shape; its value is read when written."""

    dtype: tf.DType
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]

    @property
    def size(self) -> int:
        return math.prod(self.shape) * self.dtype.size


def variables_to_constants(editor: GraphEditor) -> int:
    """Put a constant of the variable's name in place of each variable.

    Returns:
      the number of constants; of a graph without a checkpoint, its large constants.
    Raises:
      FreezeError: the checkpoint misses variables, or has them with another shape.
    """
    checkpoint, saved = editor.context.values, editor.context.places
    if not checkpoint:
        return _lift_constants(editor)
    places = {
        node.name: place_of(node, checkpoint, saved) for node in variables(editor)
    }
    _check(editor, checkpoint, places)
    for name, place in places.items():
        old = editor.nodes[name]
        dtype = tf.as_dtype(old.attr["dtype"].type)
        shape = tuple(checkpoint.shape(place))
        node = editor.add(name, "Const")
        node.attr["dtype"].type = dtype.as_datatype_enum
        editor.weights[name] = Weight(dtype, shape, checkpoint.reading(place))
    return len(places)


def _lift_constants(editor: GraphEditor) -> int:
    """Make weights of large constants: a graph without a checkpoint has them inside."""
    for node in editor.nodes.values():
        tensor = node.attr["value"].tensor if node.op == "Const" else None
        if tensor is not None and len(tensor.tensor_content) >= LARGE:
            value = tf.make_ndarray(tensor)
            dtype = tf.as_dtype(tensor.dtype)
            editor.weights[node.name] = Weight(dtype, value.shape, _given(value))
            del node.attr["value"]
    return len(editor.weights)


def _given(value: np.ndarray) -> Callable[[], np.ndarray]:
    return lambda: value


def check_size(editor: GraphEditor, weights: str) -> None:
    """Refuse what would not fit into one GraphDef, before it is built."""
    size = sum(weight.size for weight in editor.weights.values())
    size += sum(node.ByteSize() for node in editor.nodes.values())
    if size <= LIMIT:
        return
    fix = "freeze parts of it, with outputs that come earlier"
    if weights == "float32" and size / 2 <= LIMIT:
        fix = f"store it in 16 bits, with --weights bfloat16: {size / 2e9:.2f} GB"
    raise FreezeError(
        f"the frozen graph would be {size / 1e9:.2f} GB, and a GraphDef holds 2.15 GB "
        "at most",
        fix,
    )


def place_of(
    node, checkpoint: Checkpoint, saved: dict[str, list[Saved]]
) -> Saved | None:
    """Where the variable's value is: as a saver says, else under its own name."""
    shared = node.attr["shared_name"].s.decode() if "shared_name" in node.attr else ""
    names = [node.name, *([shared] if shared else [])]
    candidates = [place for name in names for place in saved.get(name, ())]
    candidates += [Saved(name) for name in names]
    for place in candidates:
        if place.key in checkpoint.shapes:
            return place
    return None


def _check(editor: GraphEditor, checkpoint: Checkpoint, places: dict) -> None:
    """Raise where the checkpoint does not hold what the graph's variables are."""
    missing = [name for name, place in places.items() if place is None]
    differing = {
        name: text
        for name, place in places.items()
        if place and (text := _difference(editor.nodes[name], checkpoint, place))
    }
    if missing and not differing and len(missing) <= len(places) / 2:
        raise FreezeError(
            f"{checkpoint.prefix} does not hold what the outputs need: {_few(missing)}",
            "save all variables, not only the trainable ones (batch normalization's "
            "statistics are not trained), or give the checkpoint that has them",
        )
    if missing or differing:
        lines = [f"  {name}: {text}" for name, text in differing.items()]
        lines += [f"  {name}: not in the checkpoint" for name in missing]
        more = [f"  and {len(lines) - 5} more"] if len(lines) > 5 else []
        raise FreezeError(
            f"{checkpoint.prefix} is of another model: {len(lines)} of {len(places)} "
            "variables differ\n" + "\n".join(lines[:5] + more),
            "give the .meta and the prefix of the same training",
        )


def _difference(node, checkpoint: Checkpoint, place: Saved) -> str | None:
    """How a variable in the graph and in the checkpoint differ."""
    shape, found = node.attr["shape"].shape, checkpoint.shape(place)
    wanted = [dim.size for dim in shape.dim]
    open_shape = shape.unknown_rank or -1 in wanted
    unstated = node.op == "Variable" and not wanted  # before TensorFlow 1: any shape
    if not (open_shape or unstated) and wanted != found:
        return f"{wanted} in the graph, {found} in the checkpoint"
    ours, theirs = tf.as_dtype(node.attr["dtype"].type), checkpoint.dtypes[place.key]
    if ours.base_dtype != theirs:
        return f"{ours.name} in the graph, {theirs.name} in the checkpoint"
    return None


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
