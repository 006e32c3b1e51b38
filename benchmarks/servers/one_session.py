"""One graph and one session, made once: what flask_app.py and fastapi_app.py share."""

import io
import os

import numpy as np
import tensorflow as tf
from PIL import Image

tf1 = tf.compat.v1

graph_def = tf1.GraphDef()
with open(os.environ["MODEL"], "rb") as file:
    graph_def.ParseFromString(file.read())
with tf.Graph().as_default() as graph:
    tf.import_graph_def(graph_def, name="")
x = graph.get_tensor_by_name("x:0")
session = tf1.Session(graph=graph)


def pixels(data) -> np.ndarray:
    """float32 [1, size, size, 3] in [0, 1]."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    return np.float32([image.resize(x.shape[1:3], Image.BILINEAR)]) / 255


def predict(data: bytes) -> list[float]:
    return session.run("y_pred:0", {x: pixels(data)})[0].tolist()


with open(os.environ["PHOTO"], "rb") as file:
    predict(file.read())  # the first call is slow
