"""Which axes of a network's input are the height, width and channels of a photo."""

import math
from typing import NamedTuple

from helpers.graphs.tensor_text import shape_text
from helpers.serving.first_layer import CONVOLUTIONS, POOLS, PRODUCTS, FirstLayer
from helpers.serving.spec_checks import LESSON_FIELDS

Sizes = tuple[int | None, ...] | None
DEPTHS = {"RGB": 3, "BGR": 3, "grey": 1}
PHOTO_FIELDS = ("pixels", "mean", "std", "channels", "layout", "resize", "image_size")


class Axes(NamedTuple):
    """The axes of an input that takes photos."""

    layout: str  # NHWC or NCHW
    height: int | None = None
    width: int | None = None
    depth: int | None = None
    rank: int = 3  # axes of one photo; 2: height and width x channels; 1: a row
    is_one: bool = False  # there is no axis for the batch


def input_axes(card: dict, shape: Sizes, layer: FirstLayer | None) -> Axes | None:
    """The axes of an input; None: its shape, or its card, is not that of photos.

    Args:
      shape: of the placeholder.
      layer: the first layer that reads it.
    Raises:
      ValueError: image_size is stated, and the input has another number of values.
    """
    if shape is None:
        return _unknown(card, layer)
    if len(shape) == 4:
        return _image(card, shape[1:], layer)
    if len(shape) == 3 and (one := _one_image(card, shape)):
        return one
    if len(shape) == 3 and (card.get("channels") == "grey" or "image_size" in card):
        return _plane(card, shape)
    if len(shape) in (1, 2) and "image_size" in card:
        return _row(card, shape, layer)
    return None


def is_ambiguous(shape: Sizes) -> bool:
    """Whether channels may be the first axis of a photo, or as well the last."""
    return shape is not None and len(shape) == 4 and {shape[1], shape[3]} <= {1, 3}


def _unknown(card: dict, layer: FirstLayer | None) -> Axes | None:
    op = layer.op if layer else ""
    if op in PRODUCTS:
        return _row(card, (None, None), layer) if "image_size" in card else None
    is_lesson = card["input"] == LESSON_FIELDS["input"]
    is_stated = {"pixels", "image_size"} & card.keys()
    if is_stated or is_lesson or op in (*CONVOLUTIONS, *POOLS):
        return _image(card, (None, None, None), layer)
    return None


def _image(card: dict, sizes: Sizes, layer: FirstLayer | None) -> Axes | None:
    assert sizes is not None
    found = {
        "NHWC": Axes("NHWC", sizes[0], sizes[1], sizes[2]),
        "NCHW": Axes("NCHW", sizes[1], sizes[2], sizes[0]),
    }
    if layer and layer.depth:
        found = {
            name: axes._replace(depth=axes.depth or layer.depth)
            for name, axes in found.items()
        }
    if stated := card.get("layout"):
        return found[stated]
    first = (layer.layout if layer else None) or "NHWC"
    ordered = sorted(found.values(), key=lambda axes: axes.layout != first)
    fitting = [axes for axes in ordered if axes.depth in (1, 3)]
    is_open = [axes for axes in ordered if axes.depth is None]
    return next(iter([*fitting, *is_open]), None)


def _one_image(card: dict, shape: Sizes) -> Axes | None:
    """The axes of an input for one photo without a batch, where the card says pixels.

    [1, height, width] is a batch of one photo without an axis of channels.
    """
    assert shape is not None
    if not card.keys() & {*PHOTO_FIELDS}:
        return None
    if shape[2] in (1, 3) and card.get("layout") != "NCHW":
        return Axes("NHWC", shape[0], shape[1], shape[2], is_one=True)
    if shape[0] == 3 and card.get("layout") != "NHWC":
        return Axes("NCHW", shape[1], shape[2], 3, is_one=True)
    return None


def _plane(card: dict, shape: Sizes) -> Axes:
    """The axes of [N, height, width], or of [N, height, width * 3]."""
    assert shape is not None
    layout, (height, width) = card.get("layout", "NHWC"), shape[1:]
    stated = pair(card.get("image_size", (None, None)))
    is_colour = width is not None and stated[1] is not None and width == 3 * stated[1]
    if is_colour and layout == "NHWC":
        return Axes(layout, height, stated[1], 3, rank=2)
    return Axes("NHWC", height, width, 1, rank=2)


def _row(card: dict, shape: Sizes, layer: FirstLayer | None) -> Axes:
    """The axes of a photo as one row, of the size that the card states.

    Raises:
      ValueError: the row has another number of values.
    """
    assert shape is not None
    height, width = pair(card["image_size"])
    depth = DEPTHS.get(card.get("channels", ""))
    count = shape[-1] or (layer.depth if layer and layer.op in PRODUCTS else None)
    if count is None and depth is None:
        raise ValueError(
            f"its input {card['input']} takes rows of {shape_text(shape)}, and nothing "
            "says whether a photo is one grey value a pixel or three: say it with "
            "--channels, or channels in the card (RGB, BGR or grey)"
        )
    found = count / (height * width) if count else depth
    if found not in (1, 3):
        grey = height * width
        raise ValueError(
            f"image_size states {width} x {height} pixels, which are {grey} grey or "
            f"{3 * grey} coloured values, and its input {card['input']} takes rows of "
            f"{count}: {_sizes_for(count)}"
        )
    layout = card.get("layout", "NHWC")
    return Axes(layout, height, width, int(found), rank=1, is_one=len(shape) == 1)


def _sizes_for(count: int | None) -> str:
    """The squares that a number of values may be."""
    kinds = (("grey", 1), ("coloured", 3))
    sides = [
        f"{side} x {side} {kind}"
        for kind, depth in kinds
        if count and (side := math.isqrt(count // depth)) ** 2 * depth == count
    ]
    return f"that is {' or '.join(sides)}" if sides else "no square has so many"


def pair(size) -> tuple:
    """Height and width of a card's image_size."""
    return (size, size) if isinstance(size, int) else tuple(size)
