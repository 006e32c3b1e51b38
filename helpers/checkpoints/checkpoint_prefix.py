"""Find a checkpoint's prefix, given the prefix, one of its files or its folder."""

import difflib
import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from helpers.checkpoints.bundles import CheckpointError
from helpers.checkpoints.tables import is_table

CHECKPOINT_FILE = re.compile(r"(.*)\.(meta|index|data-\d{5}-of-\d{5})", re.DOTALL)
SHARD = re.compile(r"(.*)-\d{5}-of-\d{5}", re.DOTALL)  # of a V1 checkpoint
ANY_SHARD = re.compile(r"-\?{5}-of-\d{5}$")  # the shards in a `checkpoint` file
STATE = re.compile(r'^model_checkpoint_path:\s*"(.*)"', re.MULTILINE)
STATE_FILE = "checkpoint"
VARIABLES = "variables/variables"  # the prefix in a SavedModel's folder
OTHER_FOLDER = "give the folder that has a .index file, or the prefix"


class Location(NamedTuple):
    """A prefix, and warnings if it is not the one that the `checkpoint` file names."""

    prefix: str
    warnings: tuple[str, ...] = ()


def find_prefix(path: Path | str) -> Location:
    """The prefix of the checkpoint at a path.

    Args:
      path: a prefix, any of the four files, a folder, or a SavedModel's folder.
    Raises:
      CheckpointError: there is no checkpoint, or more than one.
    """
    text = str(path)
    if has_variables(text):
        return Location(text)
    if Path(text).is_dir():
        return _prefix_in(Path(text))
    if not Path(text).is_file():
        raise _not_found(text)
    if state := path_named_in(Path(text)):
        return _named_prefix(Path(text), state)
    for pattern in (CHECKPOINT_FILE, SHARD):
        if match := pattern.fullmatch(text):
            return Location(match[1])
    raise CheckpointError(
        f"{text!r} is not a file of a checkpoint",
        "give the prefix that Saver.save took, one of its files, or their folder",
    )


def has_variables(prefix: str) -> bool:
    """Whether a checkpoint with this prefix has files with variables."""
    if Path(f"{prefix}.index").is_file():
        return True
    is_file_name = CHECKPOINT_FILE.fullmatch(prefix) or SHARD.fullmatch(prefix)
    if Path(prefix).is_file() and not is_file_name:  # an unsharded V1 checkpoint
        return is_table(Path(prefix))
    return bool(v1_shards(prefix))


def is_checkpoint_file(path: Path) -> bool:
    """Whether this is a checkpoint's `.index`, data or `checkpoint` file."""
    match = CHECKPOINT_FILE.fullmatch(path.name)
    is_data = match is not None and match[2] != "meta"
    return is_data or is_table(path) or bool(path_named_in(path))


def v1_shards(prefix: str) -> list[Path]:
    """The files of a sharded V1 checkpoint, in order."""
    folder, name = split_prefix(prefix)
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if (match := SHARD.fullmatch(path.name)) and match[1] == name
    )


def split_prefix(prefix: str) -> tuple[Path, str]:
    """The folder and the basename of a prefix; the basename may be empty."""
    folder, slash, name = prefix.rpartition("/")
    return Path(f"{folder}{slash}" or "."), name


def prefixes_in(folder: Path) -> list[str]:
    """The basenames of all checkpoints in a folder, sorted."""
    found = set()
    for path in folder.iterdir():
        if not path.is_file():
            continue
        if path.name.endswith(".index"):
            found.add(path.name.removesuffix(".index"))
        elif not CHECKPOINT_FILE.fullmatch(path.name) and is_table(path):
            shard = SHARD.fullmatch(path.name)
            found.add(shard[1] if shard else path.name)
    return sorted(found)


def _prefix_in(folder: Path) -> Location:
    """The checkpoint that a folder's `checkpoint` file names, or the only one."""
    if state := path_named_in(folder / STATE_FILE):
        return _named_prefix(folder / STATE_FILE, state)
    if has_variables(f"{folder}/{VARIABLES}"):
        return Location(f"{folder}/{VARIABLES}")
    found = prefixes_in(folder)
    if len(found) == 1:
        return Location(f"{folder}/{found[0]}")
    if found:
        raise CheckpointError(
            f"{folder} holds {len(found)} checkpoints and no `checkpoint` file",
            f"give one of them: {listed(found)}",
        )
    graphs = sorted(path.name for path in folder.glob("*.pb"))
    fix = f"give a graph by itself: {listed(graphs)}" if graphs else OTHER_FOLDER
    raise CheckpointError(f"{folder} holds no checkpoint", fix)


def basename(path: str) -> str:
    """The last part of a path of Linux or Windows."""
    return PureWindowsPath(PurePosixPath(path).name).name


def path_named_in(path: Path) -> str | None:
    """The prefix that a `checkpoint` file names; None for another file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(100_000).decode("utf-8", "replace")
    match = STATE.search(start) if start.lstrip().startswith("model_check") else None
    return match and ANY_SHARD.sub("", match[1].replace("\\\\", "\\"))


def _named_prefix(path: Path, state: str) -> Location:
    """The checkpoint that a `checkpoint` file at `path` names.

    A checkpoint of that name in the same folder is preferred, because checkpoints are
    copied to other folders; one of another name is used if it is the only one.
    """
    name = basename(state)
    named = state if PurePosixPath(state).is_absolute() else f"{path.parent}/{state}"
    beside = f"{path.parent}/{name}"
    if has_variables(beside):
        elsewhere = Path(named).absolute() != Path(beside).absolute()
        warning = f"{path} names {state}, which is in another folder: using {beside}"
        return Location(beside, (warning,) if elsewhere else ())
    if has_variables(named):
        return Location(named)
    found = prefixes_in(path.parent)
    if len(found) != 1:
        raise CheckpointError(
            f"{path} names {state}, which is not there",
            f"give the prefix itself{f', one of: {listed(found)}' if found else ''}",
        )
    only = f"{path.parent}/{found[0]}"
    warning = f"{path} names {state}, which is not there: using {only}"
    return Location(only, (warning,))


def _not_found(text: str) -> CheckpointError:
    """The error for a path that does not exist; it names similar checkpoints."""
    part = CHECKPOINT_FILE.fullmatch(text)
    folder, name = split_prefix(part[1] if part else text)
    cause, fix = f"no checkpoint {text!r}", "give the prefix that Saver.save took"
    if not folder.is_dir():
        cause, fix = f"{cause}: its folder does not exist", "correct the path"
    elif found := prefixes_in(folder):
        near = difflib.get_close_matches(name, found, n=3, cutoff=0.3) or found[:3]
        fix = f"its folder has these: {listed(near)}"
    else:
        cause = f"{cause}: its folder holds none"
    return CheckpointError(cause, fix)


def listed(names: list[str]) -> str:
    """The first five names, and how many more there are."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
