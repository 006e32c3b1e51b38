"""history.csv: what each epoch of a training measured."""

import csv
from pathlib import Path
from typing import NamedTuple


class Epoch(NamedTuple):
    """One line of history.csv; accuracies are shares of 1."""

    epoch: int
    rate: float  # the learning rate of its last step
    loss: float
    accuracy: float
    validation: float
    photos_per_second: float


def add_epoch(folder: Path, epoch: Epoch) -> None:
    """Write one line more."""
    path = folder / "history.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(Epoch._fields)
        writer.writerow([f"{value:.6g}" for value in epoch])


def read_history(folder: Path) -> list[dict[str, float]]:
    """The lines of history.csv: what `plots.plot_history` draws."""
    with (folder / "history.csv").open(newline="") as file:
        return [{k: float(v) for k, v in line.items()} for line in csv.DictReader(file)]


def summary(folder: Path, photos: int) -> dict:
    """What the card keeps of it: each epoch's results, and the minutes of learning."""
    lines = read_history(folder)
    seconds = sum(photos / line["photos_per_second"] for line in lines)
    told = ("loss", "accuracy", "validation")
    return {
        "minutes": round(seconds / 60, 1),
        "history": {name: [line[name] for line in lines] for name in told},
    }
