"""The servers against each other, side by side: A B C, A B C, and medians."""

import statistics
import time
from pathlib import Path

import click
from limit import photos_per_second
from load import Load, closed_loop, open_loop
from peers import SERVERS, Case, Running, running

from helpers.figures.benchmark_results import APP, LIMIT

CONNECTIONS = (1, 16, 64)
SETTLE = 3  # seconds; the peers do not say when all of them serve
LEFT = 1  # second, for up to 64 photos that the client before has left behind


def contest(case: Case, names, rounds: int, seconds: float, connections=CONNECTIONS):
    """Medians over the rounds, by server and measure.

    A server that does not answer is left out, with its reason on standard error.
    """
    measured = []
    for number in range(rounds):
        found = {}
        for name in names:
            click.echo(f"{number + 1}/{rounds} {case.name}: {name}", err=True)
            try:
                with running(SERVERS[name], case) as server:
                    found[name] = _loads(server, case, seconds, connections, name)
                click.echo(f"  {found[name]['rate 16']:.1f} photos/s", err=True)
            except ChildProcessError as error:
                click.echo(f"{name} is left out: {error}", err=True)
        found[LIMIT] = {"rate 16": photos_per_second(case.model, case.photo, seconds)}
        measured.append(found)
    return _medians(measured)


def settle(server: Running) -> None:
    """Until all workers serve.

    Raises:
      ChildProcessError: they do not, within two minutes.
    """
    time.sleep(SETTLE)
    end = time.monotonic() + 120
    while not server.is_whole():
        if time.monotonic() > end:
            raise ChildProcessError("not all of its workers serve")
        time.sleep(0.1)


def _loads(server, case: Case, seconds, connections, name) -> dict[str, float]:
    """What one server did, by measure and number of connections."""
    settle(server)
    warm = closed_loop(server.url, case.photo, 16, 1)
    found = {"start": server.seconds}
    for count in connections:
        time.sleep(LEFT)
        lasting = max(seconds, min(10, 3 * count / max(warm.rate, 1)))
        load = closed_loop(server.url, case.photo, count, lasting)
        found |= {f"{key} {count}": value for key, value in load._asdict().items()}
    if name == APP:
        time.sleep(LEFT)
        raw = closed_loop(server.url, case.photo, 16, seconds, raw=True)
        found["raw 16"] = raw.rate
    return found | {"MB": server.megabytes()}


def _medians(rounds: list[dict]) -> dict[str, dict[str, float]]:
    names = {name: None for one in rounds for name in one}
    return {
        name: {
            key: round(statistics.median(one[name][key] for one in having), 2)
            for key in having[0][name]
        }
        for name in names
        for having in [[one for one in rounds if name in one]]
    }


def arrivals(case: Case, most: float, seconds: float) -> dict[str, dict]:
    """Latency of this app by photos that arrive a second, up to `most`."""
    data, found = Path(case.photo).read_bytes(), {}
    with running(SERVERS[APP], case) as server:
        settle(server)
        closed_loop(server.url, case.photo, 16, 1)
        for share in (0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0):
            load: Load = open_loop(server.port, data, share * most, seconds)
            found[f"{share * most:.0f}"] = load._asdict()
    return found
