"""Say what a model of another program is, and how to get one that can be frozen.

Each is recognised by its content, or in a zip or folder by the names of its files.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from helpers.checkpoints.file_contents import Content
from helpers.checkpoints.tables import TableError
from helpers.checkpoints.wire_format import BYTES, VARINT, fields
from helpers.foreign.json_text import KERAS, parse_json
from helpers.freezing.errors import FreezeError

GIVE = "give a checkpoint's prefix, folder or files, a SavedModel or a Keras model"
LFS = b"version https://git-lfs.github.com/spec/"
PYTORCH = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19"  # of torch.save before 1.6
EMPTY_ZIP = b"PK\x05\x06"
WEB_PAGE = re.compile(rb"\s*(<!doctype html|<html)", re.I)
YAML = re.compile(rb"^class_name: ", re.M)
ONNX_FIELDS = {(1, VARINT), (7, BYTES), (8, BYTES)}  # ir_version, graph, opset_import
LARGEST_TEXT = 10**8  # bytes
EXPORTED_AGAIN = (
    "export it from Teachable Machine again, as Tensorflow and there Keras, and give "
    "that zip"
)


class OtherModel(NamedTuple):
    """What a file is, and how to get a model that can be frozen."""

    what: str
    fix: str


JAVASCRIPT = OtherModel(
    "a TensorFlow.js model",
    "give the Keras file or the SavedModel that it was converted from",
)
LITE = JAVASCRIPT._replace(what="a TensorFlow Lite model")
TORCH = OtherModel(
    "a PyTorch model",
    "freeze the same network of TensorFlow or Keras; PyTorch's cannot be frozen",
)
ONNX = OtherModel(
    "an ONNX model",
    "give the TensorFlow model that it was converted from, or convert it with onnx2tf "
    "and freeze the SavedModel",
)
ARRAYS = OtherModel(
    "a file of NumPy arrays, without the layers that they belong to",
    "load them in Python into the model, save that whole (model.save('model.keras')), "
    "and freeze it",
)
CONFIG = OtherModel(
    "the description of a Keras model, without its weights",
    "make the model of it in Python (keras.models.model_from_json), load the weights "
    "(model.load_weights), save it whole (model.save('model.keras')), and freeze that",
)


def refusal_of(path: Path, found: Content) -> FreezeError:
    """The error for a file that holds no graph, by what it holds."""
    other = _in_file(path, found)
    if other:
        return FreezeError(f"{path} is {other.what}", other.fix)
    return FreezeError(f"{path} is {found.what}", GIVE)


def other_model_among(
    names: Sequence[str], read: Callable[[str], bytes]
) -> OtherModel | None:
    """The model of another program that the files of a folder or a zip are, if any.

    Args:
      names: of the files, with `/` between folders.
      read: reads the file of a name.
    """
    base = {PurePosixPath(name).name: name for name in names}
    ends = {PurePosixPath(name).suffix.lower() for name in names}
    metadata = _parsed(read(base["metadata.json"])) if "metadata.json" in base else None
    if kind := _teachable_machine(metadata, base, ends):
        return kind
    if "model.json" in base and (kind := _in_text(read(base["model.json"]))):
        return kind
    if ".tflite" in ends:
        return LITE
    if ".onnx" in ends:
        return ONNX
    if "data.pkl" in base or ends & {".pt", ".pth"}:
        return TORCH
    if ends == {".npy"}:
        return ARRAYS
    return None


def _teachable_machine(
    metadata: Any, base: dict[str, str], ends: set[str]
) -> OtherModel | None:
    """A model of Teachable Machine of another kind than Keras."""
    stated = metadata if isinstance(metadata, dict) else {}
    package = str(stated.get("packageName", ""))
    is_sound = "tfjsSpeechCommandsVersion" in stated
    is_sound |= any(name.startswith("soundclassifier") for name in base)
    if is_sound or package == "@teachablemachine/pose":
        kind = "sound" if is_sound else "pose"
        return OtherModel(
            f"a {kind} model of Teachable Machine, which exports these for "
            "TensorFlow.js or TensorFlow Lite only",
            "train an image project there, and export it as Tensorflow and there Keras",
        )
    lite = ".tflite" in ends and "labels.txt" in base
    if package == "@teachablemachine/image" or lite:
        form = "TensorFlow Lite" if lite else "TensorFlow.js"
        return OtherModel(f"Teachable Machine's export for {form}", EXPORTED_AGAIN)
    return None


def _in_file(path: Path, found: Content) -> OtherModel | None:
    """What a single file is."""
    if found.kind == "TensorFlow Lite":
        beside = [file.name for file in path.parent.glob("labels.txt")]
        names = [path.with_suffix(".tflite").name, *beside]
        return other_model_among(names, lambda name: b"")
    with path.open("rb") as file:
        data = file.read(LARGEST_TEXT)
    if data.startswith(LFS):
        return OtherModel(
            "a pointer of Git LFS, which stands for the file itself",
            "run `git lfs pull` where it was cloned, or download the file itself",
        )
    if WEB_PAGE.match(data):
        return OtherModel(
            "a web page", "download the file itself, such as by the link `raw`"
        )
    if data.startswith(EMPTY_ZIP):
        return OtherModel("an empty zip", GIVE)
    if data[8:9] == b"{" and path.suffix == ".safetensors":
        return ARRAYS._replace(what="a file of weights, without their layers")
    if data.startswith(PYTORCH):
        return TORCH
    if data.startswith(b"\x93NUMPY"):
        return ARRAYS
    if found.kind == "text":
        return _in_text(data)
    return ONNX if _is_onnx(data) else None


def _in_text(data: bytes) -> OtherModel | None:
    described = _parsed(data)
    if isinstance(described, dict):
        if {"modelTopology", "weightsManifest"} & described.keys():
            return JAVASCRIPT
        if {"class_name", "config"} <= described.keys():
            return CONFIG
    if YAML.search(data) and b"config:" in data:
        what = "the description of a Keras model as YAML, without its weights"
        how = "Sequential.from_config or Model.from_config, of the YAML's `config`"
        fix = CONFIG.fix.replace("keras.models.model_from_json", how)
        return OtherModel(what, fix)
    return None


def _is_onnx(data: bytes) -> bool:
    try:
        return {(f.number, f.kind) for f in fields(data)} >= ONNX_FIELDS
    except TableError:
        return False


def _parsed(data: bytes) -> Any:
    """The content of JSON; None for another text."""
    try:
        return parse_json(data, "it", KERAS)
    except ValueError:
        return None
