"""Reads the four files of a checkpoint, and older formats, without a session."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "checkpoint": "Checkpoint",
        "crc32c": "crc32c",
        "tables": "read_index",
    },
)
