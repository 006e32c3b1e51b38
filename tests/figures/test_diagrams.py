"""The figures of serving: who asked whom, when, and in how much memory."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from helpers.figures.diagrams import (
    Span,
    plot_chains,
    plot_heat,
    plot_stacks,
    plot_timelines,
)

mpl.use("Agg")

SPANS = [Span(0, 10.0, 10.5, "cat"), Span(1, 10.2, 11.0, "dog")]
STACKS = {
    "one process": {"TensorFlow": 600, "model": 80},
    "two": {"TensorFlow": 1200, "model": 80},
}


@pytest.fixture(autouse=True)
def _no_figure_is_left_open():
    yield
    plt.close("all")


def texts(axis):
    return [text.get_text() for text in axis.texts]


def bars(axis):
    return [(bar.get_x(), bar.get_width()) for bar in axis.patches]


def test_a_chain_names_each_box_under_its_title():
    plot_chains({"small": ["run", "session"], "large": ["run"]})
    assert texts(plt.gca()) == ["small", "run", "session", "large", "run"]


def test_each_box_but_the_first_is_pointed_at():
    plot_chains({"small": ["run", "session", "graph"]})
    arrows = [getattr(text, "arrow_patch", None) for text in plt.gca().texts]
    assert sum(arrow is not None for arrow in arrows) == 2


def test_questions_begin_at_the_first_one_and_last_as_long_as_they_did():
    plot_timelines(SPANS, "thread")
    assert bars(plt.gca()) == [pytest.approx((0, 0.5)), pytest.approx((0.2, 0.8))]
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["1", "2"]


def test_a_mark_stands_at_its_moment():
    plot_timelines(SPANS, "thread", {"SIGTERM": 10.4})
    assert plt.gca().lines[0].get_xdata() == pytest.approx([0.4, 0.4])
    assert texts(plt.gca()) == ["SIGTERM"]


def test_no_two_kinds_of_question_differ_by_colour_alone():
    plot_timelines(SPANS, "thread")
    first, second = plt.gca().patches
    assert first.get_hatch() != second.get_hatch()


def test_parts_of_a_stack_lie_end_to_end():
    plot_stacks(STACKS, "MiB")
    assert bars(plt.gca()) == [(0, 600), (0, 1200), (600, 80), (1200, 80)]
    assert texts(plt.gca()) == [" 680", " 1,280"]


def test_heat_is_laid_over_the_picture_with_a_scale():
    image, heat = np.full((8, 8, 3), 200, np.uint8), np.eye(8)
    plot_heat(image, image // 2, heat)
    plain, covered, warm, scale = plt.gcf().axes
    assert (plain.images[0].get_array() == image).all()
    assert (covered.images[0].get_array() == image // 2).all()
    assert (warm.images[-1].get_array() == heat).all()
    assert warm.images[-1].get_alpha() < 1
    assert scale.get_yticklabels()[-1].get_text().endswith("%")


@pytest.mark.parametrize(
    ("plot", "labels"),
    [
        pytest.param(lambda: plot_timelines(SPANS, "visitor"), ("seconds", "visitor")),
        pytest.param(lambda: plot_stacks(STACKS, "MiB"), ("MiB", "")),
    ],
    ids=["lanes", "stacks"],
)
def test_axes_say_their_unit(plot, labels):
    plot()
    assert (plt.gca().get_xlabel(), plt.gca().get_ylabel()) == labels
