"""What a training was asked to do: its command, and a fingerprint of its data."""

import hashlib
import shlex
from pathlib import Path
from typing import NamedTuple

from helpers.data.data_sets import DataSet


class Request(NamedTuple):
    """What a training was asked to do."""

    network: str
    data: Path
    out: Path
    epochs: int | None  # None: the recipe's
    seed: int
    drawings: bool = False  # mixed in, or alone where there are no photos
    image_size: int | None = None  # None: the recipe's, or less for small photos
    nested: bool = False  # every folder in `data` is a class

    def command(self) -> str:
        """The command that starts it."""
        words = ["python", "-m", "helpers", "train", str(self.data)]
        words += ["--network", self.network, "--out", str(self.out)]
        words += ["--seed", str(self.seed)]
        words += ["--epochs", str(self.epochs)] if self.epochs else []
        words += ["--image-size", str(self.image_size)] if self.image_size else []
        words += ["--drawings"] if self.drawings else []
        words += ["--nested"] if self.nested else []
        return shlex.join(words)

    def fingerprint(self, data_set: DataSet | None) -> str:
        """A SHA-256 of all that decides the result, except the number of epochs.

        Files are compared by path and size.
        """
        digest = hashlib.sha256()
        asked = self.network, self.seed, self.drawings, self.image_size
        digest.update(repr(asked).encode())
        if data_set:
            digest.update(repr((data_set.class_names, data_set.allowed)).encode())
            for path, label in zip(data_set.paths, data_set.labels, strict=True):
                size = path.stat().st_size if path.exists() else -1
                name = path.relative_to(data_set.root)
                digest.update(repr((str(name), size, label)).encode("utf-8", "replace"))
        return digest.hexdigest()
