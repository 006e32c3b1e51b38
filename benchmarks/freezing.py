"""TensorFlow's way of freezing against this project's, on AlexNet trained with Adam.

Each way runs in a process of its own; importing TensorFlow is not counted.

    python benchmarks/freezing.py
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
WAYS = ("by session", "freeze, unproven", "freeze, proven")
COLUMNS = ("way", "success", "seconds", "peak GB", "MB", "proof")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _in_process("save", folder)
        print(_row(COLUMNS))
        for way in WAYS:
            print(_row(_in_process(way, folder)[name] for name in COLUMNS))


def _in_process(way: str, folder: str) -> dict:
    command = [sys.executable, __file__, way, folder]
    quiet = os.environ | {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet)
    if done.returncode:
        return dict.fromkeys(COLUMNS, "") | {"way": way, "success": "no"}
    return json.loads(done.stdout.splitlines()[-1])


def _row(cells) -> str:
    widths = (18, 8, 8, 8, 6, 10)
    return "  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True))


def measure(way: str, folder: Path) -> dict:
    """Freeze one way; seconds and peak memory above what the imports took."""
    from helpers.freezing.by_session import freeze_by_session
    from helpers.freezing.freeze import freeze

    prefix, place = f"{folder}/model-ckpt", folder / "frozen.pb"
    before, started, proof = _peak(), time.perf_counter(), ""
    if way == "by session":
        graph_def = freeze_by_session(f"{prefix}.meta", prefix)
        place.write_bytes(graph_def.SerializeToString())
        proof = "none"
    else:
        report = freeze(prefix, output=place, prove=way == "freeze, proven")
        proof = report.proof.verdict
    seconds = time.perf_counter() - started
    size = place.stat().st_size / 1e6
    gigabytes = (_peak() - before) / 1e9
    cells = (way, "yes", f"{seconds:.2f}", f"{gigabytes:.2f}", f"{size:.1f}", proof)
    return dict(zip(COLUMNS, cells, strict=True))


def _peak() -> int:
    """Peak resident memory so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def save(folder: Path) -> dict:
    """AlexNet with Adam's two slots a weight: 749 MB."""
    from helpers.networks import build
    from helpers.sessions import NetworkSession

    names = [f"class {number}" for number in range(1000)]
    card = {"class_names": names, "image_size": 227, "seed": 1, "output": "y_pred:0"}
    session = NetworkSession(build("alexnet", card))
    session.save(f"{folder}/model-ckpt")
    session.write_meta(f"{folder}/model-ckpt", card)
    return {}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        way, folder = sys.argv[1], Path(sys.argv[2])
        print(json.dumps(save(folder) if way == "save" else measure(way, folder)))
