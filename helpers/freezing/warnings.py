"""What a frozen graph's user has to be told."""

from collections.abc import Iterable

from helpers.freezing.passes.inference.batch_statistics import takes_batch_statistics
from helpers.freezing.passes.prune.prune import functions_in
from helpers.graphs.editor import Draft, nodes_of
from helpers.graphs.op_registry import op_def

RANDOM = ("Random", "Multinomial", "TruncatedNormal", "CandidateSampler", "Shuffle")


def warn(draft: Draft, *sentences: Iterable[str]) -> None:
    """Add to the draft's warnings what can be seen of the graph, and what was found."""
    from helpers.graphs.unsafe_ops import unsafe_ops

    for scope, node, nodes in nodes_of(draft):
        if is_random(node):
            draft.warnings.append(
                f"RANDOM: {scope}{node.name} ({node.op}) is still in the graph: the "
                "same input may get another answer each time"
            )
        if takes_batch_statistics(node, nodes):
            draft.warnings.append(
                f"{scope}{node.name} ({node.op}) takes the statistics of the batch: "
                "this graph was written for training, and answers depend on the batch"
            )
    draft.warnings += [
        f"every run of the checkpoint's graph changes {variable!r}; the frozen graph "
        "starts each run from the saved value"
        for node, variable in draft.changes.items()
        if node in draft.nodes
    ]
    draft.warnings += [f"unsafe: {found}" for found in unsafe_ops(draft.graph_def())]
    for found in sentences:
        draft.warnings += found


def is_random(node) -> bool:
    """Whether the op draws random numbers."""
    if functions_in(node) or "Dataset" in node.op:
        return False
    definition = op_def(node.op)
    return any(part in node.op for part in RANDOM) and definition is not None
