"""Read a SavedModel, of TensorFlow 1 or 2."""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints.graph_files import SAVED_MODEL_FILES
from helpers.checkpoints.locating import has_variables
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources import prefixes
from helpers.freezing.sources.source import Source, content
from helpers.freezing.sources.traced_function import load_and_trace


def read_saved_model(folder: Path, message=None) -> Source:
    """A SavedModel's serving graph."""
    if message is None:
        files = (folder / name for name in SAVED_MODEL_FILES)
        path = next(path for path in files if path.is_file())
        found = content(path)
        if found.kind != "SavedModel":
            raise FreezeError(
                f"{path} is {found.what}, though it is named as a SavedModel's",
                "export the model again",
            )
        message = found.message
    meta = _serving(folder, message)
    if meta.HasField("object_graph_def"):
        return load_and_trace(folder, tf.saved_model.load, folder)
    prefix = f"{folder}/variables/variables"
    if not has_variables(prefix):
        prefix = None
    values = prefixes.value_files(prefix) if prefix else []
    files = (*folder.glob("saved_model.pb*"), *values)
    assets = folder / "assets"
    return Source(meta, prefix, files, f"{folder}/{folder.name}", assets=assets)


def _serving(folder: Path, message) -> tf1.MetaGraphDef:
    graphs = list(message.meta_graphs)
    tagged = [meta for meta in graphs if "serve" in meta.meta_info_def.tags]
    if len(tagged) == 1 or len(graphs) == 1:
        return (tagged or graphs)[0]
    tags = "; ".join(", ".join(meta.meta_info_def.tags) for meta in graphs)
    raise FreezeError(
        f"{folder} holds {len(graphs)} graphs, tagged {tags}: none is the one to serve",
        "export one with the tag `serve`",
    )
