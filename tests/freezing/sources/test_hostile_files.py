"""Hostile model files: none runs Python, writes elsewhere, or reads another file.

Each payload would leave a file behind, the canary; each file is frozen for real.
"""

import base64
import io
import marshal
import pickle
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf

from helpers.data.class_names import names_in
from helpers.freezing.errors import FreezeError
from helpers.freezing.freeze import freeze
from helpers.freezing.report import Report
from helpers.freezing.sources.keras.hdf5_storage import SMALL
from helpers.serving.frozen_model import FrozenModel
from tests.freezing.sources.keras.keras_files import edited
from tests.fuzz.archives import members_of, zip_of

pytestmark = pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5")
CANARY, SECRET = "canary", b"a private text of this machine " * 40
tf1 = tf.compat.v1


class Payload:
    """Writes the canary when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self):
        return open, (str(self.canary), "w")


@pytest.fixture
def canary(tmp_path) -> Path:
    return tmp_path / "elsewhere" / CANARY


@pytest.fixture(autouse=True)
def unharmed(tmp_path, canary):
    """Nothing is beside the model's folder after the test but what was before."""
    canary.parent.mkdir()
    (canary.parent / "secret").write_bytes(SECRET)
    yield
    assert [path.name for path in canary.parent.iterdir()] == ["secret"]
    assert {path.name for path in tmp_path.iterdir()} <= {"elsewhere", "model"}


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


def refusal(path: Path) -> str:
    """Why a file is not frozen; nothing is written beside it."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(FreezeError) as refused:
        freeze(path)
    assert sorted(path.parent.iterdir()) == before
    return str(refused.value)


def frozen(path: Path, **options) -> Report | None:
    """The report, or None if it is refused: `unharmed` shows that nothing happened."""
    folder = path if path.is_dir() else path.parent
    with suppress(FreezeError):
        return freeze(path, output=folder / "frozen.pb", **options)
    return None


def test_the_payload_would_leave_a_file(canary, tmp_path):
    pickle.loads(pickle.dumps(Payload(canary)))
    canary.unlink()  # else the fixture fails


def pickled(canary: Path) -> bytes:
    return pickle.dumps(Payload(canary))


def objects(canary: Path) -> bytes:
    """A .npy file of objects."""
    file = io.BytesIO()
    np.save(file, np.array([Payload(canary)], object), allow_pickle=True)
    return file.getvalue()


def yaml_text(canary: Path) -> bytes:
    return f"class_name: !!python/object/apply:builtins.open [{canary}, w]\n".encode()


FILES = {
    "a pickle": ("model.pkl", pickled),
    "a pickle called .h5": ("model.h5", pickled),
    "a pickle called .pb": ("model.pb", pickled),
    "an array of objects": ("weights.npy", objects),
    "arrays of objects": ("weights.npz", lambda c: zip_of({"a.npy": objects(c)})),
    "a model of PyTorch": (
        "model.pt",
        lambda c: zip_of({"archive/version": b"3", "archive/data.pkl": pickled(c)}),
    ),
    "YAML with Python": ("model.yaml", yaml_text),
    "Python": ("model.py", lambda c: f"open({str(c)!r}, 'w')".encode()),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_python_could_load_is_not_loaded(name, folder, canary):
    file, make = FILES[name]
    (folder / file).write_bytes(make(canary))
    assert refusal(folder / file)


# Keras files


def dense(folder: Path, file: str) -> Path:
    """A model of Keras 3 with 300 weights, in a file of that name."""
    import keras

    layers = [keras.layers.Input((30,)), keras.layers.Dense(10, name="dense")]
    keras.Sequential(layers).save(folder / file)
    return folder / file


@pytest.fixture(params=["model.keras", "model.h5"])
def model(request, folder) -> Path:
    return dense(folder, request.param)


def last_layer(config: dict) -> dict:
    return config["config"]["layers"][-1]


def code_that_writes(canary: Path) -> str:
    source = f"lambda x: [open({str(canary)!r}, 'w'), x][1]"
    code = compile(source, "model", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(code)).decode()


@pytest.mark.ci
def test_the_code_of_a_lambda_is_not_run(model, canary):
    code = code_that_writes(canary)
    described = {"class_name": "__lambda__", "config": {"code": code}}

    def change(config: dict) -> None:
        layer = last_layer(config)
        layer["class_name"], layer["config"] = "Lambda", {"name": "odd"}
        layer["config"]["function"] = described
        layer["module"] = "keras.layers"

    assert "holds Python code, which is not run unasked" in refusal(
        edited(model, change)
    )


REFERENCES = [
    {"module": "builtins", "class_name": "function", "config": "builtins.exec"},
    {"module": "os", "class_name": "function", "config": "system"},
    {"module": "subprocess", "class_name": "Popen", "config": {"args": ["true"]}},
    {"module": "keras.src.utils", "class_name": "get_file", "config": {}},
    {"module": "canary_module", "class_name": "Layer", "config": {}},
    {"module": "keras.layers", "class_name": "os.system", "config": {}},
]


@pytest.mark.ci
@pytest.mark.parametrize("named", REFERENCES, ids=lambda named: named["module"])
def test_a_name_of_the_file_imports_and_calls_nothing(
    named, folder, canary, monkeypatch
):
    model = dense(folder, "model.keras")
    (folder / "canary_module.py").write_text(f"open({str(canary)!r}, 'w')")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.chdir(folder)

    def change(config: dict) -> None:
        last_layer(config)["config"]["activation"] = {**named, "registered_name": None}

    assert refusal(edited(model, change))


def repacked(path: Path, members: dict[str, bytes], without: str = "") -> Path:
    """The archive with members added."""
    kept = members_of(path.read_bytes()) | members
    kept.pop(without, None)
    path.write_bytes(zip_of(kept))
    return path


@pytest.mark.ci
def test_weights_that_are_pickled_objects_are_not_loaded(folder, canary):
    path = dense(folder, "model.keras")
    arrays = zip_of({"__root__.npy": objects(canary), "layers.npy": objects(canary)})
    file = "model.weights.npz"
    assert refusal(repacked(path, {file: arrays}, without="model.weights.h5"))


SLIPS = [
    "../../elsewhere/canary",
    "/{canary}",
    "..\\..\\elsewhere\\canary",
    "a/../../x",
]


@pytest.mark.ci
@pytest.mark.parametrize("name", SLIPS)
def test_an_archive_writes_nothing_beside_itself(name, folder, canary, tmp_path):
    path = dense(folder, "model.keras")
    name = name.format(canary=str(canary)[1:])
    repacked(path, {name: b"x", f"assets/{name}": b"x"})
    frozen(path)


@pytest.mark.ci
@pytest.mark.parametrize("name", ["../elsewhere/model.h5", "/{model}", "a/../../m.h5"])
def test_a_model_in_a_zip_is_the_one_of_the_zip(name, folder, tmp_path):
    inner = dense(folder, "model.h5")
    name = name.format(model=str(tmp_path / "elsewhere" / "model.h5")[1:])
    path = folder / "export.zip"
    path.write_bytes(zip_of({name: inner.read_bytes()}))
    inner.unlink()
    assert freeze(path, output=folder / "frozen.pb").output.exists()


def test_a_link_in_a_zip_leads_nowhere(folder, canary):
    item = zipfile.ZipInfo("model.h5")
    item.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr(item, str(canary.parent / "secret"))
    assert "private" not in refusal(folder / "export.zip")


def with_arrays(path: Path, change) -> Path:
    """The HDF5 file, its kernel replaced by what `change` makes in its group."""
    kernels: list[h5py.Dataset] = []

    def look(_: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and item.shape == (30, 10):
            kernels.append(item)

    with h5py.File(path, "r+") as file:
        file.visititems(look)
        name, group = kernels[0].name.rpartition("/")[2], kernels[0].parent
        del group[name]
        change(group, name)
    return path


def outer_bytes(group: h5py.Group, name: str, secret: Path) -> None:
    group.create_dataset(name, (30, 10), "f4", external=[(str(secret), 0, 1200)])


def outer_array(group: h5py.Group, name: str, secret: Path) -> None:
    group[name] = h5py.ExternalLink(str(secret), "/kernel")


def outer_part(group: h5py.Group, name: str, secret: Path) -> None:
    layout = h5py.VirtualLayout((30, 10), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "/kernel", (30, 10))
    group.create_virtual_dataset(name, layout)


@pytest.mark.ci
@pytest.mark.parametrize("change", [outer_bytes, outer_array, outer_part])
@pytest.mark.parametrize("packed", [False, True], ids=["HDF5", ".keras"])
def test_an_array_is_not_taken_from_another_file(change, packed, folder, canary):
    secret = canary.parent / "secret"
    path = dense(folder, "model.keras" if packed else "model.h5")
    weights = folder / "weights.h5"
    if packed:
        weights.write_bytes(members_of(path.read_bytes())["model.weights.h5"])
    changed = weights if packed else path
    with_arrays(changed, lambda group, name: change(group, name, secret))
    if packed:
        repacked(path, {"model.weights.h5": weights.read_bytes()})
        weights.unlink()
    said = refusal(path)
    assert "takes the array" in said
    assert "from another file" in said


@pytest.mark.ci
def test_an_array_without_bytes_is_not_unpacked(folder):
    def change(group: h5py.Group, name: str) -> None:
        group.create_dataset(name, (10**6, 10**6), "f4", chunks=(1000, 1000))

    said = refusal(with_arrays(dense(folder, "model.h5"), change))
    assert "unpacks to 4,000,000 MB" in said


@pytest.mark.ci
def test_a_group_that_is_part_of_itself_is_read_once(folder):
    path = dense(folder, "model.h5")
    with h5py.File(path, "r+") as file:
        file["model_weights/again"] = file["model_weights"]
    frozen(path)


@pytest.mark.ci
@pytest.mark.parametrize("name", ["model.keras", "model.zip"])
def test_an_archive_that_unpacks_to_far_more_is_refused(name, folder):
    with zipfile.ZipFile(folder / name, "w", zipfile.ZIP_DEFLATED) as archive:
        if name == "model.keras":
            archive.writestr("config.json", "{}")
        with archive.open("model.h5", "w", force_zip64=True) as file:
            for _ in range(SMALL // 2**22 + 1):
                file.write(bytes(2**22))
    assert "over 20 times as much" in refusal(folder / name)


# Graphs and their checkpoints


def save(canary: Path):
    return tf1.raw_ops.Save(filename=str(canary), tensor_names=["a"], data=[1.0])


def summary(canary: Path):
    return tf1.raw_ops.CreateSummaryFileWriter(
        writer=tf1.raw_ops.SummaryWriter(),
        logdir=str(canary),
        max_queue=1,
        flush_millis=1,
        filename_suffix="x",
    )


def python(canary: Path):
    """A Python function, whose key another program's file could name, too."""
    return tf1.raw_ops.PyFunc(input=[], token="pyfunc_of_another_program", Tout=[])


OPS = {
    "WriteFile": lambda canary: tf.io.write_file(str(canary), "x"),
    "Save": save,
    "PrintV2": lambda canary: tf.print("x", output_stream=f"file://{canary}"),
    "SummaryWriter": summary,
    "PyFunc": python,
}


def network(op: str, canary: Path, weight: Callable) -> tf1.Graph:
    """y_pred = w x, computed after the op."""
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, 4], name="x")
        with tf1.control_dependencies([OPS[op](canary)]):
            tf1.multiply(x, weight(), name="y_pred")
    return graph


def variable() -> tf1.Variable:
    with tf1.control_dependencies(None):  # not after the op
        return tf1.get_variable("w", initializer=2.0, use_resource=False)


def checkpoint(op: str, folder: Path, canary: Path) -> Path:
    """The folder with the network's checkpoint."""
    with network(op, canary, variable).as_default(), tf1.Session() as session:
        saver = tf1.train.Saver()
        session.run(tf1.global_variables_initializer())
        saver.save(session, str(folder / "model-ckpt"))
    return folder


@pytest.mark.parametrize("op", OPS)
def test_a_checkpoint_whose_graph_does_more_than_compute_is_not_run(op, folder, canary):
    checkpoint(op, folder, canary)
    report = frozen(folder, outputs=["y_pred"])
    kept = (
        []
        if report is None
        else tf1.GraphDef.FromString(report.output.read_bytes()).node
    )
    assert op not in {node.op for node in kept} or report.proof.verdict == "unproven"


@pytest.mark.parametrize("op", OPS)
def test_a_frozen_graph_that_does_more_than_compute_is_not_served(op, folder, canary):
    graph_def = network(op, canary, lambda: 2.0).as_graph_def()
    (folder / "model.pb").write_bytes(graph_def.SerializeToString())
    spec = {"input": "x:0", "output": "y_pred:0", "output_is": "values"}
    with pytest.raises(ValueError, match=op):
        FrozenModel.load(folder / "model.pb", stated=spec)


def test_a_file_that_a_meta_graph_names_is_not_read(folder, canary):
    checkpoint("PyFunc", folder, canary)
    meta = tf1.MetaGraphDef.FromString((folder / "model-ckpt.meta").read_bytes())
    meta.asset_file_def.add(filename=str(canary.parent / "secret"))
    (folder / "model-ckpt.meta").write_bytes(meta.SerializeToString())
    report = frozen(folder, outputs=["y_pred"])
    assert report is None or SECRET[:9] not in report.output.read_bytes()


def test_a_card_that_is_a_pickle_or_python_is_a_text(folder, canary):
    code = f"__import__('os').open({str(canary)!r}, 64)".encode()
    for card in (pickled(canary), code, b"!!python/object/apply:os.getcwd []"):
        with tf1.Graph().as_default() as graph:
            tf1.placeholder(tf1.float32, [None, 4], name="x")
            tf1.constant(card, name="model_card")
        (folder / "model.pb").write_bytes(graph.as_graph_def().SerializeToString())
        with pytest.raises(ValueError, match="card"):
            FrozenModel.load(folder / "model.pb")


@pytest.mark.parametrize("name", ["labels.txt", "labels.json", "metadata.json"])
def test_a_labels_file_that_is_a_pickle_is_refused(name, folder, canary):
    (folder / name).write_bytes(pickled(canary))
    with pytest.raises((ValueError, FreezeError)):
        names_in(folder / name)
