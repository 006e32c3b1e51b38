"""A worker process: what its supervisor passes to it, and what it reports."""

import logging
import os
import signal
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from webapp.serving import metric_files, restart
from webapp.serving.shared_state import WorkerState

FIRST = "WEBAPP_FIRST_WORKER"  # set if no worker has served yet
VARIABLE = "WEBAPP_WORKER"  # three file descriptors and the worker's number
METRICS = "PROMETHEUS_MULTIPROC_DIR"
log = logging.getLogger(__name__)


class WorkerContext(NamedTuple):
    """A worker's listening socket, pipe to report that it serves, and shared state.

    A worker that is not the first one serves even if it can load no model.
    """

    listener: socket.socket
    ready: int
    state: WorkerState
    is_first: bool  # no worker has served before

    def report(self, text: str) -> None:
        """Report to the supervisor and the other workers that this one serves."""
        self.state.join()
        log.info("worker %d serves", self.state.number)
        with suppress(BrokenPipeError):  # the supervisor reads the first worker's only
            os.write(self.ready, text.encode())
        os.close(self.ready)


def has_answered() -> bool:
    """Whether another worker has served before this one, or it has before a restart.

    To be asked before `worker_context` and `inherited_listener` take the variables.
    """
    return os.environ.get(FIRST) == "" or restart.VARIABLE in os.environ


def worker_context() -> WorkerContext | None:
    """The context, or None if this process is not a worker.

    The worker ends when its supervisor does.
    """
    if VARIABLE not in os.environ:
        return None
    listener, ready, parent, number = map(int, os.environ.pop(VARIABLE).split(","))
    threading.Thread(target=_end_with, args=[parent], daemon=True).start()
    state = WorkerState(Path(os.environ[METRICS]), number)
    metric_files.reserve(state.folder)
    is_first = bool(os.environ.pop(FIRST))
    return WorkerContext(socket.socket(fileno=listener), ready, state, is_first)


def _end_with(parent: int) -> None:
    os.read(parent, 1)  # returns when the supervisor's end is closed
    os.kill(os.getpid(), signal.SIGTERM)
