"""Diagrams of serving: what is drawn is what was given, with units on the axes."""

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
from tests.figures.read_figures import axis_labels, texts

SPANS = [Span(0, 10.0, 10.5, "cat"), Span(1, 10.2, 11.0, "dog")]
STACKS = {
    "one process": {"TensorFlow": 600, "model": 80},
    "two": {"TensorFlow": 1200, "model": 80},
}


def bars():
    return [(bar.get_x(), bar.get_width()) for bar in plt.gca().patches]


def test_a_timed_call_becomes_a_span_named_by_what_it_returns():
    span = Span.timed(3, lambda: "cat")
    assert (span.row, span.name) == (3, "cat")
    assert span.start <= span.end


def test_a_chain_names_each_box_under_its_title():
    plot_chains({"small": ["run", "session"], "large": ["run"]})
    assert texts() == ["small", "run", "session", "large", "run"]


def test_an_arrow_leads_to_each_box_but_the_first():
    plot_chains({"small": ["run", "session", "graph"]})
    arrows = [getattr(text, "arrow_patch", None) for text in plt.gca().texts]
    assert sum(arrow is not None for arrow in arrows) == 2


def test_timelines_begin_at_the_first_request_and_show_durations():
    plot_timelines(SPANS, "thread")
    assert bars() == [pytest.approx((0, 0.5)), pytest.approx((0.2, 0.8))]
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["1", "2"]
    assert axis_labels() == [("seconds", "thread")]


def test_a_mark_is_drawn_at_its_time():
    plot_timelines(SPANS, "thread", {"SIGTERM": 10.4})
    assert plt.gca().lines[0].get_xdata() == pytest.approx([0.4, 0.4])
    assert texts() == ["SIGTERM"]


def test_no_two_names_of_requests_differ_by_colour_alone():
    plot_timelines(SPANS, "thread")
    first, second = plt.gca().patches
    assert first.get_hatch() != second.get_hatch()


def test_parts_of_a_stack_lie_end_to_end():
    plot_stacks(STACKS, "MiB")
    assert bars() == [(0, 600), (0, 1200), (600, 80), (1200, 80)]
    assert texts() == [" 680", " 1,280"]
    assert axis_labels() == [("MiB", "")]


def test_heat_is_laid_over_the_picture_with_a_scale():
    image, heat = np.full((8, 8, 3), 200, np.uint8), np.eye(8)
    plot_heat(image, image // 2, heat)
    plain, covered, warm, scale = plt.gcf().axes
    assert (plain.images[0].get_array() == image).all()
    assert (covered.images[0].get_array() == image // 2).all()
    assert (warm.images[-1].get_array() == heat).all()
    assert warm.images[-1].get_alpha() < 1
    assert scale.get_yticklabels()[-1].get_text().endswith("%")
