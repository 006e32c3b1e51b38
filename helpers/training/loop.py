"""Train a network and write its checkpoint, epoch by epoch; stop and resume freely.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from helpers.checkpoints.checkpoint import Checkpoint, card_of
from helpers.serving.precision import has_bfloat16
from helpers.training.augmentation import Augmenter
from helpers.training.evaluation import calibrate, examine
from helpers.training.history import Epoch, add_epoch, summary
from helpers.training.input_pipeline import Feed, Material, prefetched
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build
from helpers.training.recipes import RECIPES, Lap

CHECKPOINT = "model-ckpt"


class Trainer:
    """One training in a folder: the four checkpoint files and a history.

    Args:
      card: needs `network`, `class_names`, `image_size`, `seed`, `epochs`, `data`.
    Raises:
      ValueError: the folder holds another training.
    """

    def __init__(self, card: dict, material: Material, out: Path):
        self.card, self.material, self.out = card, material, Path(out)
        self.recipe = RECIPES[card["network"]]
        self.prefix = str(self.out / CHECKPOINT)
        self.feed = Feed(material.train, self.recipe.batch_size, self.recipe.smoothing)
        self.done = self._steps_done()
        self.examiner = NetworkSession(build(card["network"], card))

    def _steps_done(self) -> int:
        if not Path(f"{self.prefix}.index").exists():
            return 0
        found = card_of(Path(f"{self.prefix}.meta")) or {}
        for fact in ("network", "class_names", "image_size", "seed", "data"):
            if found.get(fact) != self.card[fact]:
                raise ValueError(
                    f"{self.out} holds another training: its {fact} is "
                    f"{found.get(fact)!r}, not {self.card[fact]!r}; choose another "
                    "folder with --out, or remove this one"
                )
        return int(Checkpoint(self.prefix).read("training/global_step"))

    @property
    def steps(self) -> int:
        """In the whole training."""
        return self.feed.steps * self.card["epochs"]

    @property
    def share(self) -> float:
        """How much of the training is done, 0 to 1."""
        return min(1.0, self.done / self.steps)

    def expected_minutes(self) -> float:
        """What is left to do, judged by some steps of a learner thrown away."""
        learner = self._learner(self._size(self.done))
        rows = min(self.feed.batch_size, len(self.feed.train.labels))
        targets = self.feed.targets(np.arange(rows))
        images = np.zeros((len(targets), learner.size, learner.size, 3))
        learner.step(images, targets, 0.0)  # the first one also prepares
        started = time.perf_counter()
        for _ in range(3):
            learner.step(images, targets, 0.0)
        seconds = (time.perf_counter() - started) / 3
        learner.close()
        sizes = [self._size(step) for step in range(self.done, self.steps)]
        return seconds / 60 * sum((size / learner.size) ** 2 for size in sizes)

    def run(self) -> Iterator[Epoch]:
        """Train what is left to train, one epoch at a time.

        A KeyboardInterrupt saves what was learned and is raised on; the next run
        goes on at that step, with that step's pictures and learning rate.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        learner = None
        try:
            while self.share < 1:
                size = self._size(self.done)
                if learner is None or learner.size != size:
                    if learner:
                        learner.close()
                    learner = self._learner(size)
                yield self._epoch(learner)
        finally:
            if learner:
                learner.close()

    def _lap(self, done: int) -> tuple[Lap, float]:
        """After so many steps; and the share of it that is done."""
        return self.recipe.at(done, self.steps)

    def _size(self, done: int) -> int:
        lap, share = self._lap(done)
        return lap.size_at(share) or self.card["image_size"]

    def _learner(self, size: int) -> NetworkSession:
        network = build(self.card["network"], self.card, size=size, learns_only=True)
        fast = self.recipe.mixture.augments and has_bfloat16()
        learner = NetworkSession(network, bfloat16=fast)
        if self.done:
            learner.restore(self.prefix)
            learner.set_temperature(1.0)  # a finished one has been calibrated
        return learner

    def _epoch(self, learner: NetworkSession) -> Epoch:
        number, first = divmod(self.done, self.feed.steps)
        augmenter = self._augmenter(learner.size)
        batches = self.feed.epoch([self.card["seed"], number], first, augmenter)
        started, results = time.perf_counter(), []
        try:
            with click.progressbar(
                prefetched(batches),
                length=self.feed.steps - first,
                label=f"epoch {number + 1}/{self.card['epochs']}",
                hidden=not click.get_text_stream("stderr").isatty(),
                file=click.get_text_stream("stderr"),
            ) as bar:
                for images, targets in bar:
                    lap, share = self._lap(self.done)
                    rate = lap.rate_at(share)
                    results.append(learner.step(images, targets, rate))
                    self.done += 1
        finally:
            self.examiner.write_meta(self.prefix, self.card)
            learner.save(self.prefix)  # last: without its .index there is no checkpoint
            if augmenter:
                augmenter.close()
        speed = len(results) * self.feed.batch_size / (time.perf_counter() - started)
        loss, accuracy = np.mean(results, axis=0)
        epoch = Epoch(number + 1, rate, loss, accuracy, self._validation(), speed)
        add_epoch(self.out, epoch)
        return epoch

    def _augmenter(self, size: int) -> Augmenter | None:
        if not self.recipe.mixture.augments:
            return None
        lap, share = self._lap(self.done)
        return Augmenter(size, lap.strength_at(share))

    def _validation(self) -> float:
        """Accuracy of the checkpoint, its moving averages folded in."""
        self.examiner.restore(self.prefix)
        self.examiner.fold_averages()
        first = next(iter(self.material.held_out.values()))
        return self.examiner.accuracy(first.of("validation"))

    def finish(self) -> dict:
        """Fold the averages in, calibrate, examine on the test split: the full card.

        The checkpoint and its card are written again with all of it.
        """
        self.examiner.restore(self.prefix)
        self.examiner.fold_averages()
        facts = {"epochs": round(self.done / self.feed.steps, 2)}
        facts |= summary(self.out, len(self.material.train.labels))
        if self.examiner.network.temperature is not None:
            facts |= calibrate(self.examiner, self.material.held_out)
        facts["held_out"] = examine(
            self.examiner, self.material.held_out, facts.get("threshold")
        )
        self.card |= facts
        self.examiner.save(self.prefix)
        self.examiner.write_meta(self.prefix, self.card)
        return self.card

    def close(self) -> None:
        self.examiner.close()
