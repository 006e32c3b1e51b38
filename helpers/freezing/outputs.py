"""Which ops of a graph are its outputs: those named, or the likeliest."""

from difflib import get_close_matches

import tensorflow.compat.v1 as tf1

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import RESOURCE_VARIABLES
from helpers.graphs.candidates import likely_answers, output_candidates
from helpers.graphs.editor import Edge, edge, output_types
from helpers.graphs.op_registry import op_def


def find_outputs(meta: tf1.MetaGraphDef, wanted, card: dict) -> list[Edge]:
    """The outputs that are wanted, as tensors; else what graph or card say of them.

    Args:
      wanted: names with or without `:0`, several, or separated by commas; or None.
    """
    nodes = {node.name: node for node in meta.graph_def.node}
    if isinstance(wanted, str):
        wanted = wanted.split(",")
    named = [name.strip() for name in wanted or () if name.strip()]
    named = named or _said(meta, card, nodes)
    if named:
        keys = _signature_keys(meta)
        names = [n if edge(n).node in nodes else keys.get(n, n) for n in named]
        return [_named(nodes, name) for name in dict.fromkeys(names)]
    return [_likeliest(meta)]


def _said(meta: tf1.MetaGraphDef, card: dict, nodes: dict) -> list[str]:
    """What the card or a serving signature names."""
    if card.get("output"):
        return [card["output"]]
    signatures = dict(meta.signature_def)
    signature = signatures.get("serving_default")
    if signature is None and len(signatures) == 1:
        (signature,) = signatures.values()
    if signature is None:
        return []
    found = [signature.outputs[key].name for key in sorted(signature.outputs)]
    return [name for name in found if edge(name).node in nodes]


def _signature_keys(meta: tf1.MetaGraphDef) -> dict[str, str]:
    """What the signatures call their outputs, and the tensors' names."""
    signatures = meta.signature_def.values()
    return {key: s.outputs[key].name for s in signatures for key in s.outputs}


def _named(nodes: dict, name: str) -> Edge:
    found = edge(name.removeprefix("^"))
    if found.node in nodes:
        return _checked(nodes[found.node], found)
    close = get_close_matches(found.node, nodes, 3, 0.4)
    close = close or [n for n in nodes if n.endswith(found.node.split("/")[-1])][:3]
    raise FreezeError(
        f"the graph has no op {found.node!r}",
        f"the closest names are {', '.join(close)}"
        if close
        else "python -m helpers inspect lists the candidates",
    )


def _checked(node, found: Edge) -> Edge:
    """The tensor, if its op has that many outputs, and they are values."""
    if node.op in RESOURCE_VARIABLES:
        raise FreezeError(
            f"op {node.name!r} is a variable, which has no value of its own",
            "name an op that reads it",
        )
    count = len(output_types(node)) if op_def(node.op) else found.index + 1
    if found.index < count:
        return found
    raise FreezeError(
        f"op {node.name!r} ({node.op}) has no output {found.index}",
        f"it has {count}: name {node.name}:0" if count else "name another op",
    )


def _likeliest(meta: tf1.MetaGraphDef) -> Edge:
    likely = likely_answers(output_candidates(meta.graph_def))
    if len(likely) == 1:
        return edge(likely[0].tensor)
    if not likely:
        raise FreezeError(
            "no op of the graph looks like an output",
            "name it with --output-node-names",
        )
    lines = [f"  {item.tensor}: {item.reason}" for item in likely[:5]]
    raise FreezeError(
        "it is not clear which op of the graph is its output; likely are\n"
        + "\n".join(lines),
        "name one or more with --output-node-names",
    )
