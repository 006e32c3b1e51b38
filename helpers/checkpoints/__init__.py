"""The four files of a checkpoint, and the older formats, read without a session."""

from helpers.lazy import public_names

__getattr__, __all__ = public_names(
    __name__,
    {
        "checkpoint": "Checkpoint",
        "crc32c": "crc32c",
        "tables": "read_index",
    },
)
