"""Compares this app with other ways to serve a frozen graph, and with the limit.

    python benchmarks/serving.py [--rounds 3] [--seconds 3] [--only NAME …]

Every round starts each server in turn, warms it, and loads it with wrk at 1, 16 and
64 connections. Medians over the rounds are printed; so are the results with larger
models, larger photos, fixed arrival rates, and more cores and models. All results are
written to benchmarks/results.json, which README and notebooks quote
(tools/write_results.py); results-before.json keeps those of the run before. Needs wrk
and Linux.
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

from compare_servers import compare_servers, measure_arrivals
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
    """Compare the servers; see the top of this file."""
    install_peers()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        photo = write_photo(folder, 500, 374)
        small = Case("dogs-cats-small", SHIPPED, photo, 128)
        servers = compare_servers(small, only or list(SERVERS), rounds, seconds)
        results: dict[str, dict] = {"machine": machine(), "servers": servers}
        if not only:
            rate = servers[APP]["rate 16"]
            results["arrivals"] = measure_arrivals(small, rate, seconds)
            results["cases"] = cases(folder, photo, rounds, seconds)
            results["growth"] = growth(folder, seconds)
            write_whole(BEFORE, RESULTS.read_bytes())
            write_whole(RESULTS, json.dumps(results, indent=1).encode() + b"\n")
    print("\n".join(lines(results)))


def cases(folder: Path, photo: Path, rounds: int, seconds: float) -> dict[str, dict]:
    """Results at 16 connections: other models, in one round; large photos, in all."""
    large = write_photo(folder, 4000, 3000)
    resnet = Case("dogs-cats", RESNET, photo, 128)
    alexnet = Case("AlexNet", write_alexnet(folder), photo, 227)
    return {
        case.name: compare_servers(case, names, count, seconds, [16])
        for case, names, count in (
            (resnet, [LESSON, *QUICK, APP], 1),
            (alexnet, [LESSON, *QUICK, APP], 1),
            (Case("12 megapixels", SHIPPED, large, 128), [*QUICK, APP], rounds),
        )
    }


def machine() -> dict[str, str]:
    """The CPU, the versions of Python and TensorFlow, and the date."""
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
