"""This app against what people would serve a frozen graph with, and against the limit.

    python benchmarks/serving.py [--rounds 3] [--seconds 3] [--only NAME …]

Every round starts each server in turn, warms it, and loads it with wrk at 1, 16 and
64 connections; medians over the rounds are printed, with the larger models, the
larger photos, an open loop, and what more cores and models do. All of it goes into
benchmarks/results.json, which README and notebooks quote (tools/write_results.py),
beside the run before it. wrk and Linux are needed.
"""

import datetime
import json
import platform
import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from contest import arrivals, contest
from growth import SHIPPED, growth
from materials import write_alexnet, write_photo
from peers import CORES, SERVERS, Case, install_peers

from helpers.figures.benchmark_results import APP, BEFORE, LESSON, RESULTS, lines
from helpers.quiet import import_tensorflow
from helpers.whole_files import write_whole

RESNET = SHIPPED.parents[1] / "dogs-cats" / "1.pb"
QUICK = ("Flask, gunicorn gthread", "FastAPI, uvicorn", "FastAPI, uvicorn, OpenVINO")


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--seconds", default=3.0, show_default=True, help="Of each load.")
@click.option("--only", multiple=True, type=click.Choice(list(SERVERS)))
def main(rounds: int, seconds: float, only: tuple[str, ...]) -> None:
    """Compare the servers side by side; see the top of this file."""
    install_peers()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photo = write_photo(folder, 500, 374)
        small = Case("dogs-cats-small", SHIPPED, photo, 128)
        results = {"machine": machine()}
        results["servers"] = contest(small, only or list(SERVERS), rounds, seconds)
        if not only:
            rate = results["servers"][APP]["rate 16"]
            results["arrivals"] = arrivals(small, rate, seconds)
            results["cases"] = cases(folder, photo, rounds, seconds)
            results["growth"] = growth(folder, seconds)
            write_whole(BEFORE, RESULTS.read_bytes())
            write_whole(RESULTS, json.dumps(results, indent=1).encode() + b"\n")
    print("\n".join(lines(results)))


def cases(folder: Path, photo: Path, rounds: int, seconds: float) -> dict[str, dict]:
    """At 16 connections: other models, once; large photos in rounds, for a target."""
    large = write_photo(folder, 4000, 3000)
    names = [LESSON, *QUICK, APP]
    return {
        "dogs-cats": contest(
            Case("dogs-cats", RESNET, photo, 128), names, 1, seconds, [16]
        ),
        "AlexNet": contest(
            Case("AlexNet", write_alexnet(folder), photo, 227), names, 1, seconds, [16]
        ),
        "12 megapixels": contest(
            Case("12 MP", SHIPPED, large, 128), [*QUICK, APP], rounds, seconds, [16]
        ),
    }


def machine() -> dict[str, str]:
    """What was measured, and when."""
    about = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(line.split(":")[1].strip() for line in about if "model name" in line)
    import_tensorflow()
    import tensorflow as tf

    return {
        "cpu": f"{cpu}, {CORES} cores",
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
    }


if __name__ == "__main__":
    main()
