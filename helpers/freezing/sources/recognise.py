"""Recognise what is to be frozen, whatever it is named.

A prefix, a folder, any of a checkpoint's files, a graph, a SavedModel, a Keras model.
"""

from pathlib import Path

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.checkpoints import locating
from helpers.checkpoints.file_contents import Content
from helpers.checkpoints.graph_files import SAVED_MODEL_FILES, is_saved_model
from helpers.freezing.errors import FreezeError
from helpers.freezing.passes.constants.read_values import VARIABLES
from helpers.freezing.sources import prefixes
from helpers.freezing.sources.keras_file import read_keras
from helpers.freezing.sources.saved_model import read_saved_model
from helpers.freezing.sources.source import Source, content


def recognise(source: str | Path, meta: str | Path | None = None) -> Source:
    """The graph and the weights that `source` stands for.

    Args:
      meta: the graph's file, where it is not beside the checkpoint.
    """
    path, warnings = Path(source), list[str]()
    if path.name in SAVED_MODEL_FILES or is_saved_model(path):
        return _exported(path)
    if path.is_file() and not locating.is_part(path):
        return _file(path, meta, warnings)
    return _checkpoint(_prefix(source, warnings), meta, warnings)


def _prefix(source: str | Path, warnings: list[str]) -> str:
    """The checkpoint's prefix; its basename may be empty."""
    folder = f"{str(source).rstrip('/')}/"
    if Path(source).is_dir() and locating.has_variables(folder):
        return folder
    _complete(locating.PART.sub(r"\1", str(source)))
    return prefixes.prefix_of(str(source), warnings)


def _exported(path: Path) -> Source:
    is_file = path.name in SAVED_MODEL_FILES
    return read_saved_model(path.parent if is_file else path)


def _file(path: Path, meta, warnings: list[str]) -> Source:
    """What a single file stands for, by its content."""
    found = content(path)
    if found.is_text and path.suffix != ".pbtxt":
        warnings.append(f"{path} is text, though it is not named .pbtxt")
    if found.kind == "Keras":
        return read_keras(path)
    if found.kind == "SavedModel":
        return read_saved_model(path.parent, found.message)
    if found.message is not None:
        return _graph(path, found, warnings)
    raise FreezeError(
        f"{path} is {found.what}",
        "give a checkpoint's prefix, folder or files, a SavedModel or a Keras model",
    )


def _graph(path: Path, found: Content, warnings: list[str]) -> Source:
    """A graph's own file: its checkpoint is beside it."""
    graph = as_meta(found)
    prefix = str(path).removesuffix(".meta")
    if found.kind == "GraphDef" and not _has_variables(graph):
        raise FreezeError(
            f"{path} is frozen already: its graph has no variables",
            "serve it as it is, or compare it with its checkpoint: "
            f"python -m helpers verify {path} CHECKPOINT",
        )
    if not locating.has_variables(prefix) or prefix == str(path):
        prefix = _checkpoint_beside(path, warnings)
    return _joined(graph, path, prefix, warnings)


def _has_variables(graph: tf1.MetaGraphDef) -> bool:
    bodies = [graph.graph_def.node]
    bodies += [function.node_def for function in graph.graph_def.library.function]
    return any(node.op in VARIABLES for body in bodies for node in body)


def _checkpoint_beside(path: Path, warnings: list[str]) -> str:
    try:
        prefix = prefixes.prefix_of(str(path.parent), warnings)
    except FreezeError as error:
        raise FreezeError(
            f"{path} holds a graph whose weights are in a checkpoint, and there is "
            "none of its name beside it",
            "give the checkpoint's prefix, and this file with --meta",
        ) from error
    warnings.append(f"{path} has no checkpoint of its own name; {prefix} is taken")
    return prefix


def _checkpoint(prefix: str, meta, warnings: list[str]) -> Source:
    """A checkpoint, its graph from `meta` or from beside it."""
    path = Path(meta) if meta else _meta_beside(prefix, warnings)
    if not path.is_file():
        raise FreezeError(f"there is no file {path}", "check --meta")
    found = content(path)
    if found.kind not in ("GraphDef", "MetaGraphDef"):
        raise FreezeError(
            f"{path} is {found.what}: expected a MetaGraphDef or a GraphDef",
            "give the .meta file that the saver wrote, with --meta",
        )
    return _joined(as_meta(found), path, prefix, warnings)


def _complete(prefix: str) -> None:
    """Say at once which file of a checkpoint is not there."""
    names = [path.name for path in prefixes.value_files(prefix)]
    if not names:
        return
    base = prefix.rpartition("/")[2]
    if f"{base}.index" in names and not any(".data-" in name for name in names):
        raise FreezeError(
            f"{prefix}.index is there, but none of its .data files",
            "copy the .data files too; they hold the values",
        )
    if f"{base}.index" not in names and any(f"{base}.data-" in name for name in names):
        raise FreezeError(
            f"{prefix}.index is missing; the .data files cannot be read without it",
            "copy the .index file too",
        )


def _meta_beside(prefix: str, warnings: list[str]) -> Path:
    own = Path(f"{prefix}.meta")
    if own.is_file():
        return own
    folder = Path(prefix.rpartition("/")[0] or ".")
    others = sorted(folder.glob("*.meta"))
    if len(others) == 1:
        warnings.append(f"{own} is not there; the graph is taken from {others[0]}")
        return others[0]
    if _object_based(prefix):
        raise FreezeError(
            f"{prefix} is an object-based checkpoint of TensorFlow 2: it holds values "
            "and no graph",
            "export the model as a SavedModel or .keras file, and freeze that",
        )
    raise FreezeError(
        f"there is no {own}, so the graph is not known",
        "give the .meta file of the same training with --meta",
    )


def _object_based(prefix: str) -> bool:
    try:
        reader = tf1.train.NewCheckpointReader(prefixes.readable(prefix))
    except (tf.errors.OpError, ValueError, RuntimeError):
        return False
    return reader.has_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")


def as_meta(found: Content) -> tf1.MetaGraphDef:
    if found.kind == "MetaGraphDef":
        return found.message
    return tf1.MetaGraphDef(graph_def=found.message)


def _joined(graph, path: Path, prefix: str, warnings: list[str]) -> Source:
    files = (path, *prefixes.value_files(prefix))
    name = prefix if not prefix.endswith("/") else f"{prefix}model"
    return Source(graph, prefix, files, name, tuple(warnings), path.parent / "assets")
