"""Checks that what a model card says of photos fits the network's input."""

from pathlib import Path

from helpers.graphs.tensor_text import shape_text
from helpers.serving.input_axes import DEPTHS, PHOTO_FIELDS, Axes, Sizes, pair


def check_axes(card: dict, axes: Axes, shape: Sizes, path: Path) -> None:
    """Check that the card's size, channels and layout are those of the placeholder.

    Raises:
      ValueError: one is not.
    """
    takes = f"its input {card['input']} has the shape {_shape(shape)}"
    stated = pair(card.get("image_size", (axes.height, axes.width)))
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


def refuse_photo_fields(card: dict, shape: Sizes, dtype: str, path: Path) -> None:
    """A card that describes photos needs an input that takes them.

    Args:
      dtype: of the input, where it is one that photos do not fit; "" for any other.
    Raises:
      ValueError: it describes them.
    """
    stated = [field for field in PHOTO_FIELDS if field in card]
    if not stated:
        return
    if dtype:
        lack = f"takes {dtype}, which cannot hold pixels of 0 to 255"
        advice = "leave it out, and send arrays"
    else:
        lack = f"takes no photos: it has the shape {_shape(shape)}"
        advice = (
            "photos have 1 or 3 channels; photos in rows need image_size, and photos "
            "without an axis of channels need channels 'grey'"
        )
    field = stated[0]
    raise ValueError(
        f"{path}: {field} is {card[field]!r}, but its input {card['input']} "
        f"{lack}; {advice}"
    )


def _shape(sizes: Sizes) -> str:
    return shape_text(sizes, unknown="[...]")
