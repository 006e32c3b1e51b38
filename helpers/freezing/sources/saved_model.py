"""Read a SavedModel, of TensorFlow 1 or 2."""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.checkpoint_prefix import has_variables
from helpers.checkpoints.file_contents import Content
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.prefixes import value_files
from helpers.freezing.sources.source import Source, content
from helpers.freezing.sources.source_options import SourceOptions
from helpers.freezing.sources.traced_function import load_and_trace


def read_saved_model(
    path: Path, options: SourceOptions, found: Content | None = None
) -> Source:
    """The serving graph of a SavedModel.

    Args:
      path: the file, usually `saved_model.pb`; variables and assets are in its folder.
      found: the content of the file, if it is read already.
    Raises:
      FreezeError: it is not a SavedModel, cannot be loaded, or has no serving graph.
    """
    found = found or content(path)
    if found.kind != "SavedModel":
        raise FreezeError(
            f"{path} is {found.what}, though it is named as a SavedModel's",
            "export the model again",
        )
    folder = path.parent
    meta = _serving_graph(folder, [graph.meta for graph in found.graphs])
    if meta.HasField("object_graph_def"):
        return load_and_trace(folder, tf.saved_model.load)
    variables = f"{folder}/variables/variables"
    prefix = variables if has_variables(variables) else None
    values = value_files(variables) if prefix else []
    files = (*folder.glob("saved_model.pb*"), *values)
    name, assets = f"{folder}/{folder.name}", folder / "assets"
    return Source(meta, prefix, files, name, assets=assets)


def _serving_graph(folder: Path, graphs: list[tf1.MetaGraphDef]) -> tf1.MetaGraphDef:
    """The only graph, or the only one with the tag `serve`."""
    tagged = [meta for meta in graphs if "serve" in meta.meta_info_def.tags]
    if len(tagged) == 1 or len(graphs) == 1:
        return (tagged or graphs)[0]
    tags = "; ".join(", ".join(meta.meta_info_def.tags) for meta in graphs)
    raise FreezeError(
        f"{folder} holds {len(graphs)} graphs, tagged {tags}: none is the one to serve",
        "export one with the tag `serve`",
    )
