"""Find the one model in a folder or in a zip, as exporting programs write them."""

import atexit
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from helpers.checkpoints.file_contents import SAVED_MODEL_FILES
from helpers.freezing.errors import FreezeError

KERAS = (".keras", ".h5", ".hdf5")
KERAS_CONFIG = "config.json"  # of a .keras file, which is a zip itself
COMPANIONS = (".txt", ".json")  # the class names beside a model
LARGEST = 8 * 10**9  # bytes


def keras_file_in(folder: Path) -> Path | None:
    """The only Keras file of a folder; None: it has none.

    Raises:
      FreezeError: it has several.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in KERAS)
    whole = [path for path in files if not path.name.endswith(".weights.h5")] or files
    name = _only(str(folder), [path.name for path in whole])
    return folder / name if name else None


def _only(where: str, names: Sequence[str]) -> str | None:
    if len(names) > 1:
        raise FreezeError(
            f"{where} holds {len(names)} models: {', '.join(names[:5])}",
            "give one of them",
        )
    return names[0] if names else None


def is_export(path: Path) -> bool:
    """Whether a file is a zip, and not a `.keras` file."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return KERAS_CONFIG not in archive.namelist()


def extracted_model(path: Path) -> Path:
    """The model of a zip, extracted for as long as this process runs.

    It is a Keras file or the file of a SavedModel; class names lie beside it as they do
    in the zip.

    Raises:
      FreezeError: the zip holds no model or several, or is damaged or very large.
    """
    with zipfile.ZipFile(path) as archive:
        items = [item for item in archive.infolist() if not item.is_dir()]
        files = [i.filename for i in items if not i.filename.startswith("__MACOSX/")]
        model = _only(str(path), _models(files))
        if model is None:
            found = ", ".join(sorted(files)[:5]) or "nothing"
            raise FreezeError(
                f"{path} is a zip without a model: it holds {found}",
                "give a zip of one Keras file (.h5, .keras) or one SavedModel",
            )
        wanted = {model, *_companions(files, PurePosixPath(model))}
        size = sum(item.file_size for item in items if item.filename in wanted)
        if size > LARGEST:
            raise FreezeError(
                f"{path} holds {size / 1e9:.0f} GB, over {LARGEST / 1e9:.0f}",
                "extract it yourself, and give the model in it",
            )
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        try:
            for name in wanted:
                archive.extract(name, folder)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise FreezeError(
                f"{path} cannot be extracted: {error}", "copy or download it again"
            ) from error
    return Path(folder, model)


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
