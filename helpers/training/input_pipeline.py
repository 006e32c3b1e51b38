"""What a training run learns from, and how it is fed."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from helpers.data import drawings
from helpers.data.photos import (
    SPLITS,
    Examples,
    NoPhotosError,
    drawn_examples,
    find_data_set,
    load_photos,
)
from helpers.training.augmentation import Augmenter
from helpers.training.outliers import make_outliers

MARGIN = 12  # training photos are this much larger, so that a crop keeps its detail
DRAWINGS = 2000  # where there are no photos


class Mixture(NamedTuple):
    """What goes into a training besides the photos; shares of the whole."""

    drawings: float = 0.1
    outliers: float = 0.0  # pictures that are neither, labelled -1
    augments: bool = False


class Material(NamedTuple):
    """Examples to learn from, and others to examine on, by what they are."""

    train: Examples
    held_out: dict[str, Examples]  # "photos", "drawings": their held-out splits


def gather(data: Path, size: int, mixture: Mixture) -> Material:
    """The photos in a folder, or else drawings, mixed as the recipe says.

    Raises:
      ValueError: the photos are too few to train, validate and test on.
    """
    larger = size + MARGIN * mixture.augments
    try:
        data_set = find_data_set(data)
    except NoPhotosError:
        drawn = drawn_examples(DRAWINGS, size=size)
        train = (
            drawn_examples(DRAWINGS, seed=1, size=larger) if larger > size else drawn
        )
        return Material(_with_outliers(train.of("train"), mixture), {"drawings": drawn})
    photos = load_photos(data_set, size)
    for split in SPLITS:
        if split not in photos.splits:
            raise ValueError(
                f"{photos.source} are too few: by their hashes none is for {split}; "
                "expected some dozens of each class"
            )
    train = load_photos(data_set, larger).of("train") if larger > size else photos
    train, held_out = train.of("train"), {"photos": photos}
    if photos.class_names == drawings.CLASS_NAMES and mixture.drawings:
        count = round(len(train.labels) * mixture.drawings / (1 - mixture.drawings))
        train = joined(train, drawn_examples(count, seed=1, size=larger))
        held_out["drawings"] = drawn_examples(DRAWINGS, seed=2, size=size)
    return Material(_with_outliers(train, mixture), held_out)


def _with_outliers(train: Examples, mixture: Mixture) -> Examples:
    count = round(len(train.labels) * mixture.outliers)
    if not count:
        return train
    images = make_outliers(count, seed=1, size=train.images.shape[1])
    labels = np.full(count, -1)
    splits = np.full(count, "train")
    source = f"{count:,} pictures of nothing known"
    return joined(train, Examples(images, labels, splits, train.class_names, source))


def joined(one: Examples, other: Examples) -> Examples:
    """Two sets of examples as one."""
    return one._replace(
        images=np.concatenate([one.images, other.images]),
        labels=np.concatenate([one.labels, other.labels]),
        splits=np.concatenate([one.splits, other.splits]),
        source=f"{one.source}, {other.source}",
    )


class Feed:
    """Batches of training pictures and targets, the same for the same seed."""

    def __init__(self, train: Examples, batch_size: int, smoothing: float):
        self.train, self.batch_size, self.smoothing = train, batch_size, smoothing
        self.steps = -(-len(train.labels) // batch_size)  # in an epoch

    def epoch(
        self, seed: list[int], first: int, augmenter: Augmenter | None
    ) -> Iterator:
        """One epoch from step `first` on: float32 pictures in [0, 1], and targets."""
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
        """One-hot rows, smoothed; for label -1 all classes are alike."""
        classes = len(self.train.class_names)
        labels = self.train.labels[rows]
        targets = np.eye(classes, dtype=np.float32)[labels]
        targets[labels < 0] = 1 / classes
        return targets * (1 - self.smoothing) + self.smoothing / classes


def prefetched(items: Iterator, depth: int = 3) -> Iterator:
    """The same items, each made in another thread while an earlier one is used."""
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
