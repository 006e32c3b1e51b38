"""Two services that decode a photo: one leaks ops, one does not.

They are in a file because a line profiler reads the source of a function from one.

Taught in notebooks/06_find_the_decode_image_leak.ipynb.
"""

import functools
import io

import numpy as np
import tensorflow as tf
import tensorflow.compat.v1 as tf1

from helpers.data.drawings import draw


@functools.cache
def photo() -> bytes:
    """A drawing as JPEG, in place of an uploaded photo."""
    file = io.BytesIO()
    draw("cat", seed=3).save(file, "JPEG")
    return file.getvalue()


@functools.cache
def session() -> tf1.Session:
    """The session of the leaky service."""
    return tf1.Session(graph=tf.Graph())


def leaky() -> np.ndarray:
    """The photo's pixels, from an op that each call adds."""
    with session().graph.as_default():
        image = tf.io.decode_image(photo(), channels=3)
    return session().run(image)


@functools.cache
def decoder() -> tuple[tf1.Session, tf.Tensor, tf.Tensor]:
    """The session, placeholder and output tensor of the service without a leak."""
    with tf.Graph().as_default() as graph:
        data = tf1.placeholder(tf.string, [], name="data")
        image = tf.io.decode_image(data, channels=3)
    graph.finalize()
    return tf1.Session(graph=graph), data, image


def fixed() -> np.ndarray:
    """The same pixels, from an op that the first call builds."""
    session, data, image = decoder()
    return session.run(image, {data: photo()})
