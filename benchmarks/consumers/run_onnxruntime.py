"""Converts a frozen graph with tf2onnx, and runs it in ONNX Runtime."""

import onnxruntime
import tensorflow as tf
import tf2onnx
from exchange import main


def run(model, feeds, outputs):
    graph_def = tf.compat.v1.GraphDef()
    with open(model, "rb") as file:
        graph_def.ParseFromString(file.read())
    converted, _ = tf2onnx.convert.from_graph_def(
        graph_def, input_names=list(feeds), output_names=outputs
    )
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    strings = {name: value.astype(object) for name, value in feeds.items()}
    feeds = {k: strings[k] if v.dtype.kind == "U" else v for k, v in feeds.items()}
    return session.run(outputs, feeds)


if __name__ == "__main__":
    main(run)
