"""The graph passes that freezing applies, in their order."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from helpers.freezing.passes.constants.pass_values import pass_values
from helpers.freezing.passes.constants.read_values import read_values
from helpers.freezing.passes.constants.restore_tables import restore_tables
from helpers.freezing.passes.constants.rewrite_assignments import rewrite_assignments
from helpers.freezing.passes.constants.variables_to_constants import (
    variables_to_constants,
)
from helpers.freezing.passes.constants.vocabulary_files import inline_vocabularies
from helpers.freezing.passes.context import Context
from helpers.freezing.passes.inference.bind_dropouts import bind_dropouts
from helpers.freezing.passes.inference.bind_switches import bind_switches
from helpers.freezing.passes.inference.follow_assignments import follow_assignments
from helpers.freezing.passes.inference.inline_calls import inline_calls
from helpers.freezing.passes.inference.simplify import simplify
from helpers.freezing.passes.optional.fold_batch_norms import fold_batch_norms
from helpers.freezing.passes.optional.moving_averages import take_moving_averages
from helpers.freezing.passes.optional.narrow_weights import narrow_weights
from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from helpers.freezing.passes.prune.keep_tables import keep_tables
from helpers.freezing.passes.prune.prune import prune, prune_keeping_updates
from helpers.freezing.sources.source import Source
from helpers.graphs.editor import Edge, GraphEditor
from helpers.graphs.model_card import CARD_OP


class Pass(NamedTuple):
    """A graph pass: it edits the graph and returns the number of changes it made."""

    family: str  # the folder of its file
    apply: Callable[[GraphEditor], int]
    reason: str  # for its place in the order

    @property
    def name(self) -> str:
        return self.apply.__name__


class Applied(NamedTuple):
    """What one pass did to a graph."""

    family: str
    name: str
    changes: int
    nodes_before: int
    nodes_after: int


PASSES = (
    Pass("prune", cut_inputs, "an input queue would keep its whole pipeline alive"),
    Pass("prune", prune_keeping_updates, "every later pass looks at fewer nodes"),
    Pass("inference", follow_assignments, "needs the updates that prune removes"),
    Pass("prune", prune, "removes the updates that no read depends on"),
    Pass("inference", inline_calls, "makes switches inside functions visible"),
    Pass("inference", bind_switches, "decides the conditionals that simplify resolves"),
    Pass("inference", simplify, "removes training branches and the dropouts in them"),
    Pass("inference", bind_dropouts, "only dropouts outside those branches are left"),
    Pass("inference", simplify, "removes the masks and factors that are now 1"),
    Pass("prune", keep_tables, "brings back only the tables that inference needs"),
    Pass("optional", take_moving_averages, "before any variable's value is looked up"),
    Pass("constants", pass_values, "functions must take values before reads go"),
    Pass("constants", rewrite_assignments, "an assignment needs its variable"),
    Pass("constants", read_values, "after it, nothing takes a variable as such"),
    Pass("constants", inline_vocabularies, "the frozen file stands alone"),
    Pass("constants", restore_tables, "needs the saver's ops that prune removes"),
    Pass("constants", variables_to_constants, "all readers take values by now"),
    Pass("prune", prune, "removes what only variables and savers needed"),
    Pass("optional", fold_batch_norms, "needs constant statistics and kernels"),
    Pass("optional", narrow_weights, "last, so that folding computes in float32"),
)
FIRST_OF_CONSTANTS = [step.family for step in PASSES].index("constants")
UNTIL_CONSTANTS = PASSES[:FIRST_OF_CONSTANTS]


def start(source: Source, outputs: Iterable[Edge], dtype: str) -> GraphEditor:
    """An editor of the source's graph, without its model card.

    Args:
      dtype: of the weights in the frozen graph.
    """
    editor = GraphEditor.of(source.meta.graph_def, outputs)
    editor.nodes.pop(CARD_OP, None)
    editor.context = Context.of(source, editor.original, dtype)
    return editor


def apply_passes(
    editor: GraphEditor, passes: Iterable[Pass] = PASSES, *, options: Iterable = ()
) -> tuple[Applied, ...]:
    """Apply the passes in order, the optional ones only where they are in `options`."""
    applied = []
    for step in passes:
        if step.family == "optional" and step.apply not in options:
            continue
        before = len(editor.nodes)
        changes = step.apply(editor)
        applied.append(
            Applied(step.family, step.name, changes, before, len(editor.nodes))
        )
    return tuple(applied)
