"""Put what a function of TensorFlow 2 captured into its graph: variables and tables."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_values import Saved

FINDS = ("LookupTableFind", "LookupTableFindV2")


class Captured:
    """The values of a function's variables, read as those of a Checkpoint are."""

    def __init__(self, variables: dict):
        self.prefix = "the model"
        self.variables = variables  # by the name of their op in the graph
        self.shapes = {name: v.shape.as_list() for name, v in variables.items()}
        self.dtypes = {name: v.dtype for name, v in variables.items()}

    def shape(self, saved: Saved) -> list[int]:
        return self.shapes[saved.key]

    def reading(self, saved: Saved) -> Callable[[], np.ndarray]:
        return self.variables[saved.key].numpy

    def global_step(self) -> None:
        return None


def graph_of(function) -> tuple[tf1.GraphDef, Captured]:
    """A concrete function's graph, what it captured in it, and the variables' values.

    Raises:
      FreezeError: it captured a resource that is neither a variable nor a table.
    """
    graph_def = function.graph.as_graph_def()
    nodes = {node.name: node for node in graph_def.node}
    by_handle = {id(variable.handle): variable for variable in function.variables}
    variables = {}
    for given, inner in zip(
        function.captured_inputs, function.graph.internal_captures, strict=True
    ):
        node = nodes[inner.op.name]
        if id(given) in by_handle:
            variables[node.name] = by_handle[id(given)]
            _variable(node, variables[node.name])
        elif given.dtype == tf.resource:
            _table(graph_def, node, given)
        else:
            _constant(node, given.numpy(), given.dtype)
    return graph_def, Captured(variables)


def _variable(node, variable) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "VarHandleOp"
    node.attr["dtype"].type = variable.dtype.as_datatype_enum
    node.attr["shape"].shape.CopyFrom(variable.shape.as_proto())
    node.attr["shared_name"].s = name.encode()


def _constant(node, value, dtype: tf.DType) -> None:
    name = node.name
    node.Clear()
    node.name, node.op = name, "Const"
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype=dtype))


def _table(graph_def: tf1.GraphDef, node, handle) -> None:
    """A table of the graph's own, filled with what the captured one holds."""
    keys, values = _contents(graph_def, node.name, handle)
    name = node.name
    node.Clear()
    node.name, node.op = name, "HashTableV2"
    node.attr["shared_name"].s = name.encode()
    fill = graph_def.node.add(name=f"{name}/fill", op="InitializeTableV2")
    fill.input.append(name)
    for role, attr, tensor in (("key", "Tkey", keys), ("value", "Tval", values)):
        node.attr[f"{role}_dtype"].type = tensor.dtype.as_datatype_enum
        fill.attr[attr].type = tensor.dtype.as_datatype_enum
        constant = graph_def.node.add(name=f"{name}/{role}s")
        _constant(constant, tensor.numpy(), tensor.dtype)
        fill.input.append(constant.name)


def _contents(
    graph_def: tf1.GraphDef, name: str, handle
) -> tuple[tf.Tensor, tf.Tensor]:
    """The table's keys, sorted, and their values."""
    bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
    finds = [node for body in bodies for node in body if node.op in FINDS]
    for types in {(f.attr["Tin"].type, f.attr["Tout"].type) for f in finds}:
        try:
            keys, values = tf.raw_ops.LookupTableExportV2(
                table_handle=handle, Tkeys=types[0], Tvalues=types[1]
            )
        except tf.errors.InvalidArgumentError:  # a table of other types
            continue
        order = np.argsort(keys.numpy(), kind="stable")
        return tf.gather(keys, order), tf.gather(values, order)
    raise FreezeError(
        f"the model captured {name!r}, a resource that is no variable and no lookup "
        "table: a frozen graph cannot hold it",
        "export the model without it",
    )
