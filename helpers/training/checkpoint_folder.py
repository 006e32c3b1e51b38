"""The checkpoints in the folder of a training: one is always whole.

Each save has a prefix of its own, `model-ckpt-STEP`. The `checkpoint` file is switched
to it when its files are on the disk, and only then are those of earlier saves deleted.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.checkpoints.checkpoint import Checkpoint, card_of
from helpers.checkpoints.checkpoint_prefix import STATE_FILE, basename, path_named_in
from helpers.whole_files import sync, write_whole

FINISHED = "model-ckpt"  # the basename of the prefix of a finished training
STEP = "training/global_step"
IDENTITY = ("network", "class_names", "image_size", "seed", "data")  # of a training

_SAVED = re.compile(rf"({FINISHED}-\d+)\.(?:meta|index|data-00000-of-00001)")
_PART = f".{FINISHED}.part"  # the folder in which a checkpoint is written
_LEFT = re.compile(  # by a write that was killed: TensorFlow's, or write_whole's
    rf"{FINISHED}\.(?:index|data-00000-of-00001)\.tempstate\d+"
    rf"|\.(?:{FINISHED}\.meta|{STATE_FILE}|history\.csv|training\.png|left_out\.txt)\.part"
)


class CheckpointFolder:
    """The checkpoints in the folder of a training, which need not exist."""

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def finished(self) -> str:
        """The prefix of the finished training."""
        return str(self.folder / FINISHED)

    def latest(self) -> str | None:
        """The prefix to resume from; None: there is no checkpoint.

        The one that the `checkpoint` file names, wherever the folder was when it was
        written; without it, the one with the most steps.
        """
        if (named := self._named()) and self._has(named):
            return str(self.folder / named)
        found = [name for name in (FINISHED, *self._saves()) if self._has(name)]
        prefixes = [str(self.folder / name) for name in found]
        if len(prefixes) > 1:
            return max(prefixes, key=steps_in)
        return prefixes[0] if prefixes else None

    def _has(self, name: str) -> bool:
        """Whether a prefix's files are there: the `.index` is renamed last."""
        return (self.folder / f"{name}.index").exists()

    def save(self, name: str, write: Callable[[str], None]) -> str:
        """Write a checkpoint, make it the latest, and delete the one before it.

        The finished checkpoint is kept until another takes its place.

        Args:
          name: the basename of the prefix; not the latest one's.
          write: writes the checkpoint's files with the prefix that it is given.
        Returns:
          the prefix.
        """
        before = Path(self.latest() or "").name
        with self._part() as part:
            write(str(part / name))
            try:
                self._move(part, name)
                self._switch(name)
            except BaseException:
                if self._named() != name:
                    self._delete([name])
                raise
        self._delete({before} & set(self._saves()) - {name})
        return str(self.folder / name)

    def _move(self, part: Path, name: str) -> None:
        """Give a checkpoint's files their names; without `.index` they are none."""
        for path in part.iterdir():
            sync(path)
        (self.folder / f"{name}.index").unlink(missing_ok=True)
        for path in sorted(part.iterdir(), key=lambda path: path.suffix == ".index"):
            path.replace(self.folder / path.name)
        sync(self.folder)

    def _switch(self, name: str) -> None:
        """Make the `checkpoint` file name this prefix, in TensorFlow's format."""
        fields = ("model_checkpoint_path", "all_model_checkpoint_paths")
        state = "".join(f'{field}: "{name}"\n' for field in fields)
        write_whole(self.folder / STATE_FILE, state.encode())

    def _named(self) -> str | None:
        """The basename of the prefix that the `checkpoint` file names."""
        path = path_named_in(self.folder / STATE_FILE)
        return path and basename(path)

    @contextmanager
    def _part(self) -> Iterator[Path]:
        """A folder beside the checkpoints that is deleted at the end."""
        part = self.folder / _PART
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            yield part
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def check_writable(self) -> None:
        """Raise OSError now if no checkpoint can be written to the folder."""
        with self._part():
            pass

    def sweep(self) -> None:
        """Delete what killed runs of the training of the latest checkpoint left.

        That is what was being written, and the saves that are not the latest, except
        those with the card of another training.
        """
        if not self.folder.is_dir():
            return
        for name in (_PART, f"{FINISHED}_temp"):  # TensorFlow's has the latter name
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for path in self.folder.iterdir():
            if _LEFT.fullmatch(path.name):
                path.unlink()
        latest = self.latest()
        others = [name for name in self._saves() if str(self.folder / name) != latest]
        self._delete(name for name in others if self._is_left(name, latest))

    def _is_left(self, name: str, latest: str | None) -> bool:
        """Whether a save is not whole, or of the training of the latest checkpoint."""
        if not self._has(name):
            return True
        training = _training(latest) if latest else []
        return any(training) and _training(str(self.folder / name)) == training

    def _saves(self) -> list[str]:
        """The basenames of all saves, whole or not."""
        if not self.folder.is_dir():
            return []
        names = (_SAVED.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted({match[1] for match in names if match})

    def _delete(self, names: Iterable[str]) -> None:
        for name in names:
            for suffix in ("index", "meta", "data-00000-of-00001"):
                (self.folder / f"{name}.{suffix}").unlink(missing_ok=True)


def steps_in(prefix: str) -> int:
    """The number of training steps of a checkpoint.

    Raises:
      ValueError: it has none, or is damaged.
    """
    return int(Checkpoint(prefix).read(STEP))


def _training(prefix: str) -> list[object]:
    """The fields of a checkpoint's card that tell its training from others."""
    path = Path(f"{prefix}.meta")
    card = card_of(path) or {} if path.exists() else {}
    return [card.get(field) for field in IDENTITY]
