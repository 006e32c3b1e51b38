"""Figures of serving: objects that refer to each other, requests, memory, heat maps.

Taught in notebooks/07_serve_two_models.ipynb.
"""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from helpers.figures.plots import BLUE, GREEN, GREY, INK, ORANGE, TINTS, remove_frames

FILLS = (  # colours, and hatches for readers who cannot distinguish them
    (BLUE, ""),
    (ORANGE, "////"),
    (GREEN, "...."),
    (GREY, "xx"),
)


class Span(NamedTuple):
    """One request: the client's row, start and end in seconds, and its name."""

    row: int
    start: float
    end: float
    name: str

    @classmethod
    def timed(cls, row: int, call: Callable[[], str]) -> "Span":
        """Calls a function once; the span has the name that the function returns."""
        start = perf_counter()
        name = call()
        return cls(row, start, perf_counter(), name)


def plot_chains(chains: Mapping[str, Sequence[str]]) -> None:
    """A column for each name: boxes from top to bottom, with arrows between them."""
    depth = max(map(len, chains.values()))
    figure, axis = plt.subplots(figsize=(2.6 * len(chains), 0.85 * depth + 0.3))
    axis.set(xlim=(-0.5, len(chains) - 0.5), ylim=(depth - 0.5, -0.8))
    axis.axis("off")
    for column, (name, boxes) in enumerate(chains.items()):
        axis.text(column, -0.6, name, ha="center", color=INK, weight="bold")
        box = {"boxstyle": "round,pad=0.5", "edgecolor": INK}
        box["facecolor"] = TINTS[column % len(TINTS)]
        above = axis.text(column, 0, boxes[0], bbox=box, ha="center", va="center")
        for row, text in enumerate(boxes[1:], start=1):
            arrow = {"arrowstyle": "<-", "patchB": above.get_bbox_patch()}
            ends = (column, row - 1), (column, row)
            above = axis.annotate(text, *ends, arrowprops=arrow, bbox=box)
            above.set(ha="center", va="center")
    figure.tight_layout()


def plot_timelines(
    spans: Sequence[Span], row_label: str, marks: Mapping[str, float] | None = None
) -> None:
    """A row for each client with a bar for each of its requests.

    Args:
      marks: times in seconds, drawn as vertical lines with their names.
    """
    begin = min(span.start for span in spans)
    count = 1 + max(span.row for span in spans)
    figure, axis = plt.subplots(figsize=(9, 0.3 * count + 1.2))
    names = dict.fromkeys(span.name for span in spans)
    for name, (colour, hatch) in zip(sorted(names), FILLS, strict=False):
        own = [span for span in spans if span.name == name]
        rows = [span.row + 1 for span in own]
        widths = [span.end - span.start for span in own]
        starts = [span.start - begin for span in own]
        bars = axis.barh(rows, widths, 0.7, starts, label=name, linewidth=0.5)
        plt.setp(bars, facecolor=colour, hatch=hatch, edgecolor="white")
    for name, moment in (marks or {}).items():
        axis.axvline(moment - begin, color=INK, linewidth=1)
        axis.text(moment - begin, 0.4, name, ha="center", va="bottom", color=INK)
    axis.set(xlabel="seconds", ylabel=row_label, ylim=(count + 0.5, 0.4))
    axis.set_yticks(range(1, count + 1))
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=4, frameon=False)
    remove_frames(figure)


def plot_stacks(stacks: Mapping[str, Mapping[str, float]], unit: str) -> None:
    """Stacked bars: one for each name, divided into its parts."""
    figure, axis = plt.subplots(figsize=(9, 0.55 * len(stacks) + 1.3))
    names = list(dict.fromkeys(part for parts in stacks.values() for part in parts))
    left = dict.fromkeys(stacks, 0.0)
    for name, (colour, hatch) in zip(names, FILLS, strict=False):
        rows = [row for row, parts in stacks.items() if name in parts]
        widths = [stacks[row][name] for row in rows]
        starts = [left[row] for row in rows]
        bars = axis.barh(rows, widths, 0.6, starts, label=name)
        plt.setp(bars, facecolor=colour, hatch=hatch, edgecolor="white")
        left |= {row: left[row] + stacks[row][name] for row in rows}
    for row, total in left.items():
        axis.annotate(f" {total:,.0f}", (total, row), va="center", color=INK)
    axis.invert_yaxis()
    axis.set(xlabel=unit)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False)
    remove_frames(figure)


def plot_heat(image: np.ndarray, covered: np.ndarray, heat: np.ndarray) -> None:
    """A picture, the picture with the most important part covered, and its heat map.

    Args:
      image, covered: uint8 [H, W, 3].
      heat: the probability lost when a pixel is covered, float [H, W].
    """
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.9), layout="constrained")
    titles = ("the drawing", "the cover that costs most", "probability lost")
    for axis, picture, title in zip(axes, (image, covered, image), titles, strict=True):
        axis.imshow(picture)
        axis.set_title(title, fontsize=9)
        axis.axis("off")
    grey = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    axes[2].imshow(grey.astype(np.uint8))
    laid = axes[2].imshow(heat, cmap="inferno", alpha=0.6, vmin=0)
    figure.colorbar(laid, ax=axes, format="{x:.0%}")
