"""Figures of measured latencies, memory over time and request rates of servers.

Taught in notebooks/05_load_once_not_per_request.ipynb.
"""

from collections.abc import Mapping, Sequence
from statistics import median

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogFormatter

from helpers.figures.benchmark_results import APP, LIMIT
from helpers.figures.plots import BLUE, GREY, INK, STYLES, remove_frames

Series = Mapping[str, Sequence[float]]


def plot_latencies(models: Mapping[str, Series]) -> None:
    """A row of dots for each model and way to serve it, with the median.

    Values are milliseconds, on a logarithmic axis.
    """
    rows = [(model, way) for model, ways in models.items() for way in ways]
    figure, axis = plt.subplots(figsize=(9, 0.9 + 0.5 * len(rows)))
    scatter = np.random.default_rng(0)
    for height, (model, way) in enumerate(rows):
        values = models[model][way]
        colour, _, marker = STYLES[list(models[model]).index(way) % len(STYLES)]
        heights = height + scatter.uniform(-0.2, 0.2, len(values))
        (dots,) = axis.plot(values, heights, marker, color=colour, alpha=0.45)
        dots.set(markersize=5, markeredgewidth=0)
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
    axis.xaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
    axis.grid(axis="x", alpha=0.3)
    remove_frames(figure)


def plot_footprints(
    runs: Mapping[str, tuple[Sequence[float], Sequence[float]]],
) -> None:
    """Memory of processes over time; each run is its seconds and its MiB."""
    figure, axis = plt.subplots(figsize=(9, 3.4))
    for (name, (seconds, rss_mib)), (colour, line, _) in zip(
        runs.items(), STYLES, strict=False
    ):
        axis.plot(seconds, rss_mib, line, color=colour, label=name)
        end = seconds[-1], rss_mib[-1]
        label = axis.annotate(name, end, (5, 0), textcoords="offset points")
        label.set(color=colour, va="center")
    axis.set(xlabel="seconds", ylabel="memory, MiB", ylim=(0, None))
    axis.margins(x=0.15)
    axis.set_xlim(left=0)
    remove_frames(figure)


def plot_rates(servers: Mapping[str, Mapping[str, float]]) -> None:
    """A bar for each server: photos a second with 16 connections, the slowest first."""
    rates = {name: found["rate 16"] for name, found in servers.items()}
    names = sorted(rates, key=lambda name: rates[name])
    figure, axis = plt.subplots(figsize=(9, 0.6 + 0.36 * len(names)))
    for height, name in enumerate(names):
        colour = BLUE if name == APP else GREY
        (bar,) = axis.barh(height, rates[name], 0.7, color=colour)
        if name == LIMIT:
            bar.set(fill=False, hatch="///", edgecolor=GREY)
        axis.text(rates[name], height, f" {rates[name]:,.0f}", va="center", color=INK)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="photos a second, 16 connections")
    axis.margins(x=0.08)
    remove_frames(figure)


def plot_arrivals(arrivals: Mapping[str, Mapping[str, float]]) -> None:
    """Latency percentiles over the number of photos that arrive in a second."""
    figure, axis = plt.subplots(figsize=(9, 3))
    rates = [float(rate) for rate in arrivals]
    for (colour, line, marker), key in zip(STYLES, ("p50", "p99"), strict=False):
        values = [load[key] for load in arrivals.values()]
        axis.plot(rates, values, line, color=colour, marker=marker, label=key)
    axis.set(
        xlabel="photos arriving a second", ylabel="ms", yscale="log", xlim=(0, None)
    )
    axis.yaxis.set_major_formatter("{x:,g}")
    axis.legend(frameon=False)
    remove_frames(figure)
