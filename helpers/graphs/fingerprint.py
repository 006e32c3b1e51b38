"""The fingerprint of a graph: a hash that does not depend on how the graph was written.

Serialized bytes differ between versions of TensorFlow. The fingerprint is the SHA-256
of names, ops, inputs, attributes other than defaults, and tensor bytes, in sorted
order. The model card is left out.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.model_card import CARD_OP
from helpers.graphs.op_registry import op_def


class Fingerprint:
    """A hash of nodes and functions, which may be added in any order."""

    def __init__(self):
        self._lines: list[str] = []

    def node(self, node, scope: str = "") -> None:
        """Add a node; a Const must hold its value."""
        if node.op == "Const":
            tensor = node.attr["value"].tensor
            self.constant(scope + node.name, tf.make_ndarray(tensor), node)
        else:
            data = [text for text in node.input if not text.startswith("^")]
            control = sorted(text for text in node.input if text.startswith("^"))
            attributes = [f"{name}={text}" for name, text in _attributes(node)]
            facts = f"{node.op} {data + control} {attributes}"
            self._lines.append(f"{scope}{node.name} {facts}")

    def constant(self, name: str, value: np.ndarray, node) -> None:
        """Add a Const that does not hold its value."""
        digest = hashlib.sha256()
        if value.dtype == object:
            for item in value.reshape(-1):
                digest.update(b"%d " % len(item) + item)
        else:
            flat = np.ascontiguousarray(value).reshape(-1)
            digest.update(flat.view(np.uint8).data)
        dtype = tf.as_dtype(node.attr["dtype"].type).name
        facts = f"{sorted(node.input)} {dtype} {list(value.shape)}"
        self._lines.append(f"{name} Const {facts} {digest.hexdigest()}")

    def function(self, function) -> None:
        """Add a FunctionDef of the library."""
        name = function.signature.name
        for node in function.node_def:
            self.node(node, f"{name}/")
        for output in function.signature.output_arg:
            self._lines.append(f"{name} returns {function.ret[output.name]}")

    def hexdigest(self) -> str:
        return hashlib.sha256("\n".join(sorted(self._lines)).encode()).hexdigest()


def _attributes(node) -> Iterator[tuple[str, str]]:
    """The attributes that do not have their default values: names and hex values."""
    definition = op_def(node.op)
    attributes = definition.attr if definition else ()
    defaults = {attribute.name: attribute.default_value for attribute in attributes}
    for name in sorted(node.attr):
        value = node.attr[name]
        if not name.startswith("_") and value != defaults.get(name):
            yield name, value.SerializeToString(deterministic=True).hex()


def fingerprint(graph_def: tf1.GraphDef) -> str:
    """The fingerprint of a GraphDef, 64 hexadecimal digits."""
    found = Fingerprint()
    for node in graph_def.node:
        if node.name != CARD_OP:
            found.node(node)
    for function in graph_def.library.function:
        found.function(function)
    return found.hexdigest()
