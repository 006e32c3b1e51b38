"""Runs the lesson's frozen graph in ONNX Runtime, for notebook 04.

    python benchmarks/onnx_runtime.py            prints what it measures
    python benchmarks/onnx_runtime.py --write    also stores it in onnx_runtime.json

The file is the `small.pb` of notebook 04, from a checkpoint trained in seconds; the
programs are in the environment of consumers.py. Both answer the same 32 drawings.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent
sys.path.insert(0, str(BENCHMARKS.parent))

import numpy as np
from consumers import SCRIPTS, Environment, make_environment

from helpers.data import make_drawings
from helpers.freezing import freeze
from helpers.serving.model_file import read_graph_def
from helpers.training import lesson_checkpoint
from helpers.whole_files import write_whole

RESULT = BENCHMARKS / "onnx_runtime.json"
PICTURES = 32


def main(arguments: list[str]) -> int:
    environment = make_environment("onnxruntime")
    if environment.failure:
        print(f"onnx_runtime: {environment.failure}", file=sys.stderr)
        return 1
    text = json.dumps(measure(environment), indent=1)
    print(text)
    if "--write" in arguments:
        write_whole(RESULT, f"{text}\n".encode())
    return 0


def measure(environment: Environment) -> dict:
    """The programs' versions, the graph's ops, and what time_onnxruntime.py prints."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = freeze(lesson_checkpoint(folder), output=folder / "small.pb").output
        images = make_drawings(PICTURES, seed=5)[0] / np.float32(255)
        np.savez(folder / "feeds.npz", **{"x:0": images})
        script = SCRIPTS / "time_onnxruntime.py"
        command = [environment.python, script, model, folder / "feeds.npz", "y_pred:0"]
        output = subprocess.check_output(command, text=True)
        ops = Counter(node.op for node in read_graph_def(model).node)
    return {
        "programs": environment.title,
        "cores": len(os.sched_getaffinity(0)),
        "ops": dict(sorted(ops.items())),
        "pictures": PICTURES,
        **json.loads(output.splitlines()[-1]),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
