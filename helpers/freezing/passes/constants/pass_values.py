"""Passes the values of variables to functions that took the variables.

The bodies of While, If and Case read variables through the handles in their arguments.
Each such function is copied; the copy takes the value.
"""

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import (
    RESOURCE_VARIABLES,
    read_value,
)
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor, copied
from helpers.graphs.op_registry import attribute

# Ops that call functions: their function attributes, the number of inputs that are not
# arguments of the functions, and the attribute that lists the types of the arguments.
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
# Ops whose outputs are their first input, and how many outputs are.
FORWARDING = {"Identity": 1, "Switch": 2, "Merge": 1, "Enter": 1, "Exit": 1}
FORWARDING |= {"NextIteration": 1}
LOOPS = ("While", "StatelessWhile")


def pass_values(editor: GraphEditor) -> int:
    """Pass values, not variables, to all functions; return the number of calls."""
    changed = 0
    dtypes = {
        Edge(node.name, 0): node.attr["dtype"].type
        for node in editor.nodes.values()
        if node.op in RESOURCE_VARIABLES
    }
    _forward_values(editor, dtypes)
    for node in list(editor.nodes.values()):
        if node.op in CALLERS:
            arguments = enumerate(data_inputs(node)[CALLERS[node.op][1] :])
            passed = {i: dtypes[item] for i, item in arguments if item in dtypes}
            if passed:
                _call_with_values(editor, node, passed)
                changed += 1
    return changed


def _forward_values(editor: GraphEditor, dtypes: dict[Edge, int]) -> None:
    """Set the value's type in ops that forward a variable, and add them to `dtypes`."""
    consumers, ahead = editor.consumers(), list(dtypes)
    while ahead:
        item = ahead.pop()
        for consumer, consumed in consumers.get(item.node, ()):
            if consumed != item or consumer.op not in FORWARDING:
                continue
            consumer.attr["T"].type = dtypes[item]
            for index in range(FORWARDING[consumer.op]):
                made = Edge(consumer.name, index)
                if made not in dtypes:
                    dtypes[made] = dtypes[item]
                    ahead.append(made)


def _call_with_values(editor: GraphEditor, node, passed: dict[int, int]) -> None:
    """Let the node call copies of its functions; `passed` is argument -> its type."""
    names, _, types = CALLERS[node.op]
    for name in names:
        attr = node.attr[name]
        for func in [attr.func] if attr.HasField("func") else attr.list.func:
            func.name = _copy_with_values(editor, func.name, passed)
    for index, dtype in passed.items():
        node.attr[types].list.type[index] = dtype
    if node.op in LOOPS and attribute(node, "output_shapes").list.shape:
        for index in passed:
            node.attr["output_shapes"].list.shape[index].Clear()
            node.attr["output_shapes"].list.shape[index].unknown_rank = True


def _copy_with_values(editor: GraphEditor, name: str, passed: dict[int, int]) -> str:
    """Copy a function so that it takes values, once; return the copy's name."""
    made_name = f"{name}_of_values"
    if made_name in editor.functions:
        return made_name
    body = editor.copy_function(name, made_name)
    body.arg_attr.clear()
    body.resource_arg_unique_id.clear()
    values: dict[str, int] = {}
    for index, dtype in passed.items():
        argument = body.signature.input_arg[index]
        argument.type = dtype
        argument.ClearField("handle_data")
        values[argument.name] = dtype
    for node in body.node_def:
        _rewrite(editor, node, values, name)
    _rename_reads(body)
    for output in body.signature.output_arg:
        if body.ret[output.name] in values:
            output.type = values[body.ret[output.name]]
            output.ClearField("handle_data")
    return made_name


def _rename_reads(body) -> None:
    """Rename the output `value` of former reads to `output`, as Identity calls it."""
    names = [node.name for node in body.node_def if node.op == "Identity"]
    reads = {f"{name}:value:0": f"{name}:output:0" for name in names}
    for node in body.node_def:
        for index, text in enumerate(node.input):
            node.input[index] = reads.get(text, text)
    for name, text in body.ret.items():
        body.ret[name] = reads.get(text, text)


def _rewrite(editor: GraphEditor, node, values: dict[str, int], function: str) -> None:
    """Rewrite a function's node that takes one of `values`, tensor name -> type.

    Adds the node's outputs that are such values.
    """
    taken = [text for text in node.input if text in values]
    if not taken:
        return
    if node.op == "Identity":
        dtype = values[taken[0]]
        node.attr["T"].type = dtype
        values[f"{node.name}:output:0"] = dtype
    elif node.op in CALLERS:
        data = [text for text in node.input if not text.startswith("^")]
        arguments = enumerate(data[CALLERS[node.op][1] :])
        passed = {i: values[text] for i, text in arguments if text in values}
        _call_with_values(editor, node, passed)
        if node.op in LOOPS:
            for index, dtype in passed.items():
                values[f"{node.name}:output:{index}"] = dtype
    elif (value := read_value(copied(node))) is not None:
        node.CopyFrom(value)
    else:
        raise FreezeError(
            f"function {function!r} changes a variable ({node.op} {node.name!r}): a "
            "frozen graph cannot",
            "choose outputs that do not depend on it",
        )
