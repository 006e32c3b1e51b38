"""Figures of measurements: what is drawn is what was given, with units."""

import matplotlib.pyplot as plt

from helpers.figures.measurements import plot_footprints, plot_latencies
from tests.figures.read_figures import axis_labels, texts

WAYS = {"reload": [300.0, 320.0, 900.0], "one session": [3.0, 4.0, 5.0]}
RUNS = {"reload": ([0.0, 1.0, 2.0], [100, 300, 120]), "once": ([0.0, 0.5], [200, 200])}


def test_latencies_are_a_row_for_each_model_and_way():
    plot_latencies({"small": WAYS, "AlexNet": {"reload": [2000.0]}})
    labels = [label.get_text() for label in plt.gca().get_yticklabels()]
    assert labels == ["small: reload", "small: one session", "AlexNet: reload"]
    assert list(plt.gca().lines[0].get_xdata()) == WAYS["reload"]
    assert set(plt.gca().lines[2].get_ydata().round()) == {1}


def test_latencies_have_their_median_marked_and_written():
    plot_latencies({"small": WAYS})
    assert list(plt.gca().lines[1].get_xdata()) == [320, 320]
    assert texts() == ["320 ms", "4.0 ms"]


def test_latencies_have_a_logarithmic_axis_with_its_unit():
    plot_latencies({"small": WAYS})
    assert plt.gca().get_xscale() == "log"
    assert plt.gca().get_xlabel().startswith("ms a request")


def test_ways_differ_by_marker_too():
    plot_latencies({"small": WAYS})
    assert plt.gca().lines[0].get_marker() != plt.gca().lines[2].get_marker()


def test_memory_is_a_line_for_each_run_with_its_name_at_the_end():
    plot_footprints(RUNS)
    reload, once = plt.gca().lines
    assert list(reload.get_xdata()) == [0, 1, 2]
    assert list(once.get_ydata()) == [200, 200]
    assert texts() == ["reload", "once"]
    assert reload.get_linestyle() != once.get_linestyle()


def test_memory_has_its_units_and_begins_at_zero():
    plot_footprints(RUNS)
    assert axis_labels() == [("seconds", "memory, MiB")]
    assert plt.gca().get_ylim()[0] == plt.gca().get_xlim()[0] == 0
