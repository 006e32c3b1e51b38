"""Calibrates probabilities, and chooses the threshold below which there is no label.

Source of the temperature: Guo, Pleiss, Sun, Weinberger: On calibration of modern
neural networks, 2017.
"""

import numpy as np
from PIL import Image, ImageFilter

NOT_SURE = 0.02  # share of the validation photos that get no label
DEGRADATIONS = ("blurred", "cropped", "dark", "thumbnail")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities [N, classes] of logits [N, classes]."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The divisor of the logits that minimizes the cross-entropy, 0.2 to 5."""
    candidates = np.geomspace(0.2, 5, 200)
    losses = [_cross_entropy(logits / t, labels) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def _cross_entropy(logits, labels):
    right = softmax(logits)[np.arange(len(labels)), labels]
    return -np.log(np.maximum(right, 1e-12)).mean()


def reliability(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = 15
) -> list[list[float]]:
    """Mean confidence, accuracy and count per non-empty bin of confidence."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    slots = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        [float(confidence[here].mean()), float(right[here].mean()), int(here.sum())]
        for slot in np.unique(slots)
        for here in [slots == slot]
    ]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error: mean |confidence - accuracy| over the bins."""
    bins = reliability(probabilities, labels)
    gaps = sum(count * abs(sure - right) for sure, right, count in bins)
    return gaps / len(labels)


def choose_threshold(probabilities: np.ndarray, share: float = NOT_SURE) -> float:
    """The quantile of the confidence: this share of the photos lies below it."""
    return float(np.quantile(probabilities.max(1), share))


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> list[list[int]]:
    """Counts: row = true class, column = predicted class."""
    classes = probabilities.shape[1]
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, probabilities.argmax(1)), 1)
    return counts.tolist()


def degrade(images: np.ndarray, how: str, seed: int = 0) -> np.ndarray:
    """Degraded copies of uint8 images [N, H, W, 3]; `how` is one of DEGRADATIONS."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [_degrade_one(Image.fromarray(image), how, rng) for image in images]
    )


def _degrade_one(image, how, rng):
    width, height = image.size
    if how == "blurred":
        return np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)))
    if how == "dark":
        return (np.asarray(image) * 0.35).astype(np.uint8)
    if how == "thumbnail":
        return np.asarray(
            image.resize((48, 48), Image.Resampling.BILINEAR).resize(image.size)
        )
    if how == "cropped":
        left, top = rng.uniform(0, 0.3, 2) * (width, height)
        box = (left, top, left + 0.7 * width, top + 0.7 * height)
        return np.asarray(image.resize(image.size, Image.Resampling.BILINEAR, box))
    raise ValueError(f"no degradation {how!r}: choose {', '.join(DEGRADATIONS)}")
