"""Where a variable's value is in a checkpoint, and reading it.

A variable's name is not always its key: partitioned variables share one, and programs
choose others. What the saver's restore nodes say is true.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.prefixes import readable
from helpers.graphs.editor import Edge, data_inputs, edge

WHERE = ("Detected at", "File ", "Node:")  # of an error of TensorFlow's: not what
PATTERN = re.compile(r"[][\\]")  # in names, what TensorFlow's reader takes otherwise
UNREADABLE = (tf.errors.OpError, ValueError, RuntimeError, LookupError)
RESTORES = ("RestoreV2", "RestoreSlice", "Restore")
ASSIGNS = ("Assign", "AssignVariableOp")
PASSING = ("Identity", "Reshape", "Cast", "Squeeze")


class Saved(NamedTuple):
    """A tensor in a checkpoint, or a part of one."""

    key: str
    part: str = ""  # as savers write it: "6 4 0,3:0,4", the whole shape, then ranges


def saved_names(nodes: dict, restore_op: str = "") -> dict[str, list[Saved]]:
    """What each variable is restored from; the graph's main saver first.

    Args:
      nodes: all nodes of the graph by name.
      restore_op: the main saver's restore op, `saver_def.restore_op_name`.
    """
    main = _reached(nodes, restore_op)
    found: dict[str, list[Saved]] = {}
    for node in nodes.values():
        if node.op not in ASSIGNS:
            continue
        variable, value = data_inputs(node)[:2]
        saved = restored_from(nodes, value)
        if saved:
            places = found.setdefault(variable.node, [])
            places.insert(0 if node.name in main else len(places), saved)
    return found


def _reached(nodes: dict, root: str) -> set[str]:
    """The op names that `root` waits for."""
    seen, ahead = set(), [root.split(":")[0]]
    while ahead:
        name = ahead.pop()
        if name in nodes and name not in seen:
            seen.add(name)
            if nodes[name].op not in RESTORES:
                ahead += [edge(text).node for text in nodes[name].input]
    return seen


def restored_from(nodes: dict, item: Edge) -> Saved | None:
    """The checkpoint's tensor that arrives at an assignment, if one does."""
    while item.node in nodes and nodes[item.node].op in PASSING:
        item = data_inputs(nodes[item.node])[0]
    node = nodes.get(item.node)
    if node is None or node.op not in RESTORES:
        return None
    inputs = data_inputs(node)
    key = _strings(nodes, inputs[1])
    parts = _strings(nodes, inputs[2]) if len(inputs) > 2 else [""] * len(key)
    if item.index >= len(key) or item.index >= len(parts):
        return None
    return Saved(key[item.index], parts[item.index])


def _strings(nodes: dict, item: Edge) -> list[str]:
    node = nodes.get(item.node)
    if node is None or node.op != "Const":
        return []
    values = tf.make_ndarray(node.attr["value"].tensor).reshape(-1)
    return [value.decode() for value in values]


class Checkpoint:
    """The tensors of a checkpoint, of either format, sharded or not."""

    def __init__(self, prefix: str):
        self.prefix = prefix = readable(prefix)
        if PATTERN.search(prefix):
            raise FreezeError(
                f"TensorFlow takes {prefix} for a pattern, because of [, ] or \\ in it",
                "rename the file or its folder",
            )
        try:
            self._reader = tf1.train.NewCheckpointReader(prefix)
        except UNREADABLE as error:
            raise FreezeError(
                f"{prefix} is not a readable checkpoint: {first_line(error)}",
                "copy its files again; all of them belong together",
            ) from error
        self.shapes = dict(self._reader.get_variable_to_shape_map())
        self.dtypes = dict(self._reader.get_variable_to_dtype_map())

    def read(self, saved: Saved) -> np.ndarray:
        """The tensor, or the part of it, as it was saved."""
        try:
            whole = np.asarray(self._reader.get_tensor(saved.key))
        except tf.errors.UnimplementedError:  # parts of the old format
            return restored_by_op(self.prefix, saved, self.dtypes[saved.key])
        except UNREADABLE as error:
            raise FreezeError(
                f"variable {saved.key!r} of {Path(self.prefix).name} cannot be read: "
                f"{first_line(error)}",
                "its .data file is cut off or damaged: copy it again",
            ) from error
        return whole[ranges(saved.part)] if saved.part else whole

    def global_step(self) -> int | None:
        """How many training steps are behind the checkpoint, where it says so."""
        for key, shape in self.shapes.items():
            if key.split("/")[-1] == "global_step" and not shape:
                return int(self.read(Saved(key)))
        return None

    def reading(self, saved: Saved) -> Callable[[], np.ndarray]:
        """A function that reads the tensor, for later."""
        return lambda: self.read(saved)

    def shape(self, saved: Saved) -> list[int]:
        """The shape that reading would give."""
        if not saved.part:
            return self.shapes[saved.key]
        whole = self.shapes[saved.key]
        return [
            len(range(size)[part])
            for size, part in zip(whole, ranges(saved.part), strict=True)
        ]


def restored_by_op(prefix: str, saved: Saved, dtype: tf.DType) -> np.ndarray:
    """The tensor as TensorFlow's restore op reads it, in a graph of its own."""
    with tf.Graph().as_default(), tf1.Session() as session:
        places = {"tensor_names": [saved.key], "shape_and_slices": [saved.part]}
        return session.run(
            tf.raw_ops.RestoreV2(prefix=prefix, dtypes=[dtype], **places)
        )[0]


def ranges(part: str) -> tuple[slice, ...]:
    """A saver's slice specification as slices; `-` is a whole axis."""
    spec = part.split(" ")[-1]
    found = []
    for axis in spec.split(":"):
        if axis == "-":
            found.append(slice(None))
            continue
        start, length = map(int, axis.split(","))
        found.append(slice(start, start + length))
    return tuple(found)


def first_line(error: Exception) -> str:
    """What an error of TensorFlow's says, without where in whose Python file."""
    lines = [
        line.strip() for line in getattr(error, "message", str(error)).splitlines()
    ]
    for index, line in enumerate(lines[:-1]):
        if line.startswith("Node: "):
            return f"{line.removeprefix('Node: ')} {lines[index + 1]}"
    said = [line for line in lines if line and line != "Graph execution error:"]
    return next(
        (line for line in said if not line.startswith(WHERE)), type(error).__name__
    )
