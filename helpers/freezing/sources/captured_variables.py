"""Add the variables and tables that a traced tf.function captured to its graph."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import SavedTensor

# The dtypes of keys and of values that TensorFlow's hash tables may have.
KEYS = (tf.string, tf.int64, tf.int32)
VALUES = (tf.int64, tf.string, tf.int32, tf.float32, tf.float64, tf.bool)


class CapturedValues:
    """The values of a traced function's variables, read as CheckpointValues are.

    Args:
      variables: by the name of their op in the graph.
    """

    prefix = "the model"

    def __init__(self, variables: dict[str, Any]):
        self.variables = variables
        self.shapes = {name: v.shape.as_list() for name, v in variables.items()}
        self.dtypes = {name: v.dtype for name, v in variables.items()}

    def shape(self, saved: SavedTensor) -> list[int]:
        """The shape of a variable."""
        return self.shapes[saved.key]

    def reader(self, saved: SavedTensor) -> Callable[[], np.ndarray]:
        """A function that reads the value when it is called."""
        return self.variables[saved.key].numpy

    def global_step(self) -> None:
        """None: a traced function has no training step."""


def graph_with_captures(function) -> tuple[tf1.GraphDef, CapturedValues]:
    """A concrete function's graph, its captures in it, and its variables' values.

    The placeholders of captured tensors become ops: VarHandleOp for a variable, a
    filled HashTableV2 for a lookup table, and Const for other values.

    Raises:
      FreezeError: it captured a resource that is neither a variable nor a table.
    """
    graph_def = function.graph.as_graph_def()
    nodes = {node.name: node for node in graph_def.node}
    by_handle = {id(variable.handle): variable for variable in function.variables}
    variables = {}
    for captured, inner in zip(
        function.captured_inputs, function.graph.internal_captures, strict=True
    ):
        node = nodes[inner.op.name]
        if id(captured) in by_handle:
            variables[node.name] = by_handle[id(captured)]
            _make_variable(node, variables[node.name])
        elif captured.dtype == tf.resource:
            _make_table(graph_def, node, captured)
        elif captured.dtype == tf.variant:  # such as a data set
            raise _not_held(node.name)
        else:
            _make_constant(node, captured)
    return graph_def, CapturedValues(variables)


def _clear(node, op: str) -> None:
    """Make a node one of another op, without inputs and attributes."""
    name = node.name
    node.Clear()
    node.name, node.op = name, op


def _make_variable(node, variable) -> None:
    _clear(node, "VarHandleOp")
    node.attr["dtype"].type = variable.dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(variable.shape.as_proto())
    node.attr["shared_name"].s = node.name.encode()


def _not_held(name: str) -> FreezeError:
    return FreezeError(
        f"the model captured {name!r}, which is no variable, lookup table or tensor: a "
        "frozen graph cannot hold it",
        "export the model without it",
    )


def _make_constant(node, tensor: tf.Tensor) -> None:
    _clear(node, "Const")
    value = tf.make_tensor_proto(tensor.numpy(), dtype=tensor.dtype)
    node.attr["dtype"].type = tensor.dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(value)


def _make_table(graph_def: tf1.GraphDef, node, handle: tf.Tensor) -> None:
    """Make the node a table, and add an op that fills it with the captured contents."""
    keys, values = _table_contents(node.name, handle)
    _clear(node, "HashTableV2")
    node.attr["shared_name"].s = node.name.encode()
    fill = graph_def.node.add(name=f"{node.name}/fill", op="InitializeTableV2")
    fill.input.append(node.name)
    for role, attr, tensor in (("key", "Tkey", keys), ("value", "Tval", values)):
        node.attr[f"{role}_dtype"].type = tensor.dtype.as_datatype_enum
        fill.attr[attr].type = tensor.dtype.as_datatype_enum
        constant = graph_def.node.add(name=f"{node.name}/{role}s")
        _make_constant(constant, tensor)
        fill.input.append(constant.name)


def _table_contents(name: str, handle: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The table's keys, sorted, and their values."""
    types = _table_types(handle)
    if types is None:
        raise _not_held(name)
    try:
        keys, values = tf.raw_ops.LookupTableExportV2(
            table_handle=handle, Tkeys=types[0], Tvalues=types[1]
        )
    except (tf.errors.FailedPreconditionError, tf.errors.AbortedError) as error:
        raise FreezeError(
            f"the file does not hold the vocabulary of the model's table {name!r}: "
            "HDF5 has no place for one that a layer adapted to",
            "save the model as .keras, or give the layer its vocabulary when making it",
        ) from error
    order = np.argsort(keys.numpy(), kind="stable")
    return tf.gather(keys, order), tf.gather(values, order)


def _table_types(handle: tf.Tensor) -> tuple[tf.DType, tf.DType] | None:
    """The dtypes of a table's keys and values; None for another resource.

    They are those that a lookup accepts: the handle does not tell them, and the export
    of a table does not check them.
    """
    for key, value in itertools.product(KEYS, VALUES):
        try:
            tf.raw_ops.LookupTableFindV2(
                table_handle=handle,
                keys=tf.zeros([1], key),
                default_value=tf.zeros([], value),
            )
        except tf.errors.FailedPreconditionError:  # these are right; it is empty
            return key, value
        except (tf.errors.InvalidArgumentError, tf.errors.NotFoundError):
            continue
        return key, value
    return None
