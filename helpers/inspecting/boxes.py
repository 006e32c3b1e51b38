"""Reduce a graph to a few boxes and arrows: inference by scope, training by role."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow.compat.v1 as tf1

from helpers.graphs.wiring import VARIABLES, Wiring, type_of
from helpers.inspecting.grouping import NON_COMPUTING, Groups
from helpers.inspecting.roles import ROLES, roles_of

MOST_BOXES = 15
MINOR_OPS = NON_COMPUTING | {  # named only after all other ops of a box
    *("Shape", "Reshape", "Pack", "Unpack", "Slice", "StridedSlice", "Range", "Fill"),
    *("ConcatV2", "ConcatOffset", "Cast", "Assign", "AssignVariableOp", "Tile"),
    *("VarIsInitializedOp", "BroadcastGradientArgs", "Squeeze", "ExpandDims"),
}


class Box(NamedTuple):
    """A group of nodes that is drawn as one box."""

    title: str
    role: str
    nodes: int
    ops: tuple[str, ...]  # the most frequent first, without constants and variables
    bytes: int  # of its variables and constants


class Diagram(NamedTuple):
    """Boxes, and arrows as pairs of indices: from a box, to a box."""

    boxes: list[Box]
    arrows: list[tuple[int, int]]


def diagram_of(graph_def: tf1.GraphDef, outputs: Iterable[str]) -> Diagram:
    """At most MOST_BOXES boxes: inference in the order of the data, then training.

    Inference is a box for each name scope or group of scopes; every other role is one
    box, and nodes of the role "other" are left out.
    """
    wiring = Wiring(graph_def)
    answers = [name.split(":")[0] for name in outputs]
    roles = roles_of(wiring, answers)
    others = [role for role in ROLES[1:-1] if role in roles.values()]
    names = {name for name, role in roles.items() if role == "inference"}
    groups = Groups(wiring, names, answers)
    groups.fit(MOST_BOXES - len(others))
    members = groups.members()
    parts = [(key, "inference", members[key]) for key in groups.ordered()]
    for role in others:
        parts.append((role, role, [name for name, r in roles.items() if r == role]))
    boxes = [_box(wiring, title, role, names) for title, role, names in parts]
    box_of = {name: i for i, (_, _, names) in enumerate(parts) for name in names}
    arrows = {
        (box_of[source], box)
        for name, box in box_of.items()
        for source in wiring.data[name]
        if box_of.get(source, box) != box
    }
    return Diagram(boxes, sorted(arrows))


def _node_bytes(wiring: Wiring, name: str) -> int:
    """The size of a variable's or constant's value; 0 for other ops."""
    node = wiring.nodes[name]
    if node.op == "Const":
        shape = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
    elif node.op in VARIABLES:
        shape = [size or 0 for size in wiring.shape(name) or ()]
    else:
        return 0
    dtype = type_of(node.attr["dtype"].type)
    return (dtype.size if dtype else 0) * int(np.prod(shape, dtype=np.int64))


def _box(wiring: Wiring, title: str, role: str, names: list[str]) -> Box:
    ops = Counter(wiring.op(name) for name in names)
    named = [op for op, _ in ops.most_common() if op not in NON_COMPUTING]
    shown = tuple(sorted(named, key=lambda op: op in MINOR_OPS))
    weights = sum(_node_bytes(wiring, name) for name in names)
    return Box(title, role, len(names), shown, weights)
