"""A graph's fingerprint: the same for the same graph, however it was written.

Serialized bytes differ between TensorFlow versions and writers; names, ops, inputs,
attributes that are not the default, and tensor bytes do not. The model card is left
out.
"""

import hashlib

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.model_card import CARD_OP
from helpers.graphs.op_registry import op_def


class Fingerprint:
    """Collects nodes in any order; `hexdigest` is independent of it."""

    def __init__(self):
        self._lines: list[str] = []

    def node(self, node, scope: str = "") -> None:
        """Add a node whose tensor, if it is a Const, is inside."""
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            self.constant(scope + node.name, tf.make_ndarray(tensor), node)
        else:
            self._add(scope, node)

    def constant(self, name: str, value: np.ndarray, node) -> None:
        """Add a constant with the value given."""
        digest = hashlib.sha256()
        if value.dtype == object:
            for item in value.reshape(-1):
                digest.update(b"%d " % len(item) + item)
        else:
            contiguous = np.ascontiguousarray(value)
            digest.update(contiguous.reshape(-1).view(np.uint8).data)
        dtype = tf.as_dtype(node.attr["dtype"].type).name
        waits = sorted(text for text in node.input)
        self._lines.append(
            f"{name} Const {waits} {dtype} {list(value.shape)} {digest.hexdigest()}"
        )

    def function(self, function) -> None:
        name = function.signature.name
        for node in function.node_def:
            self.node(node, f"{name}/")
        for output in function.signature.output_arg:
            self._lines.append(f"{name} returns {function.ret[output.name]}")

    def _add(self, scope: str, node) -> None:
        data = [text for text in node.input if not text.startswith("^")]
        waits = sorted(text for text in node.input if text.startswith("^"))
        facts = [f"{name}={text}" for name, text in _facts(node)]
        self._lines.append(f"{scope}{node.name} {node.op} {data + waits} {facts}")

    def hexdigest(self) -> str:
        return hashlib.sha256("\n".join(sorted(self._lines)).encode()).hexdigest()


def _facts(node):
    defaults = {attr.name: attr.default_value for attr in _attributes(node)}
    for name in sorted(node.attr):
        value = node.attr[name]
        if not name.startswith("_") and value != defaults.get(name):
            yield name, value.SerializeToString(deterministic=True).hex()


def _attributes(node):
    definition = op_def(node.op)
    return definition.attr if definition else ()


def fingerprint(graph_def: tf1.GraphDef) -> str:
    """The fingerprint of a GraphDef, 64 hexadecimal digits."""
    found = Fingerprint()
    for node in graph_def.node:
        if node.name != CARD_OP:
            found.node(node)
    for function in graph_def.library.function:
        found.function(function)
    return found.hexdigest()
