"""history.csv: loss, accuracy and speed of each epoch of a training."""

import csv
import io
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from helpers.whole_files import write_whole


class Epoch(NamedTuple):
    """One line of history.csv; accuracies are 0 to 1."""

    epoch: float  # from 1
    rate: float  # the learning rate of its last step
    loss: float
    accuracy: float
    validation: float
    photos_per_second: float


def add_epoch(folder: Path, epoch: Epoch) -> None:
    """Write an epoch to history.csv, in place of it and of any after it."""
    before = [line for line in read_history(folder) if line["epoch"] < epoch.epoch]
    _write(folder, [*before, epoch._asdict()])


def keep_epochs(folder: Path, count: int) -> None:
    """Drop the lines after the first `count` epochs: their checkpoint was not saved."""
    lines = read_history(folder)
    kept = [line for line in lines if line["epoch"] <= count]
    if len(kept) < len(lines):
        _write(folder, kept)


def read_history(folder: Path) -> list[dict[str, float]]:
    """The lines of history.csv, as `plots.plot_history` takes them; [] without it.

    `validation` is NaN in the line of an epoch that has been saved and not validated.
    Lines that are not whole are left out.
    """
    path = folder / "history.csv"
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        lines = [_numbers(line) for line in csv.DictReader(file)]
    return [line for line in lines if line.keys() == set(Epoch._fields)]


def _numbers(line: dict[str, str | None]) -> dict[str, float]:
    """The fields of a line that are numbers."""
    found = {}
    for name, text in line.items():
        with suppress(ValueError, TypeError):  # cut short, or not a number
            found[name] = float(text or "")
    return found


def _write(folder: Path, lines: list[dict[str, float]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(Epoch._fields)
    for line in lines:
        writer.writerow([f"{line[name]:.6g}" for name in Epoch._fields])
    write_whole(folder / "history.csv", text.getvalue().encode())


def summarize(folder: Path, photos: int) -> dict:
    """For the card: the results of each epoch, and the minutes of training."""
    lines = read_history(folder)
    seconds = sum(photos / line["photos_per_second"] for line in lines)
    columns = ("loss", "accuracy", "validation")
    return {
        "minutes": round(seconds / 60, 1),
        "history": {name: [line[name] for line in lines] for name in columns},
    }
