"""What mutated files were not refused with a sentence, each kind made anew by hand."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.tensor_bundle_pb2 import (
    BundleEntryProto,
    BundleHeaderProto,
)
from tensorflow.core.util.saved_tensor_slice_pb2 import SavedTensorSlices

from helpers.checkpoints.bundles import CheckpointError
from helpers.checkpoints.checkpoint import Checkpoint
from helpers.checkpoints.file_contents import MESSAGES
from helpers.checkpoints.tables import read_table
from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.sources.checkpoint_values import CheckpointValues
from helpers.freezing.sources.saved_model.plain_graph import INIT_OP
from tests.freezing.saved_models import save_function
from tests.freezing.small_models import V1, V2
from tests.fuzz.archives import zip_of
from tests.fuzz.checkpoint_kinds import INDEX, PREFIX, checkpoint_files
from tests.fuzz.kinds import write_files
from tests.fuzz.tables import write_table

PLAIN, SLICED, TEXTS = range(3)  # the checkpoints of `checkpoint_files`
HUGE = 1 << 62


def with_entry(folder: Path, which: int, change: Callable, key: bytes = b"") -> Path:
    """A checkpoint whose `.index` states something else; its prefix.

    Args:
      change: changes an entry, or the header.
      key: the first key that begins with it; default: the first variable's.
    """
    files = dict(checkpoint_files(V2)[which])
    entries = dict(read_table(files[INDEX]))
    kind = BundleHeaderProto if key == HEADER else BundleEntryProto
    keys = [one for one in entries if one and one.startswith(key)]
    name = b"" if key == HEADER else keys[0]
    message = kind.FromString(entries[name])
    change(message)
    entries[name] = message.SerializeToString()
    files[INDEX] = write_table(entries)
    return write_files(folder, files) / PREFIX


HEADER = b"header"


def stated(**fields) -> Callable:
    """Sets fields of a message."""

    def change(message) -> None:
        for name, value in fields.items():
            setattr(message, name, value)

    return change


def shaped(*sizes: int) -> Callable:
    """Sets the shape of an entry."""

    def change(entry) -> None:
        del entry.shape.dim[:]
        for size in sizes:
            entry.shape.dim.add(size=size)

    return change


def sliced(start: int, length: int) -> Callable:
    """Sets the first axis of a variable's first slice."""

    def change(entry) -> None:
        extent = entry.slices[0].extent[0]
        extent.start, extent.length = start, length

    return change


UNTRUE = {
    "no type": (PLAIN, stated(dtype=0), "type number 0"),
    "an unknown type": (PLAIN, stated(dtype=999), "type number 999"),
    "a reference's type": (PLAIN, stated(dtype=101), "type number 101"),
    "a negative size": (PLAIN, stated(size=-1), "no place"),
    "a negative offset": (PLAIN, stated(offset=-1), "no place"),
    "bytes beyond the file": (PLAIN, stated(size=HUGE), "cut short"),
    "another file": (PLAIN, stated(shard_id=7), "the file 7"),
    "a negative shape": (PLAIN, shaped(-1), "not known"),
    "a shape of too many elements": (PLAIN, shaped(HUGE, HUGE), "can count"),
    "another shape": (PLAIN, shaped(1 << 40), "for its shape"),
    "more texts than bytes": (TEXTS, shaped(1 << 40), "strings"),
    "a slice outside": (SLICED, sliced(5, 4), "slice"),
    "a slice before": (SLICED, sliced(-1, 2), "slice"),
    "slices of less than all": (SLICED, sliced(0, 1), "slices of"),
    "a larger variable than its slices": (SLICED, shaped(1 << 40, 4), "slices of"),
}


@pytest.mark.parametrize(("which", "change", "what"), UNTRUE.values(), ids=UNTRUE)
def test_an_index_that_states_what_cannot_be_is_refused(tmp_path, which, change, what):
    key = {TEXTS: b"text", SLICED: b"parts"}.get(which, b"")
    prefix = with_entry(tmp_path, which, change, key)
    try:
        causes = [damage.cause for damage in Checkpoint.at(prefix).verify()]
    except CheckpointError as error:
        causes = [error.cause]
    assert len(causes) == 1
    assert what in causes[0]


@pytest.mark.parametrize(
    ("which", "change"),
    [(PLAIN, stated(dtype=0)), (SLICED, sliced(5, 4)), (PLAIN, shaped(-1))],
    ids=["no type", "a slice outside", "a negative shape"],
)
def test_tensorflow_is_not_given_an_index_that_ends_its_process(
    tmp_path, which, change
):
    key = {SLICED: b"parts"}.get(which, b"")
    with pytest.raises(FreezeError, match="is damaged"):
        CheckpointValues(str(with_entry(tmp_path, which, change, key)))


def test_an_index_of_two_billion_files_is_refused(tmp_path):
    prefix = with_entry(tmp_path, PLAIN, stated(num_shards=2**31 - 1), HEADER)
    with pytest.raises(CheckpointError, match="2,147,483,647 files"):
        Checkpoint.at(prefix).variables()


def test_a_name_that_is_no_text_is_refused(tmp_path):
    files = dict(checkpoint_files(V2)[PLAIN])
    entries = dict(read_table(files[INDEX]))
    files[INDEX] = write_table(entries | {b"zz\xff": entries[max(entries)]})
    with pytest.raises(CheckpointError, match=r"zz\\\\xff.* not UTF-8"):
        Checkpoint.at(write_files(tmp_path, files) / PREFIX).variables()


def test_values_that_only_tensorflow_reads_are_listed_and_said_so(tmp_path):
    variant = tf.variant.as_datatype_enum
    checkpoint = Checkpoint.at(with_entry(tmp_path, PLAIN, stated(dtype=variant)))
    (found,) = [one for one in checkpoint.variables() if one.dtype == "variant"]
    assert not checkpoint.verify()
    with pytest.raises(CheckpointError, match="only TensorFlow reads"):
        checkpoint.read(found.name)


# V1


def with_table(folder: Path, change: Callable, name: bytes) -> Checkpoint:
    """A checkpoint of V1 with a changed message: the first whose key has the name."""
    files = dict(checkpoint_files(V1)[PLAIN])
    entries = dict(read_table(files[PREFIX]))
    key = next(one for one in entries if name in one) if name else b""
    message = SavedTensorSlices.FromString(entries[key])
    change(message)
    entries[key] = message.SerializeToString()
    files[PREFIX] = write_table(entries)
    return Checkpoint.at(write_files(folder, files) / PREFIX)


def first_of(change: Callable) -> Callable:
    """A change of what is stated of the first variable with an axis."""

    def changed(message) -> None:
        change(next(one for one in message.meta.tensor if one.shape.dim))

    return changed


V1_UNTRUE = {
    "no type": (first_of(stated(type=0)), "type number 0"),
    "resources": (first_of(stated(type=20)), "does not hold"),
    "a negative shape": (first_of(shaped(-1)), "not known"),
    "more axes than its slice": (first_of(shaped(1, 1, 1, 1)), "slice"),
    "more elements than bytes": (first_of(shaped(1 << 40)), "more elements"),
}


@pytest.mark.parametrize(("change", "what"), V1_UNTRUE.values(), ids=V1_UNTRUE)
def test_a_v1_table_that_states_what_cannot_be_is_refused(tmp_path, change, what):
    try:
        checkpoint = with_table(tmp_path, change, b"")
        causes = [damage.cause for damage in checkpoint.verify()]
    except CheckpointError as error:
        causes = [error.cause]
    assert len(causes) == 1
    assert what in causes[0]


def test_too_many_values_of_a_v1_variable_are_refused(tmp_path):
    def change(message) -> None:
        message.data.data.float_val.extend([1.0] * 500)

    checkpoint = with_table(tmp_path, change, b"one/kernel")
    assert any("do not fit" in damage.cause for damage in checkpoint.verify())


def test_values_of_a_v1_variable_that_are_no_message_are_refused(tmp_path):
    files = dict(checkpoint_files(V1)[PLAIN])
    entries = dict(read_table(files[PREFIX]))
    key = next(one for one in entries if b"one/kernel" in one)
    files[PREFIX] = write_table(entries | {key: b"\xff\xff\xff"})
    checkpoint = Checkpoint.at(write_files(tmp_path, files) / PREFIX)
    assert any("do not fit" in damage.cause for damage in checkpoint.verify())


def test_a_negative_half_of_a_v1_variable_is_refused(tmp_path):
    files = dict(checkpoint_files(V1)[TEXTS])
    entries = dict(read_table(files[PREFIX]))
    key = next(one for one in entries if b"half" in one)
    message = SavedTensorSlices.FromString(entries[key])
    message.data.data.half_val[:] = [-1]
    entries[key] = message.SerializeToString()
    files[PREFIX] = write_table(entries)
    (damage,) = Checkpoint.at(write_files(tmp_path, files) / PREFIX).verify()
    assert damage.variable == "half"


# Zips


def test_a_zip_with_a_member_without_a_name_is_refused(tmp_path):
    path = tmp_path / "model.zip"
    path.write_bytes(zip_of({"": b"x", "labels.txt": b"cat"}))
    with pytest.raises(FreezeError, match=r"model\.zip"):
        freeze(path, output=tmp_path / "1.pb")


def test_a_zip_whose_packed_bytes_are_damaged_is_refused(tmp_path):
    packed = zip_of({"model.h5": bytes(50_000)}, zipfile.ZIP_DEFLATED)
    start = packed.index(b"model.h5") + len("model.h5")
    path = tmp_path / "model.zip"
    path.write_bytes(packed[:start] + b"\xff" * 20 + packed[start + 20 :])
    with pytest.raises(FreezeError, match="cannot be extracted"):
        freeze(path, output=tmp_path / "1.pb")


@pytest.mark.parametrize("which", [PLAIN, SLICED, TEXTS])
def test_a_checkpoint_is_read_as_tensorflow_reads_it_before_it_is_changed(
    tmp_path, which
):
    checkpoint = Checkpoint.at(write_files(tmp_path, checkpoint_files(V2)[which]))
    reader = tf.train.load_checkpoint(str(tmp_path / PREFIX))
    for variable in checkpoint.variables():
        expected = reader.get_tensor(variable.name)
        np.testing.assert_array_equal(checkpoint.read(variable.name), expected)


# Files that others read


def test_hdf5_that_its_library_never_finishes_reading_is_refused(tmp_path):
    path = tmp_path / "model.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "{}"
    data = path.read_bytes()
    first = data.index(b"GCOL") + 16  # the first object of the heap of texts
    path.write_bytes(data[:first] + bytes(16) + data[first + 16 :])
    with pytest.raises(FreezeError, match="damaged: reading it hangs"):
        freeze(path, output=tmp_path / "1.pb")


def test_a_slice_whose_name_is_no_text_is_refused(tmp_path):
    files = dict(checkpoint_files(V2)[SLICED])
    entries = dict(read_table(files[INDEX]))
    key = next(one for one in entries if one.startswith(b"\0parts"))
    broken = key.replace(b"parts", b"pa\0\1ts")
    files[INDEX] = write_table(entries | {broken: entries.pop(key)})
    with pytest.raises(FreezeError, match="'utf-8' codec can't decode byte"):
        CheckpointValues(str(write_files(tmp_path, files) / PREFIX))


def test_an_init_op_that_the_graph_does_not_have_is_refused(tmp_path):
    save_function(lambda m, x: tf.matmul(x, m.kernel) + m.bias, tmp_path / "saved")
    path = tmp_path / "saved" / "saved_model.pb"
    message = MESSAGES["SavedModel"].FromString(path.read_bytes())
    (named,) = message.meta_graphs[0].signature_def[INIT_OP].outputs.values()
    named.name = "gone"
    path.write_bytes(message.SerializeToString())
    with pytest.raises(FreezeError, match="initialised by 'gone', an op"):
        freeze(tmp_path / "saved", output=tmp_path / "1.pb")
    assert not (tmp_path / "1.pb").exists()
