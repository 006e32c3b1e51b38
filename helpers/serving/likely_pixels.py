"""Proposes a range of pixels for a network whose card does not state one."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.leading_scale import leading_scale
from helpers.graphs.session_config import is_channels_first, session_config
from helpers.serving.output_checks import probe_photos
from helpers.serving.output_kinds import rewritable
from helpers.serving.photo_input import photo_input
from helpers.serving.preprocessing import SCALES, Preprocessing

SAME = 0.02  # the largest difference of probabilities that are nearly the same
SHARE = 0.05  # of the largest difference with another range


class Proposal(NamedTuple):
    """A range of pixels, and the reason for it, where there is one."""

    pixels: str
    why: str = ""


def likely_pixels(
    graph_def: tf1.GraphDef, card: dict, path, bound: Mapping[str, np.generic]
) -> Proposal:
    """A range with which the network tells test pictures apart.

    Args:
      card: states `input` and `output`.
      bound: the values of scalar placeholders.
    """
    scaling = leading_scale(graph_def, card["input"])
    if scaling:
        why = f"{scaling.describe()}, as for pixels of {scaling.pixels}"
        return Proposal(scaling.pixels, why)
    try:
        spreads = _spreads(graph_def, card, path, bound)
    except (tf.errors.OpError, ValueError, LookupError):  # loading it will say why
        spreads = {}
    for pixels, spread in spreads.items():
        if spread > SAME or spread > SHARE * max(spreads.values()):
            same = [*spreads][: [*spreads].index(pixels)]
            why = f"with {' and '.join(same)} test pictures get nearly the same answer"
            return Proposal(pixels, why if same else "")
    return Proposal("0..1")


def _spreads(graph_def, card: dict, path, bound: Mapping) -> dict[str, float]:
    """By how much the answers for test pictures differ, for each range."""
    inputs, is_one = {}, False
    with tf.Graph().as_default(), tf1.Session() as session:
        for pixels in SCALES:
            photos = photo_input(card | {"pixels": pixels}, graph_def, path, [])
            if isinstance(photos, Preprocessing):
                images = probe_photos(photos.height, photos.width)
                is_one = photos.is_one
                inputs[pixels] = session.run(photos.network_input(images))
    graph = tf.Graph()
    with graph.as_default():
        mapped = {f"{name}:0": tf.constant(value) for name, value in bound.items()}
        (output,) = tf1.import_graph_def(
            graph_def, mapped, return_elements=[card["output"]], name=""
        )
        output = rewritable(output)
    is_first = is_channels_first(graph_def)
    config = session_config(optimised=False, channels_first=is_first)
    with tf1.Session(graph=graph, config=config) as session:
        session.run(card.get("initialisers", []))
        return {
            pixels: _spread(
                [
                    session.run(output, {card["input"]: one if is_one else one[None]})
                    for one in arrays
                ]
            )
            for pixels, arrays in inputs.items()
        }


def _spread(answers: list) -> float:
    """The largest difference of a probability; 0 where no answer is finite.

    Of numbers that are no probabilities, their softmax is taken: the difference of
    logits grows with any range.
    """
    found = np.stack(answers).astype(np.float64).reshape(len(answers), -1)
    usable = found[np.isfinite(found).all(axis=1)]
    if not len(usable):
        return 0.0
    if usable.min() < 0 or usable.max() > 1:
        powers = np.exp(usable - usable.max(axis=1, keepdims=True))
        usable = powers / powers.sum(axis=1, keepdims=True)
    return float(np.ptp(usable, axis=0).max())
