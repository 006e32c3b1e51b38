"""Cut a graph to what its outputs need, training-only parts left out."""

from helpers.graphs.editor import (
    GraphEditor,
    control_inputs,
    data_inputs,
    edge,
    set_inputs,
)

# Ops that an inference path can reach by a control edge only; leaving them out
# changes no value.
WITHOUT_VALUE = {
    "assertion": {"Assert"},
    "summary": {
        "ScalarSummary",
        "HistogramSummary",
        "ImageSummary",
        "AudioSummary",
        "AudioSummaryV2",
        "MergeSummary",
        "TensorSummary",
        "TensorSummaryV2",
        "WriteSummary",
        "WriteScalarSummary",
        "WriteHistogramSummary",
        "WriteImageSummary",
        "WriteAudioSummary",
    },
    "update of a variable": {
        "Assign",
        "AssignAdd",
        "AssignSub",
        "AssignVariableOp",
        "AssignAddVariableOp",
        "AssignSubVariableOp",
        "ScatterUpdate",
        "ScatterAdd",
        "ScatterSub",
        "ResourceScatterUpdate",
        "ResourceScatterAdd",
        "ResourceScatterSub",
        "CountUpTo",
        "ResourceCountUpTo",
    },
    "read that is waited for only": {"ReadVariableOp"},
    "check of a variable": {"IsVariableInitialized", "VarIsInitializedOp"},
}
CONTROL_FLOW = ("Enter", "RefEnter", "Switch", "RefSwitch")
UPDATES = "update of a variable"
WITHOUT_EFFECT = {kind: ops for kind, ops in WITHOUT_VALUE.items() if kind != UPDATES}


def prune_keeping_updates(editor: GraphEditor) -> int:
    """Do as `prune`, but keep the updates of variables that an output waits for."""
    return prune(editor, WITHOUT_EFFECT)


def prune(editor: GraphEditor, without: dict[str, set[str]] = WITHOUT_VALUE) -> int:
    """Remove the nodes that neither the outputs nor the table initialisers need.

    Args:
      without: ops, by kind, that are removed where only control edges lead to them.
    Returns:
      the number of nodes removed.
    """
    before = len(editor.nodes)
    kinds = {op: kind for kind, ops in without.items() for op in ops}
    kept: set[str] = set()
    dropped: dict[str, str] = {}
    ahead = editor.roots()
    while ahead:
        name = ahead.pop()
        if name in kept or name not in editor.nodes:
            continue
        kept.add(name)
        node = editor.nodes[name]
        if control_inputs(node):
            set_inputs(node, data_inputs(node), _lasting(editor, node, kinds, dropped))
        ahead += [edge(text).node for text in node.input]
    editor.removed.update(dropped[name] for name in dropped.keys() - kept)
    editor.nodes = {name: node for name, node in editor.nodes.items() if name in kept}
    editor.weights = {name: w for name, w in editor.weights.items() if name in kept}
    editor.functions = _used_functions(editor)
    return before - len(kept)


def _lasting(
    editor: GraphEditor, node, kinds: dict[str, str], dropped: dict[str, str]
) -> list[str]:
    """The node's control edges without those that only training has a use for.

    A NoOp stands for what it waits for. A node that has no input left waits for what
    those had waited for: in a loop or a branch, that is what holds it there.
    """
    lasting, left_out = [], []
    for name in waited_for(editor, control_inputs(node)):
        kind = _kind(editor.nodes[name], kinds)
        if kind:
            dropped[name] = kind
            left_out.append(name)
        else:
            lasting.append(name)
    if left_out and not lasting and not data_inputs(node):
        return _holds(editor, left_out, kinds)
    return lasting


def waited_for(editor: GraphEditor, names: list[str]) -> list[str]:
    """The ops of these names, and what the NoOps among them wait for."""
    found, seen, ahead = [], set(), names[::-1]
    while ahead:
        name = ahead.pop()
        if name in seen or name not in editor.nodes:
            continue
        seen.add(name)
        if editor.nodes[name].op == "NoOp":
            ahead += control_inputs(editor.nodes[name])[::-1]
        else:
            found.append(name)
    return found


def _holds(editor: GraphEditor, names: list[str], kinds: dict[str, str]) -> list[str]:
    """The nearest ops before these that stay."""
    if not any(node.op in CONTROL_FLOW for node in editor.nodes.values()):
        return []
    found, seen, ahead = [], set(), list(names)
    while ahead:
        name = ahead.pop()
        if name in seen or name not in editor.nodes:
            continue
        seen.add(name)
        node = editor.nodes[name]
        if _kind(node, kinds) or node.op == "NoOp":
            ahead += [edge(text).node for text in node.input]
        elif node.input:
            found.append(name)
    return found


def _kind(node, kinds: dict[str, str]) -> str | None:
    """What is left out with the op; those around assertions go by name."""
    if "AssertGuard" in node.name.split("/"):
        return "assertion"
    return kinds.get(node.op)


def _used_functions(editor: GraphEditor) -> dict:
    used: dict[str, None] = {}
    ahead = [name for node in editor.nodes.values() for name in functions_in(node)]
    ahead += [node.op for node in editor.nodes.values() if node.op in editor.functions]
    while ahead:
        name = ahead.pop()
        if name in used or name not in editor.functions:
            continue
        used[name] = None
        for node in editor.functions[name].node_def:
            ahead += [*functions_in(node), node.op]
    return {name: body for name, body in editor.functions.items() if name in used}


def functions_in(node) -> list[str]:
    """The functions that a node's attributes name."""
    names = []
    for value in node.attr.values():
        if value.HasField("func"):
            names.append(value.func.name)
        names += [func.name for func in value.list.func]
    return names
