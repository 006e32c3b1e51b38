"""Find batch norms that compute a batch's statistics, and the moving averages of these.

A batch norm is one fused op, or ops that subtract a mean and multiply by the inverse
root of a variance. Training keeps moving averages of both, in variables that inference
should use instead.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from helpers.freezing.analysis.averaged_tensors import averaged_tensors, variable_of
from helpers.freezing.analysis.batch_norm_wiring import ROOTS, BatchNormWiring
from helpers.freezing.analysis.batch_statistics import takes_batch_statistics
from helpers.graphs.edges import Edge, data_inputs, source_nodes
from helpers.graphs.op_kinds import BATCH_NORMS
from helpers.graphs.op_registry import attribute
from helpers.graphs.traversal import find_reachable


class BatchNorm(NamedTuple):
    """A batch norm in training, and the variables with its moving averages."""

    name: str  # of the fused op, or of the op that computes the variance
    mean: Edge  # the mean of the batch
    variance: Edge
    averages: tuple[str, str]  # the variables of the moving mean and variance
    fused: bool

    @property
    def statistics(self) -> tuple[Edge, Edge]:
        """The mean and the variance."""
        return self.mean, self.variance


class Statistics(NamedTuple):
    """The batch norms whose averages are known, and the reasons against the others."""

    found: dict[str, BatchNorm]  # by name
    missing: dict[str, str]  # name of the op -> why its averages are not known


def may_normalize(node) -> bool:
    """Whether the op is a batch norm, or may be part of one that is written out."""
    return node.op in (*BATCH_NORMS, *ROOTS)


def moving_statistics(nodes: Mapping[str, Any], live: Mapping[str, Any]) -> Statistics:
    """All batch norms of a graph that compute a batch's mean and variance.

    Args:
      nodes: the whole graph by name, with the ops that only training needs.
      live: the nodes that inference needs.
    """
    search = _Search(nodes, live)
    found, missing = dict[str, BatchNorm](), dict[str, str]()
    for node in live.values():
        kept: BatchNorm | tuple[str, str] | None
        if node.op in BATCH_NORMS and takes_batch_statistics(node, live):
            kept = search.fused(node)
        elif node.op in ROOTS:
            kept = search.written_out(node)
        else:
            continue
        if isinstance(kept, BatchNorm):
            found[kept.name] = kept
        elif kept:
            missing[kept[0]] = kept[1]
    for node in live.values():
        if takes_batch_statistics(node, live) and node.name not in found:
            reason = "no batch norm that subtracts a mean uses it"
            missing.setdefault(node.name, reason)
    return Statistics(found, missing)


class _Search:
    """The averages of all tensors, by the tensor that was computed first."""

    def __init__(self, nodes: Mapping[str, Any], live: Mapping[str, Any]):
        self.nodes, self.live = nodes, live
        self.wiring = BatchNormWiring(live)
        self.averages: dict[Edge, set[str]] = {}
        for tensor, names in averaged_tensors(nodes, live.keys()).items():
            origin = self.wiring.origin(tensor)
            self.averages.setdefault(origin, set()).update(names)
        self.scaling = {item: self.wiring.roots_scaling(item) for item in self.averages}

    def fused(self, node) -> BatchNorm | tuple[str, str]:
        """The batch norm that is one op, or its name and why it has no averages."""
        statistics = Edge(node.name, 1), Edge(node.name, 2)
        if updated := self._averages_in_op(node):
            return BatchNorm(node.name, *statistics, updated, fused=True)
        return self._with_averages(node.name, *statistics, fused=True)

    def written_out(self, root) -> BatchNorm | tuple[str, str] | None:
        """The batch norm that divides by this root; None if it is none of training."""
        variance = self.wiring.variance_under(root)
        if variance is None:
            return None
        name = variance.node
        is_flagged = takes_batch_statistics(self.live[name], self.live)
        means = {
            item
            for item, roots in self.scaling.items()
            if item != variance and root.name in roots
        }
        if variance not in self.averages:
            text = "no update of a moving average takes its variance"
            return (name, text) if is_flagged or means else None
        if len(means) != 1:
            return name, "no update of a moving average takes its mean"
        return self._with_averages(name, means.pop(), variance, fused=False)

    def _averages_in_op(self, node) -> tuple[str, str] | None:
        """The variables that a fused op itself averages, by exponential_avg_factor."""
        if average_factor(node) == 1:
            return None
        mean, variance = (
            variable_of(self.nodes, item.node) for item in data_inputs(node)[3:5]
        )
        return (mean, variance) if mean and variance else None

    def _with_averages(
        self, name: str, mean: Edge, variance: Edge, *, fused: bool
    ) -> BatchNorm | tuple[str, str]:
        chosen = []
        for what, item in (("mean", mean), ("variance", variance)):
            names = self.averages.get(item, set())
            if not names:
                return name, f"no update of a moving average takes its {what}"
            if len(names) > 1:
                several = ", ".join(sorted(names))
                return name, f"its {what} has several moving averages: {several}"
            chosen.append(min(names))
        return BatchNorm(name, mean, variance, (chosen[0], chosen[1]), fused)


def average_factor(node) -> float:
    """The share of the batch in the averages that a fused op returns; 1: no average."""
    try:
        return attribute(node, "exponential_avg_factor").f
    except KeyError:  # an older version of the op
        return 1.0


def static_shapes(graph_def, tensors: list[Edge]) -> dict[Edge, tuple[int, ...]]:
    """The shapes of those of the tensors whose sizes are all known without a run.

    Raises:
      ValueError, NotFoundError: TensorFlow lacks an op that they are computed by.
    """
    nodes = {node.name: node for node in graph_def.node}
    starts = (item.node for item in tensors)
    needed = find_reachable(starts, lambda n: source_nodes(nodes[n]), within=nodes)
    part = tf.compat.v1.GraphDef(versions=graph_def.versions, library=graph_def.library)
    part.node.extend(nodes[name] for name in needed)
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.import_graph_def(part, name="")
    shapes = {item: graph.get_tensor_by_name(item.tensor).shape for item in tensors}
    return {
        item: tuple(shape.as_list())
        for item, shape in shapes.items()
        if shape.is_fully_defined()
    }
