"""Measures fifty reloads under load: requests lost, and growth of the server's memory.

    python benchmarks/reloading.py [RELOADS [FILE.pb]]

The web app serves copies of one file as its versions, while eight clients send photos.
"""

import contextlib
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import requests
from materials import publish, write_photo
from peers import Case, RunningServer, Server, process_tree, running

from helpers.profiling.usage import MIB

SHIPPED = ROOT / "checkpoints" / "frozen" / "dogs-cats" / "1.pb"
CLIENTS = 8
COMMAND = (
    "python webapp/app.py --port {port} --models {model} --reload-every 0.2 "
    f"--admitted {CLIENTS}"
)
SETTLE = 10  # seconds of load before the memory is measured
Answer = tuple[int | str, int | None]  # status, or the error's name; version


def main(reloads: int, file: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        case = Case("reloads", folder, write_photo(folder, 500, 374), 128)
        model = folder / "model"
        publish(model, file, 1)
        with running(Server(COMMAND, ours=True), case) as server:
            with load(server.url, case.photo.read_bytes()) as answers:
                time.sleep(SETTLE)
                publish(model, file, 2)  # the first reload allocates what all use
                wait_for(server, 2)
                before = settled_mib(server)
                print(f"{before:.0f} MiB before", flush=True)
                for version in range(3, reloads + 3):
                    publish(model, file, version)
                    wait_for(server, version)
                after = settled_mib(server)
            server.process.terminate()
            print("exit status", server.process.wait())
    codes = Counter(code for code, _ in answers)
    versions = {version for _, version in answers}
    lost = len(answers) - codes[200]
    print(f"{after:.0f} MiB after {reloads} reloads, {after / before - 1:+.1%}")
    print(f"{len(answers):,} requests, {lost} lost, {len(versions)} versions answered")
    if lost:
        print(f"by status: {dict(codes)}")
    sys.exit(bool(lost) or abs(after / before - 1) > 0.05)


@contextlib.contextmanager
def load(url: str, photo: bytes) -> Iterator[list[Answer]]:
    """Send photos from all clients until the block ends; the answers so far."""
    answers: list[Answer] = []
    ended = threading.Event()

    def send() -> None:
        with requests.Session() as session:
            while not ended.is_set():
                try:
                    answer = session.post(url, photo, timeout=60)
                    version = answer.json().get("version")
                    answers.append((answer.status_code, version))
                except requests.RequestException as error:
                    answers.append((type(error).__name__, None))

    clients = [threading.Thread(target=send) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    yield answers
    ended.set()
    for client in clients:
        client.join()


def wait_for(server: RunningServer, version: int) -> None:
    """Return once this version answers and the one before is unloaded."""
    deadline = time.monotonic() + 120
    url = server.url.replace("predict", "v1/models/model")
    while time.monotonic() < deadline:
        states = {
            int(status["version"]): status["state"]
            for status in requests.get(url, timeout=60).json()["model_version_status"]
        }
        if states.get(version) == "AVAILABLE" and "UNLOADING" not in states.values():
            return
        time.sleep(0.1)
    raise TimeoutError(f"version {version} is not served: {states}")


def settled_mib(server: RunningServer) -> float:
    """Resident memory of all processes of the server: the median of 50 samples."""
    samples = []
    time.sleep(SETTLE / 2)
    for _ in range(SETTLE * 5):
        processes = process_tree(server.process)
        samples.append(sum(one.memory_info().rss for one in processes) / MIB)
        time.sleep(0.2)
    return statistics.median(samples)


if __name__ == "__main__":
    reloads = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    main(reloads, Path(sys.argv[2]) if len(sys.argv) > 2 else SHIPPED)
