"""Bytes of a photo to pixels: the one way for training, command line and web.

Nothing is allocated before the header has been read and found acceptable, JPEG
is decoded at the scale it is needed at, and the rest is reduced band by band.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import functools
import io
import struct

import numpy as np
from PIL import Image, ImageCms

from helpers.data.image_headers import (
    FORMATS,
    BrokenPhoto,
    EmptyPhoto,
    PhotoError,
    PhotoTooLarge,
    UnknownFormat,
    format_of,
    open_photo,
)

__all__ = [
    "FORMATS",
    "IMAGE_SIZE",
    "MAX_BYTES",
    "MAX_PIXELS",
    "BrokenPhoto",
    "EmptyPhoto",
    "PhotoError",
    "PhotoTooLarge",
    "UnknownFormat",
    "decode_photo",
    "orientation",
]
IMAGE_SIZE = 128
MAX_BYTES = 20_000_000
MAX_PIXELS = 64_000_000
MAX_PROFILE_BYTES = 1 << 20  # as Pillow allows PNG

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_photo(
    data: bytes,
    size: int = IMAGE_SIZE,
    *,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """The photo's pixels: upright, sRGB, first frame, squeezed to a square.

    Args:
      data: a whole JPEG, PNG, GIF, WebP or BMP file; its name plays no part.
      size: side of the result in pixels.
    Returns:
      uint8 RGB, shape [size, size, 3].
    Raises:
      PhotoError: one of its four kinds, with a sentence to show to the user.
    """
    if not data:
        raise EmptyPhoto("the file is empty: choose a photo with something in it")
    if len(data) > max_bytes:
        raise PhotoTooLarge(
            f"the file has {len(data) / 1e6:.1f} MB, at most {max_bytes / 1e6:g} MB "
            "are allowed: send a smaller copy"
        )
    kind = format_of(data)
    try:
        return _pixels(open_photo(kind, data, max_pixels), size)
    except PhotoError:
        raise
    except (MemoryError, Image.DecompressionBombError) as error:
        raise PhotoTooLarge(
            "the picture needs too much memory: send a smaller copy"
        ) from error
    except Exception as error:  # Pillow's parsers raise nearly anything
        raise BrokenPhoto(
            f"this {kind} file is damaged or cut short: open it in a picture "
            "viewer and save it again"
        ) from error


def _pixels(image: Image.Image, size: int) -> np.ndarray:
    # JPEG only: leave out what is not needed; the box is the photo, without padding
    _, box = image.draft("RGB", (size, size)) or (None, (0, 0, *image.size))
    image.load()
    square = _to_srgb(_shrunk(image, box, size), image.info.get("icc_profile"))
    turn = _UPRIGHT.get(orientation(image))
    if turn is not None:  # on the square, where it costs nothing
        square = square.transpose(turn)
    return np.asarray(square)


def _shrunk(image: Image.Image, box: tuple, size: int) -> Image.Image:
    """Image.resize with a reducing_gap of 2, without its copies of the whole."""
    width, height = image.size
    across, down = max(1, width // (2 * size)), max(1, height // (2 * size))
    if across == down == 1:
        reduced = _plain(image)
    else:
        reduced = None
        rows = down * max(1, 64 // down)
        for top in range(0, height, rows):
            band = _plain(image.crop((0, top, width, min(top + rows, height))))
            shape = -(-width // across), -(-height // down)
            reduced = reduced or Image.new(band.mode, shape)
            reduced.paste(band.reduce((across, down)), (0, top // down))
    box = (0, 0, box[2] / across, box[3] / down)
    return reduced.resize((size, size), Image.Resampling.BILINEAR, box)


def _plain(image: Image.Image) -> Image.Image:
    """L, RGB or CMYK: eight bits a sample, no palette, white where transparent."""
    if image.mode.startswith("I"):  # 16 bits a sample
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image)
        return white
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile and len(profile) <= MAX_PROFILE_BYTES:
        try:
            return ImageCms.applyTransform(image, _transform(profile, image.mode))
        except Exception:  # damaged, or not a profile of these pixels
            pass
    return image.convert("RGB")


@functools.lru_cache(maxsize=8)  # a camera's photos share one; building takes 2 ms
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def orientation(image: Image.Image) -> int:
    """1 to 8 as the EXIF data says; 1, upright, where it says nothing sensible.

    Pillow's own parser follows every pointer, and prints what it does not like.
    """
    try:
        tiff = image.info["exif"].removeprefix(b"Exif\0\0")
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if (tag, kind) == (0x0112, 3) and value in _UPRIGHT:
                return value
    except (AttributeError, KeyError, TypeError, struct.error):
        pass
    return 1
