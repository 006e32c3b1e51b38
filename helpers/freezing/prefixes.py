"""A checkpoint's prefix, from whatever of it was named."""

import re
from difflib import get_close_matches
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format
from tensorflow.python.training.checkpoint_state_pb2 import CheckpointState

from helpers.freezing.errors import FreezeError

tf1 = tf.compat.v1
FILE = re.compile(r"(\.index|\.meta|\.data-\d{5}-of-\d{5}|-\d{5}-of-\d{5})$")
SHARD = r"-\d{5}-of-\d{5}"
ANY_SHARD = "-?????-of-?????"


def prefix_of(name: str) -> str:
    """The prefix that a checkpoint's file belongs to; a prefix stays as it is."""
    return FILE.sub("", name)


def exists(prefix: str) -> bool:
    """Whether there is a checkpoint, of either format."""
    return bool(value_files(prefix))


def value_files(prefix: str) -> list[Path]:
    """The files with a checkpoint's values: index and data, or the old format's."""
    folder, base = _split(prefix)
    if not folder.is_dir():
        return []
    pattern = re.compile(re.escape(base) + rf"(\.index|\.data{SHARD}|{SHARD})?")
    found = [path for path in folder.iterdir() if pattern.fullmatch(path.name)]
    return sorted(path for path in found if path.is_file())


def readable(prefix: str) -> str:
    """The prefix as TensorFlow's reader takes it: a pattern for old sharded files."""
    names = [path.name for path in value_files(prefix)]
    _, base = _split(prefix)
    if any(re.fullmatch(re.escape(base) + SHARD, name) for name in names):
        return f"{prefix}{ANY_SHARD}"
    return prefix


def _split(prefix: str) -> tuple[Path, str]:
    folder, slash, base = prefix.rpartition("/")
    return Path(folder + slash or "."), base


def in_folder(folder: Path, warnings: list[str]) -> str:
    """The prefix of a folder's newest checkpoint, or of its only one."""
    state = folder / "checkpoint"
    if state.is_file():
        return from_state(state, warnings)
    prefixes = prefixes_in(folder)
    if len(prefixes) == 1:
        return prefixes[0]
    if not prefixes:
        raise FreezeError(
            f"{folder} holds no checkpoint", "name a folder, a prefix or one of its files"
        )
    raise FreezeError(
        f"{folder} holds {len(prefixes)} checkpoints, and no file that says which is "
        "the newest",
        f"name one: {', '.join(prefixes[:5])}",
    )


def prefixes_in(folder: Path) -> list[str]:
    """The prefixes of all checkpoints in a folder."""
    names = [path.name for path in folder.iterdir() if path.is_file()]
    found = [name for name in names if name.endswith((".index", ".meta"))]
    found = sorted({prefix_of(name) for name in found})
    return [f"{folder}/{base}" for base in found if exists(f"{folder}/{base}")]


def from_state(path: Path, warnings: list[str]) -> str:
    """The newest checkpoint by the text file `checkpoint`.

    Its path is often absolute, on somebody else's machine: the checkpoint of that
    name beside the file is taken then.
    """
    state = CheckpointState()
    try:
        text_format.Parse(path.read_text(), state)
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise FreezeError(
            f"{path} is not the list of checkpoints that a saver writes",
            "name the checkpoint's prefix instead",
        ) from error
    named = state.model_checkpoint_path
    own = str(Path(path.parent, named))
    if exists(own):
        return own
    base = re.split(r"[/\\]", named)[-1]
    beside = f"{path.parent}/{base}"
    if exists(beside):
        warnings.append(f"{path} names {named}, which is not there; {beside} is taken")
        return beside
    raise FreezeError(
        f"{path} names {named}, and there is no such checkpoint, nor {base!r} beside it",
        closest(beside),
    )


def closest(prefix: str) -> str:
    """What to try instead of a prefix that is not there, as a sentence."""
    folder, base = _split(prefix)
    if not folder.is_dir():
        return f"there is no folder {folder}: check the path"
    there = {Path(name).name: name for name in prefixes_in(folder)}
    found = get_close_matches(base, there, 3, 0.3) or list(there)[:3]
    if not found:
        return f"{folder} holds no checkpoint: check the path"
    return f"there is {', '.join(there[name] for name in found)}"
