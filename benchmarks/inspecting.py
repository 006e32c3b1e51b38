"""Looking into AlexNet with Adam, a checkpoint of 749 MB: TensorFlow's way and ours.

Each way runs in a process of its own, three times in turn; seconds and peak memory are
above what the imports took. TensorFlow's tools print names and shapes; `inspect` says
also what each is for, what the graph computes and where it can be frozen.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from freezing import ALEXNET, QUIET, in_process, peak

WAYS = ("import, restore, look", "tf.train.list_variables", "python -m helpers inspect")


def look(way: str, prefix: str) -> None:
    """In one of the three ways."""
    import tensorflow.compat.v1 as tf1

    if way == WAYS[0]:
        with tf1.Graph().as_default(), tf1.Session() as session:
            saver = tf1.train.import_meta_graph(f"{prefix}.meta")
            saver.restore(session, prefix)
            [(v.op.name, v.shape) for v in tf1.global_variables()]
    elif way == WAYS[1]:
        tf1.train.list_variables(prefix)
    else:
        from helpers.inspecting.inspect import inspect
        from helpers.inspecting.text import as_text

        as_text(inspect(prefix))


def measure(way: str, prefix: str) -> tuple[float, float]:
    """Seconds and gigabytes, above what the imports took."""
    from helpers.quiet import import_tensorflow

    import_tensorflow()
    import helpers.inspecting.inspect  # noqa: F401

    before, started = peak(), time.perf_counter()
    look(way, prefix)
    return time.perf_counter() - started, (peak() - before) / 1e9


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (saved,) = in_process("save", folder, ALEXNET)  # its memory is not inherited
        prefix = saved["prefix"]
        measured = {way: [] for way in WAYS}
        for _ in range(3):
            for way in WAYS:
                command = [sys.executable, __file__, way, prefix]
                told = subprocess.run(
                    command, capture_output=True, check=True, env=os.environ | QUIET
                )
                measured[way].append(json.loads(told.stdout.splitlines()[-1]))
    for way, runs in measured.items():
        seconds, gigabytes = (
            statistics.median(values) for values in zip(*runs, strict=True)
        )
        print(f"{way:28} {seconds:6.2f} s {gigabytes:6.2f} GB")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main()
