"""Pictures as the bytes of files, as a browser uploads them.

Taught in notebooks/08_launch_the_flask_app.ipynb.
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.data.data_sets import NoPhotosError, find_data_set
from helpers.data.drawings import CLASS_NAMES, draw


def picture_bytes(picture: Image.Image, kind: str = "PNG") -> bytes:
    """The bytes of the picture's file.

    Args:
      kind: a format that Pillow writes, such as "JPEG".
    """
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


def labelled_files(
    folder: Path, count: int, seed: int = 0
) -> tuple[list[bytes], list[str]]:
    """Photos of a data set, and the class of each: a random choice, with repetition.

    If the folder has no photos, drawings of cats and dogs as JPEG.
    """
    try:
        found = find_data_set(folder)
    except NoPhotosError:
        kinds = [CLASS_NAMES[number % len(CLASS_NAMES)] for number in range(count)]
        drawings = [draw(kind, number) for number, kind in enumerate(kinds)]
        return [picture_bytes(drawing, "JPEG") for drawing in drawings], kinds
    chosen = np.random.default_rng(seed).integers(len(found.paths), size=count)
    files = [found.paths[place].read_bytes() for place in chosen]
    return files, [found.class_names[found.labels[place]] for place in chosen]
