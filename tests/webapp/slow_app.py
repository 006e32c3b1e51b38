"""An app whose answers take as long as is asked, behind the real server."""

import contextlib
import json
import socket

from tests.webapp.running_app import running

SLOW = """
import json, logging, sys, time
import webapp.serving.server
from flask import Flask, request
from webapp.serving import access_log
from webapp.serving.body_budget import BodyBudget
from webapp.serving.listener import bind
from webapp.serving.scheduler import Scheduler

app = Flask("slow")

@app.before_request
def refuse():
    if request.environ["webapp.too_many"]:
        return "too many", 503, {"Retry-After": "1"}

def arrived():
    print("arrived\\n", end="", flush=True)  # one piece, whatever other threads print

@app.route("/echo", methods=["POST"])
def echo():
    return request.get_data()

@app.route("/wait/<float:seconds>", methods=["GET", "POST"])
def wait(seconds):
    arrived()
    time.sleep(seconds)
    return "answered"

@app.route("/long/<int:count>")
def long(count):
    return bytes(count)

@app.route("/used")
def used():
    return str(bodies.used)

@app.route("/stream", methods=["GET", "POST"])
def stream():
    def parts():
        yield b"first,"
        arrived()
        time.sleep(0.7)
        yield b"last"
    return parts()

webapp.serving.server.DRAIN = float(sys.argv[1])
listener = bind(sys.argv[3], 0)
slow = {"/wait": 0, "/stream": 0}  # so a POST has a thread
settings = json.loads(sys.argv[4]) if sys.argv[4:] else {}
if settings.pop("log", False):
    handler = logging.StreamHandler()  # standard error
    handler.setFormatter(access_log.TextFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO)
limit, max_body = settings.pop("limit", 4), settings.pop("max_body", 1000)
bodies = BodyBudget(settings.pop("bodies", 100_000))
server = webapp.serving.server.Server(
    app,
    listener,
    scheduler=Scheduler(limit=limit, long=slow),
    max_body=max_body,
    bodies=bodies,
    keep_alive=float(sys.argv[2]),
    **settings,
)
print("Serving slow at", server.url, flush=True)
server.run(on_stop=lambda: print("stopping", flush=True))
"""


@contextlib.contextmanager
def slow(
    drain: float = 20,
    keep_alive: float = 75,
    host: str = "127.0.0.1",
    server: dict | None = None,
    **options,
):
    """The process of the slow app, and its port.

    Args:
      server: settings of `Server`; `bodies` is a number of bytes, `limit` that of
        the scheduler; with `log`, requests are logged to standard error.
    """
    settings = json.dumps(server or {})
    arguments = ("-c", SLOW, str(drain), str(keep_alive), host, settings)
    with running(*arguments, **options) as process:
        yield process, process.port()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def send_and_wait(sock: socket.socket, request: bytes, process) -> None:
    """Send a request to the slow app, and wait until its view runs."""
    sock.sendall(request)
    assert process.line() == "arrived"


def everything(sock: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    with sock.makefile("rb") as file:
        return file.read()
