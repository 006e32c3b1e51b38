"""Mutated checkpoints: `.index` and `.data`, tables of V1, the `checkpoint` file."""

import tempfile
from functools import cache
from pathlib import Path
from random import Random

import tensorflow.compat.v1 as tf1
from tensorflow.core.protobuf import tensor_bundle_pb2
from tensorflow.core.util import saved_tensor_slice_pb2

from helpers.checkpoints.bundles import CheckpointError
from helpers.checkpoints.checkpoint import Checkpoint
from helpers.checkpoints.checkpoint_prefix import find_prefix
from helpers.checkpoints.tables import TableError, read_index
from tests.freezing.small_models import V1, V2, partitioned, perceptron, save
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.kinds import Kind, write_files
from tests.fuzz.tables import mutate_table

PREFIX = "model-ckpt"
INDEX, DATA = f"{PREFIX}.index", f"{PREFIX}.data-00000-of-00001"
BUNDLE = {
    b"": tensor_bundle_pb2.BundleEntryProto,
    b"\0": tensor_bundle_pb2.BundleEntryProto,
}
V1_MESSAGES = {b"": saved_tensor_slice_pb2.SavedTensorSlices}


@cache
def checkpoint_files(version: int) -> list[dict[str, bytes]]:
    """The files of small checkpoints by name, one with slices and one with texts.

    Args:
      version: a SaverDef's: V1 or V2.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = [
            Path(save(build, Path(folder, build.__name__), write_version=version))
            for build in (perceptron, partitioned, _texts)
        ]
        return [
            {path.name: path.read_bytes() for path in prefix.parent.iterdir()}
            for prefix in saved
        ]


def _texts(**_) -> None:
    tf1.get_variable("text", initializer=tf1.constant([b"one", b"", b"three" * 40]))
    tf1.get_variable("flag", initializer=tf1.constant([True, False]))
    tf1.get_variable("half", initializer=tf1.constant([1.5], tf1.float16))
    tf1.identity(tf1.placeholder(tf1.float32, [None], name="x"), name="y")


class Checkpoints(Kind):
    """Whole checkpoints of V2: every variable is listed, read and compared."""

    name = "checkpoint"
    share = 60
    refusals = (CheckpointError,)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = checkpoint_files(V2)

    def make(self, rng: Random) -> dict[str, bytes]:
        files = dict(rng.choice(self.seeds))
        chosen = rng.random()
        if chosen < 0.75:
            files[INDEX] = mutate_index(files[INDEX], rng)
        elif chosen < 0.9:
            files[DATA] = mutate_bytes(files[DATA], rng)
        else:
            files["checkpoint"] = mutate_bytes(files["checkpoint"], rng)
        return files

    def run(self, case: dict[str, bytes]) -> bool:
        folder = write_files(self.folder / "case", case)
        checkpoint = Checkpoint.at(folder / PREFIX)
        checkpoint.variables()
        return not checkpoint.verify()


class Indexes(Checkpoints):
    """The `.index` file alone."""

    name = "index"
    share = 130
    refusals = (TableError,)

    def make(self, rng: Random) -> bytes:
        return mutate_index(rng.choice(self.seeds)[INDEX], rng)

    def run(self, case: bytes) -> None:
        read_index(write_files(self.folder / "case", {INDEX: case}) / INDEX)


def mutate_index(data: bytes, rng: Random) -> bytes:
    """An `.index` with bytes changed, or with entries changed and checksums right."""
    return (
        mutate_bytes(data, rng)
        if rng.random() < 0.3
        else mutate_table(data, BUNDLE, rng)
    )


class V1Checkpoints(Checkpoints):
    """Checkpoints of V1, a table that holds the values."""

    name = "v1-checkpoint"
    share = 40

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = checkpoint_files(V1)

    def make(self, rng: Random) -> dict[str, bytes]:
        files = dict(rng.choice(self.seeds))
        table = files[PREFIX]
        files[PREFIX] = (
            mutate_bytes(table, rng)
            if rng.random() < 0.3
            else mutate_table(table, V1_MESSAGES, rng)
        )
        return files


class StateFiles(Checkpoints):
    """The `checkpoint` file, which names the latest prefix of its folder."""

    name = "checkpoint-state"
    share = 15

    def make(self, rng: Random) -> dict[str, bytes]:
        files = dict(rng.choice(self.seeds))
        words = (b"model_checkpoint_path", b'"', b"\\", b"../", b"/dev/zero", b"\0")
        files["checkpoint"] = mutate_bytes(files["checkpoint"], rng, words=words)
        return files

    def run(self, case: dict[str, bytes]) -> None:
        find_prefix(write_files(self.folder / "case", case))
