"""TensorFlow's own way of freezing against this project's, in one table.

Over the checkpoints in $SHARED/checkpoints, where they are there, over a small model of
each kind that fails somewhere, and over AlexNet with Adam. Each way of each model runs
in a process of its own; seconds and peak memory are above what the imports took.

    python benchmarks/freezing.py [WORD]      only models whose name has WORD in it
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
SHARED = ROOT / os.environ.get("SHARED", "../shared") / "checkpoints"
sys.path.insert(0, str(ROOT))
QUIET = {"TF_ENABLE_ONEDNN_OPTS": "0", "TF_CPP_MIN_LOG_LEVEL": "3"}
ALEXNET = "AlexNet with Adam"
COLUMNS = ("model", "TensorFlow", "s", "GB", "MB", "freeze", "s", "GB", "MB")
WIDTHS = (32, 22, 6, 5, 6, 22, 6, 5, 6)
NOT_MEASURED = {"success": "-", "seconds": 0.0, "gigabytes": 0.0, "megabytes": 0.0}


def main(word: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(_row(COLUMNS), flush=True)
        done = [
            _compared(case, folder)
            for case in [*_shared(), *in_process("save", folder, word)]
            if word in case["name"]
        ]
        if not word or word in ALEXNET:
            _compared_without_proof(folder)
    for way, works in (("TensorFlow's own way", "ok"), ("freeze", "exact")):
        count = sum(pair[way][0] == works for pair in done)
        dead = sum(pair[way][0].startswith("silently") for pair in done)
        print(f"{way}: {count} of {len(done)} {works}, {dead} silently dead or random")


def _compared(case: dict, folder: str) -> dict[str, list]:
    """Print the case's row; what both ways came to."""
    theirs = in_process("by session", folder, json.dumps(case))
    ours = in_process("freeze", folder, json.dumps(case))
    cells = [*_cells(theirs), *_cells(ours)]
    print(_row([case["name"], *cells]), flush=True)
    return {"TensorFlow's own way": _cells(theirs), "freeze": _cells(ours)}


def _compared_without_proof(folder: str) -> None:
    case = {"name": ALEXNET, "prefix": f"{folder}/alexnet/model-ckpt", "outputs": None}
    ours = in_process("freeze without proof", folder, json.dumps(case))
    name = f"{ALEXNET}, no proof"
    print(_row([name, "", "", "", "", *_cells(ours)]), flush=True)


def _shared() -> list[dict]:
    """The published checkpoints, with the outputs that their index names."""
    index = SHARED / "cases.json"
    cases = json.loads(index.read_text())["cases"] if index.exists() else []
    keys = ("name", "prefix", "outputs")
    found = [{key: case[key] for key in keys} for case in cases]
    return [case | {"prefix": f"{SHARED / case['prefix']}"} for case in found]


def in_process(way: str, folder: str, what: str):
    """What this file, run with these arguments, prints at its end."""
    command = [sys.executable, __file__, way, folder, what]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | QUIET
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        return NOT_MEASURED | {"success": f"fails: {said[0]}"}
    return json.loads(done.stdout.splitlines()[-1])


def _cells(found: dict) -> list[str]:
    measured = (found["seconds"], found["gigabytes"], found["megabytes"])
    seconds, gigabytes, megabytes = measured if any(measured) else ("", "", "")
    if seconds == "":
        return [found["success"][:22], "", "", ""]
    return [found["success"], f"{seconds:.2f}", f"{gigabytes:.2f}", f"{megabytes:.1f}"]


def _row(cells) -> str:
    pairs = zip(cells, WIDTHS, strict=True)
    return "  ".join(f"{cell:<{width}}" for cell, width in pairs).rstrip()


def measure(way: str, folder: Path, case: dict) -> dict:
    """Freeze one way; what it came to, and what it took."""
    from helpers.freezing.by_session import freeze_by_session
    from helpers.freezing.freeze import freeze

    prefix, place = case["prefix"], folder / "frozen.pb"
    outputs = case["outputs"] or ["y_pred"]
    before, started = peak(), time.perf_counter()
    try:
        if way == "by session":
            graph_def = freeze_by_session(f"{prefix}.meta", prefix, outputs)
            place.write_bytes(graph_def.SerializeToString())
        else:
            how = {"output": place, "prove": way == "freeze"}
            report = freeze(prefix, outputs=outputs, **how)
    except Exception as error:  # TensorFlow raises whatever its parts raise
        return NOT_MEASURED | {"success": f"fails: {type(error).__name__}"}
    seconds, gigabytes = time.perf_counter() - started, (peak() - before) / 1e9
    is_theirs = way == "by session"
    return {
        "success": _alive(place, outputs) if is_theirs else report.proof.verdict,
        "seconds": seconds,
        "gigabytes": gigabytes,
        "megabytes": place.stat().st_size / 1e6,
    }


def _alive(place: Path, outputs: list[str]) -> str:
    """Whether a frozen graph answers, and the same each time; variables never do."""
    import tensorflow as tf

    from helpers.freezing.passes.constants.read_values import VARIABLES
    from helpers.freezing.proof.differences import difference
    from helpers.freezing.proof.run_graph import Running
    from helpers.freezing.proof.sample_inputs import examples
    from helpers.graphs.editor import edge

    wanted = [edge(name) for name in outputs]
    with Running.load(place) as model:
        if any(op.type in VARIABLES for op in model.graph.get_operations()):
            return "silently dead"
        for feeds in examples(model.placeholders()):
            feeds = {name: _of_inference(value) for name, value in feeds.items()}
            try:
                first, second = (model.run(wanted, feeds, seconds=5) for _ in range(2))
            except (tf.errors.InvalidArgumentError, ValueError):
                continue
            except tf.errors.OpError:
                return "silently dead"
            return "silently random" if difference(first, second) else "ok"
    return "ok, not run"


def _of_inference(value):
    """Rates of keeping and switches as a user of the graph would feed them."""
    if value.ndim == 0 and value.dtype.kind in "fb":
        return value.dtype.type(value.dtype.kind == "f")
    return value


def peak() -> int:
    """Peak resident memory so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def save(folder: Path, word: str) -> list[dict]:
    """Save a model of each kind, and AlexNet; where they are."""
    from tests.freezing.small_models import CLASSES
    from tests.freezing.small_models import save as save_model

    cases = []
    for number, (name, (build, how)) in enumerate(CLASSES.items()):
        if word in name:
            prefix = save_model(build, folder / f"{number}", **how)
            prefix = prefix.replace("-?????-of-00001", "")
            cases.append({"name": name, "prefix": prefix, "outputs": ["y"]})
    if word in ALEXNET:
        cases.append({"name": ALEXNET, "prefix": save_alexnet(folder), "outputs": None})
    return cases


def save_alexnet(folder: Path) -> str:
    """AlexNet with Adam's two slots a weight: 749 MB; its prefix."""
    from helpers.training.network_session import NetworkSession
    from helpers.training.networks import build

    names = [f"class {number}" for number in range(1000)]
    card = {"class_names": names, "image_size": 227, "seed": 1, "output": "y_pred:0"}
    session = NetworkSession(build("alexnet", card))
    (folder / "alexnet").mkdir()
    session.save(f"{folder}/alexnet/model-ckpt")
    session.write_meta(f"{folder}/alexnet/model-ckpt", card)
    return f"{folder}/alexnet/model-ckpt"


if __name__ == "__main__":
    if len(sys.argv) < 4:
        main(*sys.argv[1:])
    else:
        way, folder, what = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
        if way == "save":
            print(json.dumps(save(folder, what)))
        else:
            print(json.dumps(measure(way, folder, json.loads(what))))
