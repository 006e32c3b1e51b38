"""Trains a network and saves a checkpoint after each epoch, from which it can resume.

The checkpoint before is kept until the next one is complete; an epoch is in history.csv
before its checkpoint is the latest.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from helpers.data.progress import progress
from helpers.serving.precision import has_bfloat16
from helpers.training.augmentation import Augmenter
from helpers.training.evaluation import calibrate, evaluate
from helpers.training.history import Epoch, read_history, summarize
from helpers.training.input_pipeline import Feed, TrainingData, prefetch
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build
from helpers.training.recipes import RECIPES, Phase
from helpers.training.results import majority
from helpers.training.saved_training import SavedTraining


class Trainer:
    """One training in a folder, with the checkpoint files, history.csv and its curve.

    Args:
      card: needs `network`, `class_names`, `image_size`, `seed`, `epochs`, `data`.
      out: the folder; a training that it contains is resumed.
    Raises:
      ValueError: the folder holds another training.
    """

    def __init__(self, card: dict, examples: TrainingData, out: Path):
        self.card, self.examples, self.out = card, examples, Path(out)
        self.recipe = RECIPES[card["network"]]
        self.feed = Feed(examples.train, self.recipe.batch_size, self.recipe.smoothing)
        self.saved = SavedTraining(self.out, card)
        self.done = self.saved.steps or 0
        self.evaluator = NetworkSession(build(card["network"], card))

    @property
    def prefix(self) -> str:
        """The prefix of the latest checkpoint; without one, the finished one's."""
        return self.saved.prefix

    @property
    def steps(self) -> int:
        """The number of steps of the whole training."""
        return self.feed.steps * self.card["epochs"]

    @property
    def share(self) -> float:
        """The share of the training that is done, 0 to 1."""
        return min(1.0, self.done / self.steps)

    def expected_minutes(self) -> float:
        """Estimate of the remaining time, from a few steps without effect."""
        if self.share == 1:
            return 0.0
        session = self._new_session(self._size(self.done))
        rows = min(self.feed.batch_size, len(self.feed.train.labels))
        targets = self.feed.targets(np.arange(rows))
        images = np.zeros((len(targets), session.size, session.size, 3))
        session.step(images, targets, 0.0)  # the first one is slower
        started = time.perf_counter()
        for _ in range(3):
            session.step(images, targets, 0.0)
        seconds = (time.perf_counter() - started) / 3
        session.close()
        sizes = [self._size(step) for step in range(self.done, self.steps)]
        return seconds / 60 * sum((size / session.size) ** 2 for size in sizes)

    def run(self) -> Iterator[Epoch]:
        """Train the remaining epochs; yields each when it is done.

        What killed runs left in the folder is deleted first.

        On KeyboardInterrupt the checkpoint is saved and the exception raised again; the
        next run resumes at that step, with the same batches and learning rates.

        Raises:
          SaveError: the folder cannot be written to.
        """
        self._tidy()
        session = None
        try:
            while self.share < 1:
                size = self._size(self.done)
                if session is None or session.size != size:
                    if session:
                        session.close()
                    session = self._new_session(size)
                yield self._epoch(session)
        finally:
            if session:
                session.close()

    def _tidy(self) -> None:
        """Delete what a killed run left; validate the last epoch where it did not."""
        self.saved.tidy(self.done // self.feed.steps)
        lines = read_history(self.out)
        if lines and math.isnan(lines[-1]["validation"]):
            self._validate(Epoch(**lines[-1]))

    def _phase(self, done: int) -> tuple[Phase, float]:
        """The phase after `done` steps, and the share of it that is done."""
        return self.recipe.phase_at(done, self.steps)

    def _size(self, done: int) -> int:
        phase, share = self._phase(done)
        own, size = self.card["image_size"], phase.size_at(share)
        return size * own // self.recipe.image_size if size else own

    def _new_session(self, size: int) -> NetworkSession:
        network = build(self.card["network"], self.card, size=size, training_only=True)
        fast = self.recipe.mixture.augments and has_bfloat16()
        session = NetworkSession(network, bfloat16=fast)
        if self.saved.steps is not None:
            session.restore(self.prefix)
            session.set_temperature(1.0)  # calibration has changed a finished one
        return session

    def _epoch(self, session: NetworkSession) -> Epoch:
        number, first = divmod(self.done, self.feed.steps)
        augmenter = self._augmenter(session.size)
        batches = self.feed.epoch([self.card["seed"], number], first, augmenter)
        started, results = time.perf_counter(), []
        try:
            label = f"epoch {number + 1}/{self.card['epochs']}, steps"
            with progress(label, self.feed.steps - first) as add:
                for images, targets in prefetch(batches):
                    phase, share = self._phase(self.done)
                    rate = phase.rate_at(share)
                    results.append(session.step(images, targets, rate))
                    self.done += 1
                    add(1)
        except BaseException:
            if self.done != self.saved.steps:
                self._save(session)
            raise
        finally:
            if augmenter:
                augmenter.close()
        speed = len(results) * self.feed.batch_size / (time.perf_counter() - started)
        loss, accuracy = np.mean(results, axis=0)
        epoch = Epoch(number + 1, rate, loss, accuracy, math.nan, speed)
        self._save(session, epoch)
        return self._validate(epoch)

    def _save(self, session: NetworkSession, epoch: Epoch | None = None) -> None:
        self.saved.save(self.done, self._writer(session), epoch)

    def _writer(self, session: NetworkSession) -> Callable[[str], None]:
        def write(prefix: str) -> None:
            session.save(prefix, write_state=False)
            self.evaluator.write_meta(prefix, self.card)

        return write

    def _validate(self, epoch: Epoch) -> Epoch:
        """The epoch with its validation accuracy, in history.csv and in the curve."""
        epoch = epoch._replace(validation=self._validation())
        self.saved.complete(epoch, self._majority())
        return epoch

    def _majority(self) -> float:
        return majority(next(iter(self.examples.held_out.values())))[1]

    def _augmenter(self, size: int) -> Augmenter | None:
        if not self.recipe.mixture.augments:
            return None
        phase, share = self._phase(self.done)
        return Augmenter(size, phase.strength_at(share))

    def _validation(self) -> float:
        """Validation accuracy of the checkpoint, with the moving averages."""
        self.evaluator.restore(self.prefix)
        self.evaluator.fold_averages()
        first = next(iter(self.examples.held_out.values()))
        with progress("validating"):
            return self.evaluator.accuracy(first.of("validation"))

    def finish(self) -> dict:
        """Fold the moving averages, calibrate, and evaluate on the test split.

        Writes the finished checkpoint, and deletes the one that was trained.

        Returns:
          the card with the results.
        Raises:
          SaveError: the folder cannot be written to.
        """
        self.evaluator.restore(self.prefix)
        if self.saved.is_finished:  # it stays whole while it is replaced
            self._save(self.evaluator)
        self.evaluator.fold_averages()
        results: dict = {"epochs": round(self.done / self.feed.steps, 2)}
        results |= summarize(self.out, len(self.examples.train.labels))
        with progress("evaluating"):
            if self.evaluator.network.temperature is not None:
                results |= calibrate(self.evaluator, self.examples.held_out)
            results["held_out"] = evaluate(
                self.evaluator, self.examples.held_out, results.get("threshold")
            )
        self.card |= results
        self.saved.finish(self._writer(self.evaluator), self._majority())
        return self.card

    def close(self) -> None:
        self.evaluator.close()
