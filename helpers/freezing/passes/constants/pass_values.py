"""Let functions take the values of variables where they took the variables.

The bodies of While, If and Case read variables through handles they are passed. Each
such function gets a copy that is passed the value.
"""

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import (
    RESOURCE_VARIABLES,
    read_value,
)
from helpers.graphs.editor import Edge, GraphEditor, copied, data_inputs
from helpers.graphs.op_registry import attribute

# Ops that call functions: their function attributes, how many inputs are not passed
# on, and the attribute that lists the types of those that are.
CALLERS = {
    "If": (("then_branch", "else_branch"), 1, "Tin"),
    "StatelessIf": (("then_branch", "else_branch"), 1, "Tin"),
    "While": (("cond", "body"), 0, "T"),
    "StatelessWhile": (("cond", "body"), 0, "T"),
    "Case": (("branches",), 1, "Tin"),
    "StatelessCase": (("branches",), 1, "Tin"),
    "PartitionedCall": (("f",), 0, "Tin"),
    "StatefulPartitionedCall": (("f",), 0, "Tin"),
}
# Ops that pass a tensor through, and how many of their outputs are that tensor.
HANDING_ON = {"Identity": 1, "Switch": 2, "Merge": 1, "Enter": 1, "Exit": 1}
HANDING_ON |= {"NextIteration": 1}
LOOPS = ("While", "StatelessWhile")


def pass_values(editor: GraphEditor) -> int:
    """Pass values, not variables, to every function the graph calls; to how many."""
    changed = 0
    dtypes = {
        Edge(node.name, 0): node.attr["dtype"].type
        for node in editor.nodes.values()
        if node.op in RESOURCE_VARIABLES
    }
    _hand_on(editor, dtypes)
    for node in list(editor.nodes.values()):
        if node.op in CALLERS:
            _, offset, _ = CALLERS[node.op]
            passed = {
                index: dtypes[item]
                for index, item in enumerate(data_inputs(node)[offset:])
                if item in dtypes
            }
            if passed:
                _call_with_values(editor, node, passed)
                changed += 1
    return changed


def _hand_on(editor: GraphEditor, dtypes: dict[Edge, int]) -> None:
    """Let the ops that hand variables on hand on values; `dtypes` grows by them."""
    consumers, ahead = editor.consumers(), list(dtypes)
    while ahead:
        item = ahead.pop()
        for taker, taken in consumers.get(item.node, ()):
            if taken != item or taker.op not in HANDING_ON:
                continue
            taker.attr["T"].type = dtypes[item]
            for index in range(HANDING_ON[taker.op]):
                made = Edge(taker.name, index)
                if made not in dtypes:
                    dtypes[made] = dtypes[item]
                    ahead.append(made)


def _call_with_values(editor: GraphEditor, node, passed: dict[int, int]) -> None:
    names, _, types = CALLERS[node.op]
    for name in names:
        attr = node.attr[name]
        for func in [attr.func] if attr.HasField("func") else attr.list.func:
            func.name = _with_values(editor, func.name, passed)
    for index, dtype in passed.items():
        node.attr[types].list.type[index] = dtype
    if node.op in LOOPS and attribute(node, "output_shapes").list.shape:
        for index in passed:
            node.attr["output_shapes"].list.shape[index].Clear()
            node.attr["output_shapes"].list.shape[index].unknown_rank = True


def _with_values(editor: GraphEditor, name: str, passed: dict[int, int]) -> str:
    """The name of the function's copy that is passed values."""
    made_name = f"{name}_of_values"
    if made_name in editor.functions:
        return made_name
    body = editor.copy_function(name, made_name)
    body.arg_attr.clear()
    body.resource_arg_unique_id.clear()
    handles: dict[str, int] = {}
    for index, dtype in passed.items():
        argument = body.signature.input_arg[index]
        argument.type = dtype
        argument.ClearField("handle_data")
        handles[argument.name] = dtype
    for node in body.node_def:
        _rewrite(editor, node, handles, name)
    _rename_reads(body)
    for output in body.signature.output_arg:
        if body.ret[output.name] in handles:
            output.type = handles[body.ret[output.name]]
            output.ClearField("handle_data")
    return made_name


def _rename_reads(body) -> None:
    """Call the outputs of what were reads as Identity calls them."""
    names = [node.name for node in body.node_def if node.op == "Identity"]
    reads = {f"{name}:value:0": f"{name}:output:0" for name in names}
    for node in body.node_def:
        for index, text in enumerate(node.input):
            node.input[index] = reads.get(text, text)
    for name, text in body.ret.items():
        body.ret[name] = reads.get(text, text)


def _rewrite(editor: GraphEditor, node, handles: dict[str, int], function: str) -> None:
    """Rewrite one node of a function; `handles` are texts that name values by now."""
    taken = [text for text in node.input if text in handles]
    if not taken:
        return
    if node.op == "Identity":
        dtype = handles[taken[0]]
        node.attr["T"].type = dtype
        handles[f"{node.name}:output:0"] = dtype
    elif node.op in CALLERS:
        _, offset, _ = CALLERS[node.op]
        data = [text for text in node.input if not text.startswith("^")][offset:]
        passed = {i: handles[text] for i, text in enumerate(data) if text in handles}
        _call_with_values(editor, node, passed)
        if node.op in LOOPS:
            for index, dtype in passed.items():
                handles[f"{node.name}:output:{index}"] = dtype
    elif (value := read_value(copied(node))) is not None:
        node.CopyFrom(value)
    else:
        raise FreezeError(
            f"function {function!r} changes a variable ({node.op} {node.name!r}): a "
            "frozen graph cannot",
            "choose outputs that do not depend on it",
        )
