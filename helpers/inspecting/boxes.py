"""Reduce a graph to a few boxes and arrows: what answers, and what only trains."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from helpers.graphs.wiring import VARIABLES, Wiring, type_of
from helpers.inspecting.grouping import PLUMBING, Groups
from helpers.inspecting.roles import ROLES, roles_of

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
    others = [role for role in ROLES[1:] if role in present and role not in HIDDEN]
    names = {name for name, role in roles.items() if role == "inference"}
    groups = Groups(wiring, names, answers)
    groups.fit(MOST_BOXES - len(others))
    ids = [("inference", key) for key in groups.ordered()]
    members = {("inference", key): found for key, found in groups.members().items()}
    for role in others:
        ids.append((role, role))
        members[role, role] = [name for name, its in roles.items() if its == role]
    boxes = [_box(wiring, title, role, members[role, title]) for role, title in ids]
    at = {name: place for place, key in enumerate(ids) for name in members[key]}
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
    dtype = type_of(node.attr["dtype"].type)
    return (dtype.size if dtype else 0) * int(np.prod(shape, dtype=np.int64))


def _box(wiring: Wiring, title: str, role: str, names: list[str]) -> Box:
    ops = Counter(wiring.op(name) for name in names)
    named = [op for op, _ in ops.most_common() if op not in PLUMBING]
    shown = tuple(sorted(named, key=lambda op: op in DULL))
    weights = sum(node_bytes(wiring, name) for name in names)
    return Box(title, role, len(names), shown, weights)


def _arrows(wiring: Wiring, at: dict[str, int]) -> list[tuple[int, int]]:
    """Which boxes hand tensors to which."""
    pairs = {
        (at[source], place)
        for name, place in at.items()
        for source in wiring.data[name]
        if source in at and at[source] != place
    }
    return sorted(pairs)
