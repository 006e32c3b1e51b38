"""Augmentation: the training photos as other cameras and screens would show them.

Random crops with other shapes, flips, light, colour, thumbnails. The random numbers
are NumPy's, from a seed; the pixels are moved by TensorFlow, on all cores.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1


class Views(NamedTuple):
    """Random numbers for one batch of N photos."""

    boxes: np.ndarray  # float32 [N, 4]: y1, x1, y2, x2; x1 > x2 flips
    colours: np.ndarray  # float32 [N, 3, 3]: out - 0.5 = (in - 0.5) @ colours
    light: np.ndarray  # float32 [N, 1, 3]: then added
    thumbnails: np.ndarray  # bool [N]: shrunk to `shrunk` pixels and enlarged again
    shrunk: int


def random_views(
    count: int, size: int, rng: np.random.Generator, strength: float = 1.0
) -> Views:
    """Views for `count` photos that will be `size` pixels wide.

    Args:
      strength: 0 to 1, how far they go from the photos as they are.
    """
    side = rng.uniform(1 - 0.45 * strength, 1.0, count)
    shape = np.exp(strength * rng.uniform(np.log(0.8), np.log(1.25), count) / 2)
    height, width = np.minimum(side * shape, 1), np.minimum(side / shape, 1)
    top = rng.uniform(0, 1 - height)
    left = rng.uniform(0, 1 - width)
    flip = rng.random(count) < 0.5
    boxes = np.stack(
        [
            top,
            np.where(flip, left + width, left),
            top + height,
            np.where(flip, left, left + width),
        ],
        axis=1,
    )
    return Views(
        boxes.astype(np.float32),
        _random_colours(count, rng, strength),
        _random_light(count, rng, strength),
        rng.random(count) < 0.1 * strength,
        int(rng.uniform(0.3, 0.8) * size),
    )


def _random_colours(count, rng, strength):
    """Contrast, saturation (sometimes none) and a tint, as one 3x3 matrix."""
    contrast = np.exp(rng.normal(0, 0.15 * strength, (count, 1, 1)))
    saturation = np.clip(rng.normal(1, 0.25 * strength, (count, 1, 1)), 0, 2)
    saturation[rng.random(count) < 0.05 * strength] = 0
    tint = np.exp(rng.normal(0, 0.05 * strength, (count, 3, 1))) * np.eye(3)
    grey = np.full((1, 3, 3), 1 / 3)
    mixed = saturation * np.eye(3) + (1 - saturation) * grey
    return (contrast * mixed @ tint).astype(np.float32)


def _random_light(count, rng, strength):
    all_alike = rng.uniform(-0.1, 0.1, (count, 1, 1))
    by_colour = rng.normal(0, 0.02, (count, 1, 3))
    return (strength * (all_alike + by_colour)).astype(np.float32)


class Augmenter:
    """Photos in, other views of them out; a graph and a session of its own."""

    def __init__(self, size: int, strength: float = 1.0):
        self.size, self.strength = size, strength
        self.graph = tf.Graph()
        with self.graph.as_default():
            self._images = tf1.placeholder(tf.uint8, [None, None, None, 3])
            self._views = Views(
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
        views = random_views(len(images), self.size, rng, self.strength)
        feeds = dict(zip(self._views, views, strict=True))
        return self._session.run(self._out, {self._images: images, **feeds})

    def close(self) -> None:
        self._session.close()

    def _build(self, images):
        views, side = self._views, [self.size, self.size]
        rows = tf.range(tf.shape(images)[0])
        images = tf.image.crop_and_resize(images, views.boxes, rows, side) / 255
        images = self._with_thumbnails(images, side)
        grey = 0.5 * (1 - tf.reduce_sum(views.colours, axis=1, keepdims=True))
        flat = tf.reshape(images, [-1, self.size**2, 3]) @ views.colours
        images = tf.reshape(flat + (grey + views.light), tf.shape(images))
        return tf.clip_by_value(images, 0, 1)

    def _with_thumbnails(self, images, side):
        which = tf.where(self._views.thumbnails)
        small = [self._views.shrunk, self._views.shrunk]
        shrunk = tf.image.resize(tf.gather(images, which[:, 0]), small, antialias=True)
        return tf.tensor_scatter_nd_update(images, which, tf.image.resize(shrunk, side))
