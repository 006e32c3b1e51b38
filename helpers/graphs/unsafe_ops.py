"""Finds ops that do more than compute: files, Python, the log, the network, other runs.

A graph of unknown origin is an untrusted program. Serving takes only ops of the classes
that compute; freezing warns of the others, and runs no graph that changes files, the
network or the process, or waits for others. No graph is run to find them.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from helpers.graphs.graph_bodies import Body, bodies, called_bodies
from helpers.graphs.op_classes import STATE, VERSION, OpClass, op_classes
from helpers.graphs.op_registry import is_version, op_def
from helpers.graphs.op_uses import ENDLESS, recursive_calls, remote_ops, unsafe_use

PROGRAM = OpClass("programs", "runs a program that is hidden in a string")
OTHER_BUILDS = {"RemoteFusedGraphExecute": PROGRAM, "TRTEngineOp": PROGRAM}
NEW = OpClass(
    "internal", f"is not an op of TensorFlow {VERSION}, and nobody looked at it"
)
# Classes whose ops a proof may run once: they change nothing outside its process.
ONCE = ("file-reads", "python", "log", "state", "unbounded")
ELSEWHERE = "another machine"
READS = re.compile("Restore|DTensorRestore|LoadAndRemap")  # of checkpoint files
COMPUTES = ("XlaCallModule",)  # StableHLO: serving does not look into it


class UnsafeOp(NamedTuple):
    """An op that a served graph must not have."""

    op: str
    node: str  # "function/node" in the function library
    why: str
    kind: str  # its class in op_classes.txt

    @property
    def is_of_training(self) -> bool:
        """Whether freezing removes it, with the variables and the input pipeline."""
        is_of_variables = self.kind == "state" and self.why.startswith(STATE)
        return is_of_variables or self.kind in ("unbounded", "waits")

    @property
    def may_be_allowed(self) -> bool:
        """Whether a user may allow the op: not where it cannot run in any case."""
        return self.why != ENDLESS.reason and self.kind != ELSEWHERE

    def __str__(self) -> str:
        return f"{self.op} {self.node!r} {self.why}"


def unsafe_ops(graph_def) -> list[UnsafeOp]:
    """The unsafe ops in a graph and in its function library."""
    return _unsafe_in(graph_def, bodies(graph_def)) + _endless(graph_def)


def _unsafe_in(graph_def, searched: Iterable[Body]) -> list[UnsafeOp]:
    found = []
    functions = {function.signature.name for function in graph_def.library.function}
    known = op_classes()
    for body in searched:
        for node in body.nodes:
            kind = unsafe_use(node, body) or known.get(node.op)
            if kind is None and node.op not in functions:
                kind = _class_of_unknown(node.op)
            if kind and not kind.is_allowed:
                found.append(UnsafeOp(node.op, body.path(node), kind.reason, kind.name))
    return found


def _endless(graph_def) -> list[UnsafeOp]:
    return [
        UnsafeOp(op, node, ENDLESS.reason, ENDLESS.name)
        for op, node in recursive_calls(graph_def)
    ]


def _class_of_unknown(op: str) -> OpClass | None:
    """The class of an op that is not in op_classes.txt.

    None: a library that the user loaded brought it, or it cannot run at all.
    """
    if op in OTHER_BUILDS:
        return OTHER_BUILDS[op]
    return NEW if not is_version(VERSION) and op_def(op) is not None else None


def remote_devices(graph_def) -> list[UnsafeOp]:
    """The first node that is placed on each device of another machine."""
    return [
        UnsafeOp(op, node, f"is placed on another machine, {device!r}", ELSEWHERE)
        for op, node, device in remote_ops(graph_def)
    ]


def refused_ops(graph_def) -> list[UnsafeOp]:
    """The ops for which serving refuses a graph, but for those that are allowed."""
    return unsafe_ops(graph_def) + remote_devices(graph_def)


def lasting_ops(graph_def) -> list[UnsafeOp]:
    """The unsafe ops for which a graph is not run, not even once.

    One run changes files, the network or the process, or may wait for ever. Python
    functions are not among them: a graph holds only their keys. Functions that
    nothing calls are not searched.
    """
    found = _unsafe_in(graph_def, called_bodies(graph_def)) + _endless(graph_def)
    return [item for item in found if _is_lasting(item)]


def _is_lasting(found: UnsafeOp) -> bool:
    is_harmless = READS.match(found.op) or found.op in COMPUTES
    return found.kind not in ONCE and not is_harmless


def unknown_ops(graph_def) -> dict[str, str]:
    """The ops that are not registered, each with the first node that uses it."""
    known = {function.signature.name for function in graph_def.library.function}
    return {op: node for op, node in _first_nodes(graph_def, known) if not op_def(op)}


def _first_nodes(graph_def, known: Collection[str]) -> Iterator[tuple[str, str]]:
    seen = set(known)
    for body in bodies(graph_def):
        for node in body.nodes:
            if node.op not in seen:
                seen.add(node.op)
                yield node.op, body.path(node)
