"""Trains a network and saves a checkpoint after each epoch, from which it can resume.

Taught in notebooks/01_train_with_placeholders.ipynb.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from helpers.checkpoints.checkpoint import Checkpoint, card_of
from helpers.data.progress import progress
from helpers.figures.training_curve import training_curve
from helpers.serving.precision import has_bfloat16
from helpers.training.augmentation import Augmenter
from helpers.training.evaluation import calibrate, evaluate
from helpers.training.history import Epoch, add_epoch, read_history, summarize
from helpers.training.input_pipeline import Feed, TrainingData, prefetch
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build
from helpers.training.recipes import RECIPES, Phase
from helpers.training.results import majority
from helpers.whole_files import write_whole

CHECKPOINT = "model-ckpt"
CURVE = "training.png"


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
        self.prefix = str(self.out / CHECKPOINT)
        self.feed = Feed(examples.train, self.recipe.batch_size, self.recipe.smoothing)
        self.done = self._steps_done()
        self.evaluator = NetworkSession(build(card["network"], card))

    def _steps_done(self) -> int:
        if not Path(f"{self.prefix}.index").exists():
            return 0
        found = card_of(Path(f"{self.prefix}.meta")) or {}
        for field in ("network", "class_names", "image_size", "seed", "data"):
            if found.get(field) != self.card[field]:
                raise ValueError(
                    f"{self.out} holds another training: its {field} is "
                    f"{found.get(field)!r}, not {self.card[field]!r}; choose another "
                    "folder with --out, or remove this one"
                )
        return int(Checkpoint(self.prefix).read("training/global_step"))

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

        On KeyboardInterrupt the checkpoint is saved and the exception raised again; the
        next run resumes at that step, with the same batches and learning rates.
        """
        self.out.mkdir(parents=True, exist_ok=True)
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
        if self.done:
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
        finally:
            self.evaluator.write_meta(self.prefix, self.card)
            session.save(self.prefix)  # last: it writes the .index
            if augmenter:
                augmenter.close()
        speed = len(results) * self.feed.batch_size / (time.perf_counter() - started)
        loss, accuracy = np.mean(results, axis=0)
        epoch = Epoch(number + 1, rate, loss, accuracy, self._validation(), speed)
        add_epoch(self.out, epoch)
        _, share = majority(next(iter(self.examples.held_out.values())))
        write_whole(self.out / CURVE, training_curve(read_history(self.out), share))
        return epoch

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

        Writes the checkpoint again.

        Returns:
          the card with the results.
        """
        self.evaluator.restore(self.prefix)
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
        self.evaluator.save(self.prefix)
        self.evaluator.write_meta(self.prefix, self.card)
        return self.card

    def close(self) -> None:
        self.evaluator.close()
