"""What every reader of this package returns: a graph and the place of its values."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.file_contents import Content, content_of
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.captured_variables import CapturedValues

Call = Callable[[Mapping[str, Any]], dict[str, Any]]  # arrays by tensor name


class OwnGraph(NamedTuple):
    """A SavedModel's graph as it was written, and the names of its tensors."""

    meta: tf1.MetaGraphDef
    tensors: Mapping[str, str]  # the signature's: name in Source.meta -> name here


class Source(NamedTuple):
    """A graph, and where the values of its variables are."""

    meta: tf1.MetaGraphDef
    prefix: str | None  # of the checkpoint; None: no variables, or `captured`
    files: tuple[Path, ...]  # all files of the source
    name: str  # the default path of the frozen graph, without .pb
    warnings: tuple[str, ...] = ()
    assets: Path | None = None  # the folder of a SavedModel's assets
    captured: CapturedValues | None = None  # of a traced function
    call: Call | None = None  # the traced function
    extracted: Path | None = None  # the model's file or folder, if the source is a zip
    own: OwnGraph | None = None  # if `meta` was made of it
    signature: str | None = None  # the key of a SavedModel's, the only one in `meta`


def content(path: Path) -> Content:
    """What the file holds.

    Raises:
      FreezeError: the file cannot be read.
    """
    try:
        return content_of(path)
    except OSError as error:
        raise FreezeError(
            f"{path} cannot be read: {error.strerror}", "check its permissions"
        ) from error
    except ValueError as error:
        raise FreezeError(str(error), "give the path of a regular file") from error
