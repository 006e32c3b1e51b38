"""Publishes new versions of the models while they are served, and broken ones."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

from benchmarks.materials import publish
from benchmarks.soak.exchange import Connection, get

SERVED = 60  # seconds for a published version to be served, at most


class Publisher:
    """A thread that publishes the same graph again and again, as newer versions.

    Every fifth time a broken file is published meanwhile, and removed again.

    Args:
      folder: the models folder, which it fills.
      files: the frozen graphs by the name that they are served under.
      every: seconds between two versions.
    """

    def __init__(self, folder: Path, files: dict[str, Path], every: float) -> None:
        self._folder, self._files, self._every = folder, files, every
        self._newest, self._ended = dict.fromkeys(files, 0), threading.Event()
        self._port = 0
        self.published = self.broken = 0
        self.problems: list[str] = []
        for name in files:
            self._publish(name)

    @contextmanager
    def running(self, port: int) -> Iterator[None]:
        """Publish until the block ends; waits for the last version to be served."""
        self._port = port
        thread = threading.Thread(target=self._run)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _run(self) -> None:
        for number, name in enumerate(cycle(self._files)):
            if self._ended.wait(self._every):
                return
            if number % 5 == 0:
                self._break(name, number)
            self._publish(name)
            self._wait_until_served(name)
            self.published += 1

    def _publish(self, name: str) -> None:
        self._newest[name] += 1
        publish(self._folder / name, self._files[name], self._newest[name])

    def _break(self, name: str, number: int) -> None:
        """Publish a file that cannot be served, and remove it after a moment."""
        broken = BROKEN[number // 5 % len(BROKEN)]
        whole = self._files[name].read_bytes()
        place = self._path(name, self._newest[name] + 1)
        place.with_suffix(".new").write_bytes(broken(whole))
        place.with_suffix(".new").rename(place)
        self._ended.wait(self._every / 2)
        place.unlink(missing_ok=True)
        self.broken += 1

    def _path(self, name: str, version: int) -> Path:
        return self._folder / name / f"{version}.pb"

    def _wait_until_served(self, name: str) -> None:
        version, end = self._newest[name], time.monotonic() + SERVED
        while time.monotonic() < end:
            try:
                if version in self._available(name):
                    return
            except (OSError, ValueError, LookupError) as error:
                self.problems.append(f"status of {name}: {error}")
            time.sleep(0.1)
        self.problems.append(
            f"version {version} of {name} was not served in {SERVED} s"
        )

    def _available(self, name: str) -> Sequence[int]:
        answer = Connection(self._port, keeps=False).ask(get(f"/v1/models/{name}"))
        statuses = json.loads(answer.body)["model_version_status"]
        return [int(s["version"]) for s in statuses if s["state"] == "AVAILABLE"]


BROKEN = (
    lambda whole: whole[: len(whole) // 2],
    lambda whole: b"",
    lambda whole: b"this is no graph",
    lambda whole: whole[:1000] + bytes(5000) + whole[6000:],
    lambda whole: b'{"class_names": ["cat", "dog"]}' * 100,
)
