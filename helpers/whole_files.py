"""Atomic file writes."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file atomically: write a temporary file, sync it, rename it."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
