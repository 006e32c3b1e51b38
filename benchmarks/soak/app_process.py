"""The web app as a process with two workers, a temporary folder and a log."""

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "webapp" / "app.py"
WORKERS = 2
START = 180  # seconds to serve, at most
END = 60  # seconds to end after SIGTERM, at most
SERVES = re.compile(rb"worker \d+ serves")
SERVED_AT = re.compile(rb"^Serving .*:(\d+)$", re.MULTILINE)


class AppProcess:
    """A running app.

    Attributes:
      port: on 127.0.0.1.
      temporary: the folder for its temporary files.
      workers: the processes that answer requests.
    """

    def __init__(self, models: Path, folder: Path, options: Sequence[str] = ()) -> None:
        """Start it, and wait until all of its workers serve.

        Raises:
          ChildProcessError: it did not serve; the message ends with its log.
        """
        self.temporary, self._log = folder / "temporary", folder / "log"
        self.temporary.mkdir()
        with self._log.open("wb") as log:
            self.process = psutil.Popen(
                [
                    *(sys.executable, str(APP), "--host", "127.0.0.1", "--port", "0"),
                    *("--models", str(models), "--workers", str(WORKERS), *options),
                ],
                env=_environment(self.temporary),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        self._wait_until_it_serves()
        # Once: the log grows with each request, and is searched as a whole.
        (self.port,) = map(int, SERVED_AT.findall(self._log.read_bytes()))
        self.workers = [one for one in self.process.children() if _is_worker(one)]

    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    def end(self) -> int:
        """Send SIGTERM and wait; returns the exit status."""
        self.process.terminate()
        return self.process.wait(END)

    def left_files(self) -> list[str]:
        """The files and folders in its temporary folder."""
        found = self.temporary.rglob("*")
        return sorted(str(path.relative_to(self.temporary)) for path in found)

    def _wait_until_it_serves(self) -> None:
        end = time.monotonic() + START
        while len(SERVES.findall(self._log.read_bytes())) < WORKERS:
            if self.process.poll() is not None or time.monotonic() > end:
                raise ChildProcessError(f"the app does not serve: {self.log()[-2000:]}")
            time.sleep(0.1)


@contextlib.contextmanager
def running_app(
    models: Path, folder: Path, options: Sequence[str] = ()
) -> Iterator[AppProcess]:
    """An AppProcess that is killed after the block, with its workers."""
    app = AppProcess(models, folder, options)
    try:
        yield app
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            app.process.kill()  # its workers end with it
            app.process.wait()


def _environment(temporary: Path) -> dict[str, str]:
    """This environment without the variables of the app's options."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("FREEZE_SERVE_")}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
    return kept | quiet | {"TMPDIR": str(temporary)}


def _is_worker(process: psutil.Process) -> bool:
    """Whether it is a worker, and no helper process that tries out a model file."""
    return str(APP) in process.cmdline()
