"""Loads the training data and feeds it in batches."""

import queue
import threading
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from helpers.data import drawings
from helpers.data.data_sets import DataSet
from helpers.data.photo_index import IndexedPhoto, index_photos
from helpers.data.photos import Examples, drawn_examples, load_photos
from helpers.data.progress import progress
from helpers.data.split_folders import SPLITS
from helpers.training.augmentation import Augmenter
from helpers.training.outliers import make_outliers

MARGIN = 12  # pixels by which images that will be cropped are larger
DRAWINGS = 2000  # to train on alone, or to evaluate on
SIZES = (32, 48, 64, 96)  # of the images where all photos are that small


class Mixture(NamedTuple):
    """What is mixed into the training photos, as shares of the whole."""

    drawings: float = 0.1  # only if drawings are asked for
    outliers: float = 0.0  # images of no known class, labelled -1
    augments: bool = False


class TrainingData(NamedTuple):
    """Examples to train on, and others to evaluate on."""

    train: Examples
    held_out: dict[str, Examples]  # "photos", "drawings": validation and test splits


def image_size_for(
    photos: list[IndexedPhoto], largest: int, smallest: int = SIZES[0]
) -> int:
    """The image size, up to `largest`, at which no photo is reduced and few enlarged.

    Enlarging a photo costs time and adds no information.
    """
    side = max((photo.side for photo in photos), default=0)
    fitting = [size for size in SIZES if side <= size and smallest <= size < largest]
    return min(fitting, default=largest) if side else largest


def load_examples(
    data_set: DataSet,
    size: int,
    mixture: Mixture,
    *,
    with_drawings: bool = False,
    photos: list[IndexedPhoto] | None = None,
) -> TrainingData:
    """The photos of a data set, with the mixture added.

    Args:
      size: width of the images, in pixels.
      with_drawings: mix in drawings of cats and dogs, and outliers that are drawn.
      photos: from `index_photos`, so that the files are not read once more.
    Raises:
      ValueError: there are too few photos of a class or of a split, or drawings are
        asked for and the classes are not "cat" and "dog".
    """
    larger = size + MARGIN * mixture.augments
    photos = index_photos(data_set) if photos is None else photos
    loaded = load_photos(data_set, size, photos=photos)
    _check_splits(loaded)
    train = loaded.of("train")
    if larger > size:
        unreadable = {item.path for item in loaded.left_out}
        again = [
            photo
            for photo in photos
            if SPLITS[photo.split] == "train" and photo.path not in unreadable
        ]
        enlarged = load_photos(data_set, larger, photos=again)
        train = enlarged._replace(source=loaded.source)
    held_out = {"photos": loaded}
    if with_drawings:
        if loaded.class_names != drawings.CLASS_NAMES:
            raise ValueError(
                "drawings are of a cat and a dog, and the classes here are "
                f"{', '.join(loaded.class_names)}: leave out --drawings, or name the "
                "folders cat and dog"
            )
        count = round(len(train.labels) * mixture.drawings / (1 - mixture.drawings))
        with progress("making drawings"):
            train = concatenate(train, drawn_examples(count, seed=1, size=larger))
            held_out["drawings"] = drawn_examples(DRAWINGS, seed=2, size=size)
    return TrainingData(_with_outliers(train, mixture, with_drawings), held_out)


def drawn_training_data(size: int, mixture: Mixture) -> TrainingData:
    """Drawings alone, with the outliers of the mixture added."""
    larger = size + MARGIN * mixture.augments
    with progress("making drawings"):
        drawn = drawn_examples(DRAWINGS, size=size)
        train = drawn_examples(DRAWINGS, 1, larger) if larger > size else drawn
        train = _with_outliers(train.of("train"), mixture, True)
    return TrainingData(train, {"drawings": drawn})


def _check_splits(photos: Examples) -> None:
    """Refuse photos without a second class, or without one of the splits."""
    if len(photos.class_names) < 2:
        raise ValueError(
            f"{photos.source} are of one class only; the other photos cannot be read: "
            "see the files that were left out"
        )
    for split in SPLITS:
        if split not in photos.splits:
            raise ValueError(
                f"{photos.source} are too few: by their hashes none is for {split}; "
                "expected some dozens of each class"
            )
    counts = photos.of("train").counts()
    for name, count in zip(photos.class_names, counts, strict=True):
        if not count:
            raise ValueError(
                f"there are too few photos of {name} in {photos.source}: by their "
                "hashes none is for train; expected some dozens of each class"
            )


def _with_outliers(train: Examples, mixture: Mixture, drawn: bool) -> Examples:
    count = round(len(train.labels) * mixture.outliers)
    if not count:
        return train
    images = make_outliers(count, seed=1, size=train.images.shape[1], drawn=drawn)
    labels = np.full(count, -1)
    splits = np.full(count, "train")
    source = f"{count:,} pictures of nothing known"
    outliers = Examples(images, labels, splits, train.class_names, source)
    return concatenate(train, outliers)


def concatenate(one: Examples, other: Examples) -> Examples:
    """The examples of both."""
    return one._replace(
        images=np.concatenate([one.images, other.images]),
        labels=np.concatenate([one.labels, other.labels]),
        splits=np.concatenate([one.splits, other.splits]),
        source=f"{one.source}, {other.source}",
    )


class Feed:
    """Batches of training images and targets, in an order that a seed determines."""

    def __init__(self, train: Examples, batch_size: int, smoothing: float):
        self.train, self.batch_size, self.smoothing = train, batch_size, smoothing
        self.steps = -(-len(train.labels) // batch_size)  # in an epoch

    def epoch(
        self, seed: list[int], first: int, augmenter: Augmenter | None
    ) -> Iterator:
        """Yields float32 images in [0, 1] and targets from step `first` of an epoch."""
        order = np.random.default_rng(seed).permutation(len(self.train.labels))
        for step in range(first, self.steps):
            rows = order[step * self.batch_size :][: self.batch_size]
            images, targets = self.train.images[rows], self.targets(rows)
            if augmenter:
                rng = np.random.default_rng([*seed, step])
                yield augmenter(images, rng), targets
            else:
                yield images / np.float32(255), targets

    def targets(self, rows: np.ndarray) -> np.ndarray:
        """Smoothed one-hot rows, float32 [N, classes]; uniform for the label -1."""
        classes = len(self.train.class_names)
        labels = self.train.labels[rows]
        targets = np.eye(classes, dtype=np.float32)[labels]
        targets[labels < 0] = 1 / classes
        return targets * (1 - self.smoothing) + self.smoothing / classes


def prefetch(items: Iterator, depth: int = 3) -> Iterator:
    """Yields the items; another thread produces up to `depth` of them in advance."""
    made: queue.Queue = queue.Queue(depth)
    stop = threading.Event()

    def make() -> None:
        try:
            for item in items:
                if stop.is_set():
                    return
                made.put((item, None))
            made.put((None, StopIteration()))
        except Exception as error:  # raised again where the items are used
            made.put((None, error))

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if isinstance(error, StopIteration):
                return
            if error:
                raise error
            yield item
    finally:
        stop.set()
        while thread.is_alive():
            while not made.empty():
                made.get()
            thread.join(0.01)
