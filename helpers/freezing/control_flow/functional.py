"""Take decided branches inside the functions that loops and conditionals call.

A switch that is bound is passed to them as an argument: each gets a copy for inference,
in which a conditional on that argument is a call of the branch that is taken.
"""

from helpers.freezing.passes.constants.pass_values import CALLERS, LOOPS
from helpers.graphs.editor import Edge, GraphEditor, control_inputs, data_inputs

HANDED_ON = {"Identity": "output", "LogicalNot": "y"}  # the name of their output
FOR_INFERENCE = "_for_inference"  # what a copy's name ends in
CALL_OF = {"If": "StatefulPartitionedCall", "StatelessIf": "PartitionedCall"}


def take_branches(editor: GraphEditor, values: dict[Edge, bool]) -> None:
    """Rewrite the functions that these tensors are passed to.

    Args:
      values: what the bound switches are.
    """
    for node in list(editor.nodes.values()):
        if node.op in CALLERS:
            data = data_inputs(node)[CALLERS[node.op][1] :]
            passed = {i: values[item] for i, item in enumerate(data) if item in values}
            _specialise_call(editor, node, passed)


def _specialise_call(editor: GraphEditor, node, passed: dict[int, bool]) -> None:
    names, *_ = CALLERS[node.op]
    if node.op in LOOPS:
        body = editor.functions[node.attr["body"].func.name]
        passed = {i: value for i, value in passed.items() if is_kept(body, i)}
    if not passed:
        return
    for name in names:
        attr = node.attr[name]
        for func in [attr.func] if attr.HasField("func") else attr.list.func:
            func.name = _for_inference(editor, func.name, passed)


def is_kept(body, index: int) -> bool:
    """Whether a loop hands its argument on to the next round as it is."""
    argument = body.signature.input_arg[index].name
    text = body.ret[body.signature.output_arg[index].name]
    nodes = {node.name: node for node in body.node_def}
    while text.split(":")[0] in nodes and nodes[text.split(":")[0]].op == "Identity":
        text = nodes[text.split(":")[0]].input[0]
    return text == argument


def _for_inference(editor: GraphEditor, name: str, passed: dict[int, bool]) -> str:
    """The name of the function's copy in which these arguments are known."""
    made_name = f"{name}{FOR_INFERENCE}"
    if made_name in editor.functions:
        return made_name
    body = editor.copy_function(name, made_name)
    arguments = body.signature.input_arg
    known = {arguments[index].name: value for index, value in passed.items()}
    while _hand_on(body, known):
        pass
    for node in body.node_def:
        _take(editor, node, known)
    return made_name


def _hand_on(body, known: dict[str, bool]) -> bool:
    """Extend what is known by one op; False where nothing more follows."""
    for node in body.node_def:
        if node.op in HANDED_ON and node.input[0] in known:
            text = f"{node.name}:{HANDED_ON[node.op]}:0"
            if text not in known:
                value = known[node.input[0]]
                known[text] = value if node.op == "Identity" else not value
                return True
    return False


def _take(editor: GraphEditor, node, known: dict[str, bool]) -> None:
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
