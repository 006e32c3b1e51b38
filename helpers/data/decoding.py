"""Decodes a photo's bytes: the one function for training, command line and web app.

The header is checked before any pixels are allocated. A JPEG is decoded at a reduced
scale where that suffices; larger pictures are reduced in bands of rows.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import functools
import io
import struct
from contextlib import suppress

import numpy as np
from PIL import Image, ImageCms

from helpers.data.image_headers import open_photo
from helpers.data.jpeg_ending import with_end_marker
from helpers.data.photo_formats import (
    BrokenPhoto,
    EmptyPhoto,
    PhotoError,
    PhotoTooLarge,
    format_of,
)
from helpers.data.photo_formats import UnknownFormat as UnknownFormat  # part of the API
from helpers.data.resizing import RESIZES, with_bars

IMAGE_SIZE = 128
MAX_BYTES = 20_000_000
MAX_PIXELS = 64_000_000
MAX_PROFILE_BYTES = 1 << 20  # Pillow's own limit for PNG

_TRANSPOSE = {  # by EXIF orientation
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SWAPPING = [_TRANSPOSE[number] for number in (5, 6, 7, 8)]  # width and height


def decode_photo(
    data: bytes,
    size: int | tuple[int, int] = IMAGE_SIZE,
    *,
    resize: str = "stretch",
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
) -> np.ndarray:
    """The photo's first frame, upright and in sRGB, resized.

    Args:
      data: a whole file in one of FORMATS, for instance a JPEG.
      size: height and width of the result in pixels, or the side of a square.
      resize: one of RESIZES; "limit" reduces a photo that is larger to fit into the
        size and leaves others as they are.
    Returns:
      uint8 RGB, shape [height, width, 3]; "stretch" does not keep the aspect ratio.
    Raises:
      PhotoError: one of its four subclasses, with a sentence for the user.
    """
    if not data:
        raise EmptyPhoto("the file is empty: choose a photo with something in it")
    if len(data) > max_bytes:
        raise PhotoTooLarge(
            f"the file has {len(data) / 1e6:.1f} MB, at most {max_bytes / 1e6:g} MB "
            "are allowed: send a smaller copy"
        )
    kind = format_of(data)
    height, width = (size, size) if isinstance(size, int) else size
    try:
        return _decoded(kind, data, max_pixels, (width, height), resize)
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


def _decoded(
    kind: str, data: bytes, max_pixels: int, size: tuple[int, int], resize: str
) -> np.ndarray:
    """The pixels; of a JPEG that lacks only its end marker, too."""

    def opened(jpeg: bytes) -> Image.Image:
        return open_photo(kind, jpeg, max_pixels)

    try:
        return _pixels(opened(data), size, resize)
    except OSError:
        ended = with_end_marker(data, opened) if kind == "JPEG" else None
        if ended is None:
            raise
        return _pixels(opened(ended), size, resize)


def _pixels(image: Image.Image, size: tuple[int, int], resize: str) -> np.ndarray:
    # For JPEG, draft() chooses the decoding scale; the box excludes its padding.
    _, box = image.draft("RGB", _stored(size, image)) or (None, (0, 0, *image.size))
    image.load()  # a PNG may state its orientation after its pixels
    inner, box = RESIZES[resize](_stored(size, image), box)
    small = _to_srgb(_resize(image, box, inner), image.info.get("icc_profile"))
    transpose = _TRANSPOSE.get(orientation(image))
    if transpose is not None:  # after resizing, when few pixels are left
        small = small.transpose(transpose)
    return np.asarray(with_bars(small, size) if resize == "letterbox" else small)


def _stored(size: tuple[int, int], image: Image.Image) -> tuple[int, int]:
    """The width and height before the picture is turned upright."""
    is_lying = _TRANSPOSE.get(orientation(image)) in _SWAPPING
    return (size[1], size[0]) if is_lying else size


def _resize(image: Image.Image, box: tuple, size: tuple[int, int]) -> Image.Image:
    """What Image.resize gives with reducing_gap=2, without copying the whole image."""
    width, height = image.size
    across = max(1, int((box[2] - box[0]) // (2 * size[0])))
    down = max(1, int((box[3] - box[1]) // (2 * size[1])))
    if across == down == 1:
        reduced = _convert(image)
    else:
        mode = _convert(image.crop((0, 0, 1, 1))).mode
        reduced = Image.new(mode, (-(-width // across), -(-height // down)))
        rows = down * max(1, 64 // down)
        for top in range(0, height, rows):
            band = _convert(image.crop((0, top, width, min(top + rows, height))))
            reduced.paste(band.reduce((across, down)), (0, top // down))
    left, top, right, bottom = box
    right, bottom = min(right, width), min(bottom, height)  # of a rounded product
    box = (max(left, 0) / across, max(top, 0) / down, right / across, bottom / down)
    return reduced.resize(size, Image.Resampling.BILINEAR, box)


def _convert(image: Image.Image) -> Image.Image:
    """The image in mode L, RGB or CMYK; transparent pixels become white."""
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
        with suppress(Exception):  # it is damaged or for another colour mode
            return _transform(profile, image.mode).apply(image)
    return image.convert("RGB")


@functools.lru_cache(maxsize=8)  # building one takes 2 ms; a camera's photos share it
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")


def orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) if it is absent or invalid.

    Pillow's own parser follows every pointer and warns of damaged data.
    """
    try:
        tiff = image.info["exif"].removeprefix(b"Exif\0\0")
        order = {b"II": "<", b"MM": ">"}[tiff[:2]]
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if (tag, kind) == (0x0112, 3) and value in _TRANSPOSE:
                return value
    except (AttributeError, KeyError, TypeError, struct.error):
        pass
    return 1
