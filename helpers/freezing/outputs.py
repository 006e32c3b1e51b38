"""Finds the outputs of a graph: those that are named, or the likeliest."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import RESOURCE_VARIABLES
from helpers.graphs.candidates import Candidate, likely_answers, output_candidates
from helpers.graphs.edges import Edge
from helpers.graphs.editor import output_types
from helpers.graphs.op_registry import op_def

SHOWN = 6  # candidates in a message


def find_outputs(
    meta: tf1.MetaGraphDef, wanted: Sequence[str] | str | None, card: dict
) -> list[Edge]:
    """The tensors that are wanted, else those that the card or a signature names.

    If nothing names one, the likeliest output is taken.

    Args:
      wanted: names with or without `:0`, or a string with commas; also the keys of
        outputs in signatures.
    Raises:
      FreezeError: there is no such tensor, or none or several are likely.
    """
    nodes = {node.name: node for node in meta.graph_def.node}
    if isinstance(wanted, str):
        wanted = wanted.split(",")
    names = [name.strip() for name in wanted or () if name.strip()]
    names = names or _stored_outputs(meta, card, nodes)
    if not names:
        return [likeliest_output(output_candidates(meta.graph_def))]
    by_key = {
        key: signature.outputs[key].name
        for signature in meta.signature_def.values()
        for key in signature.outputs
    }
    names = [n if Edge.parse(n).node in nodes else by_key.get(n, n) for n in names]
    return [_find(nodes, name) for name in dict.fromkeys(names)]


def _stored_outputs(
    meta: tf1.MetaGraphDef, card: dict, nodes: dict[str, Any]
) -> list[str]:
    """The output in the card, else those of the serving or the only signature."""
    if card.get("output"):
        return [card["output"]]
    signatures = dict(meta.signature_def)
    signature = signatures.get("serving_default")
    if signature is None and len(signatures) == 1:
        (signature,) = signatures.values()
    if signature is None:
        return []
    found = [signature.outputs[key].name for key in sorted(signature.outputs)]
    return [name for name in found if Edge.parse(name).node in nodes]


def _find(nodes: dict[str, Any], name: str) -> Edge:
    """The tensor of this name, if it exists and has a value."""
    found = Edge.parse(name.removeprefix("^"))
    if found.node not in nodes:
        close = get_close_matches(found.node, nodes, 3, 0.4)
        close = close or [n for n in nodes if n.endswith(found.node.split("/")[-1])][:3]
        raise FreezeError(
            f"the graph has no op {found.node!r}",
            f"the closest names are {', '.join(close)}"
            if close
            else "python -m helpers inspect lists the candidates",
        )
    node = nodes[found.node]
    if node.op in RESOURCE_VARIABLES:
        raise FreezeError(
            f"op {node.name!r} is a variable, which has no value of its own",
            "name an op that reads it",
        )
    index = found.output_index
    count = len(output_types(node)) if op_def(node.op) else index + 1
    if index >= count:
        raise FreezeError(
            f"op {node.name!r} ({node.op}) has no output {index}",
            f"it has {count}: name {node.name}:0" if count else "name another op",
        )
    return found


def likeliest_output(ranked: list[Candidate]) -> Edge:
    """The first of the ranked outputs, if the graph's edges leave no doubt about it.

    Raises:
      FreezeError: none is likely, or several are, or the likeliest is doubtful.
    """
    if not ranked:
        raise FreezeError(
            "no op of the graph looks like an output",
            "name it with --output-node-names",
        )
    likely = likely_answers(ranked)
    if len(likely) > 1 or likely[0].doubt:
        shown = [*likely, *(found for found in ranked if found not in likely)][:SHOWN]
        raise FreezeError(
            "it is not clear which op of the graph is its output; likely are\n"
            + "\n".join(map(_described, shown)),
            "name one or more with --output-node-names, for instance "
            + ",".join(found.tensor.removesuffix(":0") for found in _heads(ranked)),
        )
    return Edge.parse(likely[0].tensor)


def _described(found: Candidate) -> str:
    doubt = f"; {found.doubt}" if found.doubt else ""
    return f"  {found.tensor}: {found.reason}{doubt}"


def _heads(ranked: list[Candidate]) -> list[Candidate]:
    """The likeliest output, and the heads that need other trained variables."""
    return [ranked[0], *(found for found in ranked[1:SHOWN] if found.is_head)]
