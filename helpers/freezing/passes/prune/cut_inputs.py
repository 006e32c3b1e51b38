"""Replace input queues and iterators with placeholders."""

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2

from helpers.graphs.editor import Edge, GraphEditor, data_inputs

QUEUES = ("QueueDequeue", "QueueDequeueMany", "QueueDequeueUpTo")
ITERATORS = ("IteratorGetNext", "IteratorGetNextSync", "OneShotIteratorGetNext")
OTHERS = ("Unstage", "RecordInput", "ReaderRead", "ReaderReadV2", "WholeFileRead")


def cut_inputs(editor: GraphEditor) -> int:
    """Put placeholders of the right type and shape in place of input pipelines.

    Returns the number of placeholders.

    The first tensor keeps its name; the others are called `NAME/1`, `NAME/2`.
    """
    consumers = editor.consumers()
    moves = {}
    for node in list(editor.nodes.values()):
        if not delivers(node.op):
            continue
        taken = {item.index for _, item in consumers.get(node.name, ())}
        taken |= {item.index for item in editor.outputs if item.node == node.name}
        types, shapes = _types(editor, node), _shapes(editor, node)
        for index in sorted(number for number in taken if number >= 0):
            name = f"{node.name}/{index}" if index else node.name
            made = editor.add(
                editor.unused_name(name) if index else name, "Placeholder"
            )
            made.attr["dtype"].type = types[index]
            made.attr["shape"].shape.CopyFrom(shapes[index] or _unknown())
            editor.cuts[made.name] = Edge(node.name, index)
            if index:
                moves[Edge(node.name, index)] = Edge(made.name, 0)
    editor.rewire(moves)
    return len(editor.cuts)


def delivers(op: str) -> bool:
    return op.removesuffix("V2") in QUEUES or op in ITERATORS + OTHERS


def _types(editor: GraphEditor, node) -> list[int]:
    for name in ("component_types", "output_types", "dtypes"):
        if name in node.attr:
            return list(node.attr[name].list.type)
    return [tf.string.as_datatype_enum] * 2


def _shapes(editor: GraphEditor, node) -> list:
    """The shape of each output, or None; of batches, any number of rows."""
    if "output_shapes" in node.attr:
        return list(node.attr["output_shapes"].list.shape)
    single = node.op.removesuffix("V2") == "QueueDequeue"
    queue = editor.nodes.get(data_inputs(node)[0].node) if node.input else None
    states = queue is not None and "shapes" in queue.attr
    shapes = list(queue.attr["shapes"].list.shape) if states else []
    if shapes:
        return shapes if single else [_batch_of(shape) for shape in shapes]
    noted = []
    if "_output_shapes" in node.attr:
        noted = list(node.attr["_output_shapes"].list.shape)
    if len(noted) != len(_types(editor, node)):
        return [None] * len(_types(editor, node))
    for shape in noted if not single else ():
        if shape.dim:
            shape.dim[0].size = -1
    return noted


def _batch_of(shape):
    made = tensor_shape_pb2.TensorShapeProto(unknown_rank=shape.unknown_rank)
    if not shape.unknown_rank:
        made.dim.add(size=-1)
        made.dim.extend(shape.dim)
    return made


def _unknown():
    return tensor_shape_pb2.TensorShapeProto(unknown_rank=True)
