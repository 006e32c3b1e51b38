"""Calibration and evaluation, on synthetic data with a known temperature."""

import numpy as np
import pytest

from helpers.data.drawings import make_drawings
from helpers.data.photos import drawn_examples
from helpers.training.calibration import (
    DEGRADATIONS,
    calibration_error,
    choose_threshold,
    confusion,
    degrade,
    fit_temperature,
    reliability,
    softmax,
)
from helpers.training.evaluation import OUTLIERS, calibrate, evaluate
from helpers.training.outliers import make_outliers


def sampled(count, temperature=1.0, seed=0):
    """Logits that are `temperature` times too large, and labels sampled from them."""
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
    """The calibration of an untrained network, which is undone afterwards."""
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


def test_the_fitted_temperature_corrects_the_probabilities():
    logits, labels = sampled(6000, temperature=3)
    fitted = logits / fit_temperature(logits, labels)
    assert calibration_error(softmax(logits), labels) > 0.1
    assert calibration_error(softmax(fitted), labels) < 0.02


def test_correct_probabilities_have_almost_no_calibration_error():
    logits, labels = sampled(20000)
    assert calibration_error(softmax(logits), labels) < 0.012


@pytest.mark.parametrize(("confidence", "right"), [(0.7, 9), (1.0, 5)])
def test_the_calibration_error_is_confidence_minus_accuracy(confidence, right):
    probabilities = np.tile([confidence, 1 - confidence], (10, 1))
    labels = np.array([0] * right + [1] * (10 - right))
    error = calibration_error(probabilities, labels)
    assert error == pytest.approx(abs(confidence - right / 10))


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
    assert confusion(probabilities, labels) == [[1, 0, 0], [1, 1, 1], [0, 0, 2]]


@pytest.mark.parametrize("how", DEGRADATIONS)
def test_a_degradation_changes_every_image_as_the_seed_says(images, how):
    worse = degrade(images, how, seed=4)
    assert (worse.shape, worse.dtype) == (images.shape, np.uint8)
    assert all(np.any(one != other) for one, other in zip(worse, images, strict=True))
    assert np.array_equal(worse, degrade(images, how, seed=4))


def test_another_seed_crops_elsewhere(images):
    first, second = degrade(images, "cropped", 1), degrade(images, "cropped", 2)
    assert not np.array_equal(first, second)


def test_a_dark_copy_has_about_a_third_of_the_light(images):
    assert degrade(images, "dark").mean() == pytest.approx(0.35 * images.mean(), abs=1)


@pytest.mark.parametrize("how", ["blurred", "thumbnail"])
def test_detail_is_lost(images, how):
    def detail(pictures):
        return np.abs(np.diff(pictures.astype(int), axis=2)).mean()

    assert detail(degrade(images, how)) < 0.8 * detail(images)


def test_an_unknown_degradation_is_refused(images):
    with pytest.raises(ValueError, match="no degradation 'rainy': choose blurred, "):
        degrade(images, "rainy")


def test_fewer_outliers_are_the_first_of_more_unless_the_seed_differs():
    outliers, others = make_outliers(5, size=48), make_outliers(5, size=48, seed=4)
    assert all(np.any(one != two) for one, two in zip(outliers, others, strict=True))
    assert (outliers.shape, outliers.dtype) == ((5, 48, 48, 3), np.uint8)
    assert np.array_equal(outliers, make_outliers(11, size=48)[:5])


def test_outliers_come_in_five_kinds_in_turn():
    noise, plain, gradient, _, _ = make_outliers(5, size=32)
    steps = np.abs(np.diff(gradient.astype(int), axis=0)).max()
    across = np.abs(np.diff(gradient.astype(int), axis=1)).max()
    assert noise.std() > 60
    assert len(np.unique(plain.reshape(-1, 3), axis=0)) == 1
    assert min(steps, across) == 0 < max(steps, across)


def test_the_evaluation_counts_the_test_split(small, held_out):
    test = held_out["drawings"].of("test")
    (result,) = evaluate(small.session, held_out).values()
    assert result["count"] == len(test.labels)
    rows = np.sum(result["confusion"], axis=1)
    assert rows.tolist() == np.bincount(test.labels, minlength=2).tolist()
    right = np.trace(result["confusion"]) / result["count"]
    for expected in (right, small.session.accuracy(test)):
        assert result["accuracy"] == pytest.approx(expected, abs=1e-4)


def test_with_a_threshold_degraded_and_unknown_images_are_evaluated(small, held_out):
    sure = evaluate(small.session, held_out, threshold=0.0)
    assert list(sure) == [
        "drawings",
        *(f"drawings, {how}" for how in DEGRADATIONS),
        "nothing known",
    ]
    assert (sure["drawings"]["not_sure"], sure["nothing known"]["not_sure"]) == (0, 0)
    unsure = evaluate(small.session, held_out, threshold=1.0)
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
