"""Predicts photo files with a frozen model, for `python -m helpers predict`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from helpers.serving.frozen_model import FrozenModel, NonFiniteAnswer
from helpers.serving.versions import version_of

TOP = 5  # classes in a line of text
SHOWN = 8  # values in a line of text


def predict_files(model: FrozenModel, photos: Iterable[Path]) -> Iterator[dict]:
    """Yields a dict per photo, in order.

    It has `photo`, `model` and `version`; of a classifier `label` and `probabilities`
    (by class name), of any other network `outputs` (nested lists by name); for a photo
    that cannot be read or answered, `photo` and `error`.
    """
    path = model.path
    name = path.parent.name if path.stem.isdecimal() else path.stem
    for photo in photos:
        try:
            image = model.decode(photo.read_bytes())
            answer = answer_for(model, image)
        except (ValueError, OSError, NonFiniteAnswer) as error:
            yield {"photo": str(photo), "error": str(error)}
            continue
        described = {"photo": str(photo), "model": name, "version": version_of(path)}
        yield described | answer


def answer_for(model: FrozenModel, image: np.ndarray) -> dict:
    """The label and probabilities of a decoded photo, or all outputs of the network."""
    if model.output_is != "values":
        (row,) = model.predict(image[None])
        return {"label": model.label(row), "probabilities": model.named(row)}
    found = model.run_photo(image)
    return {"outputs": {name: as_lists(array) for name, array in found.items()}}


def as_lists(array: np.ndarray) -> list:
    """An array as nested lists for JSON: strings decoded, complex numbers as pairs."""
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag], axis=-1).tolist()
    if array.dtype == object:
        texts = [
            text.decode(errors="replace") if isinstance(text, bytes) else str(text)
            for text in array.reshape(-1)
        ]
        return np.array(texts, object).reshape(array.shape).tolist()
    return array.tolist()


def as_text(answer: dict) -> str:
    """One of these dicts as a line of text."""
    if "error" in answer:
        return f"{answer['photo']}: {answer['error']}"
    if "outputs" in answer:
        values = "; ".join(f"{n} {_few(v)}" for n, v in answer["outputs"].items())
        return f"{answer['photo']}: {values}"
    named = answer["probabilities"].items()
    if len(named) > TOP:
        named = sorted(named, key=lambda pair: -pair[1])[:TOP]
    shares = ", ".join(f"{name} {p:.1%}" for name, p in named)
    return f"{answer['photo']}: {answer['label'] or 'not sure'} ({shares})"


def _few(values: list) -> str:
    array = np.array(values, object).reshape(-1)
    texts = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in array[:SHOWN]]
    more = f" and {len(array) - SHOWN} more" if len(array) > SHOWN else ""
    return f"{', '.join(texts)}{more}"
