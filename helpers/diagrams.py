"""Reduce a graph to a few boxes and arrows: what answers, and what only trains."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.grouping import PLUMBING, Groups
from helpers.roles import ROLES, roles_of
from helpers.wiring import VARIABLES, Wiring

MOST_BOXES = 15
DULL = PLUMBING | {  # named only where a box has nothing else
    *("Shape", "Reshape", "Pack", "Unpack", "Slice", "StridedSlice", "Range", "Fill"),
    *("ConcatV2", "ConcatOffset", "Cast", "Assign", "AssignVariableOp", "Tile"),
    *("VarIsInitializedOp", "BroadcastGradientArgs", "Squeeze", "ExpandDims"),
}
HIDDEN = ("other",)


class Box(NamedTuple):
    """Nodes that are drawn as one."""

    title: str
    role: str
    nodes: int
    ops: tuple[str, ...]  # the most frequent, without constants and variables
    bytes: int  # of its variables and constants


class Diagram(NamedTuple):
    """Boxes, and pairs of their positions joined by arrows."""

    boxes: list[Box]
    arrows: list[tuple[int, int]]


def diagram_of(graph_def, outputs: Iterable[str]) -> Diagram:
    """At most MOST_BOXES boxes: scopes that answer first, then what only trains."""
    wiring = Wiring(graph_def)
    answers = [name.split(":")[0] for name in outputs]
    roles = roles_of(wiring, answers)
    present = set(roles.values())
    others = [r for r in ROLES[1:] if r in present and r not in HIDDEN]
    groups = Groups(wiring, {n for n, r in roles.items() if r == "inference"}, answers)
    groups.fit(MOST_BOXES - len(others))
    keys = groups.ordered()
    members = {("inference", key): names for key, names in groups.members().items()}
    for name, role in roles.items():
        if role in others:
            members.setdefault((role, role), []).append(name)
    ids = [*(("inference", key) for key in keys), *((role, role) for role in others)]
    boxes = [_box(wiring, title, role, members[role, title]) for role, title in ids]
    at = {name: index for index, i in enumerate(ids) for name in members[i]}
    return Diagram(boxes, _arrows(wiring, at))


def node_bytes(wiring: Wiring, name: str) -> int:
    """The size of a variable or constant; 0 for other ops."""
    node = wiring.nodes[name]
    if node.op == "Const":
        shape = [dim.size for dim in node.attr["value"].tensor.tensor_shape.dim]
    elif node.op in VARIABLES:
        shape = [size or 0 for size in wiring.shape(name) or ()]
    else:
        return 0
    size = tf.dtypes.as_dtype(node.attr["dtype"].type).size
    return size * int(np.prod(shape, dtype=np.int64))


def _box(wiring: Wiring, title: str, role: str, names: list[str]) -> Box:
    ops = Counter(wiring.op(name) for name in names)
    named = [op for op, _ in ops.most_common() if op not in PLUMBING]
    shown = tuple(sorted(named, key=lambda op: op in DULL))
    weights = sum(node_bytes(wiring, name) for name in names)
    return Box(title, role, len(names), shown, weights)


def _arrows(wiring: Wiring, at: dict[str, int]) -> list[tuple[int, int]]:
    """Which boxes hand tensors to which."""
    pairs = {
        (at[source], index)
        for name, index in at.items()
        for source in wiring.data[name]
        if source in at and at[source] != index
    }
    return sorted(pairs)
