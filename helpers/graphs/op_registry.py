"""The registered ops and kernels of the installed TensorFlow.

The only module that imports private modules of TensorFlow: no public API has this.
"""

from functools import cache

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import kernels, op_def_registry
from tensorflow.python.util import _pywrap_util_port


def op_def(op: str):
    """The op's OpDef, or None if the op is not registered."""
    return op_def_registry.get(op)


def is_version(version: str) -> bool:
    """Whether TensorFlow is of a release like "2.21"."""
    return tf.__version__.startswith(f"{version}.")


def registered_ops() -> list:
    """The OpDefs of all ops, those of loaded libraries among them."""
    found = op_def_pb2.OpList()
    buffer = pywrap_tf_session.TF_GetAllOpList()
    found.ParseFromString(pywrap_tf_session.TF_GetBuffer(buffer))
    return list(found.op)


@cache
def devices(op: str) -> frozenset[str]:
    """The kinds of device the op has kernels for, such as {"CPU", "GPU"}."""
    found = kernels.get_registered_kernels_for_op(op).kernel
    return frozenset(kernel.device_type for kernel in found)


def uses_onednn() -> bool:
    """Whether oneDNN is on; its order of additions may differ between sessions."""
    return _pywrap_util_port.IsMklEnabled()


def output_count(node, output) -> int:
    """The number of tensors in one output argument of an op's definition."""
    if output.number_attr:
        return attribute(node, output.number_attr).i
    if output.type_list_attr:
        return len(attribute(node, output.type_list_attr).list.type)
    return 1


def attribute(node, name: str):
    """The node's attribute, or its default from the op's definition.

    Raises:
      KeyError: there is neither.
    """
    if name in node.attr:
        return node.attr[name]
    definition = op_def(node.op)
    for attr in definition.attr if definition else ():
        if attr.name == name:
            return attr.default_value
    raise KeyError(f"op {node.name!r} ({node.op}) has no attribute {name!r}")
