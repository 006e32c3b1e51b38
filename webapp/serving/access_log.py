"""The log: one line a request, with the id that its answer carries.

JSON where another program reads it, words where a terminal shows it.
"""

import json
import logging
import re
import secrets
import sys
from datetime import datetime, timezone
from time import perf_counter

from flask import Flask, Response, g, request

ID = "X-Request-ID"
WORN = re.compile(r"[A-Za-z0-9._-]{1,64}")  # an id that a proxy gave
PROBES = ("/healthz", "/readyz", "/metrics")
log = logging.getLogger("webapp.requests")


def new_id() -> str:
    return secrets.token_hex(8)


def keep(app: Flask) -> None:
    """Gives each request an id, and the log a line about it."""
    app.before_request(_begin)
    app.after_request(_end)


def write_to_stdout(style: str) -> None:
    """Sends every log line to standard output, as "json" or as "text"."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Json() if style == "json" else Words())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def note(request_id: str, **facts) -> None:
    """Writes the line about one request."""
    log.info("request", extra={"facts": {"request": request_id, **facts}})


class Json(logging.Formatter):
    """A line as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class Words(logging.Formatter):
    """A line for people."""

    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        told = [str(fact) for fact in facts.values()] or [record.getMessage()]
        line = " ".join([f"{_time(record):%H:%M:%S}", record.levelname.lower(), *told])
        trace = record.exc_info and self.formatException(record.exc_info)
        return f"{line}\n{trace}" if trace else line


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc)


def _begin() -> None:
    g.started = perf_counter()
    given = request.headers.get(ID, "")
    g.request_id = given if WORN.fullmatch(given) else new_id()


def _end(response: Response) -> Response:
    response.headers[ID] = g.request_id
    if request.path not in PROBES or response.status_code >= 400:
        facts = {
            "method": request.method,
            "path": json.dumps(request.path)[1:-1],  # a visitor's text, on one line
            "status": response.status_code,
            "ms": round((perf_counter() - g.started) * 1e3, 1),
        }
        note(g.request_id, **facts, **g.get("model", {}))
    return response
