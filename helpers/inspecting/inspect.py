"""Report what a checkpoint, a graph or a frozen model holds, with no session."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.checkpoint import Checkpoint, serving_graph
from helpers.checkpoints.checkpoint_prefix import (
    VARIABLES,
    has_variables,
    is_checkpoint_file,
)
from helpers.checkpoints.file_contents import (
    Content,
    StoredGraph,
    read_graph_file,
    saved_model_file,
)
from helpers.graphs.candidates import CandidateSearch, input_candidates, likely_answers
from helpers.graphs.model_card import card_in
from helpers.graphs.scan_findings import findings
from helpers.graphs.wiring import Wiring, type_of
from helpers.inspecting.matching import match_variables
from helpers.inspecting.reports import Constant, GraphFacts, Report
from helpers.inspecting.roles import ROLES, roles_of


def inspect(
    path: Path | str, outputs: Sequence[str] = (), *, verify: bool = True
) -> Report:
    """A report on a prefix, any of the four files, a folder, a `.pb` or a SavedModel.

    Args:
      outputs: the ops whose inference is counted; by default the likeliest outputs.
      verify: whether to compare the checksum of every variable.
    Raises:
      ValueError: there is neither a checkpoint nor a graph.
    """
    file, checkpoint = _find(Path(path))
    report = Report(str(path), _sizes(file, checkpoint))
    graph, answers = None, list[str]()
    if file:
        report.graphs = [_facts(file, graph, outputs) for graph in file.graphs]
        graph = serving_graph(file)
        answers = report.graphs[file.graphs.index(graph)].answers
    if checkpoint:
        report.warnings += checkpoint.warnings
        report.format = checkpoint.format
        match_variables(report, checkpoint, graph, answers)
        damages = checkpoint.verify() if verify else []
        report.damaged = {damage.variable: damage.cause for damage in damages}
        if not file:
            report.warnings.append(f"no graph: {checkpoint.prefix}.meta is missing")
    elif file and file.kind == "MetaGraphDef":
        report.warnings.append("no variables: the graph has no checkpoint beside it")
    return report


def _find(path: Path) -> tuple[Content | None, Checkpoint | None]:
    """The graphs and the checkpoint at a path; one of the two may be None."""
    if saved_model_file(path) or (path.is_file() and not is_checkpoint_file(path)):
        file = read_graph_file(path)
        prefix = str(path).removesuffix(".meta")
        if file.kind == "SavedModel":
            prefix = f"{file.path.parent}/{VARIABLES}"
        is_pair = file.kind != "GraphDef" and has_variables(prefix)
        return file, Checkpoint(prefix) if is_pair else None
    checkpoint = Checkpoint.at(path)
    meta = checkpoint.meta_path
    return read_graph_file(meta) if meta else None, checkpoint


def _sizes(file: Content | None, checkpoint: Checkpoint | None) -> dict[str, int]:
    """The size in bytes of every file that was found."""
    paths = [file.path] if file else []
    paths += checkpoint.paths if checkpoint else []
    return {path.name: path.stat().st_size for path in paths}


def _facts(file: Content, graph: StoredGraph, outputs: Sequence[str]) -> GraphFacts:
    """The facts of one graph of a file."""
    search = CandidateSearch(graph.graph_def, graph.meta)
    likely = search.outputs()
    answers = list(outputs) or [found.tensor for found in likely_answers(likely)]
    roles = Counter(roles_of(Wiring(graph.graph_def), answers).values())
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
        card=card_in(graph_def, file.path),
    )


def _constants(graph_def: tf1.GraphDef) -> list[Constant]:
    """The constants outside library functions, the largest first."""
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
