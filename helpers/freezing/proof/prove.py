"""Run a source and its frozen graph on the same inputs and compare their outputs."""

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.mapped_graphs import map_graph
from helpers.freezing.errors import FreezeError
from helpers.freezing.proof.compare import Proof, compare, largest_difference
from helpers.freezing.proof.graph_session import GraphSession
from helpers.freezing.proof.sample_inputs import sample_inputs
from helpers.freezing.sources.checkpoint_values import error_summary
from helpers.freezing.sources.source import Call
from helpers.graphs.edges import Edge

TWICE = "seeded inputs, the checkpoint's graph run twice"
STATEFUL = "first run; the checkpoint's graph changes its own state, this one does not"
RANDOM = "draws random numbers; both graphs run with the same seeds"


class OriginalGraph(NamedTuple):
    """The graph of a checkpoint, with ops that restore its variables."""

    graph_def: tf1.GraphDef
    initialisers: list[str]  # ops that restore variables and fill tables
    outputs: list[Edge]
    bound: Mapping[Edge, Any]  # tensors and the values that freezing bound them to


class FrozenGraph(NamedTuple):
    """The file of a frozen graph."""

    path: Path
    initialisers: list[str]  # ops that fill tables
    outputs: list[Edge]


def prove(
    original: OriginalGraph, frozen: FrozenGraph, *, tolerance: float = 0
) -> Proof:
    """Run the checkpoint's graph twice and the frozen graph once, and compare.

    If the two runs of the checkpoint's graph differ even after restoring it again, it
    draws random numbers: both graphs are then run with the same seeds.

    Args:
      tolerance: as in `compare`.
    Raises:
      FreezeError: the frozen graph does not run.
    """
    try:
        with GraphSession(original.graph_def) as session:
            session.initialise(original.initialisers)
            feeds, expected = _run_on_samples(session, original)
            note = TWICE
            if largest_difference(expected, session.run(original.outputs, feeds)):
                session.initialise(original.initialisers)
                again = session.run(original.outputs, feeds)
                note = RANDOM if largest_difference(expected, again) else STATEFUL
        if note == RANDOM:
            set_seeds(original.graph_def)
            with GraphSession(original.graph_def) as session:
                session.initialise(original.initialisers)
                expected = session.run(original.outputs, feeds)
    except (tf.errors.OpError, ValueError, TypeError) as error:
        reason = f"the checkpoint's own graph: {error_summary(error)}"
        return Proof("unproven", 0, reason)
    found = _run_frozen(frozen, feeds, seeded=note == RANDOM)
    proof = compare(expected, found, feeds, note, tolerance=tolerance)
    if note == RANDOM and proof.verdict == "different":
        note = "the checkpoint's graph answers the same inputs differently each time"
        return proof._replace(verdict="unproven", note=note)
    return proof


def _run_on_samples(
    session: GraphSession, original: OriginalGraph
) -> tuple[dict[str, Any], list]:
    """The first sample inputs that the graph accepts, bound ones added; its outputs."""
    bound = {item.tensor: value for item, value in original.bound.items()}
    fed = [tensor for tensor in session.placeholders() if tensor.name not in bound]
    refusals: list[Exception] = []
    for samples in sample_inputs(fed):
        try:
            return samples | bound, session.run(original.outputs, samples | bound)
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            refusals.append(error)
            session.initialise(original.initialisers)
    raise refusals[0]


def _run_frozen(frozen: FrozenGraph, feeds: Mapping[str, Any], *, seeded: bool) -> list:
    """The frozen graph's outputs; inputs that it no longer has are not fed."""
    try:
        graph_def, constants = map_graph(frozen.path)
        if seeded:
            set_seeds(graph_def)
        with GraphSession(graph_def, constants) as session:
            session.initialise(frozen.initialisers)
            names = {tensor.name for tensor in session.inputs()}
            fed = {name: value for name, value in feeds.items() if name in names}
            return session.run(frozen.outputs, fed)
    except (tf.errors.OpError, ValueError) as error:
        raise FreezeError(
            f"the frozen graph does not run: {error_summary(error)}",
            "nothing was written; please report the model's kind",
        ) from error


def set_seeds(graph_def: tf1.GraphDef) -> None:
    """Give every random op a fixed seed, derived from the op's name."""
    bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
    for node in (node for body in bodies for node in body):
        if "seed" in node.attr and "seed2" in node.attr:
            node.attr["seed"].i = 1
            node.attr["seed2"].i = zlib.crc32(node.name.encode())


def prove_call(
    call: Call, outputs: list[str], frozen: FrozenGraph, *, tolerance: float
) -> Proof:
    """Call a TensorFlow 2 model twice and run the frozen graph once, and compare.

    Args:
      outputs: the model's tensor names of the frozen graph's outputs.
      tolerance: as in `compare`.
    """
    refusal = ""
    with GraphSession.load(frozen.path) as session:
        session.initialise(frozen.initialisers)
        for feeds in sample_inputs(session.placeholders()):
            try:
                found = session.run(frozen.outputs, feeds)
                first, second = call(feeds), call(feeds)
            except (tf.errors.OpError, ValueError, TypeError) as error:
                refusal = error_summary(error)
                continue
            if not first.keys() >= set(outputs):
                return Proof("unproven", 0, "the model does not return these outputs")
            expected, again = ([run[n] for n in outputs] for run in (first, second))
            if largest_difference(expected, again):
                reason = "the model itself answers differently each time"
                return Proof("unproven", 0, reason)
            note = "seeded inputs, the model called twice"
            return compare(expected, found, feeds, note, tolerance=tolerance)
    return Proof("unproven", 0, f"the model itself: {refusal}")
