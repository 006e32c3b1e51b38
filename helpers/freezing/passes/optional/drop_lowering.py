"""Leaves functional loops and conditionals as they are (--plain).

TensorFlow writes into each If and While op that it may be lowered to Switch and Merge
ops. tf2onnx follows that, and then recognises no loop.
"""

from helpers.graphs.editor import GraphEditor, nodes_of

LOWERING = "_lower_using_switch_merge"


def drop_lowering(editor: GraphEditor) -> int:
    """Remove the attribute that lets an op be lowered; return the number of ops."""
    lowered = [node for _, node, _ in nodes_of(editor) if LOWERING in node.attr]
    for node in lowered:
        del node.attr[LOWERING]
    return len(lowered)
