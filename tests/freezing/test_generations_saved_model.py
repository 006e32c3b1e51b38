"""Models of both generations of Keras, exported as SavedModels, freeze as they answer.

The oracles are the model in memory, and TensorFlow's v1 loader, which does not restore
what `tf.saved_model.save` writes of Keras 3: its saver knows other handles than the
functions read. A cell that is not run says why.
"""

import os
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers.freezing.freeze import freeze
from tests.freezing.generation_models import MODELS, SAMPLES, answers, compiled
from tests.freezing.saved_models import frozen_outputs, loaded_answers

tf_keras = pytest.importorskip("tf_keras")
pytestmark = [pytest.mark.slow, pytest.mark.ci]

GENERATIONS = {"tf_keras": tf_keras, "keras": keras}
FORMATS = ("tf_keras save", "tf_keras export", "tf_keras saved_model")
FORMATS += ("keras export", "keras saved_model")
RECURRENT = ("lstm", "gru", "bidirectional", "stateful", "embedding")
TRAINED = (
    "dense",
    "convolutional",
    "two_inputs",
    "nested",
)  # with an optimizer's state
SEEDED = ("lstm", "pixels")
# Exported as training runs it: the file flips images at random, the frozen graph not.
AUGMENTED = ("pixels", "keras export")
EVERY_CELL = bool(os.environ.get("EVERY_CELL"))


def reason_to_skip(name: str, form: str) -> str | None:
    """Why a cell of the matrix is not run by default."""
    if name in SEEDED and form == "keras saved_model":
        return (
            "tf.saved_model.save itself refuses it: Keras 3 does not track the seed of "
            "a layer that draws random numbers"
        )
    if (name, form) == ("pixels", "tf_keras export"):
        return (
            "it is exported as training runs it, and flips images at random: "
            "refused, see test_two_draws_from_one_generator_are_refused"
        )
    if EVERY_CELL:
        return None
    if name in RECURRENT and form in ("tf_keras save", "tf_keras saved_model"):
        return (
            "tf_keras traces each recurrent layer some twenty times to save it: 10 to "
            "100 s a model; EVERY_CELL=1 runs them, `export` writes the same signature"
        )
    if form == "tf_keras saved_model" and name not in TRAINED:
        return (
            "model.save calls tf.saved_model.save: the cell of `tf_keras save` is the "
            "same file; EVERY_CELL=1 runs it"
        )
    if form == "keras saved_model" and name not in (*TRAINED, "stateful", "looked_up"):
        return (
            "its functions are those of `keras export`, and how its variables are "
            "restored does not depend on the layers; EVERY_CELL=1 runs it"
        )
    return None


def save(model, form: str, folder: str) -> None:
    """Write the model as a SavedModel in one of the formats."""
    if form.endswith("saved_model"):
        tf.saved_model.save(model, folder)
    elif form.endswith("export"):
        model.export(folder)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.save(folder, save_format="tf")


def feeds_by_key(model, report, samples: list[np.ndarray]) -> dict:
    """The samples by key of the signature: those of several inputs are the names'."""
    keys = [*report.card["signature"]["inputs"]]
    if len(samples) == 1:
        return dict(zip(keys, samples, strict=True))
    names = getattr(model, "input_names", None) or [t.name for t in model.inputs]
    if not {*names} <= {*keys}:  # inputs, inputs_1
        names = sorted(keys)
    named = dict(zip(names, samples, strict=True))
    return {key: named[key] for key in keys}


def by_shape(arrays) -> list[np.ndarray]:
    """The outputs in the order of their shapes, which differ in every model."""
    return sorted(map(np.asarray, arrays), key=lambda array: array.shape)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_freezes_as_the_model_answers(name, form, tmp_path):
    if reason := reason_to_skip(name, form):
        pytest.skip(reason)
    samples, folder = SAMPLES[name], tmp_path / "export"
    model = MODELS[name](GENERATIONS[form.split()[0]])
    if name in TRAINED and form == "tf_keras save":
        compiled(model)
    save(model, form, str(folder))
    report = freeze(folder)
    assert report.proof.verdict == "exact"
    feeds = feeds_by_key(model, report, samples)
    tensors = report.card["signature"]["inputs"]
    named = {tensors[key][:-2]: value for key, value in feeds.items()}
    found = by_shape(frozen_outputs(report, named))
    oracles = [answers(model, samples)]
    if (name, form) != AUGMENTED and form != "keras saved_model":
        oracles.append(list(loaded_answers(folder, feeds).values()))
    for oracle in oracles:
        for ours, theirs in zip(found, by_shape(oracle), strict=True):
            close = (
                1e-2 if ours.dtype != np.float32 or name == "mixed_precision" else 1e-5
            )
            assert np.allclose(ours, theirs, rtol=close, atol=close)
