"""Warnings for the users of a frozen graph."""

from helpers.freezing.analysis.batch_statistics import takes_batch_statistics
from helpers.freezing.passes.optional.moving_averages import unused_averages_warning
from helpers.freezing.passes.prune.prune import functions_in
from helpers.graphs.editor import GraphEditor, nodes_of
from helpers.graphs.op_registry import op_def
from helpers.graphs.unsafe_ops import unsafe_ops

RANDOM = ("Random", "Multinomial", "TruncatedNormal", "CandidateSampler", "Shuffle")


def add_warnings(editor: GraphEditor, *, averages_taken: bool) -> None:
    """Add to `editor.warnings`: random ops, batch statistics, state, unsafe ops, --ema.

    Args:
      averages_taken: whether --ema was given.
    """
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
    if not averages_taken:
        editor.warnings += unused_averages_warning(editor)


def is_random(node) -> bool:
    """Whether the op draws random numbers."""
    if functions_in(node) or "Dataset" in node.op:
        return False
    return any(part in node.op for part in RANDOM) and op_def(node.op) is not None
