"""Preprocessing: what a network expects of a photo, as a part of the model.

The sources of the presets are the modes of keras.applications' `preprocess_input`, and
the code that Teachable Machine exports with its models.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from helpers.data.decoding import decode_photo
from helpers.graphs.leading_scale import RANGES

SCALES = {  # from pixels of 0 to 255 to each range
    "0..1": lambda pixels: pixels / 255,
    "-1..1": lambda pixels: pixels / 127.5 - 1,
    "0..255": lambda pixels: pixels,
}
LUMINANCE = (0.299, 0.587, 0.114)  # ITU-R BT.601, which Pillow uses for mode L
MEANINGS = {
    "stretch": "stretched to it",
    "centre-crop": "cropped to its shape around the centre",
    "letterbox": "fitted into it, with black bars",
}


class Preset(NamedTuple):
    """A named preprocessing: mean and std are those of red, green and blue."""

    pixels: str
    channels: str = "RGB"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    resize: str = "stretch"


PRESETS = {
    **{name: Preset(name) for name in SCALES},
    "tf": Preset("-1..1"),
    "torch": Preset("0..1", "RGB", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "caffe": Preset("0..255", "BGR", (123.68, 116.779, 103.939)),
    "teachable-machine": Preset("-1..1", resize="centre-crop"),
}


@dataclass(frozen=True)
class Preprocessing:
    """From a decoded photo to the network's input."""

    height: int
    width: int
    pixels: str = "0..1"  # one of SCALES
    mean: tuple[float, ...] = ()  # of the scaled channels, in the network's order
    std: tuple[float, ...] = ()
    channels: str = "RGB"  # or BGR or grey
    layout: str = "NHWC"  # or NCHW
    resize: str = "stretch"  # or centre-crop or letterbox
    dtype: str = "float32"
    shape: tuple[int, ...] = ()  # of one input, where it has not three axes
    is_one: bool = False  # the network takes one photo, without an axis for the batch

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Height, width and 3: the shape of a decoded photo."""
        return self.height, self.width, 3

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one photo as the network takes it."""
        depth = 1 if self.channels == "grey" else 3
        sides = (self.height, self.width)
        ordered = (depth, *sides) if self.layout == "NCHW" else (*sides, depth)
        return self.shape or ordered

    @property
    def bounds(self) -> tuple[float, float]:
        """The lowest and the highest value that a pixel can become."""
        ends = np.array([RANGES[self.pixels]]).T - np.array(self.mean or (0.0,))
        ends = ends / np.array(self.std or (1.0,))
        return float(ends.min()), float(ends.max())

    def decode(self, photo: bytes, **limits: int) -> np.ndarray:
        """The photo as uint8 RGB, shape `image_shape`; see decode_photo."""
        size = (self.height, self.width)
        return decode_photo(photo, size, resize=self.resize, **limits)

    def network_input(self, images: tf.Tensor) -> tf.Tensor:
        """Ops from uint8 RGB images [N, height, width, 3] to the network's input.

        It has the axis of the batch, which is 1 where the network itself has none.
        """
        if self.channels == "BGR":
            images = images[..., ::-1]
        dtype = tf.as_dtype(self.dtype)
        found = images
        if self.channels == "grey":
            weights = tf.constant(LUMINANCE, shape=[1, 1, 1, 3])
            found = tf.cast(images, tf.float32) * weights
            found = tf.round(tf.reduce_sum(found, -1, keepdims=True))
        if dtype.is_floating or self.mean or self.std:
            found = SCALES[self.pixels](tf.cast(found, tf.float32))
            if self.mean:
                found -= tf.constant(self.mean, tf.float32)
            if self.std:
                found /= tf.constant(self.std, tf.float32)
        if self.layout == "NCHW":
            found = tf.transpose(found, [0, 3, 1, 2])
        if self.shape:
            found = tf.reshape(found, [-1, *self.shape])
        return found if found.dtype == dtype else tf.cast(found, dtype)

    def describe(self) -> str:
        """One sentence: what becomes of a photo."""
        order = {"grey": "as one grey channel"}.get(self.channels, self.channels)
        what = f"{self.width} x {self.height} pixels, {MEANINGS[self.resize]}; "
        layout = f"rows of {self.shape[0]}" if len(self.shape) == 1 else self.layout
        what += f"{order}, {layout}, {self.dtype} from {self.pixels}"
        if self.mean:
            what += f", minus {_listed(self.mean)}"
        if self.std:
            what += f", divided by {_listed(self.std)}"
        return what


def _listed(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{number:g}" for number in numbers)
