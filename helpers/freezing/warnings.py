"""Warnings for the users of a frozen graph."""

from helpers.freezing.analysis.batch_statistics import takes_batch_statistics
from helpers.freezing.passes.inference.average_batch_norms import (
    OPTION,
    batch_norms_in_training,
)
from helpers.freezing.passes.optional.moving_averages import unused_averages_warning
from helpers.graphs.editor import GraphEditor, nodes_of
from helpers.graphs.graph_bodies import functions_in
from helpers.graphs.op_registry import op_def
from helpers.graphs.unsafe_ops import unsafe_ops

IN_FUNCTION = "it is inside a function of a loop or a branch"
RANDOM = ("Random", "Multinomial", "TruncatedNormal", "CandidateSampler", "Shuffle")


def add_warnings(editor: GraphEditor, *, averages_taken: bool) -> None:
    """Add to `editor.warnings`: random ops, batch statistics, state, unsafe ops, --ema.

    Args:
      averages_taken: whether --ema was given.
    """
    for scope, node, _ in nodes_of(editor):
        if is_random(node):
            editor.warnings.append(
                f"RANDOM: {scope}{node.name} ({node.op}) is still in the graph: the "
                "same input may get another answer each time"
            )
    editor.warnings += batch_statistics_warnings(editor)
    editor.warnings += [
        f"every run of the checkpoint's graph changes {variable!r}; the frozen graph "
        "starts each run from the saved value"
        for node, variable in editor.changes.items()
        if node in editor.nodes
    ]
    editor.warnings += [f"unsafe: {found}" for found in unsafe_ops(editor.graph_def())]
    if not averages_taken:
        editor.warnings += unused_averages_warning(editor)


def batch_statistics_warnings(editor: GraphEditor) -> list[str]:
    """A sentence on each op that takes a batch's statistics, and what can be done."""
    ops = {
        f"{scope}{node.name}": node.op
        for scope, node, nodes in nodes_of(editor)
        if takes_batch_statistics(node, nodes)
    }
    if not ops and not editor.context.source.prefix:
        return []
    found, missing = batch_norms_in_training(editor)
    ops |= {name: editor.nodes[name].op for name in (*found, *missing)}
    text = (
        "takes the statistics of the batch: this graph was written for training, and "
        "answers depend on the batch"
    )
    return [
        f"{name} ({op}) {text}; "
        + (
            f"{OPTION} takes the moving averages {' and '.join(found[name].averages)}"
            if name in found
            else f"{OPTION} cannot help: {missing.get(name, IN_FUNCTION)}"
        )
        for name, op in ops.items()
    ]


def is_random(node) -> bool:
    """Whether the op draws random numbers."""
    if functions_in(node) or "Dataset" in node.op:
        return False
    return any(part in node.op for part in RANDOM) and op_def(node.op) is not None
