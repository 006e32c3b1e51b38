"""The graph passes that freezing applies, in their order."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from helpers.freezing.damaged_types import refuse_damaged_types
from helpers.freezing.passes.constants.pass_values import pass_values
from helpers.freezing.passes.constants.read_values import read_values
from helpers.freezing.passes.constants.restore_tables import restore_tables
from helpers.freezing.passes.constants.rewrite_assignments import rewrite_assignments
from helpers.freezing.passes.constants.variables_to_constants import (
    variables_to_constants,
)
from helpers.freezing.passes.constants.vocabulary_files import inline_vocabularies
from helpers.freezing.passes.context import Context
from helpers.freezing.passes.inference.average_batch_norms import average_batch_norms
from helpers.freezing.passes.inference.bind_dropouts import bind_dropouts
from helpers.freezing.passes.inference.bind_switches import bind_switches
from helpers.freezing.passes.inference.follow_assignments import follow_assignments
from helpers.freezing.passes.inference.inline_calls import inline_calls
from helpers.freezing.passes.inference.simplify import simplify
from helpers.freezing.passes.optional.drop_lowering import drop_lowering
from helpers.freezing.passes.optional.fold_batch_norms import fold_batch_norms
from helpers.freezing.passes.optional.fold_constants import fold_constants
from helpers.freezing.passes.optional.moving_averages import take_moving_averages
from helpers.freezing.passes.optional.narrow_weights import narrow_weights
from helpers.freezing.passes.prune.cut_inputs import cut_inputs
from helpers.freezing.passes.prune.keep_tables import keep_tables
from helpers.freezing.passes.prune.prune import prune, prune_keeping_updates
from helpers.freezing.passes.prune.state_shapes import state_shapes
from helpers.freezing.sources.checkpoint_values import (
    CheckpointValues,
    find_saved_tensors,
)
from helpers.freezing.sources.source import Source
from helpers.graphs.edges import Edge
from helpers.graphs.editor import GraphEditor
from helpers.graphs.model_card import CARD_OP


class Pass(NamedTuple):
    """A graph pass: a function that edits a graph and returns its number of changes."""

    family: str  # the folder of its module
    apply: Callable[[GraphEditor], int]
    reason: str  # for its place in the order

    @property
    def name(self) -> str:
        return self.apply.__name__


class Applied(NamedTuple):
    """The changes that one pass made to a graph."""

    family: str
    name: str
    changes: int
    nodes_before: int
    nodes_after: int


PASSES = (
    Pass("prune", cut_inputs, "an input queue would keep its whole pipeline alive"),
    Pass("prune", state_shapes, "before read_values, which removes the hints"),
    Pass("prune", prune_keeping_updates, "later passes have fewer nodes to visit"),
    Pass("inference", follow_assignments, "needs the updates that prune removes"),
    Pass("prune", prune, "removes the updates that no read depends on"),
    Pass("inference", inline_calls, "makes switches inside functions visible"),
    Pass("inference", bind_switches, "decides the conditionals that simplify resolves"),
    Pass("inference", simplify, "removes training branches and the dropouts in them"),
    Pass("inference", bind_dropouts, "only dropouts outside those branches are left"),
    Pass("inference", simplify, "removes the masks and factors that are now 1"),
    Pass(
        "inference",
        average_batch_norms,
        "only the batch norms that inference runs are left",
    ),
    Pass("prune", keep_tables, "brings back only the tables that inference needs"),
    Pass("optional", take_moving_averages, "before any variable's value is looked up"),
    Pass("constants", pass_values, "functions must take values before reads do"),
    Pass("constants", rewrite_assignments, "needs variables as the first inputs"),
    Pass("constants", read_values, "after it, no op needs a variable's handle"),
    Pass("constants", inline_vocabularies, "the frozen graph needs no other file"),
    Pass("constants", restore_tables, "needs the saver's ops that prune removes"),
    Pass("constants", variables_to_constants, "needs readers that take values"),
    Pass("prune", prune, "removes what only variables and savers needed"),
    Pass("optional", drop_lowering, "after prune, which removes unused functions"),
    Pass("optional", fold_constants, "before fold_batch_norms, which needs constants"),
    Pass("optional", fold_batch_norms, "needs constant statistics and kernels"),
    Pass("optional", narrow_weights, "last, so that folding computes in float32"),
)
ON_REQUEST = (average_batch_norms,)  # besides those of the family "optional"
PLAIN = (drop_lowering, fold_constants)  # for other programs
FIRST_OF_CONSTANTS = [step.family for step in PASSES].index("constants")
UNTIL_CONSTANTS = PASSES[:FIRST_OF_CONSTANTS]


def passes_asked_for(
    weights: str, *, ema: bool, batch_norms: bool, plain: bool, fold: bool
) -> list[Callable[[GraphEditor], int]]:
    """The passes that these options of `freeze` ask for, in no order."""
    return [
        *([take_moving_averages] if ema else []),
        *([average_batch_norms] if batch_norms else []),
        *(PLAIN if plain else []),
        *([fold_batch_norms] if fold else []),
        *([narrow_weights] if weights != "float32" else []),
    ]


def make_editor(source: Source, outputs: Iterable[Edge], dtype: str) -> GraphEditor:
    """An editor of the source's graph, without its model card, with a Context.

    Args:
      dtype: of the weights in the frozen graph.
    Raises:
      FreezeError: a node that the outputs need has an invalid type.
    """
    editor = GraphEditor.of(source.meta.graph_def, outputs)
    refuse_damaged_types(editor)
    editor.nodes.pop(CARD_OP, None)
    values = CheckpointValues(source.prefix) if source.prefix else source.captured
    saver = source.meta.saver_def.restore_op_name
    places = find_saved_tensors(editor.original, saver)
    editor.context = Context(source, values, places, dtype)
    return editor


def apply_passes(
    editor: GraphEditor, passes: Iterable[Pass] = PASSES, *, options: Iterable = ()
) -> tuple[Applied, ...]:
    """Apply the passes in order, of those on request the ones in `options`."""
    applied = []
    for step in passes:
        on_request = step.family == "optional" or step.apply in ON_REQUEST
        if on_request and step.apply not in options:
            continue
        before, changes = len(editor.nodes), step.apply(editor)
        after = len(editor.nodes)
        applied.append(Applied(step.family, step.name, changes, before, after))
    return tuple(applied)
