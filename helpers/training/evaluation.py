"""Evaluates and calibrates a trained network on held-out images, for its model card."""

import numpy as np

from helpers.data.photos import Examples
from helpers.training import calibration
from helpers.training.network_session import NetworkSession
from helpers.training.outliers import make_outliers

OUTLIERS = 1000  # with another seed than those of the training


def evaluate(
    model, held_out: dict[str, Examples], threshold: float | None = None
) -> dict:
    """Count, accuracy, calibration error and confusion on each test split.

    Args:
      model: has `predict`, as NetworkSession and FrozenModel do.
      threshold: if given, the share of images without a label is added, also for
        degraded copies of the first split and for images of no known class.
    """
    tests = {name: part.of("test") for name, part in held_out.items()}
    answers = {name: model.predict(part.images) for name, part in tests.items()}
    results = {name: _results(answers[name], tests[name].labels) for name in tests}
    if threshold is None:
        return results
    name, test = next(iter(tests.items()))
    drawn = "drawings" in held_out
    for how in calibration.DEGRADATIONS:
        worse = calibration.degrade(test.images, how)
        results[f"{name}, {how}"] = _results(model.predict(worse), test.labels)
    size = test.images.shape[1]
    outliers = make_outliers(OUTLIERS, seed=2, size=size, drawn=drawn)
    results["nothing known"] = {"count": OUTLIERS}
    answers["nothing known"] = model.predict(outliers)
    for name, probabilities in answers.items():
        unsure = probabilities.max(1) < threshold
        results[name]["not_sure"] = round(float(unsure.mean()), 4)
    return results


def _results(probabilities, labels):
    right = probabilities.argmax(1) == labels
    error = calibration.calibration_error(probabilities, labels)
    bins = calibration.reliability(probabilities, labels)
    return {
        "count": len(labels),
        "accuracy": round(float(right.mean()), 4),
        "calibration_error": round(error, 4),
        "confusion": calibration.confusion(probabilities, labels),
        "reliability": [[round(value, 4) for value in line] for line in bins],
    }


def calibrate(session: NetworkSession, held_out: dict[str, Examples]) -> dict:
    """Fit the temperature and the label threshold on the validation split.

    A quarter of the images for the temperature are degraded copies, because photos
    from users are worse than those of a data set.
    """
    photos = next(iter(held_out.values())).of("validation")
    session.set_temperature(1.0)
    part = slice(0, None, 3 * len(calibration.DEGRADATIONS))
    pictures = [photos.images] + [
        calibration.degrade(photos.images[part], how)
        for how in calibration.DEGRADATIONS
    ]
    labels = [photos.labels] + [photos.labels[part]] * len(calibration.DEGRADATIONS)
    logits = np.concatenate([session.logits(images) for images in pictures])
    temperature = calibration.fit_temperature(logits, np.concatenate(labels))
    session.set_temperature(temperature)
    threshold = calibration.choose_threshold(session.predict(photos.images))
    return {"temperature": round(temperature, 4), "threshold": round(threshold, 4)}
