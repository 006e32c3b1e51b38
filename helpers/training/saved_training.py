"""SavedTraining: the checkpoint, history.csv and curve of a training, kept in step."""

from collections.abc import Callable
from pathlib import Path

from helpers.checkpoints.checkpoint import card_of
from helpers.figures.training_curve import training_curve
from helpers.training.checkpoint_folder import (
    FINISHED,
    IDENTITY,
    CheckpointFolder,
    steps_in,
)
from helpers.training.history import Epoch, add_epoch, keep_epochs, read_history
from helpers.training.save_errors import save_errors
from helpers.whole_files import write_whole

CURVE = "training.png"


class SavedTraining:
    """The checkpoint, the history and the curve of a training in a folder.

    Args:
      card: the training's; has the fields IDENTITY.
    Raises:
      ValueError: the folder holds another training.
    """

    def __init__(self, folder: Path, card: dict):
        self.folder, self.card = folder, card
        self.checkpoints = CheckpointFolder(folder)
        self.prefix = self.checkpoints.latest() or self.checkpoints.finished
        self.steps = self._count_steps()  # None: there is no checkpoint yet

    def _count_steps(self) -> int | None:
        if not Path(f"{self.prefix}.index").exists():
            return None
        found = card_of(Path(f"{self.prefix}.meta")) or {}
        for field in IDENTITY:
            if found.get(field) != self.card[field]:
                raise ValueError(
                    f"{self.folder} holds another training: its {field} is "
                    f"{found.get(field)!r}, not {self.card[field]!r}; choose another "
                    "folder with --out, or remove this one"
                )
        return steps_in(self.prefix)

    @property
    def is_finished(self) -> bool:
        """Whether the latest checkpoint is that of a finished training."""
        return self.prefix == self.checkpoints.finished

    def tidy(self, epochs: int) -> None:
        """Delete what killed runs left, and the lines of later epochs in history.csv.

        Args:
          epochs: the complete epochs of the checkpoint.
        Raises:
          SaveError: the folder cannot be written to.
        """
        with save_errors(self.folder):
            self.checkpoints.check_writable()
            self.checkpoints.sweep()
            keep_epochs(self.folder, epochs)

    def save(
        self, steps: int, write: Callable[[str], None], epoch: Epoch | None = None
    ) -> None:
        """Save a checkpoint after so many steps, also if Ctrl-C comes meanwhile.

        Args:
          write: writes the checkpoint's files with the prefix that it is given.
          epoch: the one that is complete. It is in history.csv before the checkpoint is
            the latest; were the process killed between, `tidy` would drop it.
        """
        with save_errors(self.folder):
            if epoch:
                add_epoch(self.folder, epoch)
            before, name = self.prefix, f"{FINISHED}-{steps}"
            try:
                self.prefix = self.checkpoints.save(name, write)
            except KeyboardInterrupt:
                if self.checkpoints.latest() in (None, before):
                    self.checkpoints.save(name, write)
                self.prefix, self.steps = str(self.folder / name), steps
                raise
        self.steps = steps

    def finish(self, write: Callable[[str], None], majority: float) -> None:
        """Save the finished checkpoint in place of the latest, and draw the curve."""
        self._draw_curve(majority)
        with save_errors(self.folder):
            self.prefix = self.checkpoints.save(FINISHED, write)

    def complete(self, epoch: Epoch, majority: float) -> None:
        """Write an epoch with its validation accuracy to the history and the curve."""
        with save_errors(self.folder):
            add_epoch(self.folder, epoch)
        self._draw_curve(majority)

    def _draw_curve(self, majority: float) -> None:
        """Draw training.png, if there is an epoch; `majority` as in training_curve."""
        if lines := read_history(self.folder):
            with save_errors(self.folder):
                write_whole(self.folder / CURVE, training_curve(lines, majority))
