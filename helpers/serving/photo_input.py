"""Decides from a graph's input and its card what becomes of a photo."""

from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.graphs.edges import Edge
from helpers.graphs.leading_scale import leading_scale
from helpers.graphs.wiring import Wiring
from helpers.serving.axis_checks import check_axes, refuse_photo_fields
from helpers.serving.encoded_photos import EncodedPhotos, encoded_photos
from helpers.serving.first_layer import PRODUCTS, first_layer
from helpers.serving.input_axes import (
    DEPTHS,
    PHOTO_FIELDS,
    Axes,
    input_axes,
    is_ambiguous,
    pair,
)
from helpers.serving.preprocessing import PRESETS, Preprocessing
from helpers.serving.spec_checks import LESSON_FIELDS

LARGEST = 255  # of a pixel


class Incomplete(NamedTuple):
    """The input takes photos, but these fields of the card are missing."""

    missing: tuple[str, ...]


Photos = Preprocessing | EncodedPhotos | Incomplete | None


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
        found = encoded_photos(graph_def, wiring, name)
        stated = [field for field in PHOTO_FIELDS if found and field in card]
        notes += [
            f"{field} is not used: the network decodes photos" for field in stated
        ]
        return found
    if not holds_pixels(dtype):
        refuse_photo_fields(card, shape, dtype.name, path)
        return None
    layer = first_layer(wiring, name)
    try:
        axes = input_axes(card, shape, layer)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    if axes is None:
        refuse_photo_fields(card, shape, "", path)
        return None
    check_axes(card, axes, shape, path)
    if is_ambiguous(shape) and "layout" not in card and layer is None:
        notes.append(f"{axes.layout} is assumed: the shape of {name} may be either")
    size = _size(card, axes)
    if "pixels" not in card:
        card |= _pixels(card, graph_def, dtype, notes)
    absent = (("pixels", card.get("pixels")), ("image_size", size))
    missing = tuple(field for field, value in absent if value is None)
    if missing or size is None:
        return Incomplete(missing)
    if axes.depth is None and "channels" not in card:
        notes.append(f"3 channels are assumed: nothing says how many {name} takes")
    return _preprocessing(card, axes, size, dtype, path)


def takes_images(wiring: Wiring, name: str) -> bool:
    """Whether the type and the shape of an input may be those of images."""
    if not holds_pixels(wiring.dtype(name) or tf.float32):
        return False
    shape = wiring.shape(name)
    if shape is not None:
        return len(shape) == 4
    layer = first_layer(wiring, name)
    return layer is None or layer.op not in PRODUCTS


def holds_pixels(dtype: tf.DType) -> bool:
    """Whether the type can represent every whole number from 0 to 255."""
    return dtype.is_floating or (dtype.is_integer and dtype.max >= LARGEST)


def _size(card: dict, axes: Axes) -> tuple[int, int] | None:
    if axes.height and axes.width:
        return axes.height, axes.width
    if "image_size" in card:
        return pair(card["image_size"])
    if card["input"] == LESSON_FIELDS["input"] and card.get("output") in (
        None,
        LESSON_FIELDS["output"],
        LESSON_FIELDS["output"].split(":")[0],
    ):
        return pair(LESSON_FIELDS["image_size"])
    return None


def _pixels(
    card: dict, graph_def: tf1.GraphDef, dtype: tf.DType, notes: list[str]
) -> dict:
    """The range of pixels that the graph itself states; {}: it states none."""
    if dtype.is_integer:
        if dtype != tf.uint8:
            notes.append(
                f"pixels of 0..255 are assumed: {card['input']} is {dtype.name}"
            )
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
        shape=_own_shape(axes, size, DEPTHS[channels]),
        is_one=axes.is_one,
    )


def _own_shape(axes: Axes, size: tuple[int, int], depth: int) -> tuple[int, ...]:
    """The shape of a photo as a row or as a plane; () where it has three axes."""
    height, width = size
    shapes = {1: (height * width * depth,), 2: (height, width * depth)}
    return shapes.get(axes.rank, ())


def _numbers(value: float | list[float]) -> tuple[float, ...]:
    return tuple(map(float, value if isinstance(value, list) else [value]))
