"""Probabilities that mean what they say: synthetic data whose truth is known."""

import numpy as np
import pytest

from helpers.data.drawings import make_drawings
from helpers.data.photos import drawn_examples
from helpers.training.calibration import (
    DEGRADATIONS,
    calibration_error,
    choose_threshold,
    confusion,
    degraded,
    fit_temperature,
    reliability,
    softmax,
)
from helpers.training.evaluation import OUTLIERS, calibrate, examine
from helpers.training.outliers import make_outliers


def sampled(count, temperature=1.0, seed=0):
    """Logits that are `temperature` times too large, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (count, 3))
    draws = rng.random((count, 1))
    labels = (softmax(logits).cumsum(axis=1) < draws).sum(axis=1)
    return logits * temperature, labels


@pytest.fixture(scope="module")
def held_out():
    return {"drawings": drawn_examples(120, size=32)}


@pytest.fixture
def fitted(resnet, held_out):
    """What was fitted on an untrained network, which is as before afterwards."""
    yield calibrate(resnet.session, held_out)
    resnet.session.set_temperature(1.0)


@pytest.fixture(scope="module")
def images():
    return make_drawings(6, seed=2, size=64)[0]


def test_softmax_is_numpys():
    logits = np.random.default_rng(0).normal(size=(5, 3))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1)[:, None]
    np.testing.assert_allclose(softmax(logits), expected, rtol=1e-12)


def test_softmax_of_huge_logits_does_not_overflow():
    assert softmax(np.array([[1e4, 0], [-1e4, 0]])).tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.3])
def test_a_known_temperature_is_recovered(temperature):
    found = fit_temperature(*sampled(6000, temperature))
    assert found == pytest.approx(temperature, rel=0.08)


def test_the_fitted_temperature_makes_the_probabilities_honest():
    logits, labels = sampled(6000, temperature=3)
    fitted = logits / fit_temperature(logits, labels)
    assert calibration_error(softmax(logits), labels) > 0.1
    assert calibration_error(softmax(fitted), labels) < 0.02


def test_honest_probabilities_have_almost_no_calibration_error():
    logits, labels = sampled(20000)
    assert calibration_error(softmax(logits), labels) < 0.012


def test_the_calibration_error_is_how_far_confidence_is_from_accuracy():
    probabilities = np.tile([0.7, 0.3], (10, 1))
    labels = np.array([0] * 9 + [1])
    assert calibration_error(probabilities, labels) == pytest.approx(0.2)


def test_certainty_that_is_right_half_the_time_has_error_one_half():
    probabilities = np.tile([1.0, 0.0], (10, 1))
    assert calibration_error(probabilities, np.arange(10) % 2) == pytest.approx(0.5)


def test_gaps_of_different_confidences_do_not_cancel():
    probabilities = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]] * 10)
    labels = np.array([0] * 6 + [1] * 4 + [0] * 9 + [1])
    assert calibration_error(probabilities, labels) == pytest.approx(0.3)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_that_share_of_the_photos_lies_below_the_threshold(share):
    probabilities = softmax(sampled(1000)[0])
    threshold = choose_threshold(probabilities, share)
    assert (probabilities.max(axis=1) < threshold).mean() == pytest.approx(share)


def test_confusion_has_a_row_a_true_class_and_a_column_a_predicted_one():
    probabilities = np.eye(3)[[0, 0, 1, 2, 2, 2]]
    labels = np.array([0, 1, 1, 1, 2, 2])
    assert confusion(probabilities, labels, 3) == [[1, 0, 0], [1, 1, 1], [0, 0, 2]]


@pytest.mark.parametrize("how", DEGRADATIONS)
def test_a_degradation_changes_the_picture_but_not_its_shape(images, how):
    worse = degraded(images, how)
    assert (worse.shape, worse.dtype) == (images.shape, np.uint8)
    assert all(np.any(one != other) for one, other in zip(worse, images, strict=True))


@pytest.mark.parametrize("how", DEGRADATIONS)
def test_a_degradation_is_the_same_for_the_same_seed(images, how):
    assert np.array_equal(degraded(images, how, seed=4), degraded(images, how, seed=4))


def test_another_seed_crops_elsewhere(images):
    first, second = degraded(images, "cropped", 1), degraded(images, "cropped", 2)
    assert not np.array_equal(first, second)


def test_a_dark_copy_has_about_a_third_of_the_light(images):
    assert degraded(images, "dark").mean() == pytest.approx(0.35 * images.mean(), abs=1)


@pytest.mark.parametrize("how", ["blurred", "thumbnail"])
def test_detail_is_lost(images, how):
    def detail(pictures):
        return np.abs(np.diff(pictures.astype(int), axis=2)).mean()

    assert detail(degraded(images, how)) < 0.8 * detail(images)


def test_an_unknown_degradation_is_refused(images):
    with pytest.raises(
        ValueError, match="no degradation 'rainy': choose blurred, crop"
    ):
        degraded(images, "rainy")


def test_outliers_are_the_same_for_the_same_seed():
    assert np.array_equal(make_outliers(10, seed=3), make_outliers(10, seed=3))


def test_other_seeds_make_other_outliers():
    first, second = make_outliers(10, seed=3), make_outliers(10, seed=4)
    assert all(np.any(one != other) for one, other in zip(first, second, strict=True))


def test_fewer_outliers_are_the_first_of_more():
    assert np.array_equal(make_outliers(5, size=32), make_outliers(11, size=32)[:5])


def test_outliers_are_uint8_pictures():
    outliers = make_outliers(7, size=48)
    assert (outliers.shape, outliers.dtype) == ((7, 48, 48, 3), np.uint8)


def test_outliers_come_in_five_kinds_in_turn():
    noise, plain, gradient, _, _ = make_outliers(5, size=32)
    steps = np.abs(np.diff(gradient.astype(int), axis=0)).max()
    across = np.abs(np.diff(gradient.astype(int), axis=1)).max()
    assert noise.std() > 60
    assert len(np.unique(plain.reshape(-1, 3), axis=0)) == 1
    assert min(steps, across) == 0 < max(steps, across)


def test_examining_counts_the_test_split(small, held_out):
    test = held_out["drawings"].of("test")
    (result,) = examine(small.session, held_out).values()
    assert result["count"] == len(test.labels)
    assert np.sum(result["confusion"], axis=1).tolist() == [
        *np.bincount(test.labels, minlength=2)
    ]


def test_the_examined_accuracy_is_the_sessions_own(small, held_out):
    (result,) = examine(small.session, held_out).values()
    own = small.session.accuracy(held_out["drawings"].of("test"))
    assert result["accuracy"] == pytest.approx(own, abs=1e-4)
    right = np.trace(result["confusion"]) / result["count"]
    assert result["accuracy"] == pytest.approx(right, abs=1e-4)


def test_with_a_threshold_worse_photos_and_unknown_things_are_examined(small, held_out):
    sure = examine(small.session, held_out, threshold=0.0)
    assert list(sure) == [
        "drawings",
        *(f"drawings, {how}" for how in DEGRADATIONS),
        "nothing known",
    ]
    assert (sure["drawings"]["not_sure"], sure["nothing known"]["not_sure"]) == (0, 0)
    unsure = examine(small.session, held_out, threshold=1.0)
    assert unsure["nothing known"] == {"count": OUTLIERS, "not_sure": 1.0}


def test_the_reliability_bins_hold_every_answer_once():
    rng = np.random.default_rng(0)
    probabilities = softmax(rng.normal(size=(200, 3)))
    bins = reliability(probabilities, rng.integers(0, 3, 200))
    assert sum(count for _, _, count in bins) == 200
    assert all(0 <= right <= 1 and 1 / 3 <= sure <= 1 for sure, right, _ in bins)


def test_the_fitted_temperature_is_in_the_network(resnet, fitted):
    stored = resnet.session.session.run(resnet.session.network.temperature)
    assert stored == pytest.approx(fitted["temperature"], abs=1e-4)


def test_the_threshold_is_chosen_on_the_validation_split(resnet, fitted, held_out):
    photos = held_out["drawings"].of("validation")
    expected = choose_threshold(resnet.session.predict(photos.images))
    assert fitted["threshold"] == pytest.approx(expected, abs=1e-4)


def test_a_temperature_divides_the_logits(resnet, fitted, held_out):
    images = held_out["drawings"].images[:4]
    resnet.session.set_temperature(1.0)
    before = resnet.session.logits(images)
    resnet.session.set_temperature(2.0)
    np.testing.assert_allclose(resnet.session.logits(images), before / 2, rtol=1e-5)
