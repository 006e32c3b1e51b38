"""Run a checkpoint's own graph with its batch norms switched to moving averages.

The switch itself is proved too: given the batch's own statistics in place of the moving
averages, the switched graph has to answer as the graph does that was not switched.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from helpers.freezing.analysis.moving_statistics import BatchNorm, average_factor
from helpers.freezing.passes.inference.inline_calls import inline_calls
from helpers.freezing.passes.inference.simplify import simplify
from helpers.freezing.proof.compare import Proof, compare
from helpers.freezing.proof.graph_session import GraphSession
from helpers.freezing.proof.prove import OriginalGraph, run_on_samples, set_seeds
from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor

ROUNDING = 1e-3  # of statistics that are fed, as a share of the largest output


def inline_batch_norms(own: GraphEditor, norms: Iterable[BatchNorm]) -> None:
    """Inline the functions of the source's graph that batch norms are in, if any."""
    needed = {item.node for norm in norms for item in norm.statistics}
    if not needed <= own.nodes.keys():
        inline_calls(own)
        simplify(own)


def prove_switch(
    before: OriginalGraph, after: OriginalGraph, norms: Iterable[BatchNorm]
) -> Proof:
    """Compare the graph with the switched one that is given the batch's statistics.

    Args:
      before: the source's own graph.
      after: the same with its batch norms switched.
    """
    set_seeds(before.graph_def)
    set_seeds(after.graph_def)
    try:
        with GraphSession(before.graph_def) as session:
            session.initialise(before.initialisers)
            feeds, expected = run_on_samples(session, before)
            statistics = _batch_statistics(session, before, norms, feeds)
        with GraphSession(after.graph_def) as session:
            session.initialise(after.initialisers)
            names = {tensor.name for tensor in session.inputs()}
            given = {name: value for name, value in feeds.items() if name in names}
            for item, value in statistics.items():
                name = after.averages[item].tensor
                read = session.graph.get_tensor_by_name(name)
                shaped = value.reshape(read.shape.as_list())
                given[name] = shaped.astype(read.dtype.as_numpy_dtype)
            found = session.run(after.outputs, given)
    except (tf.errors.OpError, ValueError, TypeError) as error:
        return Proof("unproven", 0, error_summary(error))
    return compare(expected, found, feeds, "", tolerance=ROUNDING)


def _batch_statistics(
    session: GraphSession,
    graph: OriginalGraph,
    norms: Iterable[BatchNorm],
    feeds: Mapping[str, Any],
) -> dict[Edge, np.ndarray]:
    """The means and variances that the batch norms normalize this batch by."""
    nodes = {node.name: node for node in graph.graph_def.node}
    found: dict[Edge, np.ndarray] = {}
    for norm in norms:
        statistics = norm.statistics
        if not norm.fused:
            found |= zip(statistics, session.run(statistics, feeds), strict=True)
            continue
        node = nodes[norm.name]
        images, _, _, *before = data_inputs(node)[:5]
        wanted = [*statistics, images, *before]
        mean, variance, values, *old = session.run(wanted, feeds)
        if (factor := average_factor(node)) != 1:  # the outputs are moving averages
            mean, variance = (
                (new - (1 - factor) * value) / factor
                for new, value in zip((mean, variance), old, strict=True)
            )
        # The op normalizes by the mean of the squares, and returns the unbiased one.
        rows = values.size / max(mean.size, 1)
        correction = (rows - 1) / rows if rows > 1 else 1
        found[norm.mean] = mean
        found[norm.variance] = (variance * correction).astype(mean.dtype)
    return found
