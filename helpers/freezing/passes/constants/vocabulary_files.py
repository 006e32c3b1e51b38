"""Replaces vocabulary files with constants that hold their contents."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.prune.keep_tables import FROM_FILE, source_of
from helpers.freezing.sources.source import Source
from helpers.graphs.edges import Edge, data_inputs
from helpers.graphs.editor import GraphEditor

WHOLE_LINE, LINE_NUMBER = -2, -1  # TextFileIndex of tf.lookup


def inline_vocabularies(editor: GraphEditor) -> int:
    """Initialise tables from constants, not from files; return the number of tables.

    Raises:
      FreezeError: a file is missing.
    """
    source, inlined = editor.context.source, 0
    for name in editor.initialisers:
        node = editor.nodes[name]
        if node.op not in FROM_FILE:
            continue
        handle, file = data_inputs(node)
        table = editor.nodes[source_of(editor.nodes, handle)]
        lines = _find_file(editor, file, source, table.name).read_bytes().splitlines()
        size = node.attr["vocab_size"].i if "vocab_size" in node.attr else -1
        lines = lines[:size] if size > 0 else lines
        inputs, types = [handle], []
        for role in ("key", "value"):
            dtype = table.attr[f"{role}_dtype"].type
            column = node.attr[f"{role}_index"].i
            array = _column(lines, column, tf.as_dtype(dtype), node)
            constant = editor.add_constant(f"{name}/{role}s", array, dtype)
            inputs.append(Edge(constant, 0))
            types.append(dtype)
        made = editor.add(name, node.op.replace("FromTextFile", ""), inputs)
        made.attr["Tkey"].type, made.attr["Tval"].type = types
        inlined += 1
    return inlined


def _find_file(editor: GraphEditor, item: Edge, source: Source, table: str) -> Path:
    """The vocabulary file in the assets, beside the source, or at its stored path."""
    node = editor.nodes[source_of(editor.nodes, item)]
    assets = {
        asset.tensor_info.name.split(":")[0]: asset.filename
        for asset in source.meta.asset_file_def
    }
    stored = node.name
    if node.name in assets:
        stored = assets[node.name]
    elif node.op == "Const":
        stored = tf.make_ndarray(node.attr["value"].tensor).item().decode()
    folders = [source.assets] if source.assets else []
    folders += [path.parent for path in source.files]
    for place in [folder / Path(stored).name for folder in folders]:
        if stored and place.is_file():
            return place
    if stored and Path(stored).is_file():
        editor.warnings.append(
            f"lookup table {table!r} is filled from {stored}, which is not beside the "
            "checkpoint: the frozen graph holds what is in this file"
        )
        return Path(stored)
    raise FreezeError(
        f"lookup table {table!r} is filled from {stored}, which does not exist",
        f"put {Path(stored).name} beside the checkpoint",
    )


def _column(lines: list[bytes], column: int, dtype: tf.DType, node) -> np.ndarray:
    """One column of the file, as TextFileInitializer reads it; shape [len(lines)]."""
    if column == LINE_NUMBER:
        first = node.attr["offset"].i if "offset" in node.attr else 0
        return np.arange(first, first + len(lines), dtype=dtype.as_numpy_dtype)
    delimiter = node.attr["delimiter"].s if "delimiter" in node.attr else b"\t"
    cells = lines
    if column != WHOLE_LINE:
        cells = [line.split(delimiter)[column] for line in lines]
    if dtype == tf.string:
        return np.array(cells, object)
    parse = int if dtype.is_integer else float
    return np.array([parse(cell) for cell in cells], dtype.as_numpy_dtype)
