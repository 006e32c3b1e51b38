"""Figures for the notebooks: what is drawn is what was given, with units."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.figures.plots import (
    plot_bytes,
    plot_calls,
    plot_history,
    plot_images,
    plot_kernels,
    plot_measured_calls,
    plot_memory,
    plot_reliability,
    plot_sessions,
    plot_shares,
)
from helpers.profiling.usage import Calls
from tests.figures.read_figures import axis_labels, texts

HISTORY = [
    {"epoch": 1, "loss": 0.7, "accuracy": 0.5, "validation": 0.55},
    {"epoch": 2, "loss": 0.4, "accuracy": 0.8, "validation": 0.75},
]
SHARES = {"weights": 8.5, "Adam": 17.0, "names": 0.1}
CALLS = {"leaky": [3, 6, 9], "fixed": [3, 3, 3]}


def curve(line):
    return list(line.get_xdata()), list(line.get_ydata())


def test_images_are_drawn_in_rows_with_their_titles():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), np.uint8)
    plot_images(images, list("abcde"), columns=3)
    axes = plt.gcf().axes
    assert len(axes) == 6
    assert [axis.get_title() for axis in axes] == [*"abcde", ""]
    assert np.array_equal(axes[4].images[0].get_array(), images[4])
    assert not axes[5].images
    assert not any(axis.axison for axis in axes)


def test_the_history_shows_loss_and_accuracy_over_epochs():
    plot_history(HISTORY)
    left, right = plt.gcf().axes
    assert curve(left.lines[0]) == ([1, 2], [0.7, 0.4])
    assert [line.get_label() for line in right.lines[:2]] == ["training", "validation"]
    assert right.lines[1].get_ydata() == pytest.approx([55, 75])
    assert axis_labels() == [("epoch", "training loss"), ("epoch", "accuracy, %")]


def test_no_two_curves_differ_by_colour_alone():
    plot_history(HISTORY)
    training, validation = plt.gcf().axes[1].lines[:2]
    assert training.get_marker() != validation.get_marker()
    assert training.get_linestyle() != validation.get_linestyle()


def test_a_long_history_is_a_line_without_markers():
    plot_history([HISTORY[0] | {"epoch": number} for number in range(1, 40)])
    assert {line.get_marker() for line in plt.gcf().axes[1].lines} == {"None"}


def test_reliability_is_drawn_in_percent_beside_the_diagonal():
    plot_reliability([[0.6, 0.5, 10], [0.95, 1.0, 90]])
    points = plt.gca().collections[0].get_offsets()
    assert points.tolist() == [[60, 50], [95, 100]]
    assert curve(plt.gca().lines[0]) == ([0, 100], [0, 100])


def test_shares_lie_end_to_end():
    plot_shares(SHARES, "MB")
    bars = plt.gca().patches
    assert [bar.get_width() for bar in bars] == pytest.approx(list(SHARES.values()))
    assert [bar.get_x() for bar in bars] == pytest.approx([0, 8.5, 25.5])
    assert axis_labels() == [("MB", "")]


def test_a_share_below_a_hundredth_goes_without_its_name():
    plot_shares(SHARES, "MB")
    assert texts() == ["weights\n8.5", "Adam\n17.0"]


def test_a_share_too_thin_for_its_name_has_it_over_the_bar():
    plot_shares({"load the file": 8, "get ready": 90, "predict": 2}, "ms")
    axis = plt.gca()
    axis.figure.canvas.draw()
    assert texts(axis) == ["load the file 8.0", "get ready\n90.0", "predict 2.0"]
    first, inside, last = (text.get_window_extent() for text in axis.texts)
    frame, bar = axis.get_window_extent(), axis.patches[0].get_window_extent()
    assert first.x0 > frame.x0 - 1
    assert last.x1 < frame.x1 + 1
    assert min(first.y0, last.y0) > bar.y1 > inside.y1


def test_calls_are_counted_from_one_and_named_at_the_line():
    plot_calls(CALLS, "ops in the graph")
    leaky, fixed = plt.gca().lines
    assert curve(leaky) == ([1, 2, 3], [3, 6, 9])
    assert curve(fixed) == ([1, 2, 3], [3, 3, 3])
    assert texts() == ["leaky", "fixed"]
    assert axis_labels() == [("call", "ops in the graph")]


def test_kernels_are_pictures_from_black_to_white():
    kernels = np.random.default_rng(0).normal(size=(3, 5, 3, 4))
    plot_kernels(kernels, columns=2)
    pictures = np.stack([axis.images[0].get_array() for axis in plt.gcf().axes])
    assert pictures.shape == (4, 3, 5, 3)
    assert (pictures.min(), pictures.max()) == (0, 255)
    assert pictures[2].argmax() == kernels[..., 2].argmax()


def test_every_byte_is_a_cell_in_reading_order():
    data = bytes(range(0x0A, 0x0A + 10))
    plot_bytes(data, [(3, "key"), (7, "value")], columns=4)
    cells = plt.gca().patches
    assert [cell.get_xy() for cell in cells] == [divmod(n, 4)[::-1] for n in range(10)]
    written = [text for text in texts() if len(text) == 2]
    assert written == [f"{byte:02x}" for byte in data]


def test_a_part_is_named_over_its_first_byte_and_tinted_as_one():
    plot_bytes(bytes(10), [(3, "key"), (7, "value")], columns=4)
    (value,) = [text for text in plt.gca().texts if text.get_text() == "value"]
    assert np.floor(value.get_position()[0]) == 3
    assert -0.5 < value.get_position()[1] < 0
    tints = [cell.get_facecolor() for cell in plt.gca().patches]
    assert len(set(tints[:3])) == len(set(tints[3:])) == 1
    assert tints[0] != tints[3]


def test_bytes_beyond_the_named_parts_are_not_drawn():
    plot_bytes(bytes(10), [(3, "key")])
    assert len(plt.gca().patches) == 3


def test_each_session_is_drawn_with_its_own_value_and_the_graph_with_none():
    plot_sessions({"one": {"weight": 5.0}, "other": {"weight": 1.0}})
    boxes = [text for text in texts() if text]
    assert boxes == [
        "session 'one'\nweight = 5.0",
        "session 'other'\nweight = 1.0",
        "the graph\nvariable weight: no value",
    ]


def test_an_arrow_leads_from_the_graph_to_each_session():
    plot_sessions({name: {"weight": 1.0} for name in ("one", "two", "three")})
    arrows = [text for text in plt.gca().texts if getattr(text, "arrow_patch", None)]
    places = {t.get_text()[9:12]: t.get_position() for t in plt.gca().texts}
    assert [arrow.xy[0] for arrow in arrows] == [1, 3, 5]
    assert {arrow.get_position() for arrow in arrows} == {(3, 2.4)}
    assert [places[name][0] for name in ("one", "two", "thr")] == [1, 3, 5]


def test_measured_calls_are_three_panels_and_memory_starts_at_zero():
    leaky = Calls(milliseconds=[1, 5, 9], rss_mib=[700, 702, 705], ops=[2, 4, 6])
    plot_measured_calls({"leaky": leaky, "fixed": leaky})
    panels = plt.gcf().axes
    assert [label for _, label in axis_labels()] == ["ops", "MiB gained", "ms a call"]
    values = [list(axis.lines[0].get_ydata()) for axis in panels]
    assert values == [[2, 4, 6], [0, 2, 5], [1, 5, 9]]
    assert panels[0].lines[0].get_linestyle() != panels[0].lines[1].get_linestyle()


def test_memory_begins_at_second_zero_and_spans_are_named():
    samples = [(700.0, 50.0), (710.0, 51.0), (720.0, 53.0)]
    plot_memory(samples, {"day 1": (50.0, 51.0), "day 2": (52.0, 53.0)})
    axis = plt.gca()
    assert curve(axis.lines[0]) == ([0, 1, 3], [700, 710, 720])
    assert axis_labels() == [("seconds", "MiB")]
    assert texts(axis) == ["day 1", "day 2"]
    assert [text.get_position()[0] for text in axis.texts] == [0.5, 2.5]
