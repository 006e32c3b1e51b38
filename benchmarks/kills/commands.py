"""The commands that are killed: how each starts, and what may be on the disk."""

import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from helpers.checkpoints.checkpoint import Checkpoint, card_of
from helpers.data.cats_dogs import download_cats_dogs
from helpers.data.downloads import DownloadError, sha256_of
from helpers.freezing.freeze import freeze
from helpers.training.checkpoint_folder import FINISHED, CheckpointFolder, steps_in
from helpers.training.history import read_history
from helpers.training.recipes import RECIPES, Phase, Recipe
from helpers.training.runs import train_in_folder

FORK = get_context("fork")
RECIPE = Recipe(phases=(Phase(rate=1e-3),), batch_size=16)


class Command(NamedTuple):
    """A command that writes into a folder, which is empty at first."""

    start: Callable[[Path], object]  # fill the folder with the old state
    run: Callable[[Path], object]
    check: Callable[[Path], str]  # "old" or "new"; AssertionError: it is damaged
    result: Callable[[Path], dict[str, object]]  # compared after the next run


def in_a_process(run: Callable[[Path], object], folder: Path) -> Path:
    """The folder, after this has run in a forked process to its end."""
    process = FORK.Process(target=run, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == 0, f"{run} ended with status {process.exitcode}"
    return folder


# Training


def train(photos: Path, epochs: int, folder: Path) -> None:
    RECIPES["small"] = RECIPE
    train_in_folder("small", photos, folder, epochs=epochs, seed=1)


def training(photos: Path, before: Path | None, epochs: int) -> Command:
    """A training, from nothing or from a finished one."""
    return Command(
        functools.partial(_copy, before),
        functools.partial(train, photos, epochs),
        functools.partial(_check_training, before, epochs),
        _trained,
    )


def _copy(before: Path | None, folder: Path) -> None:
    if before:
        shutil.copytree(before, folder, dirs_exist_ok=True)


def _check_training(before: Path | None, epochs: int, folder: Path) -> str:
    prefix = CheckpointFolder(folder).latest()
    if prefix is None:
        assert before is None, "the checkpoint that was there is gone"
        return "old"
    _check_whole(prefix)
    finished = CheckpointFolder(folder).finished
    if Path(f"{finished}.index").exists():
        _check_whole(finished)
    card = card_of(f"{prefix}.meta") or {}
    steps = -(-card["splits"]["train"] // RECIPE.batch_size)
    done = steps_in(prefix) / steps
    lines = [line["epoch"] for line in read_history(folder)]
    assert lines[: int(done)] == [*range(1, int(done) + 1)], f"history.csv has {lines}"
    is_new = "held_out" in card and done == epochs and prefix == finished
    return "new" if is_new else "old"


def _check_whole(prefix: str) -> None:
    damages = Checkpoint(prefix).verify()
    assert not damages, f"{prefix}: {damages[0]}"
    assert steps_in(prefix) > 0
    assert card_of(f"{prefix}.meta"), f"{prefix}.meta has no card"


def _trained(folder: Path) -> dict[str, object]:
    """The names of the files, the weights and the epochs."""
    checkpoint = Checkpoint.at(folder)
    return {
        "files": sorted(os.listdir(folder)),
        "prefix": Path(checkpoint.prefix).name,
        "epochs": [line["epoch"] for line in read_history(folder)],
        **{v.name: checkpoint.read(v.name) for v in checkpoint.variables()},
    }


def saving(trained: Path) -> Command:
    """Saves the checkpoint of `trained` as those of two steps, without TensorFlow."""
    names = (f"{FINISHED}-1", f"{FINISHED}-2")

    def write(prefix: str) -> None:
        for path in trained.glob(f"{FINISHED}.*"):
            shutil.copyfile(path, f"{prefix}{path.suffix}")

    def run(folder: Path) -> None:
        checkpoints = CheckpointFolder(folder)
        checkpoints.sweep()
        for name in names:
            checkpoints.save(name, write)

    def check(folder: Path) -> str:
        prefix = CheckpointFolder(folder).latest()
        assert prefix, "no checkpoint is left"
        _check_whole(prefix)
        return "new" if Path(prefix).name == names[-1] else "old"

    def start(folder: Path) -> None:
        CheckpointFolder(folder).save(f"{FINISHED}-0", write)

    return Command(start, run, check, _files)


# Freezing


def freezing(trained: Path, *, plain: bool) -> Command:
    """Freezes a checkpoint over an older file."""
    old: dict[str, bytes] = {"model.pb": b"the old graph"}
    if plain:
        old["model.json"] = b"the old graph's card"

    def start(folder: Path) -> None:
        for name, content in old.items():
            (folder / name).write_bytes(content)

    def run(folder: Path) -> None:
        freeze(trained, output=folder / "model.pb", outputs="y_pred", plain=plain)

    with tempfile.TemporaryDirectory(dir=trained.parent) as place:
        start(Path(place))
        before = _files(Path(place))
        after = _files(in_a_process(run, Path(place)))

    def check(folder: Path) -> str:
        files = _files(folder)
        graph, card = files["model.pb"], files.get("model.json")
        for state, wanted in (("old", before), ("new", after)):
            if graph == wanted["model.pb"]:
                # Between two names, a graph may have no card, but never another's.
                assert card in (None, wanted.get("model.json")), "another graph's card"
                return state
        raise AssertionError("model.pb is neither the old nor the new file")

    return Command(start, run, check, _files)


def _files(folder: Path) -> dict[str, object]:
    """The SHA-256 of each file in a folder, by its path in it."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): sha256_of(path) for path in paths}


# Downloading


def downloading(photos: Path, archive: Path | None) -> Command:
    """Downloads the photos, or unpacks an archive of them."""
    source = str(archive) if archive else None
    return Command(
        functools.partial(_copy, None),
        functools.partial(_download, source),
        functools.partial(_check_photos, photos),
        _files,
    )


def _download(source: str | None, folder: Path) -> None:
    try:
        download_cats_dogs(folder, source)
    except DownloadError:
        if not (folder / "cats-dogs").exists():  # unpacked by the run before
            raise


def _check_photos(photos: Path, folder: Path) -> str:
    unpacked = folder / "cats-dogs"
    if not unpacked.exists():
        return "old"
    assert _files(unpacked) == _files(photos), "some photos are missing or damaged"
    return "new"
