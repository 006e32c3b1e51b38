"""Put the contents of vocabulary files into the graph, in place of their names."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.prune.keep_tables import FROM_FILE, table_of
from helpers.freezing.sources.source import Source
from helpers.graphs.editor import Edge, GraphEditor, data_inputs

WHOLE_LINE, LINE_NUMBER = -2, -1  # columns of a vocabulary file


def inline_vocabularies(editor: GraphEditor) -> int:
    """Fill tables from constants where they were filled from files; how many."""
    source, inlined = editor.context.source, 0
    for name in editor.initialisers:
        node = editor.nodes[name]
        if node.op not in FROM_FILE:
            continue
        handle, file = data_inputs(node)
        table = editor.nodes[table_of(editor.nodes, handle)]
        lines = _lines(_path(editor, file, source, table.name), node)
        types = [table.attr[f"{role}_dtype"].type for role in ("key", "value")]
        names = []
        for role, dtype in zip(("key", "value"), types, strict=True):
            column = node.attr[f"{role}_index"].i
            array = _column(lines, column, tf.as_dtype(dtype), node)
            names.append(_constant(editor, f"{name}/{role}s", array, dtype))
        op = node.op.replace("FromTextFile", "")
        made = editor.add(name, op, [handle, *names])
        made.attr["Tkey"].type, made.attr["Tval"].type = types
        inlined += 1
    return inlined


def _path(editor: GraphEditor, item: Edge, found: Source, table: str) -> Path:
    """The vocabulary's file, wherever it is now."""
    while editor.nodes[item.node].op == "Identity":
        item = data_inputs(editor.nodes[item.node])[0]
    node = editor.nodes[item.node]
    assets = {
        asset.tensor_info.name.split(":")[0]: asset.filename
        for asset in found.meta.asset_file_def
    }
    said = node.name
    if node.name in assets:
        said = assets[node.name]
    elif node.op == "Const":
        said = tf.make_ndarray(node.attr["value"].tensor).item().decode()
    folders = [found.assets] if found.assets else []
    folders += [path.parent for path in found.files]
    for place in [*(folder / Path(said).name for folder in folders), Path(said)]:
        if said and place.is_file():
            return place
    raise FreezeError(
        f"lookup table {table!r} is filled from {said}, which is not there",
        f"put {Path(said).name} beside the checkpoint",
    )


def _lines(path: Path, node) -> list[bytes]:
    lines = path.read_bytes().splitlines()
    size = node.attr["vocab_size"].i if "vocab_size" in node.attr else -1
    return lines[:size] if size > 0 else lines


def _column(lines: list[bytes], column: int, dtype: tf.DType, node) -> np.ndarray:
    if column == LINE_NUMBER:
        return np.arange(len(lines), dtype=dtype.as_numpy_dtype)
    delimiter = node.attr["delimiter"].s if "delimiter" in node.attr else b"\t"
    cells = lines
    if column != WHOLE_LINE:
        cells = [line.split(delimiter)[column] for line in lines]
    if dtype == tf.string:
        return np.array(cells, object)
    whole = dtype.is_integer
    numbers = [int(cell) if whole else float(cell) for cell in cells]
    return np.array(numbers, dtype.as_numpy_dtype)


def _constant(editor: GraphEditor, wanted: str, array: np.ndarray, dtype: int) -> str:
    node = editor.add(editor.unused_name(wanted), "Const")
    node.attr["dtype"].type = dtype
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(array, dtype=dtype))
    return node.name
