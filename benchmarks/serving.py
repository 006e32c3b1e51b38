"""This app against what people would serve a frozen graph with, and against the limit.

    python benchmarks/serving.py [--rounds 3] [--seconds 4] [--only NAME …]

Every round starts each server in turn (A B C, A B C, …), warms it, and loads it with
wrk at 1, 16 and 64 connections; medians over the rounds are printed and written to
benchmarks/results.json. Latencies are milliseconds. wrk and Linux are needed.
"""

import datetime
import json
import platform
import statistics
import sys
import tempfile
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from limit import photos_per_second
from load import closed_loop, open_loop
from peers import CORES, SERVERS, install_peers, running

MODEL = ROOT / "checkpoints/frozen/dogs-cats-small/1.pb"
RESULTS = ROOT / "benchmarks/results.json"
CONNECTIONS = (1, 16, 64)
LIMIT, APP = "the limit: no web server", "this app"
LESSON = "the lesson: session per request"
NO_PEERS = (LESSON, "the lesson: reload per request", LIMIT, APP)


@click.command()
@click.option("--rounds", default=3, show_default=True)
@click.option("--seconds", default=4.0, show_default=True, help="Of each load.")
@click.option("--only", multiple=True, type=click.Choice(list(SERVERS)))
def main(rounds: int, seconds: float, only: tuple[str, ...]) -> None:
    """Compare the servers side by side; see the top of this file."""
    install_peers()
    with tempfile.TemporaryDirectory() as folder:
        photo = write_photo(Path(folder), 500, 374)
        measured = [one_round(only or SERVERS, photo, seconds) for _ in range(rounds)]
        results = {"machine": machine(), "servers": medians(measured)}
        if APP in results["servers"]:
            results["open loop"] = arrivals(photo, results["servers"][APP], seconds)
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print_table(results)
    print_targets(results["servers"])


def write_photo(folder: Path, width: int, height: int) -> Path:
    """A drawing with a camera's noise, as large a JPEG as a photo of its size."""
    import numpy as np
    from PIL import Image

    from helpers.drawings import draw

    drawing = draw("dog", seed=3, size=512).resize((width, height))
    noise = np.random.default_rng(0).normal(0, 9, (height, width, 3))
    pixels = np.clip(np.asarray(drawing) + noise, 0, 255).astype(np.uint8)
    path = folder / f"{width}x{height}.jpg"
    Image.fromarray(pixels).save(path, quality=80)
    return path


def one_round(names, photo: Path, seconds: float) -> dict[str, dict]:
    """Every server once, and the limit."""
    found = {}
    for name in names:
        click.echo(f"{name} …", err=True)
        try:
            with running(name, MODEL, photo, size=128) as server:
                found[name] = loads(server, photo, seconds, name == APP)
        except ChildProcessError as error:
            click.echo(f"{name} is left out: {error}", err=True)
    rate = photos_per_second(MODEL, photo, seconds)
    return found | {LIMIT: {"rate 16": rate}}


def loads(server, photo: Path, seconds: float, ours: bool) -> dict[str, float]:
    """What one server did, by measure and connections."""
    closed_loop(server.url, photo, 16, 1)
    found = {"start": server.seconds}
    for connections in CONNECTIONS:
        load = closed_loop(server.url, photo, connections, seconds)
        found |= {f"{key} {connections}": v for key, v in load._asdict().items()}
    if ours:
        found["raw 16"] = closed_loop(server.url, photo, 16, seconds, raw=True).rate
    return found | {"MB": server.megabytes()}


def medians(rounds: list[dict]) -> dict[str, dict[str, float]]:
    names = {name: None for one in rounds for name in one}
    return {
        name: {
            key: round(statistics.median(one[name][key] for one in having), 2)
            for key in having[0][name]
        }
        for name in names
        for having in [[one for one in rounds if name in one]]
    }


def arrivals(photo: Path, app: dict, seconds: float) -> dict[str, dict]:
    """Latency of this app by photos that arrive a second, up to what it can do."""
    data, found = photo.read_bytes(), {}
    with running(APP, MODEL, photo, size=128) as server:
        for share in (0.25, 0.5, 0.75, 0.9, 1.0):
            rate = share * app["rate 16"]
            load = open_loop(server.port, data, rate, seconds)
            found[f"{rate:.0f}"] = load._asdict()
    return found


def machine() -> dict[str, str]:
    """What was measured, and when."""
    about = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next(line.split(":")[1].strip() for line in about if "model name" in line)
    import tensorflow as tf

    return {
        "cpu": f"{cpu}, {CORES} cores",
        "python": platform.python_version(),
        "tensorflow": tf.__version__,
        "date": datetime.date.today().isoformat(),
    }


def print_table(results: dict) -> None:
    print(", ".join(results["machine"].values()))
    heads = [f"{what} {n}" for n in CONNECTIONS for what in ("req/s", "p50", "p99")]
    print(f"{'server':34}" + "".join(f"{head:>10}" for head in [*heads, "lost", "MB"]))
    for name, found in results["servers"].items():
        keys = [f"{key} {n}" for n in CONNECTIONS for key in ("rate", "p50", "p99")]
        cells = [found.get(key) for key in keys]
        cells += [sum(found.get(f"errors {n}", 0) for n in CONNECTIONS)]
        cells += [found.get("MB")]
        print(f"{name:34}" + "".join(f"{_short(cell):>10}" for cell in cells))
    for rate, load in results.get("open loop", {}).items():
        print(
            f"{rate} photos arriving a second: p50 {load['p50']:.0f} ms, "
            f"p99 {load['p99']:.0f} ms, {load['errors']} lost"
        )


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value < 100 else f"{value:.0f}"


def print_targets(servers: dict) -> None:
    """Each target, what was measured, and whether it is met."""
    peers = {name: found for name, found in servers.items() if name not in NO_PEERS}
    if not (peers and {APP, LESSON} <= servers.keys()):
        return
    app, limit = servers[APP], servers[LIMIT]["rate 16"]
    best = max(peers, key=lambda name: peers[name]["rate 16"])
    ratios = {
        f"{LESSON}, times": (app["rate 16"] / servers[LESSON]["rate 16"], 100),
        f"the best peer ({best}), times": (
            app["rate 16"] / peers[best]["rate 16"],
            1.5,
        ),
        "of the limit, photo as body": (app["raw 16"] / limit, 0.55),
        "of the limit, multipart": (app["rate 16"] / limit, 0.5),
    }
    for key in ("p50", "p99"):
        for n in CONNECTIONS:
            quickest = min(found[f"{key} {n}"] for found in peers.values())
            ratios[f"the quickest peer's {key} at {n}, over ours"] = (
                quickest / app[f"{key} {n}"],
                1,
            )
    for what, (ratio, wanted) in ratios.items():
        met = "met" if ratio >= wanted else "not met"
        print(f"{what}: {ratio:.2f}, wanted {wanted:g}: {met}")


if __name__ == "__main__":
    main()
