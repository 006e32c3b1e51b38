"""Probabilities that mean what they say, and when to say "not sure".

Source of the temperature: Guo, Pleiss, Sun, Weinberger: On calibration of modern
neural networks, 2017.
"""

import numpy as np
from PIL import Image, ImageFilter

NOT_SURE = 0.02  # share of validation photos that may be called "not sure"
DEGRADATIONS = ("blurred", "cropped", "dark", "thumbnail")


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities [N, classes] of logits [N, classes]."""
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """What to divide the logits by for the smallest cross-entropy of the labels."""
    candidates = np.geomspace(0.2, 5, 200)
    losses = [_cross_entropy(logits / t, labels) for t in candidates]
    return float(candidates[int(np.argmin(losses))])


def _cross_entropy(logits, labels):
    right = softmax(logits)[np.arange(len(labels)), labels]
    return -np.log(np.maximum(right, 1e-12)).mean()


def reliability(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = 15
) -> list[list[float]]:
    """Mean confidence, accuracy and count of the answers, in bins of confidence."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    slots = np.minimum((confidence * bins).astype(int), bins - 1)
    return [
        [float(confidence[here].mean()), float(right[here].mean()), int(here.sum())]
        for slot in np.unique(slots)
        for here in [slots == slot]
    ]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error: how far confidence is from accuracy, 0 to 1."""
    bins = reliability(probabilities, labels)
    gaps = sum(count * abs(sure - right) for sure, right, count in bins)
    return gaps / len(labels)


def choose_threshold(probabilities: np.ndarray, share: float = NOT_SURE) -> float:
    """The confidence below which this share of the photos lies."""
    return float(np.quantile(probabilities.max(1), share))


def confusion(
    probabilities: np.ndarray, labels: np.ndarray, classes: int
) -> list[list[int]]:
    """Counts: row = true class, column = predicted class."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, probabilities.argmax(1)), 1)
    return counts.tolist()


def degraded(images: np.ndarray, how: str, seed: int = 0) -> np.ndarray:
    """Copies of uint8 images [N, H, W, 3] as bad cameras and screens make them."""
    rng = np.random.default_rng(seed)
    return np.stack([_worsen(Image.fromarray(image), how, rng) for image in images])


def _worsen(image, how, rng):
    width, height = image.size
    if how == "blurred":
        return np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)))
    if how == "dark":
        return (np.asarray(image) * 0.35).astype(np.uint8)
    if how == "thumbnail":
        return np.asarray(image.resize((48, 48), Image.BILINEAR).resize(image.size))
    if how == "cropped":
        left, top = rng.uniform(0, 0.3, 2) * (width, height)
        box = (left, top, left + 0.7 * width, top + 0.7 * height)
        return np.asarray(image.resize(image.size, Image.BILINEAR, box))
    raise ValueError(f"no degradation {how!r}: choose {', '.join(DEGRADATIONS)}")
