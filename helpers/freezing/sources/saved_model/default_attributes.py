"""State the attributes that a SavedModel leaves out: those with their defaults."""

from collections.abc import Iterable

from helpers.graphs.op_registry import op_def


def state_defaults(nodes: Iterable) -> None:
    """Add to each node the attributes of its op that it lacks, with their defaults."""
    for node in nodes:
        definition = op_def(node.op)
        for attr in definition.attr if definition else ():
            if attr.name not in node.attr and attr.HasField("default_value"):
                node.attr[attr.name].CopyFrom(attr.default_value)
