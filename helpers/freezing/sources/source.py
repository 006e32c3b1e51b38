"""What every reader of this package returns: a graph, and where its values are."""

from pathlib import Path
from typing import NamedTuple

import tensorflow.compat.v1 as tf1

from helpers.checkpoints.file_contents import Content, content_of
from helpers.freezing.errors import FreezeError
from helpers.freezing.sources.captured_variables import Captured


class Source(NamedTuple):
    """A graph, and the checkpoint with its weights unless they are inside."""

    meta: tf1.MetaGraphDef
    prefix: str | None
    files: tuple[Path, ...]  # what it was read from
    name: str  # where a frozen graph would go, without .pb
    warnings: tuple[str, ...] = ()
    assets: Path | None = None  # the folder of a SavedModel's assets
    captured: Captured | None = None  # the values of a traced function
    call: object = None  # that function


def content(path: Path) -> Content:
    """What the file is.

    Raises:
      FreezeError: it cannot be read.
    """
    try:
        return content_of(path)
    except OSError as error:
        raise FreezeError(
            f"{path} cannot be read: {error.strerror}", "check its permissions"
        ) from error
