"""Augmentation: random crops, flips, brightness, colours and low resolutions.

NumPy draws the random parameters from a seed; TensorFlow transforms the images, on all
cores.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1


class Augmentations(NamedTuple):
    """Random parameters for one batch of N images."""

    boxes: np.ndarray  # float32 [N, 4]: y1, x1, y2, x2; x1 > x2 flips
    colours: np.ndarray  # float32 [N, 3, 3]: out - 0.5 = (in - 0.5) @ colours
    brightness: np.ndarray  # float32 [N, 1, 3]: added after that
    thumbnails: np.ndarray  # bool [N]: reduced to `reduced` pixels and enlarged again
    reduced: int


def random_augmentations(
    count: int, size: int, rng: np.random.Generator, strength: float = 1.0
) -> Augmentations:
    """Parameters for `count` images that will be `size` pixels wide.

    Args:
      strength: 0 (random flips only) to 1.
    """
    side = rng.uniform(1 - 0.45 * strength, 1.0, count)
    shape = np.exp(strength * rng.uniform(np.log(0.8), np.log(1.25), count) / 2)
    height, width = np.minimum(side * shape, 1), np.minimum(side / shape, 1)
    top = rng.uniform(0, 1 - height)
    left = rng.uniform(0, 1 - width)
    flip = rng.random(count) < 0.5
    x1, x2 = np.where(flip, (left + width, left), (left, left + width))
    boxes = np.stack([top, x1, top + height, x2], axis=1)
    return Augmentations(
        boxes.astype(np.float32),
        _random_colours(count, rng, strength),
        _random_brightness(count, rng, strength),
        rng.random(count) < 0.1 * strength,
        int(rng.uniform(0.3, 0.8) * size),
    )


def _random_colours(count, rng, strength):
    """Contrast, saturation (sometimes 0) and tint, as one 3x3 matrix per image."""
    contrast = np.exp(rng.normal(0, 0.15 * strength, (count, 1, 1)))
    saturation = np.clip(rng.normal(1, 0.25 * strength, (count, 1, 1)), 0, 2)
    saturation[rng.random(count) < 0.05 * strength] = 0
    tint = np.exp(rng.normal(0, 0.05 * strength, (count, 3, 1))) * np.eye(3)
    grey = np.full((1, 3, 3), 1 / 3)
    mixed = saturation * np.eye(3) + (1 - saturation) * grey
    return (contrast * mixed @ tint).astype(np.float32)


def _random_brightness(count, rng, strength):
    of_all = rng.uniform(-0.1, 0.1, (count, 1, 1))
    of_channels = rng.normal(0, 0.02, (count, 1, 3))
    return (strength * (of_all + of_channels)).astype(np.float32)


class Augmenter:
    """Augments batches of images, in a graph and a session of its own."""

    def __init__(self, size: int, strength: float = 1.0):
        self.size, self.strength = size, strength
        self.graph = tf.Graph()
        with self.graph.as_default():
            self._images = tf1.placeholder(tf.uint8, [None, None, None, 3])
            self._parameters = Augmentations(
                tf1.placeholder(tf.float32, [None, 4]),
                tf1.placeholder(tf.float32, [None, 3, 3]),
                tf1.placeholder(tf.float32, [None, 1, 3]),
                tf1.placeholder(tf.bool, [None]),
                tf1.placeholder(tf.int32, []),
            )
            self._out = self._build(self._images)
        self._session = tf1.Session(graph=self.graph)

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """uint8 [N, H, W, 3] to float32 [N, size, size, 3] in [0, 1]."""
        drawn = random_augmentations(len(images), self.size, rng, self.strength)
        feeds = dict(zip(self._parameters, drawn, strict=True))
        return self._session.run(self._out, {self._images: images, **feeds})

    def close(self) -> None:
        self._session.close()

    def _build(self, images):
        given, side = self._parameters, [self.size, self.size]
        rows = tf.range(tf.shape(images)[0])
        images = tf.image.crop_and_resize(images, given.boxes, rows, side) / 255
        images = self._with_thumbnails(images, side)
        grey = 0.5 * (1 - tf.reduce_sum(given.colours, axis=1, keepdims=True))
        flat = tf.reshape(images, [-1, self.size**2, 3]) @ given.colours
        images = tf.reshape(flat + (grey + given.brightness), tf.shape(images))
        return tf.clip_by_value(images, 0, 1)

    def _with_thumbnails(self, images, side):
        which = tf.where(self._parameters.thumbnails)
        small = [self._parameters.reduced, self._parameters.reduced]
        reduced = tf.image.resize(tf.gather(images, which[:, 0]), small, antialias=True)
        enlarged = tf.image.resize(reduced, side)
        return tf.tensor_scatter_nd_update(images, which, enlarged)
