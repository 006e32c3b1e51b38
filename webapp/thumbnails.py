"""The uploaded photo, small, and its heat map, as `data:` pictures for the page."""

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

import numpy as np
from flask import current_app
from PIL import Image

from helpers.data.decoding import orientation
from helpers.data.image_headers import format_of, open_photo
from helpers.serving.occlusion import Why
from webapp.uploads import pixels

SIDE = 480  # pixels, the longer one
SLIMMEST = SIDE // 3  # pixels, the shorter one at least
SMOOTH = 24  # pixels of the heat map, before it is enlarged
FAINTEST = 0.05  # of the probability: a loss below it does not reach full strength
NIGHT, EMBER, FLAME = (4, 16, 24, 190), (226, 88, 34, 120), (255, 214, 92, 165)


class Picture(NamedTuple):
    """A picture as a `data:` address, and its size in pixels."""

    address: str
    width: int
    height: int


def thumbnail(photo: bytes) -> Picture:
    """The photo, upright and in its own shape.

    Args:
      photo: bytes that `decode_photo` has accepted before.
    """
    squeezed = Image.fromarray(pixels(photo, SIDE))
    small = squeezed.resize(_size(photo), Image.Resampling.BILINEAR)
    return _picture(small, "JPEG", quality=85)


def heat_map(why: Why, photo: bytes) -> Picture:
    """The heat, to lie over the photo: dark where nothing is lost, a glow where most.

    Args:
      photo: bytes that `decode_photo` has accepted before.
    """
    heat = why.heat(SMOOTH)
    strength = np.clip(heat / max(heat.max(), FAINTEST), 0, 1)
    stops = np.array([NIGHT, EMBER, FLAME], np.float32)
    at = [np.interp(strength, [0, 0.5, 1], channel) for channel in stops.T]
    colours = Image.fromarray(np.stack(at, -1).astype(np.uint8), "RGBA")
    return _picture(colours.resize(_size(photo), Image.Resampling.BICUBIC), "WEBP")


def _picture(image: Image.Image, kind: str, **options) -> Picture:
    file = BytesIO()
    image.save(file, kind, **options)
    encoded = b64encode(file.getvalue()).decode()
    return Picture(f"data:image/{kind.lower()};base64,{encoded}", *image.size)


def _size(photo: bytes) -> tuple[int, int]:
    shape = _shape(photo)
    width, height = (max(SIDE * side // max(shape), SLIMMEST) for side in shape)
    return width, height


def _shape(photo: bytes) -> tuple[int, int]:
    image = open_photo(format_of(photo), photo, current_app.config["MAX_PIXELS"])
    width, height = image.size
    lies_on_its_side = orientation(image) in (5, 6, 7, 8)
    return (height, width) if lies_on_its_side else (width, height)
