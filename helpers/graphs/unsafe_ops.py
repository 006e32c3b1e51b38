"""Find what a graph file could do besides computing: files, Python, print, network.

A graph from a stranger is a program. Freezing warns of these ops; serving refuses
a graph that holds one, in its function library too. Nothing here runs a graph.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from helpers.graphs.op_registry import op_def

SAVER = "reads or writes checkpoint files"
UNSAFE = {
    "reads files": """
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
    "runs Python code": "PyFunc PyFuncStateless EagerPyFunc",
    "prints, so that a request's values end in the server's log": "Print PrintV2",
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
# What a Saver calls its file before it is told; a SavedModel's is an argument.
SAVER_NAMES = re.compile(rb"(model|_temp(_[0-9a-f]{32})?/part|\.?part|/?variables)?")
WHY = {op: why for why, ops in UNSAFE.items() for op in ops.split()}


class UnsafeOp(NamedTuple):
    """An op that a served graph must not hold."""

    op: str
    node: str  # "function/node" where it is in the function library
    why: str

    def __str__(self) -> str:
        return f"{self.op} {self.node!r} {self.why}"


def unsafe_ops(graph_def) -> list[UnsafeOp]:
    """The ops for which serving refuses a graph, function library included."""
    found = []
    for scope, nodes in _bodies(graph_def):
        for node in nodes:
            if why := WHY.get(node.op) or _why_by_attributes(node, nodes):
                found.append(UnsafeOp(node.op, f"{scope}{node.name}", why))
    return found


class Finding(NamedTuple):
    """What `scan` found in one node of a file."""

    level: str  # "refuse": a served graph must not hold it; "warn": worth a look
    graph: str  # the tags of a SavedModel's graph, else empty
    op: str
    node: str
    why: str

    def __str__(self) -> str:
        where = f" (graph {self.graph})" if self.graph else ""
        return f"{self.level}: {self.op} {self.node!r}{where} {self.why}"


def findings(kind: str, graph) -> list[Finding]:
    """What one StoredGraph of a file of this kind could do besides computing."""
    is_served = kind == "GraphDef"
    savers = set() if is_served else _savers(graph.graph_def)
    level = "refuse" if is_served else "warn"
    found = [
        Finding(level, graph.label, *unsafe)
        for unsafe in unsafe_ops(graph.graph_def)
        if unsafe.node not in savers
    ]
    why = "is no op of this TensorFlow: its library has to be loaded first"
    for op, node in unknown_ops(graph.graph_def).items():
        found.append(Finding("warn", graph.label, op, node, why))
    return found


def unknown_ops(graph_def) -> dict[str, str]:
    """The ops that are not registered here, each with the first node that uses it."""
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
    """The nodes that save and restore under the names that a Saver gives itself."""
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
    """Every text constant that flows into these inputs."""
    texts, seen = [], set()
    names = [name.split(":")[0] for name in inputs]
    while names:
        name = names.pop()
        node = by_name.get(name)  # a function's argument is no node
        if node is None or name in seen:
            continue
        seen.add(name)
        if node.op == "Const":
            texts += node.attr["value"].tensor.string_val
        data = (name for name in node.input if not name.startswith("^"))
        names += [name.split(":")[0] for name in data]
    return texts


def _bodies(graph_def) -> Iterator[tuple[str, list]]:
    """The graph's nodes and those of each of its functions, with their scope."""
    yield "", graph_def.node
    for function in graph_def.library.function:
        yield f"{function.signature.name}/", function.node_def


def _why_by_attributes(node, nodes) -> str | None:
    """Why an op that is harmless by itself is not with these attributes."""
    if node.op in ("EncodeProto", "DecodeProtoV2"):
        source = _text(node, "descriptor_source")
        in_graph = source in (b"", b"local://") or source.startswith(b"bytes://")
        return None if in_graph else "reads files"
    if node.op == "FixedUnigramCandidateSampler":
        return "reads files" if _text(node, "vocab_file") else None
    if node.op in ("CacheDataset", "CacheDatasetV2"):
        in_memory = _is_empty_string(node.input[1:2], nodes)
        return None if in_memory else "writes files"
    return None


def _text(node, attribute: str) -> bytes:
    """A text attribute, read without the default entry that a look-up leaves."""
    return node.attr[attribute].s if attribute in node.attr else b""


def _is_empty_string(inputs, nodes) -> bool:
    """Whether the input is the constant that says: in memory, not in a file."""
    names = {name.split(":")[0] for name in inputs}
    sources = [node for node in nodes if node.name in names]
    return bool(sources) and all(
        node.op == "Const" and not any(node.attr["value"].tensor.string_val)
        for node in sources
    )
