"""Measures what happens at four times the requests that the app can answer.

    python benchmarks/overload.py [SECONDS]

One worker on one core, the clients on another. First clients that wait for each answer
find the most photos per second; then photos are sent at four times that rate, whatever
is answered; then the first load is repeated at once. A latency counts from the time
when the photo was due, so that a stall is not hidden. Answers per second count while
photos are sent, not while the last ones are waited for.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.materials import write_photo
from benchmarks.soak.exchange import post

SHIPPED = ROOT / "checkpoints/frozen/dogs-cats-small/1.pb"
WAITING = 16  # connections that wait for each answer
FACTOR = 4
RETRY = b"\nretry-after:"


class Outcome(NamedTuple):
    """An answer: its status (0: none) and latency.

    Attributes:
      ended: the time when it was there, by `perf_counter`.
      retries: whether it has Retry-After.
    """

    status: int
    milliseconds: float
    ended: float
    retries: bool


class Phase(NamedTuple):
    """What a load found: its first and last moment, and all answers."""

    name: str
    start: float
    seconds: float
    outcomes: list[Outcome]

    def latencies(self, status: int) -> list[float]:
        """The latencies of the answers with that status, ascending."""
        return sorted(o.milliseconds for o in self.outcomes if o.status == status)

    @property
    def rate(self) -> float:
        """The photos answered per second, while photos were sent."""
        end = self.start + self.seconds
        answered = [o for o in self.outcomes if o.status == 200 and o.ended < end]
        return len(answered) / self.seconds

    def others(self) -> int:
        """How many were neither answered nor refused with Retry-After."""
        return sum(
            not (o.status == 200 or (o.status == 503 and o.retries))
            for o in self.outcomes
        )


class Client:
    """Sends one request over connections that are kept and used again."""

    def __init__(self, port: int, request: bytes) -> None:
        self._port, self._request = port, request
        self._idle: deque = deque()

    async def ask(self, due: float) -> Outcome:
        """Send the request at that time."""
        await asyncio.sleep(due - time.perf_counter())
        status, head = 0, b""
        try:
            pair = self._idle.pop() if self._idle else await self._open()
            pair[1].write(self._request)
            head = (await pair[0].readuntil(b"\r\n\r\n")).lower()
            status = int(head[9:12])
            length = head.partition(b"\ncontent-length:")[2].split(b"\r")[0]
            await pair[0].readexactly(int(length))
        except (OSError, EOFError):
            status = 0
        else:
            if b"\nconnection: close" not in head:
                self._idle.append(pair)
        now = time.perf_counter()
        return Outcome(status, (now - due) * 1e3, now, RETRY in head)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self._port)

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def closed_loop(port: int, request: bytes, seconds: float) -> Phase:
    """WAITING connections, each of which sends once the last answer has come."""
    client, outcomes = Client(port, request), []
    start = time.perf_counter()

    async def loop() -> None:
        while time.perf_counter() < start + seconds:
            outcomes.append(await client.ask(time.perf_counter()))

    await asyncio.gather(*(loop() for _ in range(WAITING)))
    client.close()
    return Phase("saturation", start, seconds, outcomes)


async def open_loop(port: int, request: bytes, rate: float, seconds: float) -> Phase:
    """Requests at a fixed rate."""
    client, start = Client(port, request), time.perf_counter() + 0.05
    due = [start + number / rate for number in range(int(rate * seconds))]
    outcomes = await asyncio.gather(*map(client.ask, due))
    client.close()
    return Phase("overload", start, seconds, outcomes)


def overload(
    port: int, request: bytes, seconds: float, factor: float = FACTOR
) -> list[Phase]:
    """Saturation, overload and recovery."""
    asyncio.run(closed_loop(port, request, min(1, seconds)))  # warms up
    saturation = asyncio.run(closed_loop(port, request, seconds))
    rate = factor * saturation.rate
    over = asyncio.run(open_loop(port, request, rate, seconds))
    recovery = asyncio.run(closed_loop(port, request, seconds))
    return [saturation, over, recovery._replace(name="recovery")]


def table(phases: list[Phase]) -> str:
    """The phases as a table; rates as shares of that of the first."""
    lines = [
        f"{'':10}  {'sent/s':>6}  {'answered/s':>10}  {'of sat.':>7}  {'refused':>7}  "
        f"{'others':>6}  {'p99 ms':>7}  {'p99 ms refused':>14}"
    ]
    for phase in phases:
        refused = phase.latencies(503)
        lines.append(
            f"{phase.name:10}  {len(phase.outcomes) / phase.seconds:6.0f}  "
            f"{phase.rate:10.0f}  {phase.rate / phases[0].rate:7.0%}  "
            f"{len(refused):7}  {phase.others():6}  {p99(phase.latencies(200)):7.0f}  "
            f"{p99(refused):14.0f}"
        )
    return "\n".join(lines)


def p99(latencies: list[float]) -> float:
    """The 99th percentile of ascending numbers; NaN of none."""
    if not latencies:
        return float("nan")
    return latencies[int(0.99 * (len(latencies) - 1))]


def main() -> None:
    from tests.webapp.running_app import APP, running

    seconds = float(sys.argv[1]) if sys.argv[1:] else 10.0
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])  # the app has it, too
    with tempfile.TemporaryDirectory() as folder:
        photo = write_photo(Path(folder), 500, 374).read_bytes()
        with running(APP, "--model", f"small={SHIPPED}", at_most=600) as process:
            port = process.port()
            os.sched_setaffinity(0, cores[-1:])
            request = post("/predict", photo, "Content-Type: image/jpeg")
            print(table(overload(port, request, seconds)))


if __name__ == "__main__":
    main()
