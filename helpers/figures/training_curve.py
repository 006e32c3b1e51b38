"""Draws the curve of a training into a PNG file, without a display or pyplot."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers.figures.plots import GREY, ORANGE, STYLES, remove_frames


def training_curve(history: Sequence[Mapping[str, float]], majority: float) -> bytes:
    """A PNG: loss over epochs, and beside it accuracy in training and validation.

    Args:
      history: has `epoch`, `loss`, `accuracy` and `validation`, the last two 0 to 1.
      majority: the share of the most frequent class, 0 to 1: the accuracy of always
        answering it, drawn as a line.
    """
    figure = Figure(figsize=(9, 3.2))
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    epochs = [line["epoch"] for line in history]
    marks = len(epochs) <= 20
    loss = [line["loss"] for line in history]
    left.plot(epochs, loss, color=ORANGE, marker="o" if marks else None)
    left.set(xlabel="epoch", ylabel="training loss")
    left.set_ylim(bottom=0)
    for name, label, style in (
        ("accuracy", "training", STYLES[0]),
        ("validation", "validation", STYLES[1]),
    ):
        colour, line, marker = style
        values = [100 * entry[name] for entry in history]
        right.plot(
            epochs,
            values,
            line,
            color=colour,
            label=label,
            marker=marker if marks else "",
        )
    right.axhline(100 * majority, color=GREY, linewidth=1, label="most frequent class")
    right.set(xlabel="epoch", ylabel="accuracy, %", ylim=(-2, 102))
    right.legend(loc="lower right", frameon=False)
    for axis in (left, right):
        axis.xaxis.get_major_locator().set_params(integer=True)
    remove_frames(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()
