"""The files of the checkpoint that has a given prefix."""

import re
from pathlib import Path

from helpers.checkpoints.bundles import Bundle, CheckpointError
from helpers.checkpoints.checkpoint_prefix import find_prefix, split_prefix, v1_shards
from helpers.freezing.errors import FreezeError

ANY_SHARD = "-?????-of-?????"
VALUES = re.compile(r"(\.index|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5})?")


def prefix_of(name: str, warnings: list[str]) -> str:
    """The prefix of the checkpoint at a path: a folder, one of its files or the prefix.

    Warnings of the search are appended to `warnings`.

    Raises:
      FreezeError: there is no checkpoint, more than one, or no permission to look.
    """
    try:
        location = find_prefix(name)
    except CheckpointError as error:
        raise FreezeError(error.cause, error.fix) from error
    except OSError as error:
        raise unreadable(name, error) from error
    warnings += location.warnings
    return location.prefix


def unreadable(path: str | Path, error: OSError) -> FreezeError:
    """The error for a path that the system does not let this process read."""
    return FreezeError(
        f"{path} cannot be read: {error.strerror}", "check the path and permissions"
    )


def value_files(prefix: str) -> list[Path]:
    """The checkpoint's files with values: index and data, or those of the V1 format."""
    folder, base = split_prefix(prefix)
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.name.startswith(base)]
    return sorted(
        path
        for path in found
        if VALUES.fullmatch(path.name.removeprefix(base)) and path.is_file()
    )


def reader_prefix(prefix: str) -> str:
    """The prefix for TensorFlow's reader: a file pattern for V1 shards."""
    return f"{prefix}{ANY_SHARD}" if v1_shards(prefix) else prefix


def check_complete(prefix: str) -> None:
    """Check that a checkpoint with an index has data, and one with data an index.

    Raises:
      FreezeError: only one of them is there.
    """
    names = [path.name for path in value_files(prefix)]
    base = prefix.rpartition("/")[2]
    has_index = f"{base}.index" in names
    if has_index and not any(".data-" in name for name in names):
        raise FreezeError(
            f"{_first_data(prefix)} is missing: the index names it, and it holds the "
            "values",
            "copy it too: a checkpoint is all its files",
        )
    if not has_index and any(f"{base}.data-" in name for name in names):
        raise FreezeError(
            f"{prefix}.index is missing; the .data files cannot be read without it",
            "copy the .index file too",
        )


def _first_data(prefix: str) -> str:
    """The first `.data` file that a checkpoint's index names."""
    try:
        return str(Bundle(prefix).data_path(0))
    except CheckpointError as error:
        raise FreezeError(error.cause, error.fix) from error
