"""The figures of serving: who asks whom, when, for how long and in how much memory.

Colours and line styles are those of `plots`; nothing differs by colour alone.

Taught in notebooks/07_serve_two_models.ipynb.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np

from helpers.figures.plots import BLUE, GREEN, GREY, INK, ORANGE, TINTS

FILLS = ((BLUE, ""), (ORANGE, "////"), (GREEN, "...."), (GREY, "xx"))


class Span(NamedTuple):
    """One request: the client's row, start and end in seconds, and its name."""

    row: int
    start: float
    end: float
    name: str


def plot_chains(chains: Mapping[str, Sequence[str]]) -> None:
    """A column a name: boxes from top to bottom, each pointing at the next."""
    depth = max(map(len, chains.values()))
    figure, axis = plt.subplots(figsize=(2.6 * len(chains), 0.85 * depth + 0.3))
    axis.set(xlim=(-0.5, len(chains) - 0.5), ylim=(depth - 0.5, -0.8))
    axis.axis("off")
    for column, (name, boxes) in enumerate(chains.items()):
        axis.text(column, -0.6, name, ha="center", color=INK, weight="bold")
        box = {"boxstyle": "round,pad=0.5", "edgecolor": INK}
        box["facecolor"] = TINTS[column % len(TINTS)]
        looks = {"ha": "center", "va": "center", "bbox": box}
        above = axis.text(column, 0, boxes[0], looks)
        for row, text in enumerate(boxes[1:], start=1):
            arrow = {"arrowstyle": "<-", "patchB": above.get_bbox_patch()}
            ends = {"xy": (column, row - 1), "xytext": (column, row)}
            above = axis.annotate(text, **ends, arrowprops=arrow, **looks)
    figure.tight_layout()


def plot_timelines(
    spans: Sequence[Span], row_label: str, marks: Mapping[str, float] | None = None
) -> None:
    """A row for each client, a bar for each of its requests; marks are moments."""
    begin = min(span.start for span in spans)
    count = 1 + max(span.row for span in spans)
    figure, axis = plt.subplots(figsize=(9, 0.3 * count + 1.2))
    names = dict.fromkeys(span.name for span in spans)
    for name, (colour, hatch) in zip(sorted(names), FILLS, strict=False):
        own = [span for span in spans if span.name == name]
        axis.barh(
            [span.row + 1 for span in own],
            [span.end - span.start for span in own],
            left=[span.start - begin for span in own],
            height=0.7,
            label=name,
            facecolor=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0.5,
        )
    for name, moment in (marks or {}).items():
        axis.axvline(moment - begin, color=INK, linewidth=1)
        axis.text(moment - begin, 0.4, name, ha="center", va="bottom", color=INK)
    axis.set(xlabel="seconds", ylabel=row_label, ylim=(count + 0.5, 0.4))
    axis.set_yticks(range(1, count + 1))
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1.08), ncols=4, frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()


def plot_stacks(stacks: Mapping[str, Mapping[str, float]], unit: str) -> None:
    """One bar a name, made of parts end to end; parts of one name look the same."""
    figure, axis = plt.subplots(figsize=(9, 0.55 * len(stacks) + 1.3))
    names = list(dict.fromkeys(part for parts in stacks.values() for part in parts))
    left = dict.fromkeys(stacks, 0.0)
    for name, (colour, hatch) in zip(names, FILLS, strict=False):
        rows = [row for row, parts in stacks.items() if name in parts]
        widths = [stacks[row][name] for row in rows]
        starts = [left[row] for row in rows]
        looks = {"facecolor": colour, "hatch": hatch, "edgecolor": "white"}
        axis.barh(rows, widths, 0.6, starts, label=name, **looks)
        left |= {row: left[row] + stacks[row][name] for row in rows}
    for row, total in left.items():
        axis.annotate(f" {total:,.0f}", (total, row), va="center", color=INK)
    axis.invert_yaxis()
    axis.set(xlabel=unit)
    axis.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()


def plot_heat(image: np.ndarray, covered: np.ndarray, heat: np.ndarray) -> None:
    """A picture, the cover that costs it most, and over it what each pixel costs."""
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
