"""Load on a server: closed loops by wrk, fixed arrival rates by a loop of our own."""

import asyncio
import json
import math
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

SCRIPT = Path(__file__).parent / "photo.lua"


class Load(NamedTuple):
    """What a server did with it; latencies in milliseconds."""

    rate: float  # answers per second
    p50: float
    p99: float
    errors: int


def closed_loop(
    url: str, photo: Path, connections: int, seconds: float, *, raw: bool = False
) -> Load:
    """Each connection sends its next photo when the last one is answered."""
    if not shutil.which("wrk"):
        raise FileNotFoundError("wrk is not here: install it (Debian's package wrk)")
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{math.ceil(seconds)}s",
        "--timeout",
        "30s",
    ]
    told = os.environ | {"PHOTO": str(photo), "AS": "raw" if raw else "multipart"}
    done = subprocess.run(
        [*command, "-s", SCRIPT, url], capture_output=True, text=True, env=told
    )
    if done.returncode:
        raise ChildProcessError(f"wrk: {done.stderr.strip()}")
    found = json.loads(done.stdout.splitlines()[-1])
    answered = found["requests"] - found["errors"]
    return Load(
        answered / found["seconds"], found["p50"], found["p99"], found["errors"]
    )


def open_loop(port: int, photo: bytes, rate: float, seconds: float) -> Load:
    """Photos arrive at a fixed rate, whether or not earlier ones are answered.

    A latency counts from when the photo should have been sent, so a server that
    stalls cannot hide it (no coordinated omission).
    """
    return asyncio.run(_arrivals(port, photo, rate, seconds))


async def _arrivals(port, photo, rate, seconds):
    head = (
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(photo)}\r\nConnection: close\r\n\r\n"
    ).encode()
    started = time.perf_counter() + 0.1
    due = [started + number / rate for number in range(int(rate * seconds))]
    sent = [_sent(port, head + photo, moment) for moment in due]
    latencies = await asyncio.gather(*sent)
    good = sorted(latency for latency in latencies if latency is not None)
    if not good:
        return Load(0, float("nan"), float("nan"), len(latencies))
    elapsed = time.perf_counter() - started
    at = [good[int(share * (len(good) - 1))] for share in (0.5, 0.99)]
    return Load(len(good) / elapsed, *at, len(latencies) - len(good))


async def _sent(port, request, due):
    """Milliseconds from when it was due to its answer, or None without a 200."""
    await asyncio.sleep(due - time.perf_counter())
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        status = await reader.readline()
        await reader.read()
        writer.close()
    except OSError:
        return None
    return (time.perf_counter() - due) * 1e3 if b" 200 " in status else None
