"""The visitor's photo, small, for the page that answers without JavaScript."""

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

from flask import current_app
from PIL import Image

from helpers.decoding import orientation
from helpers.headers import format_of, open_photo
from webapp.uploads import pixels

SIDE = 480  # pixels, the longer one
SLIMMEST = SIDE // 3  # pixels, the shorter one at least


class Thumbnail(NamedTuple):
    """A small JPEG as a `data:` address, and its size in pixels."""

    address: str
    width: int
    height: int


def thumbnail(photo: bytes) -> Thumbnail:
    """The photo, upright and in its own shape.

    Args:
      photo: bytes that `decode_photo` has accepted before.
    """
    shape = _shape(photo)
    size = [max(SIDE * side // max(shape), SLIMMEST) for side in shape]
    squeezed = Image.fromarray(pixels(photo, SIDE))
    jpeg = BytesIO()
    squeezed.resize(size, Image.Resampling.BILINEAR).save(jpeg, "JPEG", quality=85)
    encoded = b64encode(jpeg.getvalue()).decode()
    return Thumbnail(f"data:image/jpeg;base64,{encoded}", *size)


def _shape(photo: bytes) -> tuple[int, int]:
    image = open_photo(format_of(photo), photo, current_app.config["MAX_PIXELS"])
    width, height = image.size
    lies_on_its_side = orientation(image) in (5, 6, 7, 8)
    return (height, width) if lies_on_its_side else (width, height)
