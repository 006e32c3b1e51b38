"""A complete training run, as `python -m helpers train` starts it."""

import os
from pathlib import Path

import click
import tensorflow as tf

from helpers.checkpoints.checkpoint import card_of
from helpers.data.data_sets import DataSet, NoPhotosError, find_data_set
from helpers.data.folders import describe_left_out
from helpers.data.photo_index import index_photos
from helpers.data.progress import print_line
from helpers.data.split_folders import SPLITS
from helpers.training.checkpoint_folder import CheckpointFolder
from helpers.training.folder_lock import locked_folder
from helpers.training.input_pipeline import (
    TrainingData,
    drawn_training_data,
    image_size_for,
    load_examples,
)
from helpers.training.loop import Trainer
from helpers.training.recipes import RECIPES
from helpers.training.request import Request
from helpers.training.results import confusion_table, describe_result, notes_on
from helpers.training.save_errors import save_errors
from helpers.whole_files import write_whole

ASIRRA = (
    "trained on the photos of the Dogs vs. Cats (Asirra) set, whose licence is not "
    "stated; apart from the code's MIT licence"
)
LEFT_OUT = "left_out.txt"


def train_in_folder(
    network: str,
    data: Path,
    out: Path,
    *,
    epochs: int | None,
    seed: int,
    drawings: bool = False,
    image_size: int | None = None,
    nested: bool = False,
) -> str:
    """Train a network, or resume its training, in folder `out`.

    Args:
      data: folder of photos.
      epochs: by default the recipe's.
      drawings: mix in drawings; without photos, train on drawings alone.
      image_size: in pixels; by default the recipe's, or less if all photos are smaller.
      nested: every folder in `data` is a class, even if it holds folders only.
    Returns:
      the prefix of the finished checkpoint.
    Raises:
      SaveError: `out` cannot be written to; what was saved is whole.
      ValueError: the data is no data set, `out` holds another training, or another
        process trains in it.
    """
    request = Request(network, data, out, epochs, seed, drawings, image_size, nested)
    recipe = RECIPES[network]
    if image_size and image_size < recipe.smallest_size:
        raise ValueError(
            f"{network} takes images of {recipe.smallest_size} pixels or more, "
            f"not {image_size}"
        )
    data_set = _data_set(request)
    with locked_folder(out):
        return _train(request, data_set)


def _train(request: Request, data_set: DataSet | None) -> str:
    """Train, or say that there is nothing to do; returns the prefix."""
    network, out, recipe = request.network, request.out, RECIPES[request.network]
    fingerprint = request.fingerprint(data_set)
    if finished := _finished(request, fingerprint):
        print_line(_describe_finished(out, finished[1]))
        return finished[0]
    size, examples = _load(request, data_set)
    photos = next(iter(examples.held_out.values()))
    for note in _notes(request, data_set, examples, size):
        click.echo(note, err=True)
    print_line(f"training {network} on {examples.train.source}")
    card = {
        "network": network,
        "class_names": list(photos.class_names),
        "image_size": size,
        "pixels": "0..1",
        "input": "x:0",
        "output": "y_pred:0",
        "seed": request.seed,
        "epochs": request.epochs or recipe.epochs,
        "data": examples.train.source,
        "data_fingerprint": fingerprint,
        "splits": {name: len(photos.of(name).labels) for name in SPLITS},
        "train_command": request.command(),
        "tensorflow": tf.__version__,
    }
    if "in cats-dogs" in examples.train.source:
        card["licence"] = ASIRRA
    trainer = Trainer(card, examples, out)
    try:
        with save_errors(out):
            _write_left_out(out, data_set, examples)
        _run(trainer)
    finally:
        trainer.close()
    return trainer.prefix


def _data_set(request: Request) -> DataSet | None:
    """The photos to train on; None: drawings alone."""
    try:
        return find_data_set(request.data, nested=request.nested)
    except NoPhotosError as error:
        if request.drawings:
            return None
        raise NoPhotosError(f"{error}; --drawings trains on drawings instead") from None


def _finished(request: Request, fingerprint: str) -> tuple[str, dict] | None:
    """The prefix and card of the same training, if all its epochs are done."""
    folder = CheckpointFolder(request.out)
    prefix = folder.latest()
    if not prefix or not Path(f"{prefix}.meta").exists():
        return None
    card = card_of(f"{prefix}.meta") or {}
    wanted = request.epochs or RECIPES[request.network].epochs
    same = card.get("data_fingerprint") == fingerprint and "held_out" in card
    if not same or card.get("epochs", 0) < wanted:
        return None
    if os.access(request.out, os.W_OK):
        folder.sweep()
    return prefix, card


def _describe_finished(out: Path, card: dict) -> str:
    results = (describe_result(*item) for item in card["held_out"].items())
    return (
        f"{out} holds this training, finished after {card['epochs']:g} epochs: nothing "
        f"to do (held out: {next(results)}); more --epochs continue it"
    )


def _load(request: Request, data_set: DataSet | None) -> tuple[int, TrainingData]:
    """The image size, and the examples of that size."""
    recipe = RECIPES[request.network]
    if data_set is None:
        size = request.image_size or recipe.image_size
        return size, drawn_training_data(size, recipe.mixture)
    photos = index_photos(data_set)
    size = request.image_size or image_size_for(
        photos, recipe.image_size, recipe.smallest_size
    )
    examples = load_examples(
        data_set,
        size,
        recipe.mixture,
        with_drawings=request.drawings,
        photos=photos,
    )
    return size, examples


def _notes(
    request: Request, data_set: DataSet | None, examples: TrainingData, size: int
) -> list[str]:
    """What was assumed and left out, one line each."""
    if data_set is None:
        return [f"note: there are no photos in {request.data}: drawings alone"]
    notes = [*data_set.notes, *notes_on(examples.held_out["photos"])]
    if size < RECIPES[request.network].image_size and not request.image_size:
        notes.append(
            f"the images have {size} pixels a side, as no photo is larger than that; "
            "--image-size N changes it"
        )
    lines = [f"note: {note}" for note in notes]
    left_out = describe_left_out(data_set.left_out, data_set.root)
    lines += [f"left out: {line}" for line in left_out]
    unreadable = examples.held_out["photos"].left_out
    if data_set.left_out or unreadable:
        count = len(data_set.left_out) + len(unreadable)
        lines.append(f"left out: {count:,} in all, each named in {LEFT_OUT}")
    return lines


def _write_left_out(
    out: Path, data_set: DataSet | None, examples: TrainingData
) -> None:
    """Name each file that was left out in a text file beside the checkpoint."""
    if data_set:
        every = sorted([*data_set.left_out, *examples.held_out["photos"].left_out])
        if every:
            lines = "".join(f"{item}\n" for item in every)
            write_whole(out / LEFT_OUT, lines.encode("utf-8", "backslashreplace"))


def _run(trainer: Trainer) -> None:
    """Train the epochs that are left, evaluate, and print the results."""
    card = trainer.card
    if trainer.done:
        print_line(f"resuming after {trainer.share:.0%} of {card['epochs']} epochs")
    if trainer.share < 1:
        minutes = max(1, round(trainer.expected_minutes()))
        print_line(f"expected: {minutes} min at the pace of the first steps")
    for epoch in trainer.run():
        print_line(
            f"epoch {epoch.epoch:3}  loss {epoch.loss:.3f}  "
            f"accuracy {epoch.accuracy:.1%}  validation {epoch.validation:.1%}  "
            f"{epoch.photos_per_second:.0f} photos/s"
        )
    for name, result in trainer.finish()["held_out"].items():
        print_line(f"held out: {describe_result(name, result)}")
    name, result = next(iter(card["held_out"].items()))
    print_line(f"confusion of {result['count']:,} {name} for tests:")
    print_line(confusion_table(card["class_names"], result["confusion"]))
