"""The photos that the soak test sends: drawings of many sizes, and files that are none.

Two drawings are blended in another share for each photo, so that answers differ.
"""

import io
import zlib
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image

from helpers.data.drawings import CLASS_NAMES, draw

LARGE = 3_000_000  # pixels from which a photo is large
SIZES = {  # width and height: how many photos, and how often each is sent
    (64, 64): (6, 8),
    (128, 128): (6, 8),
    (300, 225): (6, 8),
    (500, 374): (6, 8),
    (1000, 750): (3, 4),
    (2000, 1500): (2, 2),
    (4000, 3000): (1, 1),
    (5472, 3648): (1, 1),  # 20 megapixels
}


class Photo(NamedTuple):
    """A picture file and how often it is sent, compared with the others."""

    name: str
    data: bytes
    weight: int
    is_large: bool


def photos(width: int, height: int) -> Iterator[Photo]:
    """JPEGs and PNGs of one of the SIZES without end, each of another content."""
    random, (_, weight) = Random(width), SIZES[width, height]
    is_large = width * height >= LARGE
    for seed in count():
        kind = "PNG" if seed % 3 == 2 and not is_large else "JPEG"
        name = f"{width}x{height} {kind} {seed}"
        drawn = _blended(random, seed + width).resize((width, height))
        yield Photo(name, _file(drawn, kind), weight, is_large)


def _blended(random: Random, seed: int) -> Image.Image:
    """A cat and a dog over one another, lighter or darker."""
    cat, dog = (draw(kind, seed, 256) for kind in CLASS_NAMES)
    pixels = np.asarray(Image.blend(cat, dog, random.random()), np.float32)
    scaled = pixels * random.uniform(0.5, 1.1) + random.uniform(0, 40)
    return Image.fromarray(np.clip(scaled, 0, 255).astype(np.uint8))


def _file(image: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def bad_files() -> dict[str, bytes]:
    """Files that are refused as photos, by what is wrong with them."""
    jpeg = _file(draw("cat", 1, 300), "JPEG")
    png = _file(draw("cat", 1, 300), "PNG")
    return {
        "empty": b"",
        "one byte": b"\xff",
        "text": b"This is no photo.\n" * 20,
        "page": b"<!doctype html><title>photo.jpg</title>",
        "random": Random(1).randbytes(5000),
        "cut JPEG": jpeg[: len(jpeg) // 3],
        "cut PNG": png[: len(png) // 2],
        "damaged PNG": png[:200] + bytes(300) + png[500:],
        "bomb": _bomb(30_000, 30_000),
        "endless bomb": _bomb(2**31 - 1, 2**31 - 1),
        "GIF without a frame": b"GIF89a\1\0\1\0\0\0\0;",
    }


def _bomb(width: int, height: int) -> bytes:
    """A PNG whose header declares this size, with a few rows of zeros."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + checksum

    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    rows = zlib.compress(bytes(1_000_000))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", size + b"\x08\x02\0\0\0"),
            chunk(b"IDAT", rows),
            chunk(b"IEND", b""),
        ]
    )
