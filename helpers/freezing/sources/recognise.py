"""Recognise what is to be frozen by its content, and read it.

It may be a checkpoint's prefix, its folder, any of its files, a graph, a SavedModel or
a Keras model.
"""

from pathlib import Path

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.checkpoint_prefix import (
    CHECKPOINT_FILE,
    has_variables,
    is_checkpoint_file,
)
from helpers.checkpoints.file_contents import (
    SAVED_MODEL_FILES,
    Content,
    saved_model_file,
)
from helpers.checkpoints.graph_files import has_variable_ops
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.checkpoint_graph import find_graph
from helpers.freezing.sources.exported_model import (
    extracted_model,
    is_export,
    model_in_folder,
    refusal_of_folder,
)
from helpers.freezing.sources.keras.read import read_keras
from helpers.freezing.sources.op_libraries import import_op_libraries
from helpers.freezing.sources.other_formats import refusal_of
from helpers.freezing.sources.prefixes import (
    check_complete,
    prefix_of,
    unreadable,
    value_files,
)
from helpers.freezing.sources.saved_model.read import read_saved_model
from helpers.freezing.sources.source import Source, content
from helpers.freezing.sources.source_options import SourceOptions


def recognise(source: str | Path, options: SourceOptions) -> Source:
    """The graph at a path, and where its values are.

    Raises:
      FreezeError: there is no model, or a file is missing or damaged.
    """
    path, warnings = Path(source), list[str]()
    folder = path.parent if path.name in SAVED_MODEL_FILES else path
    if file := saved_model_file(folder):
        return read_saved_model(file, options)
    if path.is_file() and not is_checkpoint_file(path):
        return _read_file(path, options, warnings)
    if path.is_dir() and (model := _model_in(path, options)):
        return _read_model(path, model, options)
    prefix = f"{str(source).rstrip('/')}/"  # the basename may be empty
    if not (path.is_dir() and has_variables(prefix)):
        check_complete(CHECKPOINT_FILE.sub(r"\1", str(source)))
        prefix = prefix_of(str(source), warnings)
    return _read_checkpoint(prefix, options, warnings)


def is_frozen(path: Path) -> bool:
    """Whether a file holds a frozen graph: a GraphDef without variables."""
    return path.is_file() and not is_checkpoint_file(path) and _is_frozen(content(path))


def _is_frozen(found: Content) -> bool:
    is_graph = found.kind == "GraphDef"
    return is_graph and not has_variable_ops(found.graphs[0].graph_def)


def _model_in(folder: Path, options: SourceOptions) -> Path | None:
    """The only model in a folder; None: it holds a checkpoint.

    Raises:
      FreezeError: it holds neither, or several models.
    """
    try:
        files = [path for path in folder.iterdir() if path.is_file()]
        if any(is_checkpoint_file(path) or path.suffix == ".meta" for path in files):
            return None
        model = model_in_folder(folder)
        if model is None and not options.meta:
            raise refusal_of_folder(folder)
    except OSError as error:
        raise unreadable(folder, error) from error
    return model


def _read_model(folder: Path, model: Path, options: SourceOptions) -> Source:
    """The only model in a folder, a Keras file or a SavedModel in another folder."""
    if model.name not in SAVED_MODEL_FILES:
        return read_keras(model, options)
    source = read_saved_model(model, options)
    inside = model.parent.relative_to(folder)
    text = f"the only SavedModel in {folder} is taken: {inside}"
    return source._replace(warnings=(text, *source.warnings))


def _read_file(path: Path, options: SourceOptions, warnings: list[str]) -> Source:
    """The model in a file that is no part of a checkpoint's values."""
    found = content(path)
    if found.is_text and path.suffix != ".pbtxt":
        warnings.append(f"{path} is text, though it is not named .pbtxt")
    if found.kind == "Keras":
        return (
            _read_export(path, options)
            if is_export(path)
            else read_keras(path, options)
        )
    if found.kind == "SavedModel":
        return read_saved_model(path, options, found)
    if found.graphs:
        return _read_graph(path, found, options, warnings)
    raise refusal_of(path, found)


def _read_export(path: Path, options: SourceOptions) -> Source:
    """The model in a zip; its frozen graph has the zip's name."""
    model = extracted_model(path)
    if model.name in SAVED_MODEL_FILES:
        source = read_saved_model(model, options)
        model = model.parent
    else:
        source = read_keras(model, options)
    name = str(path.with_suffix(""))
    return source._replace(files=(path,), name=name, extracted=model)


def _read_graph(
    path: Path, found: Content, options: SourceOptions, warnings: list[str]
) -> Source:
    """A graph with the checkpoint of its name, or else the one in its folder."""
    import_op_libraries(options.custom)
    if _is_frozen(found):
        if options.frozen:
            meta = tf1.MetaGraphDef(graph_def=found.graphs[0].graph_def)
            return Source(meta, None, (path,), f"{path.with_suffix('')}-plain")
        raise FreezeError(
            f"{path} is frozen already: its graph has no variables",
            "serve it as it is, or compare it with its checkpoint: "
            "python -m helpers verify FILE.pb CHECKPOINT; --plain copies it for "
            "programs that do not read it",
        )
    prefix = str(path).removesuffix(".meta")
    if not has_variables(prefix) or prefix == str(path):
        try:
            prefix = prefix_of(str(path.parent), warnings)
        except FreezeError as error:
            raise FreezeError(
                f"{path} holds a graph whose weights are in a checkpoint, and there is "
                "none of its name beside it",
                "give the checkpoint's prefix, and this file with --meta",
            ) from error
        warnings.append(f"{path} has no checkpoint of its own name; {prefix} is taken")
    return _source(found, path, prefix, warnings)


def _read_checkpoint(
    prefix: str, options: SourceOptions, warnings: list[str]
) -> Source:
    """A checkpoint with the graph in the file `meta`, or else in its folder."""
    import_op_libraries(options.custom)
    path = Path(options.meta) if options.meta else find_graph(prefix, warnings)
    if not path.is_file():
        raise FreezeError(f"there is no file {path}", "check --meta")
    found = content(path)
    if found.kind not in ("GraphDef", "MetaGraphDef"):
        raise FreezeError(
            f"{path} is {found.what}: expected a MetaGraphDef or a GraphDef",
            "give the .meta file that the saver wrote, with --meta",
        )
    return _source(found, path, prefix, warnings)


def _source(found: Content, path: Path, prefix: str, warnings: list[str]) -> Source:
    """A graph read from the file `path`, and the checkpoint with this prefix."""
    graph = found.graphs[0]
    meta = graph.meta or tf1.MetaGraphDef(graph_def=graph.graph_def)
    files = (path, *value_files(prefix))
    name = prefix if not prefix.endswith("/") else f"{prefix}model"
    return Source(meta, prefix, files, name, tuple(warnings), path.parent / "assets")
