"""What a frozen graph's user has to be told."""

from collections.abc import Iterable

from helpers.freezing.passes.inference.batch_statistics import takes_batch_statistics
from helpers.freezing.passes.prune.prune import functions_in
from helpers.graphs.editor import GraphEditor, nodes_of
from helpers.graphs.op_registry import op_def

RANDOM = ("Random", "Multinomial", "TruncatedNormal", "CandidateSampler", "Shuffle")


def warn(editor: GraphEditor, *sentences: Iterable[str]) -> None:
    """Add to the draft's warnings what can be seen of the graph, and what was found."""
    from helpers.graphs.unsafe_ops import unsafe_ops

    for scope, node, nodes in nodes_of(editor):
        if is_random(node):
            editor.warnings.append(
                f"RANDOM: {scope}{node.name} ({node.op}) is still in the graph: the "
                "same input may get another answer each time"
            )
        if takes_batch_statistics(node, nodes):
            editor.warnings.append(
                f"{scope}{node.name} ({node.op}) takes the statistics of the batch: "
                "this graph was written for training, and answers depend on the batch"
            )
    editor.warnings += [
        f"every run of the checkpoint's graph changes {variable!r}; the frozen graph "
        "starts each run from the saved value"
        for node, variable in editor.changes.items()
        if node in editor.nodes
    ]
    editor.warnings += [f"unsafe: {found}" for found in unsafe_ops(editor.graph_def())]
    for found in sentences:
        editor.warnings += found


def is_random(node) -> bool:
    """Whether the op draws random numbers."""
    if functions_in(node) or "Dataset" in node.op:
        return False
    definition = op_def(node.op)
    return any(part in node.op for part in RANDOM) and definition is not None
