"""Guesses a graph's inputs and outputs, and gives the reasons.

Loss and metrics depend on the labels; the last ops that do not are likely outputs.
"""

from helpers.graphs.candidate import Candidate, candidate_of
from helpers.graphs.loss_nodes import LossNodes, is_input
from helpers.graphs.model_card import card_in
from helpers.graphs.network_ends import NetworkEnds
from helpers.graphs.ranking import Ranking
from helpers.graphs.split_wiring import SplitWiring
from helpers.graphs.wiring import PLACEHOLDERS, Wiring

ALSO_LIKELY = 0.6  # of the best candidate's score; those with more are outputs, too


def output_candidates(graph_def, meta=None) -> list[Candidate]:
    """The graph's likely outputs, the likeliest first.

    Args:
      meta: the MetaGraphDef of the graph, for its signatures.
    """
    return CandidateSearch(graph_def, meta).outputs()


def likely_answers(ranked: list[Candidate]) -> list[Candidate]:
    """The first of the ranked outputs, other heads, and those with a similar score."""
    least = ranked[0].score * ALSO_LIKELY if ranked else 0
    return [
        found
        for found in ranked
        if found is ranked[0] or found.is_head or found.score > least
    ]


def input_candidates(graph_def, outputs) -> list[Candidate]:
    """The inputs that these outputs (names of ops or tensors) depend on."""
    wiring = SplitWiring(graph_def)
    needed = wiring.before(name.split(":")[0] for name in outputs)
    found = [name for name in wiring.nodes if name in needed and is_input(wiring, name)]
    return [_input(wiring, name) for name in found]


class CandidateSearch:
    """A search for the outputs of a graph along its edges.

    Attributes: `labels`, the inputs that are labels.
    """

    def __init__(self, graph_def, meta=None):
        self.wiring = SplitWiring(graph_def)
        self.given = _given(graph_def, meta)
        self.loss = LossNodes(self.wiring)
        self.labels = self.loss.labels

    def outputs(self) -> list[Candidate]:
        """The outputs that the file names, else the likely ones, likeliest first."""
        if self.given:
            wiring, given = self.wiring, self.given.items()
            return [candidate_of(wiring, name, why, 9.0) for name, why in given]
        return Ranking(NetworkEnds(self.loss)).candidates()


def _given(graph_def, meta) -> dict[str, str]:
    """The outputs that the card or signatures name, and the reason for each."""
    nodes = {node.name for node in graph_def.node}
    given = {}
    card = card_in(graph_def) or {}
    if card.get("output", "").split(":")[0] in nodes:
        given[card["output"]] = "named in the model card"
    for key, signature in meta.signature_def.items() if meta else ():
        names = [tensor.name for tensor in signature.outputs.values()]
        for name in names if not key.startswith("__") else ():  # __saved_model_init_op
            if name.split(":")[0] in nodes:
                given.setdefault(name, f"an output of signature {key!r}")
    return given


def _input(wiring: Wiring, name: str) -> Candidate:
    node, shape = wiring.nodes[name], wiring.shape(name)
    dtype = wiring.dtype(name)
    if node.op not in PLACEHOLDERS:
        reason = f"an output of the input pipeline ({node.op})"
    elif shape == () or (dtype is not None and dtype.is_bool and shape is None):
        reason = "a switch or rate: bind it for inference"
    else:
        reason = "a placeholder that the outputs need"
    return candidate_of(wiring, name, reason, 1.0)
