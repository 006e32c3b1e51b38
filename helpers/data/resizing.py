"""The ways in which a picture becomes one of a wanted width and height."""

from PIL import Image


def with_bars(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The image in the middle of a black one, where ImageOps.pad places it."""
    whole = Image.new("RGB", size)
    left, top = (round((size[axis] - image.size[axis]) / 2) for axis in (0, 1))
    whole.paste(image, (left, top))
    return whole


def _stretch(size: tuple, box: tuple) -> tuple[tuple, tuple]:
    return size, box


def _crop(size: tuple, box: tuple) -> tuple[tuple, tuple]:
    """The largest centred part of the box that has the aspect ratio of `size`."""
    left, top, right, bottom = box
    scale = min((right - left) / size[0], (bottom - top) / size[1])
    x, y = (right - left - size[0] * scale) / 2, (bottom - top - size[1] * scale) / 2
    return size, (left + x, top + y, right - x, bottom - y)


def _fit(size: tuple, box: tuple) -> tuple[tuple, tuple]:
    """The largest size with the aspect ratio of the box that fits into `size`."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(size[0] / width, size[1] / height)
    return (max(1, round(width * scale)), max(1, round(height * scale))), box


def _limit(size: tuple, box: tuple) -> tuple[tuple, tuple]:
    width, height = box[2] - box[0], box[3] - box[1]
    if width <= size[0] and height <= size[1]:
        return (round(width), round(height)), box
    return _fit(size, box)


# From the wanted width and height, and the box of the stored picture, to the width and
# height of the result and the part of the picture that becomes it.
RESIZES = {
    "stretch": _stretch,
    "centre-crop": _crop,
    "letterbox": _fit,
    "limit": _limit,
}
