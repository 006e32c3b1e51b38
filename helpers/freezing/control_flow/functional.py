"""Resolve conditionals inside the functions that loops and conditionals call.

A bound switch is passed to these functions as an argument. Each function gets a copy
for inference, in which a conditional on that argument is a call of the branch taken.
"""

from collections.abc import Mapping

from helpers.freezing.passes.constants.pass_values import CALLERS, LOOPS
from helpers.graphs.edges import Edge, control_inputs, data_inputs
from helpers.graphs.editor import GraphEditor

BOOLEAN_OPS = {"Identity": "output", "LogicalNot": "y"}  # op -> its output's name
FOR_INFERENCE = "_for_inference"  # the suffix of a copy's name
CALL_OF = {"If": "StatefulPartitionedCall", "StatelessIf": "PartitionedCall"}


def take_branches(editor: GraphEditor, values: Mapping[Edge, bool]) -> None:
    """Specialise the functions that these tensors are passed to.

    Args:
      values: the bound switches.
    """
    for node in list(editor.nodes.values()):
        if node.op in CALLERS:
            data = data_inputs(node)[CALLERS[node.op][1] :]
            passed = {i: values[item] for i, item in enumerate(data) if item in values}
            _specialise_call(editor, node, passed)


def _specialise_call(editor: GraphEditor, node, passed: dict[int, bool]) -> None:
    """Make the node call copies of its functions for these argument values."""
    names, *_ = CALLERS[node.op]
    if node.op in LOOPS:
        body = editor.functions[node.attr["body"].func.name]
        passed = {i: value for i, value in passed.items() if is_loop_invariant(body, i)}
    if not passed:
        return
    for name in names:
        attr = node.attr[name]
        for func in [attr.func] if attr.HasField("func") else attr.list.func:
            func.name = _specialise(editor, func.name, passed)


def is_loop_invariant(body, index: int) -> bool:
    """Whether a loop's body returns the argument unchanged."""
    argument = body.signature.input_arg[index].name
    text = body.ret[body.signature.output_arg[index].name]
    nodes = {node.name: node for node in body.node_def}
    while text.split(":")[0] in nodes and nodes[text.split(":")[0]].op == "Identity":
        text = nodes[text.split(":")[0]].input[0]
    return text == argument


def _specialise(editor: GraphEditor, name: str, passed: dict[int, bool]) -> str:
    """Copy the function for these argument values, and return the copy's name."""
    made_name = f"{name}{FOR_INFERENCE}"
    if made_name in editor.functions:
        return made_name
    body = editor.copy_function(name, made_name)
    arguments = body.signature.input_arg
    known = {arguments[index].name: value for index, value in passed.items()}
    while _propagate(body, known):
        pass
    for node in body.node_def:
        _take_branch(editor, node, known)
    return made_name


def _propagate(body, known: dict[str, bool]) -> bool:
    """Add the value of one more tensor to `known`; False if no more follow."""
    for node in body.node_def:
        if node.op in BOOLEAN_OPS and node.input[0] in known:
            text = f"{node.name}:{BOOLEAN_OPS[node.op]}:0"
            if text not in known:
                known[text] = known[node.input[0]] ^ (node.op == "LogicalNot")
                return True
    return False


def _take_branch(editor: GraphEditor, node, known: dict[str, bool]) -> None:
    """Make a conditional on a known value a call, and specialise all calls."""
    if node.op in CALL_OF and node.input[0] in known:
        taken = "then_branch" if known[node.input[0]] else "else_branch"
        made = type(node)(name=node.name, op=CALL_OF[node.op], input=node.input[1:])
        made.attr["f"].func.name = node.attr[taken].func.name
        for name in ("Tin", "Tout"):
            made.attr[name].CopyFrom(node.attr[name])
        node.CopyFrom(made)
        editor.removed["conditional"] += 1
    if node.op in CALLERS:
        data = list(node.input)[: len(node.input) - len(control_inputs(node))]
        data = data[CALLERS[node.op][1] :]
        passed = {i: known[text] for i, text in enumerate(data) if text in known}
        _specialise_call(editor, node, passed)
