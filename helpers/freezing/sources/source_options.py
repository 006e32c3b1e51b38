"""The options that tell a reader of this package which graph of a source to read."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SourceOptions:
    """What the caller states about a source; each field applies to some kinds only.

    Attributes:
      meta: of a checkpoint: the file of its graph, if it is not beside it.
      signature: of a SavedModel: the signature to read; default: the serving one.
      tags: of a SavedModel: the tags of its graph; default: those with `serve`.
      custom: modules that define the custom classes and functions of a Keras file, or
        that register the custom ops of another source.
      trust: of a Keras file: run the Python code that it holds.
      frozen: read a graph that is frozen already, instead of refusing it.
    """

    meta: str | Path | None = None
    signature: str | None = None
    tags: tuple[str, ...] = ()
    custom: tuple[str, ...] = ()
    trust: bool = False
    frozen: bool = False
