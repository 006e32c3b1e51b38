"""Photos, drawings and pictures of nothing known, packed for a machine with a GPU.

Pack them where the photos are, two files so that each is small enough to send:

    python tools/distillation/photos.py FOLDER OUT

Nothing here needs TensorFlow or PyTorch: the machine with the GPU has one of them only.
"""

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from helpers.data.drawings import make_drawings
from helpers.training.outliers import make_outliers

PARTS = ("part1.npz", "part2.npz")
SIDE = 140  # pixels; the network sees 128 of them
CHUNK = 50
FIRST_SEED = 1000  # the held-out drawings and outliers have seeds below


def pack(data: Path, out: Path) -> None:
    """Write the bytes, class and split of each photo that is not for tests."""
    from helpers.data.data_sets import find_data_set
    from helpers.data.photo_index import index_photos, read_photo
    from helpers.data.split_folders import SPLITS

    photos = [
        photo
        for photo in index_photos(find_data_set(data))
        if SPLITS[photo.split] != "test"
    ]
    out.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(PARTS):
        part = photos[number :: len(PARTS)]
        files = [read_photo(photo.path) for photo in part]
        np.savez(
            out / name,
            files=np.frombuffer(b"".join(files), np.uint8),
            sizes=[len(file) for file in files],
            labels=[photo.label for photo in part],
            validation=[SPLITS[photo.split] == "validation" for photo in part],
        )


def unpack(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The packed photos, decoded on all cores.

    Returns:
      images, uint8 [N, SIDE, SIDE, 3]; labels, int64 [N]; validation, bool [N].
    """
    files: list[bytes] = []
    labels, validation = [], []
    for name in PARTS:
        part = np.load(folder / name)
        whole, ends = part["files"].tobytes(), np.cumsum(part["sizes"])
        files += [
            whole[end - size : end]
            for end, size in zip(ends, part["sizes"], strict=True)
        ]
        labels.append(part["labels"])
        validation.append(part["validation"])
    with ProcessPoolExecutor() as pool:
        images = np.stack(list(pool.map(_decode, files, chunksize=200)))
    return images, np.concatenate(labels), np.concatenate(validation)


def _decode(file: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(file)).convert("RGB")
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR))


def drawn(drawings: int, outliers: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawings of cats and dogs, and pictures of nothing known, made on all cores.

    Returns:
      images, uint8 [N, SIDE, SIDE, 3]; labels, int64 [N], -1 for nothing known.
    """
    with ProcessPoolExecutor() as pool:
        parts = [
            *pool.map(_drawings, _seeds(drawings)),
            *pool.map(_outliers, _seeds(outliers)),
        ]
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _seeds(count: int) -> Iterator[int]:
    yield from range(FIRST_SEED, FIRST_SEED + -(-count // CHUNK))


def _drawings(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return make_drawings(CHUNK, seed, SIDE)


def _outliers(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return make_outliers(CHUNK, seed, SIDE), np.full(CHUNK, -1)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
