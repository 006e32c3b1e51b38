"""Prove that a frozen graph answers as its checkpoint does, on the same inputs."""

import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.mapped_graphs import map_graph
from helpers.freezing.errors import FreezeError
from helpers.freezing.proof.differences import changed_labels, difference, magnitude
from helpers.freezing.proof.run_graph import Running
from helpers.freezing.proof.sample_inputs import examples
from helpers.freezing.sources.checkpoint_values import first_line
from helpers.graphs.editor import Edge, GraphEditor


class Original(NamedTuple):
    """A checkpoint's own graph, able to restore itself."""

    graph_def: tf1.GraphDef
    starts: list[str]  # ops that restore variables and fill tables
    outputs: list[Edge]
    bound: Mapping[Edge, np.generic]


class Frozen(NamedTuple):
    """A frozen graph's file."""

    path: Path
    starts: list[str]  # ops that fill tables
    outputs: list[Edge]

    @classmethod
    def of(cls, path: Path, editor: GraphEditor) -> "Frozen":
        return cls(path, editor.initialisers, editor.outputs)


class Proof(NamedTuple):
    """How the frozen graph's answers compare with the checkpoint's."""

    verdict: str  # "exact", "close", "different" or "unproven"
    largest: float  # difference of any element
    note: str  # what was compared, or why nothing was
    labels_changed: int = 0
    inputs: dict[str, list[int]] = {}  # noqa: RUF012

    def __str__(self) -> str:
        if self.verdict == "unproven":
            return f"unproven: {self.note}"
        return f"{self.verdict}, largest difference {self.largest:g} ({self.note})"


class Answers(NamedTuple):
    """What the checkpoint's own graph answered, run twice."""

    feeds: dict[str, np.ndarray]
    first: list
    second: list
    anew: list | None  # after restoring again, where the second differs


def prove(original: Original, frozen: Frozen, *, tolerance: float = 0) -> Proof:
    """Run the checkpoint's graph twice and the frozen graph once, and compare.

    Args:
      tolerance: the difference, as a share of the largest number, that is called
        close; above it is different.
    """
    try:
        said = _ask(original)
    except (tf.errors.OpError, ValueError, TypeError) as error:
        return Proof("unproven", 0, f"the checkpoint's own graph: {first_line(error)}")
    note = "seeded inputs, the checkpoint's graph run twice"
    if difference(said.first, said.second):
        if difference(said.first, said.anew):
            return _with_seeds(original, frozen, said.feeds, tolerance)
        note = (
            "first run; the checkpoint's graph changes its own state, this one does not"
        )
    answers = _answers(frozen, said.feeds)
    return _compared(said.first, answers, said.feeds, note=note, tolerance=tolerance)


def _answers(frozen: Frozen, feeds) -> list:
    """What the frozen graph answers."""
    try:
        with Running.load(frozen.path) as model:
            model.start(frozen.starts)
            return model.run(frozen.outputs, _of_inputs(model, feeds))
    except (tf.errors.OpError, ValueError) as error:
        raise FreezeError(
            f"the frozen graph does not run: {first_line(error)}",
            "nothing was written; please report the model's kind",
        ) from error


def _of_inputs(model: Running, feeds) -> dict:
    """The feeds of inputs: what was a constant when frozen is not fed over."""
    inputs = {tensor.name for tensor in model.inputs()}
    return {name: value for name, value in feeds.items() if name in inputs}


def prove_call(
    call: Callable, asked: list[str], frozen: Frozen, *, tolerance: float
) -> Proof:
    """The same for a model that is a function of TensorFlow 2.

    Args:
      call: takes and gives arrays by tensor name.
      asked: which of those it gives are the frozen graph's outputs.
    """
    with Running.load(frozen.path) as model:
        model.start(frozen.starts)
        answered = None
        for feeds in examples(model.placeholders()):
            try:
                answers = model.run(frozen.outputs, feeds)
                said, again = call(feeds), call(feeds)
                if not said.keys() >= set(asked):
                    return Proof("unproven", 0, "the model gives other outputs only")
                first, second = ([s[name] for name in asked] for s in (said, again))
                answered = feeds, first, second, answers
                break
            except (tf.errors.OpError, ValueError) as error:
                refused = first_line(error)
    if answered is None:
        return Proof("unproven", 0, f"the model itself: {refused}")
    feeds, first, second, answers = answered
    if difference(first, second):
        return Proof("unproven", 0, "the model itself answers differently each time")
    note = "seeded inputs, the model called twice"
    return _compared(first, answers, feeds, note=note, tolerance=tolerance)


def _ask(original: Original) -> Answers:
    with Running(original.graph_def) as model:
        model.start(original.starts)
        feeds, first = _accepted(model, original)
        second, anew = model.run(original.outputs, feeds), None
        if difference(first, second):
            model.start(original.starts)
            anew = model.run(original.outputs, feeds)
        return Answers(feeds, first, second, anew)


def _accepted(model: Running, original: Original) -> tuple[dict[str, np.ndarray], list]:
    """Seeded inputs that the graph accepts, with what is bound, and its answers."""
    bound = {f"{item.node}:{item.index}": v for item, v in original.bound.items()}
    fed = [tensor for tensor in model.placeholders() if tensor.name not in bound]
    refused = None
    for feeds in examples(fed):
        try:
            answers = model.run(original.outputs, feeds | bound)
            return feeds | bound, answers
        except (tf.errors.InvalidArgumentError, ValueError) as error:
            refused = refused or error
            model.start(original.starts)
    raise refused


def _with_seeds(original: Original, frozen: Frozen, feeds, tolerance) -> Proof:
    """Compare a graph that is random by itself, its ops given the same seeds."""
    with Running(seeded(original.graph_def)) as model:
        model.start(original.starts)
        first = model.run(original.outputs, feeds)
    graph = map_graph(frozen.path)
    with Running(seeded(graph.graph_def), graph.constants) as model:
        model.start(frozen.starts)
        answers = model.run(frozen.outputs, _of_inputs(model, feeds))
    note = "random by itself; both graphs run with the same seeds"
    proof = _compared(first, answers, feeds, note=note, tolerance=tolerance)
    if proof.verdict == "different":
        note = (
            "the checkpoint's own graph answers the same inputs differently each time"
        )
        return proof._replace(verdict="unproven", note=note)
    return proof


def seeded(graph_def: tf1.GraphDef) -> tf1.GraphDef:
    """The graph with a seed for every random op, made from the op's name."""
    made = tf1.GraphDef()
    made.CopyFrom(graph_def)
    bodies = [made.node, *(function.node_def for function in made.library.function)]
    for node in (node for body in bodies for node in body):
        if "seed" in node.attr and "seed2" in node.attr:
            node.attr["seed"].i = 1
            node.attr["seed2"].i = zlib.crc32(node.name.encode())
    return made


def _compared(ours: list, theirs: list, feeds, *, note: str, tolerance: float) -> Proof:
    largest = difference(ours, theirs)
    tolerance *= max(1.0, *map(magnitude, ours))
    verdict = (
        "exact" if largest == 0 else "close" if largest <= tolerance else "different"
    )
    shapes = {name: list(np.shape(value)) for name, value in feeds.items()}
    return Proof(verdict, largest, note, changed_labels(ours, theirs), shapes)
