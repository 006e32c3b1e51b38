"""Predicts photo files with a frozen model, for `python -m helpers predict`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from helpers.data.decoding import decode_photo
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.versions import version_of


def predict_files(path: Path, photos: Iterable[Path]) -> Iterator[dict]:
    """Yields a dict per photo, in order.

    It has `photo`, `model`, `version`, `label` and `probabilities` (by class name); for
    a photo that cannot be read, `photo` and `error`.
    """
    name = path.parent.name if path.stem.isdecimal() else path.stem
    with FrozenModel.load(path) as model:
        for photo in photos:
            try:
                image = decode_photo(photo.read_bytes(), model.image_size)
            except (ValueError, OSError) as error:
                yield {"photo": str(photo), "error": str(error)}
                continue
            (row,) = model.predict(image[None])
            yield {
                "photo": str(photo),
                "model": name,
                "version": version_of(path),
                "label": model.label(row),
                "probabilities": model.named(row),
            }


def as_text(answer: dict) -> str:
    """One of these dicts as a line of text."""
    if "error" in answer:
        return f"{answer['photo']}: {answer['error']}"
    shares = ", ".join(f"{name} {p:.1%}" for name, p in answer["probabilities"].items())
    return f"{answer['photo']}: {answer['label'] or 'not sure'} ({shares})"
