"""Replaces input queues and iterators with placeholders."""

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2

from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor

QUEUES = ("QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo")
ITERATORS = ("IteratorGetNext", "IteratorGetNextSync", "OneShotIteratorGetNext")
OTHERS = ("Unstage", "RecordInput", "ReaderRead", "ReaderReadV2", "WholeFileRead")
UNKNOWN = tensor_shape_pb2.TensorShapeProto(unknown_rank=True)


def cut_inputs(editor: GraphEditor) -> int:
    """Replace each output of an input pipeline by a placeholder of its type and shape.

    The first output keeps its name; the others are named `NAME/1`, `NAME/2`.

    Returns the number of placeholders.
    """
    consumers = editor.consumers()
    moves, placeholders = {}, 0
    for node in list(editor.nodes.values()):
        if not is_pipeline_output(node.op):
            continue
        used = {item.output_index for _, item in consumers.get(node.name, ())}
        used |= {o.output_index for o in editor.outputs if o.node == node.name}
        types = _types(node)
        shapes = _shapes(editor, node, len(types))
        for index in sorted(number for number in used if number >= 0):
            name = editor.unused_name(f"{node.name}/{index}") if index else node.name
            made = editor.add(name, "Placeholder")
            made.attr["dtype"].type = types[index]
            made.attr["shape"].shape.CopyFrom(shapes[index])
            placeholders += 1
            if index:
                moves[Edge(node.name, index)] = Edge(name, 0)
    editor.rewire(moves)
    return placeholders


def is_pipeline_output(op: str) -> bool:
    """Whether the op takes an element from a queue, an iterator or a reader."""
    return op.removesuffix("V2") in QUEUES or op in ITERATORS + OTHERS


def _types(node) -> list[int]:
    for name in ("component_types", "output_types", "dtypes"):
        if name in node.attr:
            return list(node.attr[name].list.type)
    return [tf.string.as_datatype_enum] * 2


def _shapes(editor: GraphEditor, node, count: int) -> list:
    """The shape of each output; the batch size of a batch is unknown."""
    if "output_shapes" in node.attr:
        return list(node.attr["output_shapes"].list.shape)
    single = node.op.removesuffix("V2") == "QueueDequeue"
    queue = editor.nodes.get(data_inputs(node)[0].node) if node.input else None
    if queue is not None and "shapes" in queue.attr and queue.attr["shapes"].list.shape:
        shapes = list(queue.attr["shapes"].list.shape)
        return shapes if single else [_batch_of(shape) for shape in shapes]
    hints = []
    if "_output_shapes" in node.attr:
        hints = list(node.attr["_output_shapes"].list.shape)
    if len(hints) != count:
        return [UNKNOWN] * count
    for shape in hints if not single else ():
        if shape.dim:
            shape.dim[0].size = -1
    return hints


def _batch_of(shape):
    made = tensor_shape_pb2.TensorShapeProto(unknown_rank=shape.unknown_rank)
    if not shape.unknown_rank:
        made.dim.add(size=-1)
        made.dim.extend(shape.dim)
    return made
