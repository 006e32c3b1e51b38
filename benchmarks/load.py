"""Load generators: a closed loop by wrk, an open loop with a fixed arrival rate."""

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
    """What was measured under a load; latencies in milliseconds."""

    rate: float  # answers per second
    p50: float
    p99: float
    errors: int


def closed_loop(
    url: str, photo: Path, connections: int, seconds: float, *, raw: bool = False
) -> Load:
    """Measure with wrk: each connection sends a photo once the last one is answered.

    With `raw` the photo is the body of a request, else a field of a form.
    """
    if not shutil.which("wrk"):
        raise FileNotFoundError("wrk is not installed (Debian's package is wrk)")
    command = f"wrk -t1 -c{connections} -d{math.ceil(seconds)}s --timeout 30s -s"
    settings = {"PHOTO": str(photo), "AS": "raw" if raw else "multipart"}
    done = subprocess.run(
        [*command.split(), SCRIPT, url],
        capture_output=True,
        text=True,
        env=os.environ | settings,
    )
    if done.returncode:
        raise ChildProcessError(f"wrk: {done.stderr.strip()}")
    found = json.loads(done.stdout.splitlines()[-1])
    rate = (found["requests"] - found["errors"]) / found["seconds"]
    return Load(rate, found["p50"], found["p99"], found["errors"])


def open_loop(port: int, photo: bytes, rate: float, seconds: float) -> Load:
    """Send photos at a fixed rate, whether or not earlier ones are answered.

    A latency counts from the time when the photo was due, so that a stall of the
    server is not hidden (no coordinated omission).
    """
    return asyncio.run(_send_at_rate(port, photo, rate, seconds))


async def _send_at_rate(port: int, photo: bytes, rate: float, seconds: float) -> Load:
    head = (
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
        f"Content-Length: {len(photo)}\r\nConnection: close\r\n\r\n"
    ).encode()
    started = time.perf_counter() + 0.1
    due = [started + number / rate for number in range(int(rate * seconds))]
    requests = [_send(port, head + photo, moment) for moment in due]
    latencies = await asyncio.gather(*requests)
    good = sorted(latency for latency in latencies if latency is not None)
    if not good:
        return Load(0, float("nan"), float("nan"), len(latencies))
    elapsed = time.perf_counter() - started
    p50, p99 = (good[int(share * (len(good) - 1))] for share in (0.5, 0.99))
    return Load(len(good) / elapsed, p50, p99, len(latencies) - len(good))


async def _send(port: int, request: bytes, due: float) -> float | None:
    """Milliseconds from the due time to the answer; None if its status is not 200."""
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
