"""Occlusion of a model that depends on one corner of the photo only."""

import numpy as np
import pytest

from helpers.serving.frozen_model import FrozenModel
from helpers.serving.occlusion import (
    STEPS,
    Explanation,
    cover,
    cover_positions,
    explain,
)


class Corner:
    """The probability of "lit" is the brightness of the upper left eighth."""

    class_names = ("dark", "lit")

    def predict(self, images):
        size = images.shape[1] // 8
        lit = images[:, :size, :size].mean((1, 2, 3)) / 255
        return np.stack([1 - lit, lit], 1)


def why(image):
    """The explanation of what the model above predicts for one photo."""
    (probabilities,) = Corner().predict(image[None])
    return explain(Corner(), image, probabilities)


@pytest.fixture
def lit_corner():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:8, :8] = 255
    return image


def test_the_heat_is_where_the_model_depends_on_the_photo(lit_corner):
    heat = why(lit_corner).heat(64)
    assert np.unravel_index(heat.argmax(), heat.shape) == (0, 0)
    assert heat[:8, :8].min() > 0
    assert heat[32:, 32:].max() == 0


@pytest.mark.parametrize("size", [64, 299])
def test_the_heat_has_no_steps(size):
    lost = np.zeros((STEPS, STEPS), np.float32)
    lost[3, 4] = 1
    heat = Explanation("lit", 1.0, lost).heat(size)
    assert np.abs(np.diff(heat, axis=0)).max() < 8 / size
    assert heat.max() < 1


@pytest.mark.parametrize("size", [1, 2, 5, 32, 299])
def test_the_heat_is_a_mean_of_the_covers(size):
    lost = np.full((STEPS, STEPS), 0.25, np.float32)
    heat = Explanation("lit", 1.0, lost).heat(size, size + 1)
    assert heat.shape == (size, size + 1)
    assert heat == pytest.approx(0.25)


@pytest.mark.parametrize(("share", "decides"), [(0.02, False), (0.1, True)])
def test_a_part_decides_by_its_share_of_the_probability(share, decides):
    lost = np.full((STEPS, STEPS), -0.5, np.float32)
    lost[0, 0] = share * 0.2
    assert Explanation("lit", 0.2, lost).is_decided_by_a_part == decides


def test_the_lowest_probability_of_the_likeliest_class_is_under_one_cover(lit_corner):
    found, mean = why(lit_corner), int(lit_corner.mean())
    assert (found.label, found.probability) == ("lit", 1.0)
    assert found.lowest == pytest.approx(mean / 255, abs=1e-6)


def test_a_cover_that_helps_the_class_counts_below_nothing():
    image = np.full((64, 64, 3), 255, np.uint8)
    image[:8, :8] = 200
    assert why(image).lost.min() < 0


@pytest.mark.parametrize("size", [1, 2, 5, 32, 128, 299])
def test_the_covers_leave_no_pixel_out(size):
    seen = np.zeros((size, size), bool)
    for place in cover_positions(size):
        seen[place] = True
    assert seen.all()


def test_each_copy_is_covered_in_one_place_only(lit_corner):
    copies = cover(lit_corner)
    assert copies.shape == (STEPS * STEPS, 64, 64, 3)
    for copy, (rows, columns) in zip(copies, cover_positions(64), strict=True):
        changed = np.argwhere((copy != lit_corner).any(-1))
        assert np.isin(changed[:, 0], range(64)[rows]).all()
        assert np.isin(changed[:, 1], range(64)[columns]).all()


def test_a_frozen_graph_runs_once_and_gets_no_op(small, monkeypatch):
    image = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    with FrozenModel.load(small.path) as model:
        before = len(model.graph.get_operations())
        (probabilities,) = model.predict(image[None])
        batches, predict = [], model.predict
        monkeypatch.setattr(
            model, "predict", lambda images: batches.append(images) or predict(images)
        )
        reason = explain(model, image, probabilities)
        assert [len(batch) for batch in batches] == [STEPS * STEPS]
        assert len(model.graph.get_operations()) == before
    assert reason.label == model.class_names[int(probabilities.argmax())]


def test_covers_of_a_wide_photo_reach_its_edges():
    image = np.zeros((30, 90, 3), np.uint8)
    image[:, -9:] = 255
    covered = np.abs(cover(image).astype(int) - image).sum((0, 3)) > 0
    assert covered.all()
    assert cover_positions(30, 90)[-1] == (slice(20, 30), slice(60, 90))
