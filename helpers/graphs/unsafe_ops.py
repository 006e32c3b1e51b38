"""Finds ops that do more than compute: they use files, Python, the log or the network.

A graph of unknown origin is an untrusted program. Freezing warns of these ops, and runs
no graph that changes files, the network or the process; serving refuses a graph or a
function library that has one of them. No graph is run to find them.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from helpers.graphs.op_registry import op_def
from helpers.graphs.traversal import find_reachable

SAVER = "reads or writes checkpoint files"
WHY_READ, WHY_PYTHON = "reads files", "runs Python code"
WHY_PRINT = "prints, so that a request's values end in the server's log"
UNSAFE = {
    WHY_READ: """
        ReadFile MatchingFiles ReaderRead ReaderReadV2 ReaderReadUpTo ReaderReadUpToV2
        WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2
        FixedLengthRecordReader FixedLengthRecordReaderV2 TFRecordReader
        TFRecordReaderV2 LMDBReader RecordInput Skipgram GenerateVocabRemapping
        InitializeTableFromTextFile InitializeTableFromTextFileV2 TextLineDataset
        TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset
        FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset
        LMDBDataset ExperimentalLMDBDataset MatchingFilesDataset
        ExperimentalMatchingFilesDataset LoadDataset ListSnapshotChunksDataset
        SnapshotChunkDataset SnapshotDatasetReader SnapshotNestedDatasetReader
        SqlDataset ExperimentalSqlDataset""",
    "writes files": """
        WriteFile DatasetToTFRecord ExperimentalDatasetToTFRecord SaveDataset
        SaveDatasetV2 SnapshotDataset SnapshotDatasetV2 DistributedSave DumpTensor
        CalibrationStatisticsSaver CreateSummaryFileWriter CreateSummaryDbWriter
        SummaryWriter WriteSummary WriteRawProtoSummary WriteScalarSummary
        WriteHistogramSummary WriteImageSummary WriteAudioSummary WriteGraphSummary
        ImportEvent FlushSummaryWriter CloseSummaryWriter
        StatsAggregatorSetSummaryWriter""",
    SAVER: """
        Save SaveSlices SaveV2 Restore RestoreSlice RestoreV2 DTensorRestoreV2
        MergeV2Checkpoints LoadAndRemapMatrix""",
    WHY_PYTHON: "PyFunc PyFuncStateless EagerPyFunc",
    WHY_PRINT: "Print PrintV2",
    "sends tensors to a file or an address, for a debugger": """
        Copy CopyHost DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount
        DebugNumericSummary DebugNumericSummaryV2""",
    "opens network connections": """
        RpcServer RpcServerStart RpcServerRegister RpcClient RpcCall RemoteCall
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3
        DataServiceDatasetV4 RegisterDataset RegisterDatasetV2""",
    "runs a program that is hidden in a string": """
        DatasetFromGraph RemoteFusedGraphExecute MlirPassthroughOp TRTEngineOp""",
    "ends the process": "Abort",
    "changes how the process sees its files": "FileSystemSetConfiguration",
}
# The default file names of a Saver; a SavedModel's saver takes the name as an argument.
SAVER_NAMES = re.compile(rb"(model|_temp(_[0-9a-f]{32})?/part|\.?part|/?variables)?")
HARMLESS_ONCE = {WHY_READ, WHY_PYTHON, WHY_PRINT}
READS = re.compile("Restore|DTensorRestore|LoadAndRemap")  # of checkpoint files
WHY = {op: why for why, ops in UNSAFE.items() for op in ops.split()}


class UnsafeOp(NamedTuple):
    """An op that a served graph must not have."""

    op: str
    node: str  # "function/node" in the function library
    why: str

    def __str__(self) -> str:
        return f"{self.op} {self.node!r} {self.why}"


def unsafe_ops(graph_def) -> list[UnsafeOp]:
    """The unsafe ops in a graph and in its function library."""
    found = []
    for scope, nodes in _bodies(graph_def):
        for node in nodes:
            if why := WHY.get(node.op) or _why_by_attributes(node, nodes):
                found.append(UnsafeOp(node.op, f"{scope}{node.name}", why))
    return found


def lasting_ops(graph_def) -> list[UnsafeOp]:
    """The unsafe ops of which one run changes files, the network or the process.

    Python functions are not among them: a graph holds only their keys.
    """
    return [
        found
        for found in unsafe_ops(graph_def)
        if found.why not in HARMLESS_ONCE and not READS.match(found.op)
    ]


class Finding(NamedTuple):
    """A node that `scan` reports."""

    level: str  # "refuse": serving refuses the graph; "warn": only for information
    graph: str  # the tags of a SavedModel's graph, else empty
    op: str
    node: str
    why: str

    def __str__(self) -> str:
        where = f" (graph {self.graph})" if self.graph else ""
        return f"{self.level}: {self.op} {self.node!r}{where} {self.why}"


def findings(kind: str, graph) -> list[Finding]:
    """The unsafe and the unknown ops in one StoredGraph of a file of this kind.

    Ops of the graph's own saver are left out, unless it is a GraphDef, to be served.
    """
    level = "refuse" if kind == "GraphDef" else "warn"
    savers = _savers(graph.graph_def) if level == "warn" else set()
    found = [
        Finding(level, graph.label, *unsafe)
        for unsafe in unsafe_ops(graph.graph_def)
        if unsafe.node not in savers
    ]
    why = "is no op of this TensorFlow: its library has to be loaded first"
    unknown = unknown_ops(graph.graph_def).items()
    return found + [Finding("warn", graph.label, op, node, why) for op, node in unknown]


def unknown_ops(graph_def) -> dict[str, str]:
    """The ops that are not registered, each with the first node that uses it."""
    known = {function.signature.name for function in graph_def.library.function}
    unknown: dict[str, str] = {}
    for scope, nodes in _bodies(graph_def):
        for node in nodes:
            if node.op in known or node.op in unknown:
                continue
            if op_def(node.op) is None:
                unknown[node.op] = f"{scope}{node.name}"
            else:
                known.add(node.op)
    return unknown


def _savers(graph_def) -> set[str]:
    """The nodes that save and restore files with a Saver's default names."""
    savers = set()
    for scope, nodes in _bodies(graph_def):
        by_name = {node.name: node for node in nodes}
        for node in nodes:
            if WHY.get(node.op) == SAVER:
                count = 2 if node.op == "MergeV2Checkpoints" else 1
                texts = _texts(node.input[:count], by_name)
                if all(map(SAVER_NAMES.fullmatch, texts)):
                    savers.add(f"{scope}{node.name}")
    return savers


def _texts(inputs, by_name: dict) -> list[bytes]:
    """The string constants that these inputs are computed from."""

    def sources(texts: Iterable[str]) -> list[str]:
        return [text.split(":")[0] for text in texts if not text.startswith("^")]

    found = find_reachable(
        sources(inputs), lambda name: sources(by_name[name].input), within=by_name
    )
    constants = [by_name[name] for name in found if by_name[name].op == "Const"]
    return [text for node in constants for text in node.attr["value"].tensor.string_val]


def _bodies(graph_def) -> Iterator[tuple[str, list]]:
    """The nodes of the graph and of each function, with "" or "function/" as scope."""
    yield "", graph_def.node
    for function in graph_def.library.function:
        yield f"{function.signature.name}/", function.node_def


def _why_by_attributes(node, nodes) -> str | None:
    """The reason if the op is unsafe with these attributes or inputs only."""
    if node.op in ("EncodeProto", "DecodeProtoV2"):
        source = _text(node, "descriptor_source")
        in_graph = source in (b"", b"local://") or source.startswith(b"bytes://")
        return None if in_graph else WHY_READ
    if node.op == "FixedUnigramCandidateSampler":
        return WHY_READ if _text(node, "vocab_file") else None
    if node.op in ("CacheDataset", "CacheDatasetV2"):
        in_memory = _is_empty_string(node.input[1:2], nodes)
        return None if in_memory else "writes files"
    return None


def _text(node, attribute: str) -> bytes:
    """A string attribute; looking it up would add a missing one to the node."""
    return node.attr[attribute].s if attribute in node.attr else b""


def _is_empty_string(inputs, nodes) -> bool:
    """Whether the inputs are empty strings; a dataset is cached in memory then."""
    names = {name.split(":")[0] for name in inputs}
    sources = [node for node in nodes if node.name in names]
    return bool(sources) and all(
        node.op == "Const" and not any(node.attr["value"].tensor.string_val)
        for node in sources
    )
