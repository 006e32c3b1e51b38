"""Measures servers under the same load, one after the other, in several rounds."""

import statistics
import time
from collections import defaultdict
from collections.abc import Sequence

import click
from limit import photos_per_second
from load import closed_loop, open_loop
from peers import SERVERS, Case, RunningServer, running

from helpers.figures.benchmark_results import APP, LIMIT

CONNECTIONS = (1, 16, 64)
PAUSE = 1  # second, in which a server ends the requests of the load before


def compare_servers(
    case: Case,
    names: Sequence[str],
    rounds: int,
    seconds: float,
    connections: Sequence[int] = CONNECTIONS,
) -> dict[str, dict[str, float]]:
    """Medians over the rounds, by server and measure.

    Every round starts all servers, one after the other. A server that does not answer
    is left out, and the reason is printed on standard error.
    """
    measured = defaultdict(list)
    for number in range(rounds):
        for name in names:
            click.echo(f"{number + 1}/{rounds} {case.name}: {name}", err=True)
            try:
                with running(SERVERS[name], case) as server:
                    found = _measure(server, case, seconds, connections, name)
            except ChildProcessError as error:
                click.echo(f"{name} is left out: {error}", err=True)
                continue
            click.echo(f"  {found['rate 16']:.1f} photos/s", err=True)
            measured[name].append(found)
        rate = photos_per_second(case.model, case.photo, seconds)
        measured[LIMIT].append({"rate 16": rate})
    return {
        name: {
            key: round(statistics.median(found[key] for found in runs), 2)
            for key in runs[0]
        }
        for name, runs in measured.items()
    }


def _measure(
    server: RunningServer,
    case: Case,
    seconds: float,
    connections: Sequence[int],
    name: str,
) -> dict[str, float]:
    """The results of one server, by measure and number of connections."""
    server.wait_for_workers()
    warm = closed_loop(server.url, case.photo, 16, 1)
    found = {"start": server.seconds}
    for count in connections:
        time.sleep(PAUSE)
        lasting = max(seconds, min(10, 3 * count / max(warm.rate, 1)))
        load = closed_loop(server.url, case.photo, count, lasting)
        found |= {f"{key} {count}": value for key, value in load._asdict().items()}
    if name == APP:
        time.sleep(PAUSE)
        raw = closed_loop(server.url, case.photo, 16, seconds, raw=True)
        found["raw 16"] = raw.rate
    return found | {"MB": server.megabytes()}


def measure_arrivals(case: Case, most: float, seconds: float) -> dict[str, dict]:
    """Latencies of this app by arrival rate, in photos per second, up to `most`."""
    found = {}
    with running(SERVERS[APP], case) as server:
        server.wait_for_workers()
        closed_loop(server.url, case.photo, 16, 1)
        for share in (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0):
            rate = share * most
            load = open_loop(server.port, case.photo.read_bytes(), rate, seconds)
            found[f"{rate:.0f}"] = load._asdict()
    return found
