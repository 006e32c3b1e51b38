"""States the shapes of placeholders, which other programs read from the file alone."""

from helpers.graphs.editor import GraphEditor
from helpers.graphs.wiring import stated_shape


def state_shapes(editor: GraphEditor) -> int:
    """Write the known shape of each placeholder, or that it is unknown.

    Before GraphDef version 24 an unknown shape was stored as that of a scalar, and a
    known one in a hint only; other programs take an empty or absent shape for a scalar.

    Returns the number of placeholders that stated another shape.
    """
    changes = 0
    for node in editor.nodes.values():
        if node.op != "Placeholder":
            continue
        sizes = stated_shape(node, editor.versions.producer)
        is_stated = "shape" in node.attr
        shape = node.attr["shape"].shape
        before = shape.SerializeToString() if is_stated else None
        shape.Clear()
        shape.unknown_rank = sizes is None
        for size in sizes or ():
            shape.dim.add(size=-1 if size is None else size)
        changes += shape.SerializeToString() != before
    return changes
