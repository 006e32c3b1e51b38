"""The figures of the notebooks: one function each, one line where it is used.

Colours are Okabe and Ito's, which colour-blind readers can tell apart; no line
differs from another by colour alone.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import matplotlib.pyplot as plt
import numpy as np

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#999999"
INK, TINTS = "#444444", ("#D6E6F2", "#F9DEC9", "#D2ECE2", "#EFEFEF")
STYLES = ((ORANGE, "-", "o"), (BLUE, "--", "s"), (GREEN, ":", "^"))


def plot_images(images: np.ndarray, titles: Sequence[str], columns: int = 8) -> None:
    """A grid of uint8 pictures [N, H, W, 3], a title over each."""
    rows = -(-len(images) // columns)
    size = (1.35 * columns, 1.55 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image)
        axis.set_title(title, fontsize=9)
    figure.tight_layout()


def plot_history(history: Sequence[Mapping[str, float]]) -> None:
    """Loss, and accuracy on training and validation examples, over epochs."""
    epochs = [line["epoch"] for line in history]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    few = len(epochs) <= 20
    loss = [line["loss"] for line in history]
    left.plot(epochs, loss, color=ORANGE, marker="o" if few else None)
    left.set(xlabel="epoch", ylabel="training loss", ylim=(0, None))
    for name, (colour, line, marker) in zip(
        ("accuracy", "validation"), STYLES, strict=False
    ):
        values = [100 * entry[name] for entry in history]
        label = {"accuracy": "training"}.get(name, name)
        marker = marker if few else None
        right.plot(epochs, values, line, color=colour, marker=marker, label=label)
    right.axhline(50, color=GREY, linewidth=1)
    right.set(xlabel="epoch", ylabel="accuracy, %", ylim=(40, 101))
    right.legend(loc="lower right", frameon=False)
    without_frames(figure)


def plot_reliability(bins: Sequence[Sequence[float]]) -> None:
    """Accuracy over confidence: bins of mean confidence, accuracy and count."""
    sure, right, counts = np.array(bins).T
    figure, axis = plt.subplots(figsize=(4.6, 4.2))
    axis.plot([0, 100], [0, 100], color=GREY, linewidth=1)
    axis.annotate("honest", (60, 61), color=INK, rotation=45, ha="center")
    axis.scatter(100 * sure, 100 * right, 4 + 400 * counts / counts.sum(), BLUE)
    axis.set(xlabel="confidence, %", ylabel="right, %", xlim=(45, 102), ylim=(0, 104))
    axis.set_title("area: how many answers", fontsize=9, color=INK)
    without_frames(figure)


def plot_shares(shares: Mapping[str, float], unit: str) -> None:
    """One bar cut into shares, their names inside, or over it; below 1% without."""
    figure, axis = plt.subplots(figsize=(9, 1.5))
    start, total = 0.0, sum(shares.values())
    colours = (BLUE, ORANGE, GREEN, GREY, "#CC79A7", "#E69F00")
    for (name, value), colour in zip(shares.items(), colours, strict=False):
        axis.barh(0, value, left=start, color=colour, edgecolor="white")
        middle, share = start + value / 2, value / total
        if share > (len(name) + 1) / 100:
            inside = {"ha": "center", "va": "center", "color": "white"}
            axis.text(middle, 0, f"{name}\n{value:,.1f}", **inside)
        elif share > 0.01:
            at_left, at_right = ("left", start), ("right", start + value)
            side, end = at_left if middle < total / 2 else at_right
            over = {"ha": side, "va": "bottom", "color": colour}
            axis.text(end, 0.45, f"{name} {value:,.1f}", **over)
        start += value
    axis.set(yticks=[], xlabel=unit, xlim=(0, total))
    without_frames(figure)


def plot_calls(series: Mapping[str, Sequence[float]], unit: str) -> None:
    """One line a series over calls, on one axis."""
    figure, axis = plt.subplots(figsize=(8, 3.2))
    for (name, values), (colour, line, _) in zip(series.items(), STYLES, strict=False):
        axis.plot(range(1, len(values) + 1), values, line, color=colour, label=name)
        axis.annotate(
            name,
            (len(values), values[-1]),
            (4, 0),
            textcoords="offset points",
            color=colour,
            va="center",
        )
    axis.set(xlabel="call", ylabel=unit)
    without_frames(figure)


class MeasuredCalls(Protocol):
    """What `plot_witnesses` draws of each series; `measure_calls` returns it."""

    milliseconds: list[float]
    rss_mib: list[float]
    ops: list[int]


def plot_witnesses(series: Mapping[str, MeasuredCalls]) -> None:
    """Ops, memory gained and milliseconds over calls, a panel each, all on one axis."""
    figure, panels = plt.subplots(1, 3, figsize=(10, 3.2))
    for (name, calls), (colour, line, _) in zip(series.items(), STYLES, strict=False):
        gained = [rss - calls.rss_mib[0] for rss in calls.rss_mib]
        values = (calls.ops, gained, calls.milliseconds)
        for axis, drawn in zip(panels, values, strict=True):
            axis.plot(range(1, len(drawn) + 1), drawn, line, color=colour, label=name)
    for axis, unit in zip(panels, ("ops", "MiB gained", "ms a call"), strict=True):
        axis.set(xlabel="call", ylabel=unit)
    panels[2].set_yscale("log")
    panels[0].legend(loc="upper left", frameon=False)
    without_frames(figure)


def plot_memory(
    samples: Sequence[tuple[float, float]], spans: Mapping[str, tuple[float, float]]
) -> None:
    """Memory (MiB, second) over time; what ran meanwhile is tinted and named."""
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
    without_frames(figure)


def plot_kernels(kernels: np.ndarray, columns: int = 16) -> None:
    """Convolution kernels float32 [H, W, 3, N] as N small colour pictures."""
    pictures = np.moveaxis(kernels, -1, 0)
    low, high = pictures.min(), pictures.max()
    scaled = ((pictures - low) / (high - low) * 255).astype(np.uint8)
    plot_images(scaled, [""] * len(scaled), columns)


def without_frames(figure) -> None:
    """No line above and to the right, and no margin to spare."""
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()


def plot_bytes(
    data: bytes, parts: Sequence[tuple[int, str]], columns: int = 32
) -> None:
    """Bytes in rows of cells, each part of so many bytes tinted and named."""
    rows = -(-len(data) // columns)
    _, axis = plt.subplots(figsize=(9.6, 0.62 * rows))
    axis.set(xlim=(0, columns), ylim=(rows - 0.4, -0.4))
    axis.axis("off")
    position, cell = 0, {"ha": "center", "va": "center", "family": "monospace"}
    for number, (count, name) in enumerate(parts):
        row, column = divmod(position, columns)
        axis.text(column + 0.05, row - 0.07, name, fontsize=8, color=INK)
        for place in range(position, position + count):
            row, column = divmod(place, columns)
            tint = {"facecolor": TINTS[number % len(TINTS)], "edgecolor": "white"}
            axis.add_patch(plt.Rectangle((column, row), 1, 0.5, **tint))
            axis.text(column + 0.5, row + 0.26, f"{data[place]:02x}", cell, fontsize=8)
        position += count
    plt.tight_layout(pad=0.2)


def plot_sessions(values: Mapping[str, Mapping[str, float]]) -> None:
    """One graph, and its sessions by name, each with values of its own."""
    figure, axis = plt.subplots(figsize=(6, 2.2))
    axis.set(xlim=(0, 2 * len(values)), ylim=(0, 3))
    axis.axis("off")
    boxed = {"ha": "center", "va": "center", "bbox": {"boxstyle": "round,pad=0.6"}}
    names = ", ".join(next(iter(values.values())))
    text = f"the graph\nvariable {names}: no value"
    for number, (session, held) in enumerate(values.items()):
        ends = {"xy": (2 * number + 1, 1.1), "xytext": (len(values), 2.4)}
        axis.annotate("", **ends, arrowprops={"arrowstyle": "->", "color": GREY})
        shelf = "\n".join(f"{name} = {value}" for name, value in held.items())
        boxed["bbox"]["facecolor"] = TINTS[number % len(TINTS)]
        axis.text(2 * number + 1, 0.6, f"session {session!r}\n{shelf}", boxed)
    boxed["bbox"]["facecolor"] = TINTS[-1]
    axis.text(len(values), 2.4, text, boxed)
    figure.tight_layout()
