"""Measures this app with more cores, models and pixels, and its start-up time.

python benchmarks/growth.py [SECONDS]
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from load import closed_loop
from materials import write_photo
from peers import CORES, SERVERS, Case, running
from python_process import run_python

from helpers.figures.benchmark_results import APP

SHIPPED = ROOT / "checkpoints/frozen/dogs-cats-small/1.pb"
SIZES = ((500, 374), (1000, 750), (2000, 1500), (4000, 3000), (6000, 4000))
# Prints the seconds of TensorFlow's import, and the MB of a session without this app.
BARE = """
import json, os, sys, time
started = time.perf_counter()
import tensorflow as tf
took = time.perf_counter() - started
import psutil
graph_def = tf.compat.v1.GraphDef.FromString(open(sys.argv[1], "rb").read())
with tf.Graph().as_default() as graph:
    tf.import_graph_def(graph_def, name="")
session = tf.compat.v1.Session(graph=graph)
side = int(graph.get_tensor_by_name("x:0").shape[1])
session.run("y_pred:0", {"x:0": [[[[0.0] * 3] * side] * side]})
del graph_def
print(json.dumps([took, psutil.Process().memory_full_info().uss / 1e6]))
"""


def growth(folder: Path, seconds: float) -> dict[str, dict]:
    """The measurements by section; rates are photos per second."""
    small = Case("small", SHIPPED, write_photo(folder, 500, 374), 128)
    return {
        "cores": {str(n): _rates(small, seconds, cores=n) for n in (1, CORES)},
        "models": {str(n): _rates(small, seconds, models=n) for n in (1, 4, 16)},
        "photos": dict(_by_size(folder, seconds)),
        "start": _start(small),
    }


def _rates(case: Case, seconds: float, *, cores: int = CORES, models: int = 1) -> dict:
    """A load's results with the server, but not the client, limited to `cores`."""
    server = SERVERS[APP]
    more = "".join(f" --model other{n}={case.model}" for n in range(1, models))
    command = server.command + more
    if cores < CORES:
        command = f"taskset -c 0-{cores - 1} {command}"
    with running(server._replace(command=command), case) as up:
        up.wait_for_workers()
        closed_loop(up.url, case.photo, 16, 1)
        load = closed_loop(up.url, case.photo, 16, seconds)
        return load._asdict() | {"MB": up.megabytes()}


def _by_size(folder: Path, seconds: float) -> Iterator[tuple[str, dict]]:
    for width, height in SIZES:
        photo = write_photo(folder, width, height)
        rates = _rates(Case("size", SHIPPED, photo, 128), seconds)
        yield f"{width}x{height}", {"kB": photo.stat().st_size / 1e3} | rates


def _start(case: Case) -> dict[str, float]:
    """Start-up seconds, and the memory of a worker and of TensorFlow alone, in MB."""
    took, bare = run_python("-c", BARE, str(case.model), TF_CPP_MIN_LOG_LEVEL="3")
    server = SERVERS[APP]
    one = server._replace(command=f"{server.command} --workers 1")
    with running(one, case) as up:
        time.sleep(1)
        closed_loop(up.url, case.photo, 16, 2)
        return {
            "import": took,
            "first answer": up.seconds,
            "bare MB": bare,
            "worker MB": up.process.memory_full_info().uss / 1e6,
        }


def main(seconds: float = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(growth(Path(folder), seconds), indent=1))


if __name__ == "__main__":
    main(*map(float, sys.argv[1:]))
