"""Thumbnails of uploaded photos and heat maps, as `data:` URLs for the page."""

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

import numpy as np
from flask import current_app
from PIL import Image

from helpers.data.decoding import decode_photo, orientation
from helpers.data.image_headers import open_photo
from helpers.data.photo_formats import format_of
from helpers.serving.occlusion import Explanation
from webapp.requests.uploads import limits

SIDE = 480  # pixels of the longer side
SHORTEST = SIDE // 3  # pixels of the shorter side, at least
COLOUR_STOPS = ((4, 16, 24, 175), (226, 88, 34, 120), (255, 214, 92, 165))  # RGBA


class Picture(NamedTuple):
    """A picture as a `data:` URL, and its size in pixels."""

    address: str
    width: int
    height: int


def thumbnail(photo: bytes) -> Picture:
    """The photo, upright, with its aspect ratio.

    Args:
      photo: bytes that `decode_photo` has accepted before.
    """
    squeezed = Image.fromarray(decode_photo(photo, SIDE, resize="stretch", **limits()))
    small = squeezed.resize(_size(photo), Image.Resampling.BILINEAR)
    return _picture(small, "JPEG", quality=85)


def heat_map(why: Explanation, photo: bytes, preprocessing) -> Picture:
    """A translucent overlay for the photo: brighter where covering it loses more.

    Args:
      photo: bytes that `decode_photo` has accepted before.
      preprocessing: the model's; it says which part of the photo the network sees.
    """
    width, height = _size(photo)
    left, top, right, bottom = seen_part((width, height), preprocessing)
    heat = why.heat(bottom - top, right - left)
    strength = np.zeros((height, width), np.float32)
    seen = strength[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    seen[:] = heat[max(-top, 0) :, max(-left, 0) :][: len(seen), : seen.shape[1]]
    strength = np.clip(strength / max(heat.max(), np.finfo(np.float32).tiny), 0, 1)
    stops = np.array(COLOUR_STOPS, np.float32)
    at = [np.interp(strength, [0, 0.5, 1], channel) for channel in stops.T]
    colours = np.stack(at, -1).round().astype(np.uint8)
    return _picture(Image.fromarray(colours, "RGBA"), "WEBP", quality=90)


def seen_part(size: tuple[int, int], preprocessing) -> tuple[int, int, int, int]:
    """The box of a photo of this size that becomes the network's whole input.

    It is larger than the photo where bars fill the input, and smaller where the photo
    is cropped.
    """
    if preprocessing.resize == "stretch":
        return (0, 0, *size)
    fit = min if preprocessing.resize == "centre-crop" else max
    sides = (preprocessing.width, preprocessing.height)
    scale = fit(length / side for length, side in zip(size, sides, strict=True))
    width, height = (max(round(side * scale), 1) for side in sides)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return left, top, left + width, top + height


def _picture(image: Image.Image, kind: str, **options) -> Picture:
    file = BytesIO()
    image.save(file, kind, **options)
    encoded = b64encode(file.getvalue()).decode()
    return Picture(f"data:image/{kind.lower()};base64,{encoded}", *image.size)


def _size(photo: bytes) -> tuple[int, int]:
    shape = _shape(photo)
    width, height = (max(SIDE * side // max(shape), SHORTEST) for side in shape)
    return width, height


def _shape(photo: bytes) -> tuple[int, int]:
    image = open_photo(format_of(photo), photo, current_app.config["MAX_PIXELS"])
    width, height = image.size
    is_rotated = orientation(image) in (5, 6, 7, 8)  # EXIF: by 90 degrees
    return (height, width) if is_rotated else (width, height)
