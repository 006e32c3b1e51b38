"""The four files as one object: found, listed, read and verified."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_slice_pb2

from helpers.checkpoints.bundles import CheckpointError, slice_key
from helpers.checkpoints.checkpoint import Checkpoint, card_of, graphs_at, read_meta

tf1 = tf.compat.v1

NEW_TYPES = ("bfloat16", "float16", "bool", "complex128", "uint16", "uint32", "uint64")
OLD_TYPES = (
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "int32",
    "int64",
    "complex64",
)


def save(prefix: Path, variables, **saver) -> dict[str, np.ndarray]:
    """Save what `variables()` makes; the values as a session sees them."""
    config = tf1.ConfigProto(device_count={"CPU": 2})
    with tf.Graph().as_default(), tf1.Session(config=config) as session:
        made = variables()
        session.run(tf1.global_variables_initializer())
        tf1.train.Saver(**saver).save(session, str(prefix))
        return session.run(made)


def few() -> dict:
    return {
        "kernel": tf1.Variable(np.arange(24.0).reshape(2, 3, 4), name="kernel"),
        "bias": tf1.Variable(np.float32([1, 2]), name="bias"),
    }


def parted() -> dict:
    """Variables in parts by rows and by columns, numbered past one byte of a key."""
    start = tf1.random_normal_initializer(seed=1)
    with tf1.variable_scope("parts", initializer=start, use_resource=False):
        rows = tf1.get_variable(
            "rows", [300, 2], partitioner=tf1.fixed_size_partitioner(3)
        )
        columns = tf1.get_variable(
            "columns", [2, 9000], partitioner=tf1.fixed_size_partitioner(2, axis=1)
        )
    parts = {"parts/rows": rows, "parts/columns": columns}
    return {name: tf.convert_to_tensor(part) for name, part in parts.items()}


def many_types(names) -> dict:
    return {
        name: tf1.Variable(tf.cast(tf.constant([[1, 0, 3]]), name), name=name)
        for name in names
    }


def on_two_devices() -> dict:
    made = {}
    for number, value in enumerate((np.arange(6.0), np.arange(4))):
        with tf.device(f"/cpu:{number}"):
            made[f"v{number}"] = tf1.Variable(value, name=f"v{number}")
    return made


def texts() -> dict:
    value = np.array([["hello", ""], ["wörld", "x" * 300]])
    return {"words": tf1.Variable(value, name="words")}


def assert_reads_as(checkpoint: Checkpoint, values: dict[str, np.ndarray]) -> None:
    assert [v.name for v in checkpoint.variables()] == sorted(values)
    for name, value in values.items():
        found = checkpoint.read(name)
        assert found.shape == value.shape
        assert found.tolist() == value.tolist()


@pytest.fixture
def prefix(tmp_path) -> str:
    save(tmp_path / "model-7", few)
    return str(tmp_path / "model-7")


def damage(path: str, place: int) -> None:
    data = bytearray(Path(path).read_bytes())
    data[place] ^= 0x40
    Path(path).write_bytes(data)


@pytest.mark.parametrize(
    ("variables", "saver"),
    [
        (few, {}),
        (parted, {}),
        (texts, {}),
        (on_two_devices, {"sharded": True}),
        (lambda: many_types(OLD_TYPES + NEW_TYPES), {}),
        (few, {"write_version": 1}),
        (parted, {"write_version": 1}),
        (texts, {"write_version": 1}),
        (on_two_devices, {"write_version": 1, "sharded": True}),
        (lambda: many_types(OLD_TYPES), {"write_version": 1}),
    ],
    ids=[
        *("V2", "V2-partitioned", "V2-texts", "V2-sharded", "V2-types"),
        *("V1", "V1-partitioned", "V1-texts", "V1-sharded", "V1-types"),
    ],
)
def test_every_variable_reads_as_the_session_had_it(tmp_path, variables, saver):
    values = save(tmp_path / "model", variables, **saver)
    checkpoint = Checkpoint.at(tmp_path / "model")
    assert checkpoint.format == f"V{saver.get('write_version', 2)}"
    assert_reads_as(checkpoint, values)
    assert checkpoint.verify() == []


def test_variable_says_where_its_bytes_are(prefix):
    kernel = Checkpoint.at(prefix).variables()[1]
    data = Path(f"{prefix}.data-00000-of-00001").read_bytes()
    found = data[kernel.offset : kernel.offset + kernel.bytes]
    assert kernel[:4] == ("kernel", "float64", (2, 3, 4), 192)
    assert found == np.arange(24.0).tobytes()


def test_partitioned_variable_counts_its_slices(tmp_path):
    save(tmp_path / "model", parted)
    found = {v.name: (v.slices, v.bytes) for v in Checkpoint.at(tmp_path).variables()}
    assert found == {"parts/rows": (3, 2400), "parts/columns": (2, 72000)}


@pytest.mark.parametrize("number", [0, 63, 64, -1, -64, -65, 8191, 8192, 10**9])
def test_slice_keys_sort_as_their_numbers_do(number):
    def key(start: int) -> bytes:
        part = tensor_slice_pb2.TensorSliceProto()
        part.extent.add(start=start, length=1)
        return slice_key("v", part)

    assert key(number - 1) < key(number) < key(number + 1)


@pytest.mark.parametrize(
    "name",
    [
        *("model-7", "model-7.meta", "model-7.index", "model-7.data-00000-of-00001"),
        *("checkpoint", ""),
    ],
)
def test_any_of_the_four_files_and_the_folder_give_the_prefix(prefix, name):
    checkpoint = Checkpoint.at(Path(prefix).parent / name)
    assert (checkpoint.prefix, checkpoint.warnings) == (prefix, ())


def test_files_of_a_checkpoint_are_known(prefix):
    checkpoint = Checkpoint.at(prefix)
    files = (checkpoint.meta_path, checkpoint.index_path, *checkpoint.data_paths)
    assert [path.name for path in (*files, checkpoint.state_path)] == [
        *("model-7.meta", "model-7.index", "model-7.data-00000-of-00001", "checkpoint")
    ]


def test_empty_basename_is_a_prefix(tmp_path, prefix):
    for path in tmp_path.glob("model-7.*"):
        path.rename(tmp_path / path.name.removeprefix("model-7"))
    (tmp_path / "checkpoint").unlink()
    for given in (tmp_path, tmp_path / ".meta"):
        assert Checkpoint.at(given).prefix == f"{tmp_path}/"
        assert Checkpoint.at(given).read("bias").tolist() == [1, 2]


@pytest.mark.parametrize(
    "state",
    ["/home/anna/run 3/model-7", r"C:\\Users\\Anna\\model-7"],
    ids=["unix", "windows"],
)
def test_somebody_elses_path_falls_back_to_the_file_beside_it(prefix, state):
    folder = Path(prefix).parent
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{state}"\n')
    checkpoint = Checkpoint.at(folder)
    assert checkpoint.prefix == prefix
    assert checkpoint.warnings[0].endswith(f"taking {prefix}")


def test_checkpoint_file_that_names_nothing_falls_back_to_the_only_one(prefix):
    folder = Path(prefix).parent
    (folder / "checkpoint").write_text('model_checkpoint_path: "gone"\n')
    checkpoint = Checkpoint.at(folder)
    assert checkpoint.prefix == prefix
    assert "names gone, which is not there" in checkpoint.warnings[0]


def test_absolute_path_without_a_file_beside_it_is_followed(prefix, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "checkpoint").write_text(f'model_checkpoint_path: "{prefix}"\n')
    assert Checkpoint.at(other).prefix == prefix


def test_saved_model_folder_is_its_variables_and_its_graph(tmp_path):
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, [None, 2], name="x")
        y = tf.identity(x * tf1.Variable([2.0, 3.0], name="w"), name="y")
        session.run(tf1.global_variables_initializer())
        tf1.saved_model.simple_save(
            session, str(tmp_path / "saved"), {"x": x}, {"y": y}
        )
    checkpoint = Checkpoint.at(tmp_path / "saved")
    assert checkpoint.read("w").tolist() == [2, 3]
    assert {"x", "y"} <= {node.name for node in checkpoint.meta().graph_def.node}


def test_flipped_bit_names_its_variable(prefix):
    damage(f"{prefix}.data-00000-of-00001", 100)
    (found,) = Checkpoint.at(prefix).verify()
    assert found.variable == "kernel"
    assert "do not have their crc32c" in found.cause


def test_reading_a_damaged_variable_is_refused_in_two_lines(prefix):
    damage(f"{prefix}.data-00000-of-00001", 100)
    with pytest.raises(CheckpointError) as refused:
        Checkpoint.at(prefix).read("kernel")
    cause, fix = str(refused.value).splitlines()
    assert cause.startswith("'kernel' is damaged: its 192 bytes at 8 of ")
    assert fix == "copy the checkpoint's files again, or take an earlier checkpoint"


def test_undamaged_variables_of_a_damaged_file_are_read(prefix):
    damage(f"{prefix}.data-00000-of-00001", 100)
    assert Checkpoint.at(prefix).read("bias").tolist() == [1, 2]


def test_cut_data_names_the_variable_that_is_cut(prefix):
    path = Path(f"{prefix}.data-00000-of-00001")
    path.write_bytes(path.read_bytes()[:-50])
    (found,) = Checkpoint.at(prefix).verify()
    assert found.variable == "kernel"
    assert found.cause.endswith("has 150 bytes, and 'kernel' goes to byte 200")


def test_damaged_text_is_found(tmp_path):
    save(tmp_path / "model", texts)
    damage(str(tmp_path / "model.data-00000-of-00001"), -5)
    assert [d.variable for d in Checkpoint.at(tmp_path).verify()] == ["words"]


def test_damaged_slice_names_its_whole_variable(tmp_path):
    save(tmp_path / "model", parted)
    damage(str(tmp_path / "model.data-00000-of-00001"), -5)
    assert [d.variable for d in Checkpoint.at(tmp_path).verify()] == ["parts/rows"]


def test_damaged_old_checkpoint_names_its_variable(tmp_path):
    values = {"a": np.ones(50_000), "b": np.ones(50_000)}
    made = lambda: {n: tf1.Variable(v, name=n) for n, v in values.items()}  # noqa: E731
    save(tmp_path / "model", made, write_version=1)
    damage(str(tmp_path / "model"), 600_000)
    assert [d.variable for d in Checkpoint.at(tmp_path / "model").verify()] == ["b"]


def test_no_damage_goes_unnoticed_as_tensorflow_sees_it(prefix):
    """Where TensorFlow refuses a tensor, so do we, and nowhere else."""
    damage(f"{prefix}.data-00000-of-00001", 3)
    reader = tf.train.load_checkpoint(prefix)
    with pytest.raises(Exception, match=r"[Cc]hecksum"):
        reader.get_tensor("bias")
    assert [d.variable for d in Checkpoint.at(prefix).verify()] == ["bias"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("model-8", "no checkpoint {folder}/model-8\n{folder} has these: model-7"),
        (
            "model-8.index",
            "no checkpoint {folder}/model-8.index\n{folder} has these: model-7",
        ),
        (
            "nowhere/model",
            "no checkpoint {folder}/nowhere/model: there is no folder "
            "{folder}/nowhere\ncorrect the path",
        ),
        (
            "notes.txt",
            "{folder}/notes.txt is no part of a checkpoint\n"
            "give the prefix that Saver.save took, one of its files, or their folder",
        ),
        (
            "empty",
            "{folder}/empty holds no checkpoint\n"
            "give the folder that has a .index file, or the prefix",
        ),
    ],
    ids=["other-number", "other-index", "no-folder", "other-file", "empty-folder"],
)
def test_what_is_no_checkpoint_is_refused(prefix, given, message):
    folder = Path(prefix).parent
    (folder / "notes.txt").write_text("to do")
    (folder / "empty").mkdir()
    with pytest.raises(CheckpointError) as refused:
        Checkpoint.at(folder / given)
    assert str(refused.value) == message.format(folder=folder)


def test_folder_of_several_checkpoints_asks_which(prefix):
    folder = Path(prefix).parent
    for path in folder.glob("model-7.*"):
        shutil.copy(path, folder / path.name.replace("7", "8"))
    (folder / "checkpoint").unlink()
    with pytest.raises(CheckpointError) as refused:
        Checkpoint.at(folder)
    assert str(refused.value).endswith("give one of them: model-7, model-8")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (".meta", "model-7.meta is missing, so there is no graph"),
        (".index", "has no variables: "),
        (".data-00000-of-00001", "-of-00001 is missing, and 'kernel' is in it"),
    ],
)
def test_missing_file_is_said_to_be_missing(prefix, missing, message):
    Path(f"{prefix}{missing}").unlink()
    checkpoint = Checkpoint(prefix)
    with pytest.raises(CheckpointError, match=message):
        (checkpoint.meta(), checkpoint.read("kernel"))


def test_graph_saved_under_another_number_is_named(prefix):
    folder = Path(prefix).parent
    Path(f"{prefix}.meta").rename(folder / "model-0.meta")
    with pytest.raises(CheckpointError, match=r"--meta: model-0\.meta is beside it"):
        Checkpoint.at(prefix).meta()


def test_object_based_checkpoint_is_known_by_name(tmp_path):
    tf.train.Checkpoint(w=tf.Variable([1.0])).write(str(tmp_path / "object"))
    with pytest.raises(CheckpointError, match="is an object-based TensorFlow 2"):
        Checkpoint.at(tmp_path / "object").meta()


def test_card_is_found_in_the_meta(small):
    assert card_of(f"{small.prefix}.meta")["class_names"] == ["cat", "dog"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty", b"", "is empty"),
        ("text", b"hello\nworld", "is a text that begins 'hello', not a graph"),
        (
            "noise",
            bytes(range(200, 256)) * 9,
            "is damaged, cut short, or no graph file",
        ),
        ("model.h5", b"\x89HDF\r\n", "is a Keras or HDF5 file"),
        ("model.keras", b"PK\x03\x04", "is a zip"),
        ("model.pkl", b"\x80\x04}", "is a Python pickle, not a graph"),
    ],
)
def test_what_is_no_graph_is_refused(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_meta(tmp_path / name)


def test_cut_meta_is_refused(prefix):
    path = Path(f"{prefix}.meta")
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match="is damaged, cut short, or no graph file"):
        read_meta(path)


def test_frozen_graph_is_no_meta_graph(small):
    with pytest.raises(ValueError, match="is not a MetaGraphDef"):
        read_meta(small.path)


def test_graph_is_known_by_content_whatever_its_name(small, tmp_path):
    graph_def = graphs_at(small.path).graphs[0].graph_def
    files = {
        "binary.txt": (graph_def.SerializeToString(), "GraphDef", False),
        "text.pb": (str(graph_def).encode(), "GraphDef", True),
        "meta.pb": (Path(f"{small.prefix}.meta").read_bytes(), "MetaGraphDef", False),
    }
    for name, (data, kind, is_text) in files.items():
        (tmp_path / name).write_bytes(data)
        file = graphs_at(tmp_path / name)
        assert (file.kind, file.is_text) == (kind, is_text)
        assert len(file.graphs[0].graph_def.node) > 10


def test_every_shared_checkpoint_reads_as_tensorflow_reads_it(shared):
    cases = json.loads((shared / "checkpoints/cases.json").read_text())["cases"]
    for case in cases:
        prefix = str(shared / "checkpoints" / case["prefix"])
        checkpoint = Checkpoint.at(prefix)
        sharded = "-?????-of-?????" if case["name"] == "v1_sharded_bundle" else ""
        reader = tf.train.load_checkpoint(prefix + sharded)
        values = {n: reader.get_tensor(n) for n in reader.get_variable_to_shape_map()}
        assert_reads_as(checkpoint, {n: np.asarray(v) for n, v in values.items()})
        assert checkpoint.verify() == []
        assert checkpoint.meta().graph_def.node
