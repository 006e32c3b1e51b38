"""bfloat16: used where the CPU has it and the answers agree."""

import numpy as np
import pytest

from helpers.serving import open_session as running
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.precision import PROBES, agree, has_bfloat16, probes


def told(change):
    """Probabilities of the probes, those of one of them changed."""
    found = np.full([PROBES, 1, 2], 0.5)
    found[3, 0, 1] += change
    return found


def test_probes_are_always_the_same_and_all_different():
    images = probes(32)
    assert (images.shape, images.dtype) == ((PROBES, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(images, probes(32))
    assert len(np.unique(images.reshape(PROBES, -1), axis=0)) == PROBES


@pytest.mark.parametrize(("change", "expected"), [(0.019, True), (0.021, False)])
def test_answers_agree_within_two_hundredths(change, expected):
    assert agree(told(0), told(change)) is expected


@pytest.mark.skipif(not has_bfloat16(), reason="this CPU has no bfloat16")
def test_a_model_runs_in_bfloat16_where_that_agrees(small):
    images = probes(32)
    with FrozenModel.load(small.path) as exact:
        expected = exact.predict(images)
    with FrozenModel.load(small.path, quick=True) as model:
        assert model.bfloat16
        found = model.predict(images)
    assert 0 < np.abs(found - expected).max() < 0.02


@pytest.mark.skipif(not has_bfloat16(), reason="this CPU has no bfloat16")
def test_a_model_that_does_not_agree_stays_exact(small, monkeypatch):
    monkeypatch.setattr(running, "agree", lambda *_: False)
    images = probes(32)
    with FrozenModel.load(small.path) as exact:
        expected = exact.predict(images)
    with FrozenModel.load(small.path, quick=True) as model:
        assert not model.bfloat16
        np.testing.assert_array_equal(model.predict(images), expected)


def test_without_bfloat16_it_is_not_tried(small, monkeypatch):
    monkeypatch.setattr(running, "has_bfloat16", lambda: False)
    with FrozenModel.load(small.path, quick=True) as model:
        assert not model.bfloat16
