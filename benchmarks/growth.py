"""What this app does with more cores, more models and larger photos, and how it starts.

python benchmarks/growth.py [SECONDS]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from contest import settle
from load import closed_loop
from materials import write_photo
from peers import CORES, SERVERS, Case, running

from helpers.figures.benchmark_results import APP

SHIPPED = ROOT / "checkpoints/frozen/dogs-cats-small/1.pb"
SIZES = ((500, 374), (1000, 750), (2000, 1500), (4000, 3000), (6000, 4000))
BARE = """
import json, os, sys, time
started = time.perf_counter()
import tensorflow as tf
took = time.perf_counter() - started
import psutil
sessions = []
for file in sys.argv[1:]:
    graph_def = tf.compat.v1.GraphDef.FromString(open(file, "rb").read())
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    session = tf.compat.v1.Session(graph=graph)
    side = int(graph.get_tensor_by_name("x:0").shape[1])
    session.run("y_pred:0", {"x:0": [[[[0.0] * 3] * side] * side]})
    sessions.append(session)
del graph_def
print(json.dumps([took, psutil.Process().memory_full_info().uss / 1e6]))
"""


def growth(folder: Path, seconds: float) -> dict[str, dict]:
    """By section, what was measured; rates are photos a second."""
    small = Case("small", SHIPPED, write_photo(folder, 500, 374), 128)
    return {
        "cores": {str(n): _rates(small, seconds, cores=n) for n in (1, CORES)},
        "models": {str(n): _rates(small, seconds, models=n) for n in (1, 4, 16)},
        "photos": dict(_by_size(folder, seconds)),
        "start": _start(small),
    }


def _rates(case: Case, seconds: float, *, cores: int = CORES, models: int = 1) -> dict:
    """With the server, but not the client, on so many cores, and so many models."""
    server = SERVERS[APP]
    more = "".join(f" --model other{n}={case.model}" for n in range(1, models))
    command = server.command + more
    if cores < CORES:
        command = f"taskset -c 0-{cores - 1} {command}"
    with running(server._replace(command=command), case) as up:
        settle(up)
        closed_loop(up.url, case.photo, 16, 1)
        load = closed_loop(up.url, case.photo, 16, seconds)
        return load._asdict() | {"MB": up.megabytes()}


def _by_size(folder: Path, seconds: float):
    for width, height in SIZES:
        photo = write_photo(folder, width, height)
        rates = _rates(Case("size", SHIPPED, photo, 128), seconds)
        yield f"{width}x{height}", {"kB": photo.stat().st_size / 1e3} | rates


def _start(case: Case) -> dict[str, float]:
    """Seconds to the first answer and memory of a worker, beside bare TensorFlow."""
    told = subprocess.run(
        [sys.executable, "-c", BARE, str(case.model)],
        capture_output=True,
        check=True,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    took, bare = json.loads(told.stdout.splitlines()[-1])
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
