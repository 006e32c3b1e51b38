"""Compares TensorFlow's own way of freezing with this project's, in one table.

The models are the checkpoints in $SHARED/checkpoints, if they exist, a small model of
each kind that some freezer fails on, and AlexNet with Adam. Each freezing runs in a new
process; seconds and peak memory do not include the imports.

    python benchmarks/freezing.py [WORD]      only the models whose names contain WORD
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT / os.environ.get("SHARED", "../shared") / "checkpoints"
sys.path.insert(0, str(ROOT))

from python_process import QUIET, run_python

from helpers.profiling.usage import MIB, peak_rss_mib

ALEXNET = "AlexNet with Adam"
COLUMNS = ("model", "TensorFlow", "s", "GB", "MB", "freeze", "s", "GB", "MB")
WIDTHS = (32, 22, 6, 5, 6, 22, 6, 5, 6)


def main(word: str = "") -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(_row(COLUMNS), flush=True)
        done = [
            _compare(case, folder)
            for case in [*_shared_cases(), *save_in_process(folder, word)]
            if word in case["name"]
        ]
        if word in ALEXNET:
            prefix = f"{folder}/alexnet/model-ckpt"
            case = {"name": ALEXNET, "prefix": prefix, "outputs": None}
            ours = _measured_cells("freeze without proof", folder, case)
            print(_row([f"{ALEXNET}, no proof", "", "", "", "", *ours]), flush=True)
    for way, works in (("TensorFlow's own way", "ok"), ("freeze", "exact")):
        count = sum(pair[way] == works for pair in done)
        dead = sum(pair[way].startswith("silently") for pair in done)
        print(f"{way}: {count} of {len(done)} {works}, {dead} silently dead or random")


def _compare(case: dict, folder: str) -> dict[str, str]:
    """Print the table row of one model; the verdict on each way of freezing it."""
    theirs = _measured_cells("by session", folder, case)
    ours = _measured_cells("freeze", folder, case)
    print(_row([case["name"], *theirs, *ours]), flush=True)
    return {"TensorFlow's own way": theirs[0], "freeze": ours[0]}


def _shared_cases() -> list[dict]:
    """The published checkpoints, with the outputs that their index names."""
    index = SHARED / "cases.json"
    cases = json.loads(index.read_text())["cases"] if index.exists() else []
    keys = ("name", "prefix", "outputs")
    found = [{key: case[key] for key in keys} for case in cases]
    return [case | {"prefix": f"{SHARED / case['prefix']}"} for case in found]


def save_in_process(folder: str, word: str) -> list[dict]:
    """What `save` returns, called in a new process."""
    return run_python(__file__, "save", folder, word, **QUIET)


def _measured_cells(way: str, folder: str, case: dict) -> list[str]:
    """The verdict, seconds, GB and MB of `measure`, called in a new process."""
    try:
        found = run_python(__file__, way, folder, json.dumps(case), **QUIET)
    except ChildProcessError as error:
        found = {"success": f"fails: {error}"}
    if "seconds" not in found:
        return [found["success"][:22], "", "", ""]
    forms = {"seconds": ".2f", "gigabytes": ".2f", "megabytes": ".1f"}
    return [found["success"], *(f"{found[key]:{form}}" for key, form in forms.items())]


def _row(cells) -> str:
    pairs = zip(cells, WIDTHS, strict=True)
    return "  ".join(f"{cell:<{width}}" for cell, width in pairs).rstrip()


def measure(way: str, folder: Path, case: dict) -> dict:
    """Freeze a model in one way; the verdict on the frozen graph, and the costs."""
    from helpers.freezing.by_session import freeze_by_session
    from helpers.freezing.freeze import freeze

    prefix, place = case["prefix"], folder / "frozen.pb"
    outputs = case["outputs"] or ["y_pred"]
    before, started = peak_rss_mib(), time.perf_counter()
    try:
        if way == "by session":
            graph_def = freeze_by_session(f"{prefix}.meta", prefix, outputs)
            place.write_bytes(graph_def.SerializeToString())
        else:
            prove = way == "freeze"
            report = freeze(prefix, outputs=outputs, output=place, prove=prove)
    except Exception as error:  # TensorFlow documents no exceptions here
        return {"success": f"fails: {type(error).__name__}"}
    costs = {
        "seconds": time.perf_counter() - started,
        "gigabytes": (peak_rss_mib() - before) * MIB / 1e9,
        "megabytes": place.stat().st_size / 1e6,
    }
    is_theirs = way == "by session"
    verdict = _run_twice(place, outputs) if is_theirs else report.proof.verdict
    return {"success": verdict} | costs


def _run_twice(place: Path, outputs: list[str]) -> str:
    """Whether a frozen graph runs, and gives the same answer twice.

    A graph that still has variables cannot run: their values were not frozen.
    """
    import tensorflow as tf

    from helpers.freezing.passes.constants.read_values import VARIABLES
    from helpers.freezing.proof.compare import largest_difference
    from helpers.freezing.proof.graph_session import GraphSession
    from helpers.freezing.proof.sample_inputs import sample_inputs
    from helpers.graphs.edges import Edge

    wanted = [Edge.parse(name) for name in outputs]
    with GraphSession.load(place) as model:
        if any(op.type in VARIABLES for op in model.graph.get_operations()):
            return "silently dead"
        for feeds in sample_inputs(model.placeholders()):
            feeds = {name: _inference_value(value) for name, value in feeds.items()}
            try:
                first, second = (model.run(wanted, feeds, seconds=5) for _ in range(2))
            except (tf.errors.InvalidArgumentError, ValueError):
                continue
            except tf.errors.OpError:
                return "silently dead"
            return "silently random" if largest_difference(first, second) else "ok"
    return "ok, not run"


def _inference_value(value: Any) -> Any:
    """Scalars for inference: 1.0 for a keep probability, False for `is_training`."""
    if value.ndim == 0 and value.dtype.kind in "fb":
        return value.dtype.type(value.dtype.kind == "f")
    return value


def save(folder: Path, word: str) -> list[dict]:
    """Save a small model of each kind, and AlexNet; their names, prefixes, outputs."""
    from tests.freezing.small_models import CLASSES
    from tests.freezing.small_models import save as save_model

    cases: list[dict] = []
    for number, (name, (build, how)) in enumerate(CLASSES.items()):
        if word in name:
            prefix = save_model(build, folder / f"{number}", **how)
            prefix = prefix.replace("-?????-of-00001", "")
            cases.append({"name": name, "prefix": prefix, "outputs": ["y"]})
    if word in ALEXNET:
        cases.append({"name": ALEXNET, "prefix": save_alexnet(folder), "outputs": None})
    return cases


def save_alexnet(folder: Path) -> str:
    """Save AlexNet with Adam's two slots per weight, 749 MB; its checkpoint prefix."""
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
