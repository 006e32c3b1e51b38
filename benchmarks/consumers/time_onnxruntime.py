"""Runs a frozen graph in TensorFlow and, converted by tf2onnx, in ONNX Runtime.

    python time_onnxruntime.py MODEL.pb FEEDS.npz OUTPUT

prints a JSON object: the largest difference of the outputs, and the milliseconds that
each program takes for the first row alone, the median of RUNS.
"""

import json
import statistics
import sys
import time

import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx

RUNS = 300
tf1 = tf.compat.v1


def main(model: str, feeds_file: str, output: str) -> None:
    with np.load(feeds_file) as file:
        feeds = dict(file)
    with open(model, "rb") as file:
        graph_def = tf1.GraphDef.FromString(file.read())
    programs = {
        "TensorFlow": tensorflow(graph_def, feeds, output),
        "ONNX Runtime": onnx_runtime(graph_def, feeds, output),
    }
    ours, theirs = (run(feeds) for run in programs.values())
    first = {name: array[:1] for name, array in feeds.items()}
    times = {name: milliseconds(run, first) for name, run in programs.items()}
    difference = float(np.abs(ours - theirs).max())
    print(json.dumps({"difference": difference, "milliseconds": times}))


def tensorflow(graph_def, feeds, output):
    """A function from feeds to the output, by a session."""
    with tf.Graph().as_default() as graph:
        tf1.import_graph_def(graph_def, name="")
    run = tf1.Session(graph=graph).make_callable(output, list(feeds))
    return lambda feeds: run(*feeds.values())


def onnx_runtime(graph_def, feeds, output):
    """A function from feeds to the output, by ONNX Runtime."""
    converted, _ = tf2onnx.convert.from_graph_def(
        graph_def, input_names=list(feeds), output_names=[output]
    )
    session = onnxruntime.InferenceSession(
        converted.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda feeds: session.run([output], feeds)[0]


def milliseconds(run, feeds) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        run(feeds)
        times.append(1000 * (time.perf_counter() - started))
    return round(statistics.median(times), 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
