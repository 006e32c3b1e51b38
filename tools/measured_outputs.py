"""Keeps stored outputs that show times or memory: no two runs have the same.

The cells are tagged `measured`. What is stored of them stays until the code of the
notebook changes, up to and with the cell; so a second run changes no stored notebook.
"""

import zlib

import nbformat

TAG = "measured"
KEY = "measured_by"  # in the cell's metadata: the checksum of the code


def keep(notebook: nbformat.NotebookNode, stored: nbformat.NotebookNode) -> None:
    """Put the stored outputs of measured cells back where their code is the same.

    Args:
      notebook: as it was run; it is changed in place.
      stored: the same cells as they were before the run.
    """
    checksum = 0
    for cell, before in zip(notebook.cells, stored.cells, strict=True):
        if cell.cell_type != "code":
            continue
        checksum = zlib.crc32(cell.source.encode(), checksum)
        if TAG not in cell.metadata.get("tags", []):
            continue
        if before.metadata.get(KEY) == f"{checksum:08x}" and before.outputs:
            cell.outputs = before.outputs
        cell.metadata[KEY] = f"{checksum:08x}"
