"""Runs a loaded network on probes, and checks its answers; this warms it up, too."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.freezing.proof.sample_inputs import sample_inputs
from helpers.graphs.leading_scale import leading_scale
from helpers.graphs.output_ending import is_sum_of_layer, last_op
from helpers.serving.encoded_photos import EncodedPhotos
from helpers.serving.model_spec import ModelSpec
from helpers.serving.open_session import OpenSession
from helpers.serving.output_checks import (
    check_ending,
    check_finite,
    check_kind,
    check_shape,
    probe_photos,
)
from helpers.serving.run_errors import run_cause
from helpers.serving.single_runs import answer_singly

DECODED = (299, 299)  # height and width of probes for networks that decode photos
SHAPES_TRIED = 8  # for inputs whose shape is open
NEARLY_SAME = 1e-4  # the largest difference of a probability
RANDOM = 1e-3  # answers for one picture differ by more
SAME = 0.05  # answers differ by less than this share: pixels are scaled twice


class Checked(NamedTuple):
    """What a network answers, as its probes showed."""

    output_is: str  # probabilities, sigmoid or values
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


def check_answers(
    graph_def: tf1.GraphDef, spec: ModelSpec, opened: OpenSession
) -> Checked:
    """Check that the network answers what its card says.

    Raises:
      ValueError: it does not.
      tf.errors.OpError: the graph cannot be run.
    """
    output, kind = spec.card["output"], spec.card["output_is"]
    nodes = {node.name: node for node in graph_def.node}
    check_ending(nodes, kind, output)
    notes: list[str] = []
    rows = _rows(spec, opened, notes)
    if rows is None:
        notes.append("no test input fits: the first request runs the network first")
    else:
        notes += filter(None, [check_finite(rows, output)])
    if kind == "values":
        return Checked("values", (), tuple(notes))
    if rows is None:
        is_pair = _has_one_number(opened)
    else:
        check_shape(rows.shape[1:], output, spec.class_names, spec.names_file)
        rows = np.array([row for row in rows if np.isfinite(row).all()])
        check_kind(rows, kind, output, is_sum=is_sum_of_layer(nodes, output))
        if kind == "sigmoid" and last_op(nodes, output) != "Sigmoid":
            notes.append(
                f"{output} is taken for a sigmoid, as stated, and is between 0 and 1 "
                "for all test pictures; its last op is none"
            )
        if spec.preprocessing:
            notes += _check_scale(graph_def, spec, opened, rows)
        is_pair = np.allclose(rows.sum(axis=1), 1, atol=NEARLY_SAME)
    is_distribution = kind != "sigmoid" or (len(spec.class_names) == 2 and is_pair)
    answered = "probabilities" if is_distribution else kind
    return Checked(answered, spec.class_names, tuple(notes))


def _has_one_number(opened: OpenSession) -> bool:
    """Whether the first output is one number a photo, as far as its shape is known."""
    shape = next(iter(opened.outputs.values())).shape
    return shape.rank in (0, 1) or (shape.rank is not None and shape[-1] == 1)


def _rows(spec: ModelSpec, opened: OpenSession, notes: list[str]) -> np.ndarray | None:
    """The answer for each probe alone; None: no generated input fits the network."""
    pixels, run = spec.preprocessing, opened.run
    if pixels and run:
        photos = probe_photos(pixels.height, pixels.width)
        return _answers(run, photos, notes)
    if spec.encoding and run:
        photos = probe_photos(*DECODED)
        encoded = np.stack([spec.encoding.encode(photo) for photo in photos])
        return predict_encoded(run, encoded, spec.encoding)
    tensors = list(opened.inputs.values())
    for values in islice(sample_inputs(tensors), SHAPES_TRIED):
        try:
            found = opened.session.run(opened.y_pred, values)
        except (tf.errors.OpError, ValueError):
            continue
        return np.asarray(found)[None] if np.ndim(found) == 0 else np.asarray(found)
    return None


def _answers(run: Callable, photos: np.ndarray, notes: list[str]) -> np.ndarray:
    """The answers for the photos that the network does not refuse.

    Raises:
      tf.errors.OpError: it refuses all.
    """
    found, causes = [], []
    for photo in photos:
        try:
            found.append(answer_singly(run, photo[None]))
        except tf.errors.InvalidArgumentError as error:
            causes.append(run_cause(error))
            if len(causes) == len(photos):
                raise
    if causes:
        notes.append(
            f"the network refuses {len(causes)} of {len(photos)} test pictures "
            f"({causes[0]}): such photos get an error"
        )
    else:
        again = answer_singly(run, photos[-1:])
        is_same = again.shape == found[-1].shape and _is_near(again, found[-1])
        if not is_same:
            notes.append(
                "the answers for one picture differ from run to run: the network draws "
                "random numbers, as dropouts do that are not off"
            )
    if len({one.shape for one in found}) == 1:
        return np.concatenate(found)
    rows = np.empty(len(found), object)  # as many boxes as each photo has
    rows[:] = found
    return rows


def _is_near(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype.kind not in "fc":
        return bool((one == other).all())
    return np.allclose(one, other, rtol=RANDOM, atol=RANDOM, equal_nan=True)


def _check_scale(
    graph_def: tf1.GraphDef, spec: ModelSpec, opened: OpenSession, rows: np.ndarray
) -> list[str]:
    """Notes if the network itself scales pixels, and the card does so, too.

    Raises:
      ValueError: then its answers are nearly the same for all pictures.
    """
    photos, scaling = spec.preprocessing, leading_scale(graph_def, spec.card["input"])
    assert photos
    stated = photos.pixels
    if scaling is None or scaling.pixels == stated or photos.mean or photos.std:
        same = np.ptp(rows, axis=0).max() < NEARLY_SAME
        text = "the answers for all test pictures are nearly the same: is it trained, "
        return [f"{text}and is {stated} its range of pixels?"] if same else []
    images = probe_photos(photos.height, photos.width)
    with tf.Graph().as_default(), tf1.Session() as session:
        natural = replace(photos, pixels=scaling.pixels)
        arrays = session.run(natural.network_input(images))
    feed = opened.inputs[next(iter(opened.inputs))]
    likely = [opened.session.run(opened.y_pred, {feed: a[None]})[0] for a in arrays]
    share = np.ptp(rows, axis=0).max() / max(np.nanmax(np.ptp(likely, axis=0)), 1e-9)
    text = (
        f"{scaling.describe()}, as for pixels of {scaling.pixels}, and the card or "
        f"--pixels says {stated!r}"
    )
    if share < SAME:
        raise ValueError(
            f"{text}: scaled twice, every picture gets nearly the same answer; "
            f"pixels must be {scaling.pixels!r}"
        )
    return [text]


def predict_encoded(run, photos, encoding: EncodedPhotos) -> np.ndarray:
    """Rows for encoded photos, one run each if the network takes one at a time."""
    if not encoding.is_scalar:
        return np.asarray(run(photos))
    found = [np.asarray(run(photo)) for photo in photos]
    return np.stack([one[0] if one.ndim and len(one) == 1 else one for one in found])
