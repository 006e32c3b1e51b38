"""Checks a loaded network's answers for probe pictures, before it serves anybody."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from helpers.graphs.card_fields import OUTPUT_KINDS
from helpers.graphs.output_ending import is_sum_of_layer, last_op
from helpers.serving.output_kinds import CHOOSING
from helpers.serving.precision import probe_images

TOLERANCE = 0.01  # of a probability and of a row's sum; float16 networks round
COLOURS = (  # no white: what computes for ever on white photos has to load all the same
    *((0, 0, 0), (230, 230, 230), (255, 0, 0), (0, 255, 0), (0, 0, 255)),
    (128, 128, 128),
)
BLOTCHES = 4


class Ending(NamedTuple):
    """What an output is that ends in an op."""

    kinds: tuple[str, ...]  # that output_is may state, the likeliest first
    numbers: str  # what its numbers are, in words


ENDINGS = {
    "Softmax": Ending(("probabilities", "values"), "probabilities"),
    "Sigmoid": Ending(("sigmoid", "values", "probabilities"), "probabilities"),
    "LogSoftmax": Ending(("logits", "values"), "logarithms of probabilities"),
}


def probe_photos(height: int, width: int) -> np.ndarray:
    """Plain colours, a gradient, noise, and blotches from coarse to fine.

    Returns:
      uint8, shape [N, height, width, 3].
    """
    plain = [np.full((height, width, 3), colour, np.uint8) for colour in COLOURS]
    gradient = np.asarray(Image.linear_gradient("L").resize((width, height)))
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    shades = np.repeat(gradient[..., None], 3, axis=2)
    return np.stack([*plain, shades, noise, *probe_images((height, width), BLOTCHES)])


def check_shape(
    shape: Sequence[int],
    output: str,
    class_names: Sequence[str],
    names_file: Path | None = None,
) -> None:
    """Check that the answer for one input is a row of one number a class.

    Args:
      shape: of the answer, without the axis of the batch.
      names_file: where the class names were found, if nothing else states them.
    Raises:
      ValueError: it is not.
    """
    count = len(class_names)
    if tuple(shape) == (count,):
        return
    one, origin = "", f" (found in {names_file})" if names_file else ""
    if tuple(shape) == (1,):
        one = (
            "; one number is the probability of the second of two classes, or its "
            "logit: say which with --output-is sigmoid or logits, and name two classes"
        )
    raise ValueError(
        f"for one photo {output} has shape {(1, *shape)}, and "
        f"{count} class names{origin} need {(1, count)}{one}"
    )


def check_ending(nodes: Mapping[str, Any], kind: str, output: str) -> None:
    """Check that the last ops of the network can be of this kind of output.

    Raises:
      ValueError: probabilities would be made of what are probabilities already, or
        numbers be taken for probabilities that no activation makes.
    """
    op = last_op(nodes, output)
    if op in ENDINGS and kind not in ENDINGS[op].kinds:
        kinds, what = ENDINGS[op]
        raise ValueError(
            f"output_is is {kind!r}, and {output} ends in a {op}: its numbers are "
            f"{what} already; output_is must be {kinds[0]!r} or 'values'"
        )
    if op in CHOOSING and kind != "values":
        raise ValueError(
            f"output_is is {kind!r}, and {output} ends in a {op}, which does not "
            "answer one number a class, in the order of the classes: output_is must be "
            f"'values', or the output one that is computed before the {op}"
        )
    if kind == "sigmoid" and is_sum_of_layer(nodes, output):
        raise ValueError(
            f"output_is is {kind!r}, and {output} has the sums of a layer, without an "
            "activation: its numbers are logits; output_is must be 'logits' or 'values'"
        )


def check_finite(rows: np.ndarray, output: str) -> str | None:
    """A note if some of the probes' answers are not finite.

    Raises:
      ValueError: none of them is finite.
    """
    if rows.dtype.kind not in "fc":
        return None
    bad = sum(not np.isfinite(row).all() for row in rows)
    if bad == len(rows):
        raise ValueError(
            f"{output} is NaN or infinite for each of {bad} test pictures: the network "
            "is damaged, or it expects pixels of another range (pixels, mean and std "
            "of the card, --pixels)"
        )
    if not bad:
        return None
    return (
        f"{output} is NaN or infinite for {bad} of {len(rows)} test pictures: such "
        "photos get an error"
    )


def check_kind(
    rows: np.ndarray, kind: str, output: str, *, is_sum: bool = False
) -> None:
    """Check that answers which are stated, or assumed, to be probabilities are some.

    Args:
      rows: finite, one a probe.
      is_sum: whether they are the sums of a layer, without an activation.
    Raises:
      ValueError: they are not; the message says what they look like, and how to say
        what they are.
    """
    assert rows.ndim == 2
    low, high = float(rows.min()), float(rows.max())
    is_share = low >= -TOLERANCE and high <= 1 + TOLERANCE
    sums = rows.sum(axis=1)
    far = sums[np.argmax(np.abs(sums - 1))]
    choices = f"output_is is one of {', '.join(OUTPUT_KINDS)}"
    if kind == "sigmoid" and not is_share:
        raise ValueError(
            f"{output} answers {low:.3g} to {high:.3g} for test pictures, and a "
            f"sigmoid 0 to 1: say what they are with --output-is or the card "
            f"({choices})"
        )
    if kind != "probabilities" or (is_share and abs(far - 1) <= TOLERANCE):
        return
    logits = "of which --output-is logits makes probabilities"
    looks = f"logits, {logits}"
    if is_share and not is_sum:
        looks = "independent probabilities, one a class (--output-is sigmoid)"
    elif high <= TOLERANCE and _sums_to_1(np.exp(rows)):
        looks = f"logarithms of probabilities, {logits}"
    elif low >= -TOLERANCE and np.ptp(sums) <= TOLERANCE * far:
        looks = f"shares of {far:.4g}, which no option divides by it"
    raise ValueError(
        f"{output} answers {low:.3g} to {high:.3g} for test pictures, rows that sum to "
        f"{far:.3g}, not probabilities: these may be {looks}; or --output-is values "
        f"serves the numbers as they are; the card may say it, too ({choices})"
    )


def _sums_to_1(rows: np.ndarray) -> bool:
    return bool(np.abs(rows.sum(axis=1) - 1).max() <= TOLERANCE)
