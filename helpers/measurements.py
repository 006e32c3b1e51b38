"""Figures of what was measured: latencies on one axis, memory over time.

Taught in notebooks/05_load_once_not_per_request.ipynb.
"""

from collections.abc import Mapping, Sequence
from statistics import median

import matplotlib.pyplot as plt
import numpy as np

from helpers.plots import INK, STYLES, without_frames

Series = Mapping[str, Sequence[float]]


def plot_latencies(models: Mapping[str, Series]) -> None:
    """A row of dots for each model and way, ms on a logarithmic axis, and medians."""
    rows = [(model, way) for model, ways in models.items() for way in ways]
    figure, axis = plt.subplots(figsize=(9, 0.9 + 0.5 * len(rows)))
    scatter = np.random.default_rng(0)
    for height, (model, way) in enumerate(rows):
        values = models[model][way]
        colour, _, marker = STYLES[list(models[model]).index(way) % len(STYLES)]
        look = {"color": colour, "marker": marker, "alpha": 0.45, "linestyle": ""}
        look |= {"markersize": 5, "markeredgewidth": 0}
        axis.plot(values, height + scatter.uniform(-0.2, 0.2, len(values)), **look)
        middle = median(values)
        axis.plot([middle, middle], [height - 0.3, height + 0.3], color=INK)
        text = f"{middle:,.0f} ms" if middle >= 10 else f"{middle:.1f} ms"
        axis.text(middle, height - 0.36, text, ha="center", color=INK)
    names = [f"{model}: {way}" for model, way in rows]
    axis.set(xscale="log", xlabel="ms a request; the bar is the median")
    axis.set_yticks(range(len(rows)), names)
    axis.set_ylim(len(rows) - 0.5, -0.8)
    axis.margins(x=0.08)
    axis.xaxis.set_major_formatter("{x:,g}")
    axis.grid(axis="x", alpha=0.3)
    without_frames(figure)


def plot_footprints(
    runs: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> None:
    """Memory of processes over time: each a pair of seconds and MiB."""
    figure, axis = plt.subplots(figsize=(9, 3.4))
    for (name, (seconds, rss_mib)), (colour, line, _) in zip(
        runs.items(), STYLES, strict=False
    ):
        axis.plot(seconds, rss_mib, line, color=colour, label=name)
        end = (seconds[-1], rss_mib[-1])
        look = {"color": colour, "va": "center"}
        axis.annotate(name, end, (5, 0), textcoords="offset points", **look)
    axis.set(xlabel="seconds", ylabel="memory, MiB", ylim=(0, None))
    axis.margins(x=0.15)
    axis.set_xlim(left=0)
    without_frames(figure)
