"""Prunes a graph to the nodes that its outputs need for inference."""

from helpers.graphs.edges import control_inputs, data_inputs, set_inputs, source_nodes
from helpers.graphs.editor import GraphEditor
from helpers.graphs.graph_bodies import functions_in
from helpers.graphs.traversal import find_reachable

UPDATES = "update of a variable"
# Ops to remove where only control edges lead to them from the outputs, by kind: no
# value depends on them.
_OPS = {
    "assertion": "Assert",
    "summary": """
        ScalarSummary HistogramSummary ImageSummary AudioSummary AudioSummaryV2
        MergeSummary TensorSummary TensorSummaryV2 WriteSummary WriteScalarSummary
        WriteHistogramSummary WriteImageSummary WriteAudioSummary""",
    UPDATES: """
        Assign AssignAdd AssignSub AssignVariableOp AssignAddVariableOp
        AssignSubVariableOp ScatterUpdate ScatterAdd ScatterSub ResourceScatterUpdate
        ResourceScatterAdd ResourceScatterSub CountUpTo ResourceCountUpTo""",
    "read of a variable": "ReadVariableOp",
    "check of a variable": "IsVariableInitialized VarIsInitializedOp",
}
WITHOUT_VALUE = {kind: set(ops.split()) for kind, ops in _OPS.items()}
WITHOUT_EFFECT = {kind: ops for kind, ops in WITHOUT_VALUE.items() if kind != UPDATES}
CONTROL_FLOW = ("Enter", "RefEnter", "Switch", "RefSwitch")


def prune_keeping_updates(editor: GraphEditor) -> int:
    """Do as `prune`, but keep the updates of variables that an output waits for."""
    return prune(editor, WITHOUT_EFFECT)


def prune(editor: GraphEditor, without: dict[str, set[str]] = WITHOUT_VALUE) -> int:
    """Remove the nodes that neither the outputs nor the initialisers need.

    Args:
      without: ops, by kind, that are removed where only control edges lead to them.
    Returns:
      the number of nodes removed.
    """
    before = len(editor.nodes)
    kinds = {op: kind for kind, ops in without.items() for op in ops}
    dropped: dict[str, str] = {}

    def inputs(name: str) -> list[str]:
        node = editor.nodes[name]
        if control_inputs(node):
            lasting = _lasting_control_inputs(editor, node, kinds, dropped)
            set_inputs(node, data_inputs(node), lasting)
        return source_nodes(node)

    kept = find_reachable(editor.roots(), inputs, within=editor.nodes)
    editor.removed.update(dropped[name] for name in dropped.keys() - kept)
    editor.nodes = {name: node for name, node in editor.nodes.items() if name in kept}
    editor.weights = {name: w for name, w in editor.weights.items() if name in kept}
    editor.functions = used_functions(editor)
    return before - len(kept)


def _lasting_control_inputs(
    editor: GraphEditor, node, kinds: dict[str, str], dropped: dict[str, str]
) -> list[str]:
    """The node's control inputs without those of the removed kinds.

    A NoOp is replaced by its own control inputs. A node that loses its last input gets
    those of the removed ops: control inputs place a constant in its loop or branch.
    Adds the removed ops and their kinds to `dropped`.
    """
    lasting, left_out = [], []
    for name in expand_noops(editor, control_inputs(node)):
        kind = _removed_kind(editor.nodes[name], kinds)
        if kind:
            dropped[name] = kind
            left_out.append(name)
        else:
            lasting.append(name)
    if left_out and not lasting and not data_inputs(node):
        return _nearest_lasting(editor, left_out, kinds)
    return lasting


def expand_noops(editor: GraphEditor, names: list[str]) -> list[str]:
    """The names of ops, each NoOp replaced by the ops that it waits for."""

    def successors(name: str) -> list[str]:
        node = editor.nodes[name]
        return control_inputs(node)[::-1] if node.op == "NoOp" else []

    found = find_reachable(names[::-1], successors, within=editor.nodes)
    return [name for name in found if editor.nodes[name].op != "NoOp"]


def _nearest_lasting(
    editor: GraphEditor, names: list[str], kinds: dict[str, str]
) -> list[str]:
    """The nearest ops before these that are not removed and have inputs.

    Empty in a graph without control flow: any node may run first there.
    """
    nodes = editor.nodes
    if not any(node.op in CONTROL_FLOW for node in nodes.values()):
        return []

    def is_removed(name: str) -> bool:
        return bool(_removed_kind(nodes[name], kinds)) or nodes[name].op == "NoOp"

    found = find_reachable(
        names,
        lambda name: source_nodes(nodes[name]) if is_removed(name) else [],
        within=nodes,
    )
    return [name for name in found if nodes[name].input and not is_removed(name)]


def _removed_kind(node, kinds: dict[str, str]) -> str | None:
    """The kind that the op is removed as, or None."""
    if "AssertGuard" in node.name.split("/"):  # the conditional around an assertion
        return "assertion"
    return kinds.get(node.op)


def used_functions(editor: GraphEditor) -> dict:
    """The functions that the graph's nodes call, and those that these call."""

    def called(nodes) -> list[str]:
        return [name for node in nodes for name in (*functions_in(node), node.op)]

    functions = editor.functions
    used = find_reachable(
        called(editor.nodes.values()),
        lambda name: called(functions[name].node_def),
        within=functions,
    )
    return {name: body for name, body in functions.items() if name in used}
