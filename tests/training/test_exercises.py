"""Errors as values, and answers compared without an error of their own."""

import numpy as np
import pytest

from helpers.training.exercises import caught, is_close, verdict


def test_caught_returns_the_error_of_a_call():
    assert isinstance(caught(int, "one"), ValueError)


def test_caught_returns_none_where_nothing_fails():
    assert caught(int, "ff", base=16) is None


def test_an_answer_of_the_same_numbers_is_close():
    assert is_close([[0.5, 0.5], [0.95, 0.05]], np.array([[0.5, 0.5], [0.953, 0.047]]))


@pytest.mark.parametrize(
    "answer",
    [[0.5, 0.6], [0.5], [[0.5, 0.5]], [[0.5], [0.5, 1]], "half", None, ..., object()],
)
def test_any_other_answer_is_not_close_and_raises_nothing(answer):
    assert not is_close(answer, np.array([0.5, 0.5]))


def test_large_numbers_are_compared_to_the_last_digit():
    assert not is_close(8_504_717, 8_504_720, 0)


def test_verdict_counts_the_answers_given():
    assert verdict(..., ...) == "no answer given yet"
    assert verdict(0, ..., None) == "2 of 3 answers given, and right"
