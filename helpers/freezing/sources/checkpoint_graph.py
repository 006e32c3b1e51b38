"""Find the file with the graph that a checkpoint's values belong to."""

from pathlib import Path

from helpers.checkpoints.checkpoint import OBJECT_GRAPH
from helpers.checkpoints.graph_files import graph_beside, graphs_beside
from helpers.freezing.errors import FreezeError, first_names
from helpers.freezing.sources.checkpoint_values import CheckpointValues


def find_graph(prefix: str, warnings: list[str]) -> Path:
    """The checkpoint's own `.meta` file, or another file of its folder.

    Args:
      warnings: which file is taken is added to it, if it is not the checkpoint's own.
    Raises:
      FreezeError: there is none, or several may be meant.
    """
    own = Path(f"{prefix}.meta")
    if own.is_file():
        return own
    if other := graph_beside(prefix):
        text = f"{own} is not there; the graph is taken from {other.name} beside it"
        if other.suffix != ".meta":
            text += ", which need not be of the same training: check the outputs"
        warnings.append(text)
        return other
    if _is_object_based(prefix):
        raise FreezeError(
            f"{prefix} is an object-based checkpoint of TensorFlow 2: it holds values "
            "and no graph",
            "export the model as a SavedModel or .keras file, and freeze that",
        )
    graphs = [path.name for path in graphs_beside(prefix)]
    also = "" if graphs else " and no graph.pbtxt beside it"
    raise FreezeError(
        f"there is no {own}{also}, so the graph is not known",
        f"give one of these with --meta: {first_names(graphs)}"
        if graphs
        else "give the .meta file of the same training with --meta",
    )


def _is_object_based(prefix: str) -> bool:
    try:
        return OBJECT_GRAPH in CheckpointValues(prefix).shapes
    except FreezeError:
        return False
