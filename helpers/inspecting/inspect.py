"""Say what a checkpoint, a graph or a frozen model holds, with no session."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from helpers.checkpoints.checkpoint import Checkpoint, serving_graph
from helpers.checkpoints.graph_files import (
    GraphFile,
    StoredGraph,
    is_saved_model,
    read_graph_file,
)
from helpers.checkpoints.locating import VARIABLES, has_variables, is_part
from helpers.graphs.candidates import Guess, input_candidates, likely_answers
from helpers.graphs.model_card import card_in
from helpers.graphs.unsafe_ops import findings
from helpers.graphs.wiring import type_of
from helpers.inspecting.matching import match_variables
from helpers.inspecting.reports import Constant, GraphFacts, Report
from helpers.inspecting.roles import ROLES, roles_of

INDEX_COMMENT = "the graph alone: no variables beside it"


def inspect(
    path: Path | str, outputs: Sequence[str] = (), *, verify: bool = True
) -> Report:
    """What is at a path: a prefix, any of the four files, a folder, `.pb`, SavedModel.

    Args:
      outputs: what inference is counted for; by default the likeliest outputs.
      verify: whether the checksum of every variable is compared.
    Raises:
      ValueError: there is neither a checkpoint nor a graph.
    """
    file, checkpoint = _found_at(Path(path))
    report = Report(str(path), _sizes(file, checkpoint))
    graphs = file.graphs if file else ()
    guesses = [Guess(graph.graph_def, graph.meta) for graph in graphs]
    for graph, guess in zip(graphs, guesses, strict=True):
        facts = _facts(file, graph, guess, outputs)
        report.graphs.append(facts)
    if checkpoint:
        report.warnings += checkpoint.warnings
        report.format = checkpoint.format
        graph = serving_graph(file) if file else None
        answers = report.graphs[graphs.index(graph)].answers if graph else []
        match_variables(report, checkpoint, graph, answers)
        damages = checkpoint.verify() if verify else []
        report.damaged = {damage.variable: damage.cause for damage in damages}
        if not file:
            report.warnings.append(f"no graph beside it: {checkpoint.prefix}.meta")
    elif file.kind == "MetaGraphDef":
        report.warnings.append(INDEX_COMMENT)
    return report


def _found_at(path: Path) -> tuple[GraphFile | None, Checkpoint | None]:
    """The graph and the variables at a path, of which one may be missing."""
    if is_saved_model(path) or (path.is_file() and not is_part(path)):
        file = read_graph_file(path)
        prefix = str(path).removesuffix(".meta")
        if file.kind == "SavedModel":
            prefix = f"{file.path.parent}/{VARIABLES}"
        is_pair = file.kind != "GraphDef" and has_variables(prefix)
        return file, Checkpoint(prefix) if is_pair else None
    checkpoint = Checkpoint.at(path)
    meta = checkpoint.meta_path
    return read_graph_file(meta) if meta else None, checkpoint


def _sizes(file: GraphFile | None, checkpoint: Checkpoint | None) -> dict[str, int]:
    """The size of every file that belongs together, in bytes."""
    paths = [file.path] if file else []
    if checkpoint:
        paths += [checkpoint.index_path, *checkpoint.data_paths, checkpoint.state_path]
    return {path.name: path.stat().st_size for path in paths if path and path.exists()}


def _facts(
    file: GraphFile, graph: StoredGraph, guess: Guess, outputs: Sequence[str]
) -> GraphFacts:
    """What one graph holds."""
    likely = guess.outputs()
    answers = list(outputs) or [found.tensor for found in likely_answers(likely)]
    roles = Counter(roles_of(guess.wiring, answers).values())
    meta, graph_def = graph.meta, graph.graph_def
    return GraphFacts(
        file=file.path.name,
        kind=f"{file.kind} {graph.label}".strip(),
        tensorflow=meta.meta_info_def.tensorflow_version if meta else "",
        nodes=len(graph_def.node),
        functions=len(graph_def.library.function),
        roles={role: roles[role] for role in ROLES if roles[role]},
        ops=dict(Counter(node.op for node in graph_def.node).most_common()),
        answers=answers,
        outputs=likely,
        inputs=input_candidates(graph_def, answers),
        constants=_constants(graph_def),
        findings=findings(file.kind, graph),
        card=card_in(graph_def),
    )


def _constants(graph_def) -> list[Constant]:
    """The constants outside functions, the largest first."""
    found = []
    for node in graph_def.node:
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
            dtype = type_of(tensor.dtype)
            size = (dtype.size if dtype else 0) * int(np.prod(shape, dtype=np.int64))
            if dtype == tf.string:
                size = sum(map(len, tensor.string_val))
            name = dtype.name if dtype else "?"
            found.append(Constant(node.name, name, shape, size))
    return sorted(found, key=lambda constant: -constant.bytes)
