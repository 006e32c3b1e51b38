"""history.csv: loss, accuracy and speed of each epoch of a training."""

import csv
from pathlib import Path
from typing import NamedTuple


class Epoch(NamedTuple):
    """One line of history.csv; accuracies are 0 to 1."""

    epoch: int
    rate: float  # the learning rate of its last step
    loss: float
    accuracy: float
    validation: float
    photos_per_second: float


def add_epoch(folder: Path, epoch: Epoch) -> None:
    """Append an epoch to history.csv."""
    path = folder / "history.csv"
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(Epoch._fields)
        writer.writerow([f"{value:.6g}" for value in epoch])


def read_history(folder: Path) -> list[dict[str, float]]:
    """The lines of history.csv, as `plots.plot_history` takes them."""
    with (folder / "history.csv").open(newline="") as file:
        return [{k: float(v) for k, v in line.items()} for line in csv.DictReader(file)]


def summarize(folder: Path, photos: int) -> dict:
    """For the card: the results of each epoch, and the minutes of training."""
    lines = read_history(folder)
    seconds = sum(photos / line["photos_per_second"] for line in lines)
    columns = ("loss", "accuracy", "validation")
    return {
        "minutes": round(seconds / 60, 1),
        "history": {name: [line[name] for line in lines] for name in columns},
    }
