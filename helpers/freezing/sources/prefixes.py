"""The files behind a checkpoint's prefix."""

import re
from pathlib import Path

from helpers.checkpoints.bundles import CheckpointError
from helpers.checkpoints.locating import locate, old_shards, split
from helpers.freezing.errors import FreezeError

ANY_SHARD = "-?????-of-?????"
VALUES = re.compile(r"(\.index|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5})?")


def prefix_of(name: str, warnings: list[str]) -> str:
    """The prefix that a folder, a file or a prefix stands for."""
    try:
        location = locate(name)
    except CheckpointError as error:
        cause, _, fix = str(error).partition("\n")
        raise FreezeError(cause, fix) from error
    except OSError as error:
        raise FreezeError(
            f"{name} cannot be read: {error.strerror}", "check the path and permissions"
        ) from error
    warnings += location.warnings
    return location.prefix


def value_files(prefix: str) -> list[Path]:
    """The files with a checkpoint's values: index and data, or the old format's."""
    folder, base = split(prefix)
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.name.startswith(base)]
    return sorted(
        path
        for path in found
        if VALUES.fullmatch(path.name.removeprefix(base)) and path.is_file()
    )


def readable(prefix: str) -> str:
    """The prefix as TensorFlow's reader takes it: a pattern for old sharded files."""
    return f"{prefix}{ANY_SHARD}" if old_shards(prefix) else prefix
