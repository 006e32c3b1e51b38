"""An app whose answers take as long as is asked, behind the real server."""

import contextlib
import socket

from tests.webapp.running_app import running

SLOW = """
import sys, time
import webapp.serving.server
from flask import Flask, request
from webapp.serving.listener import bind
from webapp.serving.scheduler import Scheduler

app = Flask("slow")

@app.before_request
def refuse():
    if request.environ["webapp.too_many"]:
        return "too many"

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
long = {"/wait": 0, "/stream": 0}  # so a POST has a thread
scheduler = Scheduler(limit=4, long=long)
server = webapp.serving.server.Server(
    app, listener, scheduler=scheduler, max_body=1000, keep_alive=float(sys.argv[2])
)
print("Serving slow at", server.url, flush=True)
server.run(on_stop=lambda: print("stopping", flush=True))
"""


@contextlib.contextmanager
def slow(drain: float = 20, keep_alive: float = 75, host: str = "127.0.0.1", **options):
    """The process of the slow app, and its port."""
    arguments = ("-c", SLOW, str(drain), str(keep_alive), host)
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
