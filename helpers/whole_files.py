"""A file is there whole, or as it was before."""

import os
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Write beside `path`, onto the disk, then give it the name."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
