"""Finds what no graph that TensorFlow wrote has, before anything else reads it."""

import math
import re
from collections.abc import Callable, Container, Iterator
from functools import cache

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.stated_tensors import tensor_fault
from helpers.foreign.texts import shown, text_problem
from helpers.graphs.edges import control_inputs
from helpers.graphs.op_registry import op_def

# An input of a node: name, name:1 or ^name; in a function name:output:1, too.
INPUT = re.compile(r"\^[^:^]+|[^:^]+(:[0-9]{1,9})?")
BODY_INPUT = re.compile(r"\^[^:^]+|[^:^]+(:[^:^]+:[0-9]{1,9})?")


def damage_of(graph_def: tf1.GraphDef) -> str | None:
    """A sentence on the first thing that cannot be; None: there is none.

    Checked are the names, the form and the number of the inputs, and the constants, in
    the graph and in its functions.
    """
    for node in graph_def.node:
        if damage := _damage_of_node(node, INPUT.fullmatch):
            return damage
    for function in graph_def.library.function:
        arguments = {argument.name for argument in function.signature.input_arg}

        def is_input(text: str, arguments: Container[str] = arguments) -> bool:
            is_long = text.startswith("^") or ":" in text  # else it is an argument
            return bool(BODY_INPUT.fullmatch(text)) and (is_long or text in arguments)

        for node in function.node_def:
            if damage := _damage_of_node(node, is_input):
                return f"in the function {shown(function.signature.name)}, {damage}"
    return None


def _damage_of_node(node, is_input: Callable[[str], object]) -> str | None:
    """The same for one node.

    Args:
      is_input: whether an input may have this form.
    """
    for text in (node.name, node.op):
        if problem := text_problem(text, is_name=True):
            return f"the name {shown(text)} {problem}"
    for text in node.input:
        if not is_input(text) or text_problem(text, is_name=True):
            return f"op {shown(node.name)} has the input {shown(text)}"
    data = len(node.input) - len(control_inputs(node))
    least, most = _inputs_of(node.op)
    if not least <= data <= most:
        takes = f"{least}" if least == most else f"at least {least}"
        return f"op {shown(node.name)} ({node.op}) has {data} of {takes} inputs"
    if fault := _fault_of_constant(node):
        return f"the constant {shown(node.name)} {fault}"
    return None


@cache
def _inputs_of(op: str) -> tuple[int, float]:
    """The smallest and the largest number of data inputs that an op takes."""
    if not (definition := op_def(op)):
        return 0, math.inf
    is_list = [bool(a.number_attr or a.type_list_attr) for a in definition.input_arg]
    return is_list.count(False), math.inf if any(is_list) else len(is_list)


def _fault_of_constant(node) -> str | None:
    """Why the value of a constant is no tensor; None: it is one, or another op."""
    if node.op != "Const":
        return None
    value = node.attr["value"]
    # In a function, the value may be an attribute of the call.
    return None if value.placeholder else constant_fault(value.tensor)


def constant_fault(tensor) -> str | None:
    """Why a TensorProto is no tensor; None: it is one.

    It may state fewer values than it has elements: the last one stands for the rest.
    """
    shape = tensor.tensor_shape
    if fault := tensor_fault(tensor.dtype, shape):
        return fault
    count, dtype = math.prod(dim.size for dim in shape.dim), tf.as_dtype(tensor.dtype)
    if content := tensor.tensor_content:
        wanted = count * dtype.size
        if dtype.size and len(content) != wanted:  # texts may have any length
            return f"has {len(content):,} bytes of values, and its shape {wanted:,}"
        return None
    given = max(_value_counts(tensor), default=0)
    if given > count:
        return f"has {given:,} values, and its shape {count:,}"
    return None


def _value_counts(tensor) -> Iterator[int]:
    """The number of values in each field of a TensorProto that holds some."""
    for field, value in tensor.ListFields():
        if field.name.endswith("_val"):
            parts = 2 if "complex" in field.name else 1
            yield len(value) // parts
