"""The four files of a checkpoint: found, listed, read and verified."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from helpers.checkpoints.bundles import Bundle, CheckpointError
from helpers.checkpoints.checkpoint import Checkpoint, graphs_at, read_meta

tf1 = tf.compat.v1

TYPES = "float32 float64 int8 uint8 int16 int32 int64 complex64"
NEW_TYPES = "bfloat16 float16 bool complex128 uint16 uint32 uint64"  # only in V2


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
    made = {}
    for name, shape, parts, axis in (
        ("parts/rows", [300, 2], 3, 0),
        ("parts/columns", [2, 9000], 2, 1),
    ):
        parts = tf1.fixed_size_partitioner(parts, axis)
        made[name] = tf.convert_to_tensor(
            tf1.get_variable(name, shape, None, start, partitioner=parts)
        )
    return made


def types(names: str = TYPES) -> dict:
    return {
        name: tf1.Variable(tf.cast(tf.constant([[1, 0, 3]]), name), name=name)
        for name in names.split()
    }


def new_types() -> dict:
    return types(NEW_TYPES)


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


MADE = [few, parted, texts, types, on_two_devices, new_types]


@pytest.mark.parametrize(
    ("version", "made"),
    [*((2, made) for made in MADE), *((1, made) for made in MADE[:5])],
)
def test_every_variable_has_the_value_of_the_session(tmp_path, version, made):
    sharded = made is on_two_devices
    values = save(tmp_path / "model", made, write_version=version, sharded=sharded)
    checkpoint = Checkpoint.at(tmp_path / "model")
    assert checkpoint.format == f"V{version}"
    assert_reads_as(checkpoint, values)
    assert checkpoint.verify() == []


def test_variable_has_the_place_of_its_bytes(prefix):
    kernel = Checkpoint.at(prefix).variables()[1]
    data = Path(f"{prefix}.data-00000-of-00001").read_bytes()
    found = data[kernel.offset : kernel.offset + kernel.bytes]
    assert kernel[:4] == ("kernel", "float64", (2, 3, 4), 192)
    assert found == np.arange(24.0).tobytes()


def test_partitioned_variable_counts_its_slices(tmp_path):
    save(tmp_path / "model", parted)
    found = {v.name: (v.slices, v.bytes) for v in Checkpoint.at(tmp_path).variables()}
    assert found == {"parts/rows": (3, 2400), "parts/columns": (2, 72000)}


NAMES = [
    *("model-7", "model-7.meta", "model-7.index", "model-7.data-00000-of-00001"),
    *("checkpoint", ""),
]


@pytest.mark.parametrize("name", NAMES)
def test_any_of_the_four_files_and_the_folder_give_the_prefix(prefix, name):
    checkpoint = Checkpoint.at(Path(prefix).parent / name)
    assert (checkpoint.prefix, checkpoint.warnings) == (prefix, ())


def test_files_of_a_checkpoint_are_found(prefix):
    checkpoint = Checkpoint.at(prefix)
    files = [checkpoint.meta_path, *checkpoint.paths]
    assert [path.name for path in files] == NAMES[1:5]


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
def test_path_of_another_machine_falls_back_to_the_file_in_the_folder(prefix, state):
    folder = Path(prefix).parent
    (folder / "checkpoint").write_text(f'model_checkpoint_path: "{state}"\n')
    checkpoint = Checkpoint.at(folder)
    assert checkpoint.prefix == prefix
    assert checkpoint.warnings[0].endswith(f"using {prefix}")


def test_missing_checkpoint_falls_back_to_the_only_one_in_the_folder(prefix):
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
    graph_def = read_meta(checkpoint.graph_path()).graph_def
    assert {"x", "y"} <= {node.name for node in graph_def.node}


def test_damaged_variable_is_refused_in_two_lines(prefix):
    damage(f"{prefix}.data-00000-of-00001", 100)
    with pytest.raises(CheckpointError) as refused:
        Checkpoint.at(prefix).read("kernel")
    cause, fix = str(refused.value).splitlines()
    assert cause.startswith("'kernel' is damaged: its 192 bytes at 8 of ")
    assert cause.endswith("do not match their crc32c")
    assert fix == "copy the checkpoint's files again, or take an earlier checkpoint"
    assert Checkpoint.at(prefix).verify() == [("kernel", cause)]


def test_cut_data_names_the_variable_that_is_cut(prefix):
    path = Path(f"{prefix}.data-00000-of-00001")
    path.write_bytes(path.read_bytes()[:-50])
    (found,) = Checkpoint.at(prefix).verify()
    assert found.cause.endswith("has 150 bytes, and 'kernel' ends at byte 200")


def two() -> dict:
    return {name: tf1.Variable(np.ones(50_000), name=name) for name in ("a", "b")}


@pytest.mark.parametrize(
    ("variables", "version", "place", "name"),
    [
        pytest.param(texts, 2, -5, "words", id="strings"),
        pytest.param(parted, 2, -5, "parts/rows", id="slice"),
        pytest.param(two, 1, 600_000, "b", id="V1"),
    ],
)
def test_damage_names_its_whole_variable(tmp_path, variables, version, place, name):
    save(tmp_path / "model", variables, write_version=version)
    suffix = ".data-00000-of-00001" if version == 2 else ""
    damage(f"{tmp_path}/model{suffix}", place)
    found = Checkpoint.at(tmp_path / "model").verify()
    assert [damage.variable for damage in found] == [name]


def test_damage_is_found_where_tensorflow_finds_it(prefix):
    damage(f"{prefix}.data-00000-of-00001", 3)
    reader = tf.train.load_checkpoint(prefix)
    with pytest.raises(Exception, match=r"[Cc]hecksum"):
        reader.get_tensor("bias")
    assert [d.variable for d in Checkpoint.at(prefix).verify()] == ["bias"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("model-8", "no checkpoint '{}/model-8'\nits folder has these: model-7"),
        (
            "model-8.index",
            "no checkpoint '{}/model-8.index'\nits folder has these: model-7",
        ),
        (
            "nowhere/model",
            "no checkpoint '{}/nowhere/model': its folder does not exist\n"
            "correct the path",
        ),
        (
            "empty/model",
            "no checkpoint '{}/empty/model': its folder holds none"
            "\ngive the prefix that Saver.save took",
        ),
        (
            "notes.txt",
            "'{}/notes.txt' is not a file of a checkpoint\n"
            "give the prefix that Saver.save took, one of its files, or their folder",
        ),
        (
            "empty",
            "{}/empty holds no checkpoint\n"
            "give the folder that has a .index file, or the prefix",
        ),
    ],
    ids=lambda value: value.partition("\n")[0] if " " not in value else "",
)
def test_what_is_no_checkpoint_is_refused(prefix, given, message):
    folder = Path(prefix).parent
    (folder / "notes.txt").write_text("to do")
    (folder / "empty").mkdir()
    with pytest.raises(CheckpointError) as refused:
        Checkpoint.at(folder / given)
    assert str(refused.value) == message.replace("{}", str(folder))


def test_folder_of_several_checkpoints_is_refused(prefix):
    folder = Path(prefix).parent
    for path in folder.glob("model-7.*"):
        shutil.copy(path, folder / path.name.replace("7", "8"))
    (folder / "checkpoint").unlink()
    with pytest.raises(CheckpointError) as refused:
        Checkpoint.at(folder)
    assert str(refused.value).endswith("give one of them: model-7, model-8")


@pytest.mark.parametrize(("shard", "name"), [(7, "00007"), (-1, "-0001")])
def test_index_that_names_another_shard_is_refused(prefix, shard, name):
    bundle = Bundle(str(prefix))
    bundle.entries[b"kernel"].shard_id = shard
    with pytest.raises(CheckpointError, match=f"data-{name}-of-00001 is missing"):
        bundle.read("kernel")


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (".meta", "model-7.meta is missing, so there is no graph"),
        (".index", ".index is missing, so there are no variables"),
        (".data-00000-of-00001", "-of-00001 is missing, and 'kernel' is in it"),
    ],
)
def test_missing_file_is_named(prefix, missing, message):
    Path(f"{prefix}{missing}").unlink()
    checkpoint = Checkpoint(prefix)
    with pytest.raises(CheckpointError, match=message):
        (checkpoint.graph_path(), checkpoint.read("kernel"))


def test_graph_saved_under_another_number_is_named(prefix):
    folder = Path(prefix).parent
    Path(f"{prefix}.meta").rename(folder / "model-0.meta")
    with pytest.raises(CheckpointError, match=r"--meta: model-0\.meta is beside it"):
        Checkpoint.at(prefix).graph_path()


def test_object_based_checkpoint_is_recognised(tmp_path):
    tf.train.Checkpoint(w=tf.Variable([1.0])).write(str(tmp_path / "object"))
    with pytest.raises(CheckpointError, match="is an object-based TensorFlow 2"):
        Checkpoint.at(tmp_path / "object").graph_path()


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


def test_graph_is_recognised_by_content_whatever_its_name(small, tmp_path):
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
        assert read_meta(checkpoint.graph_path()).graph_def.node
