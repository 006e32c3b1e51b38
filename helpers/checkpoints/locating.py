"""Find a checkpoint's prefix from whatever of it was given."""

import difflib
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import NamedTuple

from helpers.checkpoints.bundles import CheckpointError
from helpers.checkpoints.tables import is_table

PART = re.compile(r"(.*)\.(meta|index|data-\d{5}-of-\d{5})", re.DOTALL)
SHARD = re.compile(r"(.*)-\d{5}-of-\d{5}", re.DOTALL)  # of a V1 checkpoint
ANY_SHARD = re.compile(r"-\?{5}-of-\d{5}$")  # how a `checkpoint` file names them
STATE = re.compile(r'^model_checkpoint_path:\s*"(.*)"', re.MULTILINE)
STATE_FILE = "checkpoint"
VARIABLES = "variables/variables"  # the prefix in a SavedModel's folder
OTHER_FOLDER = "give the folder that has a .index file, or the prefix"


class Location(NamedTuple):
    """A prefix, and what had to be assumed to arrive at it."""

    prefix: str
    warnings: tuple[str, ...] = ()


def locate(path: Path | str) -> Location:
    """The prefix of the checkpoint that a path means.

    Args:
      path: a prefix, any of the four files, a folder, or a SavedModel's folder.
    Raises:
      CheckpointError: there is no checkpoint, or more than one.
    """
    text = str(path)
    if has_variables(text):
        return Location(text)
    if Path(text).is_dir():
        return _in_folder(Path(text))
    if not Path(text).is_file():
        raise _not_found(text)
    if state := _state_in(Path(text)):
        return _from_state(Path(text), state)
    for pattern in (PART, SHARD):
        if match := pattern.fullmatch(text):
            return Location(match[1])
    raise CheckpointError(
        f"{text} is no part of a checkpoint",
        "give the prefix that Saver.save took, one of its files, or their folder",
    )


def has_variables(prefix: str) -> bool:
    """Whether a checkpoint's variables are found under this prefix."""
    if Path(f"{prefix}.index").is_file():
        return True
    single = Path(prefix)
    is_single = not PART.fullmatch(prefix) and not SHARD.fullmatch(prefix)
    if is_single and single.is_file():
        return is_table(single)
    return bool(old_shards(prefix))


def is_part(path: Path) -> bool:
    """Whether a file holds variables, or says which checkpoint is the latest."""
    name = path.name
    named_so = PART.fullmatch(name) and not name.endswith(".meta")
    return bool(named_so or is_table(path) or _state_in(path))


def old_shards(prefix: str) -> list[Path]:
    """The files of a sharded V1 checkpoint."""
    folder, name = split(prefix)
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if (match := SHARD.fullmatch(path.name)) and match[1] == name
    )


def split(prefix: str) -> tuple[Path, str]:
    """The folder and the basename of a prefix; the basename may be empty."""
    folder, slash, name = prefix.rpartition("/")
    return Path(f"{folder}{slash}" or "."), name


def prefixes_in(folder: Path) -> list[str]:
    """Every checkpoint in a folder, by basename."""
    return sorted(set(_basenames(folder)))


def _basenames(folder: Path) -> Iterator[str]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if not path.is_file():
            continue
        if path.name.endswith(".index"):
            yield path.name.removesuffix(".index")
        elif not PART.fullmatch(path.name) and is_table(path):
            shard = SHARD.fullmatch(path.name)
            yield shard[1] if shard else path.name


def _in_folder(folder: Path) -> Location:
    """The checkpoint that a folder's `checkpoint` file names, or its only one."""
    if state := _state_in(folder / STATE_FILE):
        return _from_state(folder / STATE_FILE, state)
    if has_variables(f"{folder}/{VARIABLES}"):
        return Location(f"{folder}/{VARIABLES}")
    found = prefixes_in(folder)
    if len(found) == 1:
        return Location(f"{folder}/{found[0]}")
    if found:
        raise CheckpointError(
            f"{folder} holds {len(found)} checkpoints and no `checkpoint` file",
            f"give one of them: {_listed(found)}",
        )
    graphs = sorted(path.name for path in folder.glob("*.pb"))
    fix = f"give a graph by itself: {_listed(graphs)}" if graphs else OTHER_FOLDER
    raise CheckpointError(f"{folder} holds no checkpoint", fix)


def _state_in(path: Path) -> str | None:
    """The path that a `checkpoint` file names, if it is one."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(100_000).decode("utf-8", "replace")
    match = STATE.search(start) if start.lstrip().startswith("model_check") else None
    return match and ANY_SHARD.sub("", match[1].replace("\\\\", "\\"))


def _from_state(path: Path, state: str) -> Location:
    """The checkpoint beside a `checkpoint` file that it names."""
    name = PureWindowsPath(PurePosixPath(state).name).name
    named = state if PurePosixPath(state).is_absolute() else f"{path.parent}/{state}"
    beside = f"{path.parent}/{name}"
    if has_variables(beside):
        elsewhere = Path(named).absolute() != Path(beside).absolute()
        warning = f"{path} names {state}, which is elsewhere: taking {beside}"
        return Location(beside, (warning,) if elsewhere else ())
    if has_variables(named):
        return Location(named)
    found = prefixes_in(path.parent)
    if len(found) != 1:
        raise CheckpointError(
            f"{path} names {state}, which is not there",
            f"give the prefix itself{f', one of: {_listed(found)}' if found else ''}",
        )
    only = f"{path.parent}/{found[0]}"
    warning = f"{path} names {state}, which is not there: taking {only}"
    return Location(only, (warning,))


def _not_found(text: str) -> CheckpointError:
    """What is there instead of the checkpoint that was asked for."""
    part = PART.fullmatch(text)
    folder, name = split(part[1] if part else text)
    if not folder.is_dir():
        return CheckpointError(
            f"no checkpoint {text}: there is no folder {folder}", "correct the path"
        )
    found = prefixes_in(folder)
    near = difflib.get_close_matches(name, found, n=3, cutoff=0.3) or found[:3]
    if not near:
        return CheckpointError(
            f"no checkpoint {text}: {folder} holds none",
            "give the prefix that Saver.save took",
        )
    return CheckpointError(
        f"no checkpoint {text}", f"{folder} has these: {_listed(near)}"
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown
