"""A trained network examined on pictures it never saw; the results go on its card."""

import numpy as np

from helpers.learning import calibration
from helpers.photos import Examples
from helpers.sessions import NetworkSession


def examine(session: NetworkSession, held_out: dict[str, Examples]) -> dict:
    """Count, accuracy, calibration error and confusion on each test split."""
    return {name: _results(session, part.of("test")) for name, part in held_out.items()}


def _results(session, test):
    probabilities = session.predict(test.images)
    right = probabilities.argmax(1) == test.labels
    return {
        "count": len(test.labels),
        "accuracy": round(float(right.mean()), 4),
        "calibration_error": round(
            calibration.calibration_error(probabilities, test.labels), 4
        ),
        "confusion": calibration.confusion(
            probabilities, test.labels, len(test.class_names)
        ),
    }


def calibrate(session: NetworkSession, held_out: dict[str, Examples]) -> dict:
    """Fit the temperature and the "not sure" threshold on the validation split.

    Half of what the temperature is fitted on are worsened copies, because visitors'
    photos are worse than a data set's.
    """
    photos = next(iter(held_out.values())).of("validation")
    session.set_temperature(1.0)
    part = slice(0, None, len(calibration.DEGRADATIONS))
    pictures = [photos.images] + [
        calibration.degraded(photos.images[part], how)
        for how in calibration.DEGRADATIONS
    ]
    labels = [photos.labels] + [photos.labels[part]] * len(calibration.DEGRADATIONS)
    logits = np.concatenate([session.logits(images) for images in pictures])
    temperature = calibration.fit_temperature(logits, np.concatenate(labels))
    session.set_temperature(temperature)
    threshold = calibration.choose_threshold(session.predict(photos.images))
    return {"temperature": round(temperature, 4), "threshold": round(threshold, 4)}
