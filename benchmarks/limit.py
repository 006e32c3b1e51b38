"""Measures the limit: how many photos a second are decoded and predicted without HTTP.

    python benchmarks/limit.py MODEL.pb PHOTO [SECONDS]

One process per core, each with one thread; batches of 8; bfloat16 if the CPU has it.
"""

import multiprocessing
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
BATCH = 8


def photos_per_second(model: Path, photo: Path, seconds: float) -> float:
    """The rate of all cores together."""
    context = multiprocessing.get_context("spawn")  # TensorFlow and fork do not mix
    count = os.cpu_count() or 1
    ready, counted = context.Barrier(count), context.Queue()
    arguments = (model, photo.read_bytes(), seconds, ready, counted)
    loops = [context.Process(target=_loop, args=arguments) for _ in range(count)]
    for loop in loops:
        loop.start()
    rates = [counted.get(timeout=120) for _ in loops]
    for loop in loops:
        loop.join()
    return sum(rates)


def _loop(model: Path, photo: bytes, seconds: float, ready, counted) -> None:
    """Predict batches, and put the photos per second into the queue `counted`."""
    from helpers.quiet import import_tensorflow

    import_tensorflow()
    import numpy as np
    from tensorflow.compat import v1 as tf1

    from helpers.data.decoding import decode_photo
    from helpers.graphs.session_config import session_config
    from helpers.serving.model_file import read_graph_def
    from helpers.serving.precision import has_bfloat16

    with tf1.Graph().as_default() as graph:
        tf1.import_graph_def(read_graph_def(model), name="")
    x = graph.get_tensor_by_name("x:0")
    size, scale = int(x.shape[1]), np.float32(1 / 255)
    config = session_config(bfloat16=has_bfloat16(), threads=1)
    config.inter_op_parallelism_threads = 1
    run = tf1.Session(graph=graph, config=config).make_callable("y_pred:0", [x])

    def infer() -> None:
        run(np.stack([decode_photo(photo, size) for _ in range(BATCH)]) * scale)

    infer()
    ready.wait()
    done, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        infer()
        done += BATCH
    counted.put(done / (seconds + time.perf_counter() - end))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    model, photo, seconds = (*sys.argv[1:], "5")[:3]
    print(f"{photos_per_second(Path(model), Path(photo), float(seconds)):.0f} photos/s")
