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
from helpers.graphs.graph_bodies import bodies

TWICE = "seeded inputs, the checkpoint's graph run twice"
STATEFUL = "first run; the checkpoint's graph changes its own state, this one does not"
RANDOM = "draws random numbers; both graphs run with the same seeds"


class OriginalGraph(NamedTuple):
    """The graph of a checkpoint, with ops that restore its variables."""

    graph_def: tf1.GraphDef
    initialisers: list[str]  # ops that restore variables and fill tables
    outputs: list[Edge]
    bound: Mapping[Edge, Any]  # tensors and the values that freezing bound them to
    averages: Mapping[Edge, Edge] = {}  # statistic of a batch -> read of its average
    constants: Mapping[str, Any] = {}  # arrays by tensor name, fed in every run
    tensors: Mapping[str, str] = {}  # fed: names in the frozen graph -> names here
    sampled: tf1.GraphDef | None = None  # the graph to take inputs of; default: this

    def session(self) -> GraphSession:
        """A session on the graph, without values."""
        return GraphSession(self.graph_def, self.constants)

    def run(self, session: GraphSession, feeds: Mapping[str, Any]) -> list:
        """The outputs; `feeds` has the names of the frozen graph."""
        named = {self.tensors.get(name, name): value for name, value in feeds.items()}
        return session.run(self.outputs, named)

    def placeholders(self, session: GraphSession) -> list[tf.Tensor]:
        """The tensors that have to be fed, with the names of the frozen graph."""
        if self.sampled is None:
            return session.placeholders()
        with GraphSession(self.sampled) as sampled:
            return sampled.placeholders()


class FrozenGraph(NamedTuple):
    """The file of a frozen graph."""

    path: Path
    initialisers: list[str]  # ops that fill tables
    outputs: list[Edge]
    inputs: Mapping[str, str] = {}  # tensor names in the source -> names here

    def fed(self, feeds: Mapping[str, Any], session: GraphSession) -> dict[str, Any]:
        """The feeds by their names here, without inputs that this graph does not have.

        Args:
          feeds: arrays by the source's tensor names.
        """
        names = {tensor.name for tensor in session.inputs()}
        named = {self.inputs.get(name, name): value for name, value in feeds.items()}
        return {name: value for name, value in named.items() if name in names}

    def in_source(self, feeds: Mapping[str, Any]) -> dict[str, Any]:
        """The feeds, which have names of this graph, by the source's names."""
        sources = {name: source for source, name in self.inputs.items()}
        return {sources.get(name, name): value for name, value in feeds.items()}


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
        with original.session() as session:
            session.initialise(original.initialisers)
            feeds, expected = run_on_samples(session, original)
            note = TWICE
            if largest_difference(expected, original.run(session, feeds)):
                session.initialise(original.initialisers)
                again = original.run(session, feeds)
                note = RANDOM if largest_difference(expected, again) else STATEFUL
        if note == RANDOM:
            set_seeds(original.graph_def)
            with original.session() as session:
                session.initialise(original.initialisers)
                expected = original.run(session, feeds)
    except (tf.errors.OpError, ValueError, TypeError) as error:
        reason = f"the checkpoint's own graph: {error_summary(error)}"
        return Proof("unproven", 0, reason)
    found = _run_frozen(frozen, feeds, seeded=note == RANDOM)
    proof = compare(expected, found, feeds, note, tolerance=tolerance)
    if note == RANDOM and proof.verdict == "different":
        note = "the checkpoint's graph answers the same inputs differently each time"
        return proof._replace(verdict="unproven", note=note)
    return proof


def run_on_samples(
    session: GraphSession, original: OriginalGraph
) -> tuple[dict[str, Any], list]:
    """The first sample inputs that the graph accepts, bound ones added; its outputs."""
    bound = {item.tensor: value for item, value in original.bound.items()}
    inputs = original.placeholders(session)
    fed = [tensor for tensor in inputs if tensor.name not in bound]
    refusals: list[Exception] = []
    for samples in sample_inputs(fed):
        try:
            return samples | bound, original.run(session, samples | bound)
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
            return session.run(frozen.outputs, frozen.fed(feeds, session))
    except (tf.errors.OpError, ValueError) as error:
        raise FreezeError(
            f"the frozen graph does not run: {error_summary(error)}",
            "please report the model's kind",
        ) from error


def set_seeds(graph_def: tf1.GraphDef) -> None:
    """Give every random op a fixed seed, derived from the op's name."""
    for node in (node for body in bodies(graph_def) for node in body.nodes):
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
                named = frozen.in_source(feeds)
                first, second = call(named), call(named)
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
