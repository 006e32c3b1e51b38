"""Find the one model in a folder or in a zip, as exporting programs write them."""

import atexit
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from helpers.checkpoints.file_contents import SAVED_MODEL_FILES
from helpers.freezing.errors import FreezeError, first_line, first_names
from helpers.freezing.sources.keras.hdf5_storage import check_size
from helpers.freezing.sources.other_formats import LARGEST_TEXT, other_model_among

KERAS = (".keras", ".h5", ".hdf5")
KERAS_CONFIG = "config.json"  # of a .keras file, which is a zip itself
COMPANIONS = (".txt", ".json")  # the class names beside a model
ENCRYPTED = 1  # the bit of a member's flags
LARGEST = 8 * 10**9  # bytes
DAMAGES = (  # what reading and extracting a damaged zip raises
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(RuntimeError, UnicodeDecodeError),
)


def model_in_folder(folder: Path) -> Path | None:
    """The only Keras file of a folder, or else the only SavedModel below it.

    Returns:
      the Keras file or the SavedModel's `saved_model.pb`; None: it has neither.
    Raises:
      FreezeError: it has several.
    """
    names = [path.name for path in folder.iterdir() if path.is_file()]
    below = [
        str(path.relative_to(folder))
        for name in SAVED_MODEL_FILES
        for depth in ("*", "*/*", "*/*/*")
        for path in folder.glob(f"{depth}/{name}")
    ]
    name = _only(folder, _models(names) or sorted(below), "give one of them")
    return folder / name if name else None


def refusal_of_folder(folder: Path) -> FreezeError:
    """The error for a folder with neither a model nor a checkpoint in it."""
    names = sorted(path.name for path in folder.iterdir())
    files = [name for name in names if (folder / name).is_file()]
    if other := other_model_among(files, lambda name: (folder / name).read_bytes()):
        return FreezeError(f"{folder} holds {other.what}", other.fix)
    if (folder / "variables").is_dir():
        return FreezeError(
            f"{folder}/saved_model.pb is missing: it holds the graph, and the folder "
            "`variables` beside it holds the values only",
            "copy the whole folder of the SavedModel",
        )
    graphs = [name for name in files if name.endswith((".pb", ".pbtxt"))]
    return FreezeError(
        f"{folder} holds no model: {first_names(names)}"
        if names
        else f"{folder} is empty",
        f"give a graph by itself: {', '.join(graphs[:5])}"
        if graphs
        else "give a folder with a checkpoint's .index file, a SavedModel or a Keras "
        "file in it",
    )


def _only(where: Path, names: Sequence[str], fix: str) -> str | None:
    if len(names) > 1:
        shown = ", ".join(_shown(name) for name in names[:5])
        raise FreezeError(f"{where} holds {len(names)} models: {shown}", fix)
    return names[0] if names else None


def _shown(name: str) -> str:
    """A model's name: that of its folder for a SavedModel."""
    path = PurePosixPath(name)
    in_folder = path.name in SAVED_MODEL_FILES and path.parent != PurePosixPath()
    return str(path.parent) if in_folder else name


def is_export(path: Path) -> bool:
    """Whether a file is a zip, and not a `.keras` file."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return KERAS_CONFIG not in archive.namelist()
    except DAMAGES as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> FreezeError:
    return FreezeError(
        f"{path} cannot be extracted: {first_line(error)}", "copy or download it again"
    )


def extracted_model(path: Path) -> Path:
    """The model of a zip, extracted for as long as this process runs.

    It is a Keras file or the file of a SavedModel; class names lie beside it as they do
    in the zip.

    Raises:
      FreezeError: the zip holds no model or several, or is damaged or very large.
    """
    with zipfile.ZipFile(path) as archive:
        named = [item for item in archive.infolist() if item.filename]
        items = [item for item in named if not item.is_dir()]
        files = [i.filename for i in items if not i.filename.startswith("__MACOSX/")]
        fix = "extract it, and give one of them"
        model = _only(path, _models(files), fix)
        try:
            if model is None:
                raise _no_model(path, files, partial(_read_text, archive))
            wanted = {model, *_companions(files, PurePosixPath(model))}
            size = sum(item.file_size for item in items if item.filename in wanted)
            if size > LARGEST:
                raise FreezeError(
                    f"{path} holds {size / 1e9:.0f} GB, over {LARGEST / 1e9:.0f}",
                    "extract it yourself, and give the model in it",
                )
            check_size(size, path.stat().st_size, path)
            folder = tempfile.mkdtemp()
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            # Where they are extracted to: a name may lead out of the folder.
            places = {name: archive.extract(name, folder) for name in wanted}
        except DAMAGES as error:
            if any(item.flag_bits & ENCRYPTED for item in items):
                raise FreezeError(
                    f"{path} is encrypted",
                    "extract it with its password, and give the model in it",
                ) from error
            raise _damaged(path, error) from error
    return Path(places[model])


def _read_text(archive: zipfile.ZipFile, name: str) -> bytes:
    """The beginning of a file that may unpack to any size."""
    with archive.open(name) as file:
        return file.read(LARGEST_TEXT)


def _no_model(
    path: Path, files: Sequence[str], read: Callable[[str], bytes]
) -> FreezeError:
    """The error for a zip in which no model of TensorFlow is."""
    if other := other_model_among(files, read):
        return FreezeError(f"{path} is {other.what}", other.fix)
    found = ", ".join(sorted(files)[:5]) or "nothing"
    return FreezeError(
        f"{path} is a zip without a model: it holds {found}",
        "give a zip of one Keras file (.h5, .keras) or one SavedModel",
    )


def _companions(files: Sequence[str], model: PurePosixPath) -> Iterator[str]:
    """The files in a SavedModel's folder, and those of class names near a model."""
    is_folder = model.name in SAVED_MODEL_FILES
    near = (model.parent, *model.parents[1:2])
    for name in files:
        inside = is_folder and model.parent in PurePosixPath(name).parents
        if inside or (PurePosixPath(name).parent in near and name.endswith(COMPANIONS)):
            yield name


def _models(files: Sequence[str]) -> list[str]:
    """The Keras files and SavedModels among the names of a zip."""
    saved = [name for name in files if PurePosixPath(name).name in SAVED_MODEL_FILES]
    keras = [name for name in files if name.lower().endswith(KERAS)]
    whole = [name for name in keras if not name.endswith(".weights.h5")]
    return sorted(saved + (whole or keras))
