"""The published lesson's server, after its description: a session for each request.

With RELOAD=1 the graph is read and imported for each request too, as its first
version did.
"""

import os
import tempfile

import numpy as np
import tensorflow as tf
from flask import Flask, jsonify, request
from PIL import Image

tf1 = tf.compat.v1
app = Flask(__name__)
uploads = tempfile.mkdtemp()


def load_graph():
    graph_def = tf1.GraphDef()
    with tf.io.gfile.GFile(os.environ["MODEL"], "rb") as file:
        graph_def.ParseFromString(file.read())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    return graph


graph = None if os.environ.get("RELOAD") else load_graph()


@app.post("/predict")
def predict():
    upload = request.files["image"]
    path = os.path.join(uploads, upload.filename)
    upload.save(path)
    used = graph or load_graph()
    x, y_pred = used.get_tensor_by_name("x:0"), used.get_tensor_by_name("y_pred:0")
    image = Image.open(path).convert("RGB").resize(x.shape[1:3], Image.BILINEAR)
    batch = np.float32([image]) / 255
    with tf1.Session(graph=used) as session:
        result = session.run(y_pred, feed_dict={x: batch})
    return jsonify(result[0].tolist())


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]))
