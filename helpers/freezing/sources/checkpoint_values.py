"""Find where a checkpoint keeps the value of each variable, and read it.

The key of a tensor in a checkpoint need not be the variable's name: the parts of a
partitioned variable share one key, and a Saver can be given other keys. The restore
ops of the graph's savers hold the keys that were used.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.bundles import ADVICE, CheckpointError
from helpers.checkpoints.checkpoint import Checkpoint
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.prefixes import reader_prefix
from helpers.graphs.edges import Edge, data_inputs, source_nodes
from helpers.graphs.traversal import find_reachable

# Lines of an error's message that say where it occurred, and not what.
LOCATIONS = ("Graph execution error:", "Detected at", "File ", "Node:")
WILDCARDS = re.compile(r"[][\\]")  # characters that TensorFlow's reader expands
UNREADABLE = (tf.errors.OpError, ValueError, RuntimeError, LookupError)
RESTORES = ("RestoreV2", "RestoreSlice", "Restore")
ASSIGNS = ("Assign", "AssignVariableOp")
PASSING = ("Identity", "Reshape", "Cast", "Squeeze")


class SavedTensor(NamedTuple):
    """A tensor in a checkpoint, or a slice of one."""

    key: str
    slice_spec: str = ""  # as savers write it: "6 4 0,3:-", the shape, then each axis


def find_saved_tensors(
    nodes: Mapping[str, Any], restore_op: str = ""
) -> dict[str, list[SavedTensor]]:
    """The tensors that each variable is restored from, by the variable's name.

    Args:
      nodes: all nodes of the graph by name.
      restore_op: `saver_def.restore_op_name`; the tensors of this saver come first.
    """
    main = find_reachable(
        [restore_op.split(":")[0]],
        lambda name: [] if nodes[name].op in RESTORES else source_nodes(nodes[name]),
        within=nodes,
    )
    found: dict[str, list[SavedTensor]] = {}
    for node in nodes.values():
        if node.op not in ASSIGNS:
            continue
        variable, value = data_inputs(node)[:2]
        saved = restored_from(nodes, value)
        if saved:
            tensors = found.setdefault(variable.node, [])
            tensors.insert(0 if node.name in main else len(tensors), saved)
    return found


def restored_from(nodes: Mapping[str, Any], item: Edge) -> SavedTensor | None:
    """The tensor that a restore op reads for this edge, or None."""
    while item.node in nodes and nodes[item.node].op in PASSING:
        item = data_inputs(nodes[item.node])[0]
    node = nodes.get(item.node)
    if node is None or node.op not in RESTORES:
        return None
    _, keys, *specs = data_inputs(node)
    key = _string(nodes, keys, item.output_index)
    spec = _string(nodes, specs[0], item.output_index) if specs else ""
    return None if key is None or spec is None else SavedTensor(key, spec)


def _string(nodes: Mapping[str, Any], item: Edge, index: int) -> str | None:
    """An element of a constant vector of strings; None if there is none."""
    node = nodes.get(item.node)
    if node is None or node.op != "Const":
        return None
    tensor = node.attr["value"].tensor
    values, sizes = tensor.string_val, [dim.size for dim in tensor.tensor_shape.dim]
    if not values or not 0 <= index < math.prod(sizes):
        return None
    # The last value stands for those that are not stated.
    return values[min(index, len(values) - 1)].decode(errors="backslashreplace")


class CheckpointValues:
    """The tensors of a checkpoint, in V1 or V2 format, sharded or not.

    Raises:
      FreezeError: the files cannot be read.
    """

    def __init__(self, prefix: str):
        # Read without TensorFlow first: it aborts the process on an invalid index, and
        # does not notice a missing shard.
        self._files = Checkpoint(prefix)
        self.prefix = prefix = reader_prefix(prefix)
        if WILDCARDS.search(prefix):
            raise FreezeError(
                f"TensorFlow takes {prefix} for a pattern, because of [, ] or \\ in it",
                "rename the file or its folder",
            )
        self._raise_damage()
        try:
            self._reader = tf1.train.NewCheckpointReader(prefix)
            # A name that is not UTF-8 is an error only here.
            self.shapes: dict[str, list[int]] = self._reader.get_variable_to_shape_map()
            self.dtypes: dict[str, tf.DType] = self._reader.get_variable_to_dtype_map()
        except UNREADABLE as error:
            raise self._damage(error) from error

    def read(self, saved: SavedTensor) -> np.ndarray:
        """The value of a tensor or slice.

        Raises:
          FreezeError: the data file is damaged.
        """
        try:
            value = self._reader.get_tensor(saved.key)
            # An array of type S would drop the zero bytes at the end of a string.
            is_text = isinstance(value, bytes)
            whole = np.array(value, object) if is_text else np.asarray(value)
        except tf.errors.UnimplementedError:  # slices in the V1 format
            return self._restore(saved)
        except UNREADABLE as error:
            raise self._damage(error, saved.key) from error
        return whole[_slices(saved.slice_spec)] if saved.slice_spec else whole

    def _damage(self, error: Exception, key: str | None = None) -> FreezeError:
        """The error that says what is wrong with the files that TensorFlow refuses.

        Args:
          key: the variable that it cannot read; None: the whole checkpoint.
        """
        try:
            self._raise_damage(key)
        except FreezeError as found:
            return found
        what = self.prefix if key is None else f"{key!r} of {self.prefix}"
        return FreezeError(
            f"TensorFlow cannot read {what}: {_without(error, self.prefix)}", ADVICE
        )

    def _raise_damage(self, key: str | None = None) -> None:
        """Read the files without TensorFlow, and raise FreezeError if that fails."""
        try:
            _ = self._files.values if key is None else self._files.read(key)
        except CheckpointError as error:
            raise FreezeError(error.cause, error.fix) from error

    def _restore(self, saved: SavedTensor) -> np.ndarray:
        """The value of a tensor or slice, read with TensorFlow's restore op."""
        with tf.Graph().as_default(), tf1.Session() as session:
            (value,) = tf.raw_ops.RestoreV2(
                prefix=self.prefix,
                tensor_names=[saved.key],
                shape_and_slices=[saved.slice_spec],
                dtypes=[self.dtypes[saved.key]],
            )
            return session.run(value)

    def reader(self, saved: SavedTensor) -> Callable[[], np.ndarray]:
        """A function that reads the value when it is called."""
        return lambda: self.read(saved)

    def shape(self, saved: SavedTensor) -> list[int]:
        """The shape of a tensor or slice."""
        shape = self.shapes[saved.key]
        if not saved.slice_spec:
            return shape
        slices = _slices(saved.slice_spec)
        return [len(range(n)[part]) for n, part in zip(shape, slices, strict=True)]

    def global_step(self) -> int | None:
        """The number of training steps, if the checkpoint holds a `global_step`."""
        for key, shape in self.shapes.items():
            if key.split("/")[-1] == "global_step" and not shape:
                return int(self.read(SavedTensor(key)))
        return None


def _slices(spec: str) -> tuple[slice, ...]:
    """A saver's slice specification as slices, one an axis."""
    found = []
    for axis in spec.split(" ")[-1].split(":"):
        if axis == "-":
            found.append(slice(None))
        else:
            start, length = map(int, axis.split(","))
            found.append(slice(start, start + length))
    return tuple(found)


def _without(error: Exception, prefix: str) -> str:
    """The summary of an error without the file that it is about."""
    path = re.escape(prefix) + r"[-.\w]*"
    return re.sub(rf"\s*(for|file|:)?\s*{path}:?", "", error_summary(error))


def error_summary(error: Exception) -> str:
    """One line of a TensorFlow error's message, without Python source locations."""
    text = getattr(error, "message", str(error))
    lines = [line.strip() for line in text.splitlines()]
    for index, line in enumerate(lines[:-1]):
        if line.startswith("Node: "):
            return f"{line.removeprefix('Node: ')} {lines[index + 1]}"
    causes = [line for line in lines if line and not line.startswith(LOCATIONS)]
    return causes[0] if causes else type(error).__name__
