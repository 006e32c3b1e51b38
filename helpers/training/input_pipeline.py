"""Loads the training data and feeds it in batches."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data import drawings
from helpers.data.data_sets import NoPhotosError, find_data_set
from helpers.data.photos import SPLITS, Examples, drawn_examples, load_photos
from helpers.training.augmentation import Augmenter
from helpers.training.outliers import make_outliers

MARGIN = 12  # pixels by which images that will be cropped are larger
DRAWINGS = 2000  # used if there are no photos


class Mixture(NamedTuple):
    """What is mixed into the training photos, as shares of the whole."""

    drawings: float = 0.1
    outliers: float = 0.0  # images of no known class, labelled -1
    augments: bool = False


class TrainingData(NamedTuple):
    """Examples to train on, and others to evaluate on."""

    train: Examples
    held_out: dict[str, Examples]  # "photos", "drawings": validation and test splits


def load_examples(data: Path, size: int, mixture: Mixture) -> TrainingData:
    """The photos in a folder, or drawings if it has none, with the mixture added.

    Args:
      size: width of the images, in pixels.
    Raises:
      ValueError: there are too few photos to train, validate and test on.
    """
    larger = size + MARGIN * mixture.augments
    try:
        data_set = find_data_set(data)
    except NoPhotosError:
        drawn = drawn_examples(DRAWINGS, size=size)
        train = drawn_examples(DRAWINGS, 1, larger) if larger > size else drawn
        held_out = {"drawings": drawn}
        return TrainingData(_with_outliers(train.of("train"), mixture), held_out)
    photos = load_photos(data_set, size)
    for split in SPLITS:
        if split not in photos.splits:
            raise ValueError(
                f"{photos.source} are too few: by their hashes none is for {split}; "
                "expected some dozens of each class"
            )
    train = (load_photos(data_set, larger) if larger > size else photos).of("train")
    held_out = {"photos": photos}
    if photos.class_names == drawings.CLASS_NAMES and mixture.drawings:
        count = round(len(train.labels) * mixture.drawings / (1 - mixture.drawings))
        train = concatenate(train, drawn_examples(count, seed=1, size=larger))
        held_out["drawings"] = drawn_examples(DRAWINGS, seed=2, size=size)
    return TrainingData(_with_outliers(train, mixture), held_out)


def _with_outliers(train: Examples, mixture: Mixture) -> Examples:
    count = round(len(train.labels) * mixture.outliers)
    if not count:
        return train
    images = make_outliers(count, seed=1, size=train.images.shape[1])
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
