"""Fifty reloads under load: requests lost, and the memory the server ends with.

    python benchmarks/reloading.py [RELOADS [FILE.pb]]

The real service serves copies of one file; eight clients ask all the while.
"""

import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import psutil
import requests

from helpers.data.drawings import draw

APP = ROOT / "webapp" / "app.py"
SHIPPED = ROOT / "checkpoints" / "frozen" / "dogs-cats" / "1.pb"
CLIENTS = 8
SETTLE = 10  # seconds of load before the memory is noted, at either end


def main(reloads: int = 50, file: Path = SHIPPED) -> None:
    with tempfile.TemporaryDirectory() as folder, server(Path(folder), file) as served:
        url, memory = served
        with load(url) as answers:
            time.sleep(SETTLE)
            publish(Path(folder), file, 2)  # the first reload warms what reloads use
            wait_for(url, 2)
            before = settled(memory)
            print(f"{before:.0f} MiB before", flush=True)
            for version in range(3, reloads + 3):
                publish(Path(folder), file, version)
                wait_for(url, version)
            after = settled(memory)
    codes = Counter(code for code, _ in answers)
    versions = {version for _, version in answers}
    lost = sum(count for code, count in codes.items() if code != 200)
    print(f"{after:.0f} MiB after {reloads} reloads, {after / before - 1:+.1%}")
    print(f"{len(answers):,} requests, {lost} lost, {len(versions)} versions answered")
    if lost:
        print(f"by status: {dict(codes)}")
    sys.exit(bool(lost) or abs(after / before - 1) > 0.05)


def publish(folder: Path, file: Path, version: int) -> None:
    """A copy, renamed into place."""
    place = folder / "model" / f"{version}.pb"
    place.parent.mkdir(exist_ok=True)
    shutil.copy(file, place.with_suffix(".new"))
    place.with_suffix(".new").rename(place)
    (folder / "model" / f"{version - 2}.pb").unlink(missing_ok=True)


@contextlib.contextmanager
def server(folder: Path, file: Path):
    """The address of the real service, and how to ask its memory in MiB."""
    publish(folder, file, 1)
    options = ["--models", folder, "--port", "0", "--reload-every", "0.2"]
    process = subprocess.Popen(
        [sys.executable, APP, *options, "--admitted", str(CLIENTS)],
        stdout=subprocess.PIPE,
        text=True,
    )
    line = next(line for line in process.stdout if line.startswith("Serving"))
    reader = threading.Thread(target=process.stdout.read)
    reader.start()
    try:
        watched = psutil.Process(process.pid)
        yield line.split()[-1], lambda: memory_of(watched)
    finally:
        process.send_signal(signal.SIGTERM)
        print("exit status", process.wait())
        reader.join()


def memory_of(process: psutil.Process) -> float:
    """Of it and its workers, in MiB."""
    family = [process, *process.children()]
    return sum(one.memory_info().rss for one in family) / 2**20


@contextlib.contextmanager
def load(url: str):
    """While it lasts, clients ask; what they were answered."""
    file = Path(tempfile.mkstemp(suffix=".jpg")[1])
    draw("cat", seed=3).save(file)
    photo = file.read_bytes()
    os.unlink(file)
    answers, ended = [], threading.Event()

    def ask() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                try:
                    answer = session.post(f"{url}/predict", photo, timeout=60)
                    version = answer.json().get("version")
                    answers.append((answer.status_code, version))
                except requests.RequestException as error:
                    answers.append((type(error).__name__, None))

    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    yield answers
    ended.set()
    for client in clients:
        client.join()


def wait_for(url: str, version: int) -> None:
    """Until this version answers and the one before has ended."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        statuses = requests.get(f"{url}/v1/models/model", timeout=60).json()
        states = {
            int(status["version"]): status["state"]
            for status in statuses["model_version_status"]
        }
        if states.get(version) == "AVAILABLE" and "UNLOADING" not in states.values():
            return
        time.sleep(0.1)
    raise TimeoutError(f"version {version} is not served: {states}")


def settled(memory) -> float:
    """The median over some seconds of load, once the last reload is over."""
    found = []
    time.sleep(SETTLE / 2)
    for _ in range(SETTLE * 5):
        found.append(memory())
        time.sleep(0.2)
    return statistics.median(found)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *map(Path, sys.argv[2:3]))
