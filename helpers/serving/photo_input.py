"""Decides from a graph's input and its card what becomes of a photo."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.edges import Edge
from helpers.graphs.leading_scale import leading_scale
from helpers.graphs.tensor_text import shape_text
from helpers.graphs.wiring import Wiring
from helpers.serving.encoded_photos import EncodedPhotos, encoded_photos
from helpers.serving.preprocessing import PRESETS, Preprocessing
from helpers.serving.spec_checks import LESSON_FIELDS

Sizes = tuple[int | None, ...] | None
DEPTHS = {"RGB": 3, "BGR": 3, "grey": 1}
LAYERS = ("Conv2D", "DepthwiseConv2dNative", "MaxPool", "AvgPool", "Pad")


class Incomplete(NamedTuple):
    """The input takes photos, but these fields of the card are missing."""

    missing: tuple[str, ...]


Photos = Preprocessing | EncodedPhotos | Incomplete | None


class Axes(NamedTuple):
    """The axes of an input that takes photos."""

    layout: str  # NHWC or NCHW
    height: int | None = None
    width: int | None = None
    depth: int | None = None


def photo_input(
    card: dict, graph_def: tf1.GraphDef, path: Path, notes: list[str]
) -> Photos:
    """How the network's one input takes a photo; None: it takes none.

    Args:
      notes: what is assumed is added to it.
    Raises:
      ValueError: the card contradicts the graph.
    """
    wiring, name = Wiring(graph_def), Edge.parse(card["input"]).node
    if name not in wiring.nodes:
        return None
    dtype, shape = wiring.dtype(name) or tf.float32, wiring.shape(name)
    if dtype == tf.string:
        return encoded_photos(graph_def, name)
    if not (dtype.is_floating or dtype.is_integer):
        return None
    axes = _axes(card, shape, wiring, name)
    if axes is None:
        _refuse_photo_fields(card, shape, path)
        return None
    _compare(card, axes, shape, path)
    size = _size(card, axes)
    if "pixels" not in card:
        card |= _pixels(card, graph_def, dtype, notes)
    absent = (("pixels", card.get("pixels")), ("image_size", size))
    missing = tuple(field for field, value in absent if value is None)
    if missing or size is None:
        return Incomplete(missing)
    return _preprocessing(card, axes, size, dtype, path)


def _axes(card: dict, shape: Sizes, wiring: Wiring, name: str) -> Axes | None:
    """The axes of the input; None: its shape, or its card, is not that of photos."""
    if shape is None:
        readers = map(wiring.op, wiring.consumers.get(name, ()))
        lesson = card["input"] == LESSON_FIELDS["input"]
        is_photo = {"pixels", "image_size"} & card.keys() or {*readers} & {*LAYERS}
        return Axes(card.get("layout", "NHWC")) if is_photo or lesson else None
    sizes = shape[1:]
    if len(sizes) == 3:
        as_layout = {
            "NHWC": Axes("NHWC", sizes[0], sizes[1], sizes[2]),
            "NCHW": Axes("NCHW", sizes[1], sizes[2], sizes[0]),
        }
        fitting = [axes for axes in as_layout.values() if axes.depth in (1, 3)]
        open_depth = [axes for axes in as_layout.values() if axes.depth is None]
        stated = as_layout.get(card.get("layout", ""))
        return next(iter([*filter(None, [stated]), *fitting, *open_depth[:1]]), None)
    if "image_size" in card and len(sizes) == 1:  # a photo as one row
        height, width = _pair(card["image_size"])
        depth = (sizes[0] or 0) / (height * width)
        return Axes("NHWC", height, width, int(depth)) if depth in (1, 3) else None
    if card.get("channels") == "grey" and len(sizes) == 2:  # no axis of channels
        return Axes("NHWC", sizes[0], sizes[1], 1)
    return None


def _compare(card: dict, axes: Axes, shape: Sizes, path: Path) -> None:
    """Check that the card's size, channels and layout are those of the placeholder.

    Raises:
      ValueError: one is not.
    """
    takes = f"its input {card['input']} has the shape {_shape(shape)}"
    stated = _pair(card.get("image_size", (axes.height, axes.width)))
    for side, wanted, there in zip(
        ("height", "width"), stated, (axes.height, axes.width), strict=True
    ):
        if there is not None and wanted is not None and there != wanted:
            raise ValueError(
                f"{path}: image_size states a {side} of {wanted} pixels, and {takes}: "
                f"leave image_size out, or write [{axes.height}, {axes.width}]"
            )
    if axes.depth not in (1, 3, None):
        raise ValueError(
            f"{path}: layout is {axes.layout!r}, and {takes}, {axes.depth} channels: "
            f"try {'NCHW' if axes.layout == 'NHWC' else 'NHWC'!r}"
        )
    channels = card.get("channels")
    if channels and axes.depth and DEPTHS[channels] != axes.depth:
        fitting = [name for name, depth in DEPTHS.items() if depth == axes.depth]
        raise ValueError(
            f"{path}: channels is {channels!r}, and {takes}: "
            f"{axes.depth} channels are {' or '.join(fitting)}"
        )


def _size(card: dict, axes: Axes) -> tuple[int, int] | None:
    if axes.height and axes.width:
        return axes.height, axes.width
    if "image_size" in card:
        return _pair(card["image_size"])
    if card["input"] == LESSON_FIELDS["input"] and card.get("output") in (
        None,
        LESSON_FIELDS["output"],
        LESSON_FIELDS["output"].split(":")[0],
    ):
        return _pair(LESSON_FIELDS["image_size"])
    return None


def _pixels(
    card: dict, graph_def: tf1.GraphDef, dtype: tf.DType, notes: list[str]
) -> dict:
    """The range of pixels that the graph itself states; {}: it states none."""
    if dtype.is_integer:
        return {"pixels": "0..255"}
    scaling = leading_scale(graph_def, card["input"])
    if scaling and scaling.pixels == "0..255":
        notes.append(f"{scaling.describe()}: it takes pixels of 0..255")
        return {"pixels": "0..255"}
    return {}


def _preprocessing(
    card: dict, axes: Axes, size: tuple[int, int], dtype: tf.DType, path: Path
) -> Preprocessing:
    preset = PRESETS[card["pixels"]]
    channels = card.get("channels", "grey" if axes.depth == 1 else preset.channels)
    order = -1 if channels == "BGR" else 1
    mean, std = (
        _numbers(card[field]) if field in card else values[::order]
        for field, values in (("mean", preset.mean), ("std", preset.std))
    )
    for field, numbers in (("mean", mean), ("std", std)):
        if len(numbers) not in (0, 1, DEPTHS[channels]):
            raise ValueError(
                f"{path}: {field} has {len(numbers)} numbers (pixels are "
                f"{card['pixels']!r}), and its input takes one {channels} channel"
            )
    if dtype.is_integer and (preset.pixels != "0..255" or mean or std):
        raise ValueError(
            f"{path}: pixels is {card['pixels']!r}, and its input {card['input']} "
            f"takes {dtype.name}: whole numbers are pixels of '0..255', without mean "
            "and std"
        )
    return Preprocessing(
        *size,
        pixels=preset.pixels,
        mean=mean,
        std=std,
        channels=channels,
        layout=axes.layout,
        resize=card.get("resize", preset.resize),
        dtype=dtype.name,
    )


def _refuse_photo_fields(card: dict, shape: Sizes, path: Path) -> None:
    """A card that describes photos needs an input that takes them.

    Raises:
      ValueError: it describes them.
    """
    stated = [f for f in ("pixels", "channels", "layout", "resize") if f in card]
    if stated:
        raise ValueError(
            f"{path}: {stated[0]} is {card[stated[0]]!r}, but its input "
            f"{card['input']} takes no photos: it has the shape {_shape(shape)}; "
            "photos in rows need image_size, and photos without an axis of channels "
            "need channels 'grey'"
        )


def _shape(sizes: Sizes) -> str:
    return shape_text(sizes, unknown="[...]")


def _pair(size) -> tuple:
    return (size, size) if isinstance(size, int) else tuple(size)


def _numbers(value: float | list[float]) -> tuple[float, ...]:
    return tuple(map(float, value if isinstance(value, list) else [value]))
