"""Checks that this TensorFlow can run the frozen graph, before it is written."""

from helpers.freezing.custom_ops import unregistered_op
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.op_registry import devices, op_def


def preflight(editor: GraphEditor) -> list[str]:
    """A sentence on each op that has no CPU kernel in this TensorFlow.

    Raises:
      FreezeError: an op is not registered: the graph could not be loaded.
    """
    found = []
    for node in editor.nodes.values():
        if node.op in editor.functions:
            continue
        if op_def(node.op) is None:
            raise unregistered_op(node, _path(editor, node.name))
        kinds = ", ".join(sorted(devices(node.op)))
        if devices(node.op).isdisjoint(("CPU", "DEFAULT")):
            only = f"only for {kinds}" if kinds else "nor for another device"
            found.append(
                f"op {node.op} ({node.name!r}) has no kernel for a CPU, {only}"
            )
    return found


def _path(editor: GraphEditor, wanted: str) -> str:
    """The path from an output to the op, as `output <- … <- op`."""
    before: dict[str, str | None] = dict.fromkeys(editor.roots())
    ahead = list(before)
    for name in ahead:
        if name == wanted:
            break
        for text in editor.nodes[name].input:
            source = Edge.parse(text).node
            if source not in before and source in editor.nodes:
                before[source] = name
                ahead.append(source)
    steps: list[str] = []
    step: str | None = wanted
    while step is not None:
        steps.insert(0, step)
        step = before.get(step)
    if len(steps) > 6:
        steps[3:-2] = ["…"]
    return " <- ".join(steps)
