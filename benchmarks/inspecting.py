"""Compares three ways to look into AlexNet with Adam, a checkpoint of 749 MB.

Each way runs three times, in a new process; seconds and peak memory do not include the
imports. TensorFlow's tools print names and shapes; `inspect` also reports what each
variable is for, what the graph computes and where it can be frozen.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from freezing import ALEXNET, save_in_process
from python_process import QUIET, run_python

from helpers.profiling.usage import MIB, peak_rss_mib

WAYS = ("import, restore, look", "tf.train.list_variables", "python -m helpers inspect")


def measure(way: str, prefix: str) -> tuple[float, float]:
    """Seconds and gigabytes that one way takes, without the imports."""
    from helpers.quiet import import_tensorflow

    import_tensorflow()
    import tensorflow.compat.v1 as tf1

    from helpers.inspecting.inspect import inspect
    from helpers.inspecting.text import as_text

    before, started = peak_rss_mib(), time.perf_counter()
    if way == WAYS[0]:
        with tf1.Graph().as_default(), tf1.Session() as session:
            saver = tf1.train.import_meta_graph(f"{prefix}.meta")
            saver.restore(session, prefix)
            [(v.op.name, v.shape) for v in tf1.global_variables()]
    elif way == WAYS[1]:
        tf1.train.list_variables(prefix)
    else:
        as_text(inspect(prefix))
    seconds = time.perf_counter() - started
    return seconds, (peak_rss_mib() - before) * MIB / 1e9


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (saved,) = save_in_process(folder, ALEXNET)
        measured: dict[str, list] = {way: [] for way in WAYS}
        for _ in range(3):
            for way, runs in measured.items():
                runs.append(run_python(__file__, way, saved["prefix"], **QUIET))
    for way, runs in measured.items():
        seconds, gigabytes = map(statistics.median, zip(*runs, strict=True))
        print(f"{way:28} {seconds:6.2f} s {gigabytes:6.2f} GB")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(measure(*sys.argv[1:])))
    else:
        main()
