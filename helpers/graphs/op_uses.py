"""Ops that are unsafe by attributes, by inputs, by recursion or by their device."""

import re
from collections.abc import Callable, Iterator

from helpers.graphs.graph_bodies import (
    Body,
    bodies,
    called_functions,
    function_bodies,
    sources,
)
from helpers.graphs.op_classes import READS, STALE_MEMORY, STATE, WRITES, OpClass

READS_FILES = OpClass("file-reads", READS)
STALE = OpClass("state", STALE_MEMORY)
FILLS = OpClass("state", f"{STATE}: it fills a table with them")
WRITES_FILES = OpClass("file-writes", WRITES)
STREAMS = (b"", b"stdout", b"stderr")  # of PrintV2; log(info) and the like are, too
ENDLESS = OpClass("process", "calls itself without end, which ends the process")
# The machines of a cluster; a process that is not in one is localhost, task 0.
OTHER_MACHINE = re.compile(r"/job:(?!localhost\b)|/(replica|task):(?!0\b)")


def unsafe_use(node, body: Body) -> OpClass | None:
    """The class of an op that is unsafe as it is used here; None: it is not."""
    check = CHECKS.get(node.op)
    return check(node, body) if check else None


def _reads_descriptors(node, body: Body) -> OpClass | None:
    source = _text(node, "descriptor_source")
    in_graph = source in (b"", b"local://") or source.startswith(b"bytes://")
    return None if in_graph else READS_FILES


def _reads_vocabulary(node, body: Body) -> OpClass | None:
    return READS_FILES if _text(node, "vocab_file") else None


def _is_unwritten(node, body: Body) -> OpClass | None:
    return None if "init" in node.attr and node.attr["init"].b else STALE


def _fills_from_requests(node, body: Body) -> OpClass | None:
    return FILLS if any(name in body.fed for name in sources(node, 1)) else None


def _marks_empty_rows_by_requests(node, body: Body) -> OpClass | None:
    return FILLS if any(name in body.fed for name in sources(node)) else None


def _caches_in_files(node, body: Body) -> OpClass | None:
    """A dataset is cached in memory, if the file's name is empty."""
    found = [body.by_name.get(name) for name in sources(node, 1, 2)]
    in_memory = found and all(
        source is not None
        and source.op == "Const"
        and not any(source.attr["value"].tensor.string_val)
        for source in found
    )
    return None if in_memory else WRITES_FILES


def _prints_to_a_file(node, body: Body) -> OpClass | None:
    """The value after `file://` is the path of any file, which is appended to."""
    stream = _text(node, "output_stream")
    return None if stream in STREAMS or stream.startswith(b"log(") else WRITES_FILES


CHECKS: dict[str, Callable] = {
    "PrintV2": _prints_to_a_file,
    "EncodeProto": _reads_descriptors,
    "DecodeProtoV2": _reads_descriptors,
    "FixedUnigramCandidateSampler": _reads_vocabulary,
    "Empty": _is_unwritten,
    "CacheDataset": _caches_in_files,
    "CacheDatasetV2": _caches_in_files,
    "MutableDenseHashTable": _marks_empty_rows_by_requests,
    "MutableDenseHashTableV2": _marks_empty_rows_by_requests,
    "AnonymousMutableDenseHashTable": _marks_empty_rows_by_requests,
    "InitializeTable": _fills_from_requests,
    "InitializeTableV2": _fills_from_requests,
    "LookupTableImport": _fills_from_requests,
    "LookupTableImportV2": _fills_from_requests,
    "LookupTableInsert": _fills_from_requests,
    "LookupTableInsertV2": _fills_from_requests,
    "LookupTableRemoveV2": _fills_from_requests,
}


def recursive_calls(graph_def) -> Iterator[tuple[str, str]]:
    """The op and path of each node by which a function comes to call itself.

    TensorFlow inlines such calls until its stack overflows.
    """
    calls = _calls(graph_def)
    done: set[str] = set()
    for first in calls:
        if first in done:
            continue
        active, stack = {first}, [(first, iter(calls[first].items()))]
        while stack:  # depth first, without recursion: there may be thousands
            function, ahead = stack[-1]
            for called, node in ahead:
                if called in active:
                    yield node
                elif called not in done:
                    active.add(called)
                    stack.append((called, iter(calls[called].items())))
                    break
            else:
                stack.pop()
                active.remove(function)
                done.add(function)


def _calls(graph_def) -> dict[str, dict[str, tuple[str, str]]]:
    """What each function calls, with the op and path of the first node that does."""
    calls: dict[str, dict[str, tuple[str, str]]]
    calls = {body.function: {} for body in function_bodies(graph_def)}
    for body in function_bodies(graph_def):
        for node in body.nodes:
            for called in called_functions(node, calls):
                calls[body.function].setdefault(called, (node.op, body.path(node)))
    return calls


def remote_ops(graph_def) -> Iterator[tuple[str, str, str]]:
    """The op, path and device of the first node on each machine but this one."""
    devices = set()
    for body in bodies(graph_def):
        for node in body.nodes:
            device = node.device
            if device and device not in devices:
                devices.add(device)
                if OTHER_MACHINE.search(device):
                    yield node.op, body.path(node), device


def _text(node, attribute: str) -> bytes:
    """A string attribute; looking it up would add a missing one to the node."""
    return node.attr[attribute].s if attribute in node.attr else b""
