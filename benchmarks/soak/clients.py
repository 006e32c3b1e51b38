"""The clients of the soak test: threads of one process, beside that of the server."""

import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from benchmarks.soak.exchange import Connection
from benchmarks.soak.expected import Expected
from benchmarks.soak.progress import Progress
from benchmarks.soak.readers import agree

LEFT = "client leaves"
LOST = "not answered"
FALSE = "not the answer of its photo"
NO_RETRY = "503 without Retry-After"
OTHER = "another status than alone"
NO_ANSWER = "none"  # in place of a status
KEPT_PROBLEMS = 20  # sentences; all are counted
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close at once, with a reset


class Records(NamedTuple):
    """What the clients saw, by quarter and kind of request."""

    codes: Counter  # of (quarter, kind, status)
    milliseconds: dict[tuple[int, str], list[float]]
    problems: Counter  # of (what was wrong, kind)
    sentences: list[str]  # the first KEPT_PROBLEMS


def no_records() -> Records:
    """Nothing seen yet."""
    return Records(Counter(), {}, Counter(), [])


class Traffic(NamedTuple):
    """What one client process sends."""

    port: int
    expected: Sequence[Expected]
    clients: int
    leaving: float  # the share of requests whose client leaves
    seed: int


def send(traffic: Traffic, progress: Progress, pipe: Any) -> None:
    """Send until the progress is over; sends the Records through the pipe."""
    records = no_records()
    lock = threading.Lock()
    shared = (progress, records, lock)
    threads = [
        threading.Thread(target=_client, args=(traffic, number, *shared))
        for number in range(traffic.clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send(records)
    pipe.close()


def _client(
    traffic: Traffic,
    number: int,
    progress: Progress,
    records: Records,
    lock: threading.Lock,
) -> None:
    """One client; every second one keeps its connection."""
    random = Random(f"{traffic.seed} {number}")
    connection = Connection(traffic.port, keeps=number % 2 == 0)
    cumulated = [*accumulate(one.request.weight for one in traffic.expected)]
    while not progress.is_over:
        (one,) = random.choices(traffic.expected, cum_weights=cumulated)
        quarter, started = progress.quarter(), time.perf_counter()
        if random.random() < traffic.leaving:
            kind, code, wrong = LEFT, NO_ANSWER, ""
            _leave(traffic.port, one, random)
        else:
            kind = one.request.kind
            code, wrong = _ask(connection, one)
        took = (time.perf_counter() - started) * 1e3
        with lock:
            records.codes[quarter, kind, code] += 1
            records.milliseconds.setdefault((quarter, kind), []).append(took)
            if wrong:
                records.problems[wrong, kind] += 1
                if len(records.sentences) < KEPT_PROBLEMS:
                    records.sentences.append(f"{wrong}: {kind}, {code}, {took:.0f} ms")
        progress.count()
    connection.close()


def _ask(connection: Connection, one: Expected) -> tuple[int | str, str]:
    """The status, and what is wrong with the answer; "": nothing."""
    try:
        answer = connection.ask(one.request.data)
    except OSError as error:
        return type(error).__name__, LOST
    if answer.status == 503:
        told = b"\r\nretry-after:" in answer.head
        return 503, "" if told else NO_RETRY
    if answer.status == 504:
        return 504, ""
    if answer.status != one.status:
        return answer.status, OTHER
    numbers = one.numbers
    if numbers and not agree(one.request.reader, answer.body, numbers):
        return answer.status, FALSE
    return answer.status, ""


def _leave(port: int, one: Expected, random: Random) -> None:
    """Send a request, or a part of it, and close without the answer."""
    connection = Connection(port, keeps=True)
    data = one.request.data
    parts: Sequence[Callable[[], bytes]] = (
        lambda: b"",
        lambda: data[: random.randrange(1, 60)],
        lambda: data[: random.randrange(1, len(data) + 1)],
        lambda: data,
    )
    try:
        opened = connection.open()
        opened.sendall(random.choice(parts)())
        if random.random() < 0.3:
            opened.settimeout(0.2)
            opened.recv(100)
        if random.random() < 0.5:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    except OSError:  # refused before all was sent, or not answered in 0.2 s
        pass
    finally:
        connection.close()
