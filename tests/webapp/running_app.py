"""Small frozen graphs, photos and the running app, for the tests of the web app."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from queue import SimpleQueue

from PIL import Image
from urllib3.filepost import encode_multipart_formdata

from webapp.app import main, make_server
from webapp.serving.listener import bind
from webapp.serving.server import SIGNALS

ROOT = Path(__file__).resolve().parents[2]
APP = str(ROOT / "webapp" / "app.py")
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}  # a browser's
ALONE = {"FREEZE_SERVE_PORT": "0", "FREEZE_SERVE_WORKERS": "1"}
OPTIONS = {option.envvar for option in main.params if option.envvar}
COLOURS = {"red": (255, 0, 0), "green": (0, 255, 0), "grey": (128, 128, 128)}
CARD = {
    "class_names": ["cat", "dog"],
    "input": "x:0",
    "output": "y_pred:0",
    "image_size": 128,
    "pixels": "0..1",
    "threshold": 0.6,
}


def write_model(path: Path, **card) -> Path:
    """A frozen graph at `path` whose classes are how red and how green a photo is."""
    import tensorflow.compat.v1 as tf1

    side = card.get("image_size", CARD["image_size"])
    with tf1.Graph().as_default() as graph:
        x = tf1.placeholder(tf1.float32, [None, side, side, 3], name="x")
        logits = 4 * tf1.reduce_mean(x, [1, 2])[:, :2]
        tf1.nn.softmax(logits, name="y_pred")
        tf1.constant(json.dumps(CARD | card), name="model_card")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(graph.as_graph_def().SerializeToString())
    return path


def photo(
    colour: str = "red", kind: str = "PNG", size: tuple[int, int] = (60, 40), **options
) -> bytes:
    """A picture file of one colour."""
    file = BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(file, kind, **options)
    return file.getvalue()


def browser_form(files: list[tuple[str, str, bytes]], **fields) -> dict:
    """A form as browsers send it; Werkzeug's client shortens empty files."""
    parts = [(field, (name, data, "image/png")) for field, name, data in files]
    for field, values in fields.items():
        parts += [(field, v) for v in ([values] if isinstance(values, str) else values)]
    data, content_type = encode_multipart_formdata(parts)
    return {"data": data, "content_type": content_type}


def clean_environment(**more: str) -> dict[str, str]:
    """This environment without the variables of the server's options."""
    removed = {"TF_CPP_MIN_LOG_LEVEL", *OPTIONS}
    return {k: v for k, v in os.environ.items() if k not in removed} | more


class Process:
    """A server in a process of its own, and the lines it prints."""

    def __init__(
        self,
        *command: str,
        cwd: Path = ROOT,
        at_most: float = 120,  # seconds
        **environment: str,
    ) -> None:
        self.popen = subprocess.Popen(
            [sys.executable, *command],
            cwd=cwd,
            env=clean_environment(**ALONE | environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._stderr: list[str] = []
        self._readers = [  # a full pipe would stop the server
            threading.Thread(target=self._read_lines),
            threading.Thread(target=self._read_stderr),
        ]
        for reader in self._readers:
            reader.start()
        self._guard = threading.Timer(at_most, self.popen.kill)
        self._guard.start()

    def line(self) -> str:
        """The next line on standard output; "" after the last."""
        return self._lines.get().rstrip("\n")

    def line_with(self, text: str) -> str:
        """The next line on standard output that contains the text."""
        while text not in (line := self.line()):
            assert line, f"it ended: {self.end()}"
        return line

    def port(self) -> int:
        """The port of the server, once it serves."""
        while line := self.line():
            if line.startswith("Serving"):
                return int(line.rpartition(":")[2])
        raise AssertionError(f"it never served: {self.end()}")

    def messages(self) -> str:
        """What it has written to standard error so far."""
        return "".join(self._stderr)

    def end(self) -> tuple[int, str]:
        """Wait for the end; returns the exit status and standard error."""
        self.popen.wait()
        for reader in self._readers:
            reader.join()
        self._guard.cancel()
        return self.popen.returncode, "".join(self._stderr)

    def _read_lines(self) -> None:
        with self.popen.stdout as lines:
            for line in lines:
                self._lines.put(line)
        self._lines.put("")

    def _read_stderr(self) -> None:
        with self.popen.stderr as lines:
            self._stderr += lines


@contextmanager
def signals_restored() -> Iterator[None]:
    """Set the handlers of the server's signals back to what they were."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def served(app, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of the app's real server, which runs in a thread of this process."""
    with signals_restored():
        server = make_server(app, bind(host, 0), admitted=100)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server.url
    finally:
        server._stop()
        thread.join()
        server._scheduler.shutdown(timeout=60)
        assert not server._scheduler.running  # with one, `_end` would end the tests
        server._end()


@contextmanager
def running(*command: str, **options):
    """A Process that is killed afterwards."""
    process = Process(*command, **options)
    try:
        yield process
    finally:
        process.popen.kill()
        process.end()
