"""The access log: one line a request, with the request id that the answer carries.

The lines are JSON objects or plain text.
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
PROXY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # an id that a proxy may give
PROBES = ("/healthz", "/readyz", "/metrics")
log = logging.getLogger("webapp.requests")


def new_id() -> str:
    return secrets.token_hex(8)


def log_requests(app: Flask) -> None:
    """Give each request an id, and log a line about it."""
    app.before_request(_begin)
    app.after_request(_end)


def write_to_stdout(style: str) -> None:
    """Send every log line to standard output, as "json" or as "text"."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Json() if style == "json" else Text())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def log_request(request_id: str, **facts) -> None:
    """Log the line about one request."""
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


class Text(logging.Formatter):
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
    g.request_id = given if PROXY_ID.fullmatch(given) else new_id()


def _end(response: Response) -> Response:
    response.headers[ID] = g.request_id
    if request.path not in PROBES or response.status_code >= 400:
        facts = {
            "method": request.method,
            "path": json.dumps(request.path)[1:-1],  # from outside; kept on one line
            "status": response.status_code,
            "ms": round((perf_counter() - g.started) * 1e3, 1),
        }
        log_request(g.request_id, **facts, **g.get("model", {}))
    return response
