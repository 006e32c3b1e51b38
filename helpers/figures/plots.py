"""Figures of training, memory, files and sessions for the notebooks.

Colours are Okabe and Ito's, which colour-blind readers can distinguish; lines also
differ in style.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
INK, TINTS = "#444444", ("#D6E6F2", "#F9DEC9", "#D2ECE2", "#EFEFEF")
HISTORY_SIZE = (9, 3.2)  # inches
STYLES = ((ORANGE, "-", "o"), (BLUE, "--", "s"), (GREEN, ":", "^"))


def plot_images(images: np.ndarray, titles: Sequence[str], columns: int = 8) -> None:
    """A grid of uint8 pictures, shape [N, H, W, 3], each with a title."""
    rows = -(-len(images) // columns)
    size = (1.35 * columns, 1.55 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize=9)
    figure.tight_layout()


def plot_history(history: Sequence[Mapping[str, float]], classes: int = 2) -> None:
    """Loss over epochs, and beside it accuracy on training and validation examples."""
    figure = plt.figure(figsize=HISTORY_SIZE)
    right = draw_history(figure, history)
    chance = 100 / classes
    right.axhline(chance, color=GREY, linewidth=1)
    right.set(ylim=(chance - 10, 101))
    right.legend(loc="lower right", frameon=False)
    remove_frames(figure)


def draw_history(figure: Figure, history: Sequence[Mapping[str, float]]) -> Axes:
    """Draw the curves of loss and of accuracy; returns the axes of the accuracy.

    `accuracy`, on training examples, may be missing.
    """
    epochs = [line["epoch"] for line in history]
    left, right = figure.subplots(1, 2)
    few = len(epochs) <= 20
    loss = [line["loss"] for line in history]
    left.plot(epochs, loss, color=ORANGE, marker="o" if few else None)
    left.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    for name, (colour, line, marker) in zip(
        ("accuracy", "validation"), STYLES, strict=False
    ):
        if any(name not in entry for entry in history):
            continue
        values = [100 * entry[name] for entry in history]
        label = {"accuracy": "training"}.get(name, name)
        (curve,) = right.plot(epochs, values, line, color=colour, label=label)
        curve.set_marker(marker if few else "None")
    right.set(xlabel="epoch", ylabel="accuracy, %")
    return right


def plot_reliability(bins: Sequence[Sequence[float]]) -> None:
    """Accuracy over confidence; each bin is mean confidence, accuracy and count."""
    sure, right, counts = np.array(bins).T
    figure, axis = plt.subplots(figsize=(4.6, 4.2))
    axis.plot([0, 100], [0, 100], color=GREY, linewidth=1)
    axis.annotate("honest", (60, 61), color=INK, rotation=45, ha="center")
    axis.scatter(100 * sure, 100 * right, 4 + 400 * counts / counts.sum(), BLUE)
    axis.set(xlabel="confidence, %", ylabel="right, %", xlim=(45, 102), ylim=(0, 104))
    axis.set_title("area: how many answers", fontsize=9, color=INK)
    remove_frames(figure)


def plot_shares(shares: Mapping[str, float], unit: str) -> None:
    """One bar divided into shares, with names inside or above; none below 1%."""
    figure, axis = plt.subplots(figsize=(9, 1.5))
    start, total = 0.0, sum(shares.values())
    colours = (BLUE, ORANGE, GREEN, GREY, "#CC79A7", "#E69F00")
    for (name, value), colour in zip(shares.items(), colours, strict=False):
        axis.barh(0, value, left=start, color=colour, edgecolor="white")
        middle, share = start + value / 2, value / total
        if share > (len(name) + 1) / 100:
            label = axis.text(middle, 0, f"{name}\n{value:,.1f}", color="white")
            label.set(ha="center", va="center")
        elif share > 0.01:
            at_left, at_right = ("left", start), ("right", start + value)
            side, end = at_left if middle < total / 2 else at_right
            label = axis.text(end, 0.45, f"{name} {value:,.1f}", color=colour)
            label.set(ha=side, va="bottom")
        start += value
    axis.set(yticks=[], xlabel=unit, xlim=(0, total))
    remove_frames(figure)


def plot_calls(series: Mapping[str, Sequence[float]], unit: str) -> None:
    """Each series as a line over the number of the call, with its name at the end."""
    figure, axis = plt.subplots(figsize=(8, 3.2))
    for (name, values), (colour, line, _) in zip(series.items(), STYLES, strict=False):
        axis.plot(range(1, len(values) + 1), values, line, color=colour, label=name)
        end = len(values), values[-1]
        label = axis.annotate(name, end, (4, 0), textcoords="offset points")
        label.set(color=colour, va="center")
    axis.set(xlabel="call", ylabel=unit)
    remove_frames(figure)


class MeasuredCalls(Protocol):
    """The values of each call, as `measure_calls` returns them."""

    milliseconds: list[float]
    rss_mib: list[float]
    ops: list[int]


def plot_measured_calls(series: Mapping[str, MeasuredCalls]) -> None:
    """Three panels over the number of the call: ops, memory gained and milliseconds."""
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.2))
    for (name, calls), (colour, line, _) in zip(series.items(), STYLES, strict=False):
        gained = [rss - calls.rss_mib[0] for rss in calls.rss_mib]
        values: tuple[Sequence[float], ...] = calls.ops, gained, calls.milliseconds
        for axis, drawn in zip(panels, values, strict=True):
            axis.plot(range(1, len(drawn) + 1), drawn, line, color=colour, label=name)
    for axis, unit in zip(panels, ("ops", "MiB gained", "ms a call"), strict=True):
        axis.set(xlabel="call", ylabel=unit)
    panels[2].set_yscale("log")
    panels[0].legend(loc="upper left", frameon=False)
    remove_frames(figure)


def plot_memory(
    samples: Sequence[tuple[float, float]], spans: Mapping[str, tuple[float, float]]
) -> None:
    """Memory over time from samples (MiB, second), with spans (start, end) named."""
    start = samples[0][1]
    figure, axis = plt.subplots(figsize=(8, 3.2))
    axis.plot([s - start for _, s in samples], [m for m, _ in samples], color=ORANGE)
    above = {"transform": axis.get_xaxis_transform(), "ha": "center"}
    for number, (name, (begin, end)) in enumerate(spans.items()):
        tint = TINTS[number % len(TINTS)]
        axis.axvspan(begin - start, end - start, color=tint, linewidth=0)
        middle = (begin + end) / 2 - start
        axis.text(middle, 1.02, name, above)
    axis.set(xlabel="seconds", ylabel="MiB")
    remove_frames(figure)


def plot_kernels(kernels: np.ndarray, columns: int = 16) -> None:
    """Convolution kernels, float32 [H, W, 3, N], as N small colour pictures."""
    pictures = np.moveaxis(kernels, -1, 0)
    low, high = pictures.min(), pictures.max()
    scaled = ((pictures - low) / (high - low) * 255).astype(np.uint8)
    plot_images(scaled, [""] * len(scaled), columns)


def remove_frames(figure: Figure) -> None:
    """Remove the lines above and to the right of each axis; use a tight layout."""
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()


def plot_bytes(
    data: bytes, parts: Sequence[tuple[int, str]], columns: int = 32
) -> None:
    """Bytes in rows of cells; each part (number of bytes, name) is tinted and named."""
    rows = -(-len(data) // columns)
    _, axis = plt.subplots(figsize=(9.6, 0.62 * rows))
    axis.set(xlim=(0, columns), ylim=(rows - 0.4, -0.4))
    axis.axis("off")
    position, font = 0, {"ha": "center", "va": "center", "family": "monospace"}
    for number, (count, name) in enumerate(parts):
        row, column = divmod(position, columns)
        axis.text(column + 0.05, row - 0.07, name, fontsize=8, color=INK)
        for place in range(position, position + count):
            row, column = divmod(place, columns)
            tint = TINTS[number % len(TINTS)]
            cell = Rectangle((column, row), 1, 0.5, facecolor=tint, edgecolor="white")
            axis.add_patch(cell)
            axis.text(column + 0.5, row + 0.26, f"{data[place]:02x}", font, fontsize=8)
        position += count
    plt.tight_layout(pad=0.2)


def plot_sessions(values: Mapping[str, Mapping[str, float]]) -> None:
    """One graph with an arrow to each session, and each session's variables."""
    figure, axis = plt.subplots(figsize=(6, 2.2))
    axis.set(xlim=(0, 2 * len(values)), ylim=(0, 3))
    axis.axis("off")

    def write(x: float, y: float, text: str, colour: str) -> None:
        frame = {"boxstyle": "round,pad=0.6", "facecolor": colour}
        axis.text(x, y, text, ha="center", va="center", bbox=frame)

    names = ", ".join(next(iter(values.values())))
    text = f"the graph\nvariable {names}: no value"
    for number, (session, held) in enumerate(values.items()):
        x, arrow = 2 * number + 1, {"arrowstyle": "->", "color": GREY}
        axis.annotate("", (x, 1.1), (len(values), 2.4), arrowprops=arrow)
        lines = "\n".join(f"{name} = {value}" for name, value in held.items())
        write(x, 0.6, f"session {session!r}\n{lines}", TINTS[number % len(TINTS)])
    write(len(values), 2.4, text, TINTS[-1])
    figure.tight_layout()
