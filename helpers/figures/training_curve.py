"""Draws the curve of a training into a PNG file; pyplot does not keep the figure."""

import io
from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from helpers.figures.plots import GREY, HISTORY_SIZE, draw_history, remove_frames


def training_curve(history: Sequence[Mapping[str, float]], majority: float) -> bytes:
    """A PNG: loss over epochs, and beside it accuracy in training and validation.

    Args:
      history: has `epoch`, `loss`, `accuracy` and `validation`, the last two 0 to 1.
      majority: the share of the most frequent class, 0 to 1: the accuracy of always
        answering it, drawn as a line.
    """
    figure = Figure(figsize=HISTORY_SIZE)
    FigureCanvasAgg(figure)
    right = draw_history(figure, history)
    right.axhline(100 * majority, color=GREY, linewidth=1, label="most frequent class")
    right.set(ylim=(-2, 102))
    right.legend(loc="lower right", frameon=False)
    for axis in figure.axes:
        axis.locator_params(axis="x", integer=True)
    remove_frames(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()
