"""The access log: one line for each request, with the X-Request-ID of its answer.

The lines are JSON objects or plain text. Whatever is logged, each line is printable:
line breaks, control characters and what reorders a text are written as escapes.
"""

import io
import json
import logging
import re
import secrets
import sys
from datetime import datetime, timezone
from time import perf_counter

from flask import Flask, Response, g, request

from helpers.foreign.texts import printable
from webapp.serving.log_output import LogOutput

ID = "X-Request-ID"
PROXY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # accepted from a proxy
PROBES = (
    *("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready"),
    *("/metrics", "/monitoring/prometheus/metrics"),
)
log = logging.getLogger("webapp.requests")


def new_id() -> str:
    return secrets.token_hex(8)


def id_given(text: str) -> str:
    """The id that a proxy has given to a request, or a new one."""
    return text if PROXY_ID.fullmatch(text) else new_id()


def log_requests(app: Flask) -> None:
    """Give each request of the app an id, and log it."""
    app.before_request(_begin)
    app.after_request(_end)


def write_to_stdout(style: str) -> None:
    """Send the log to standard output in the style "json" or "text".

    What the output's encoding has not, as in the name of a file, is written as escapes.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    handler = LogOutput(sys.stdout)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)


def log_request(request_id: str, **fields) -> None:
    """Log one request."""
    log.info("request", extra={"fields": {"request": request_id, **fields}})


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False)
        if text.isprintable():
            return text
        return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


class TextFormatter(logging.Formatter):
    """Formats a record as words in a line."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        words = [str(value) for value in fields.values()] or [record.getMessage()]
        words = [f"{_time(record):%H:%M:%S}", record.levelname.lower(), *words]
        lines = [" ".join(words)]
        if record.exc_info:
            lines += self.formatException(record.exc_info).split("\n")
        return "\n".join(map(printable, lines))


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc)


def _begin() -> None:
    g.started = perf_counter()
    g.request_id = id_given(request.headers.get(ID, ""))


def _end(response: Response) -> Response:
    response.headers[ID] = g.request_id
    if request.path not in PROBES or response.status_code >= 400:
        fields = {
            "method": request.method,
            "path": json.dumps(request.path)[1:-1],  # line breaks escaped
            "status": response.status_code,
            "ms": round((perf_counter() - g.started) * 1e3, 1),
        }
        log_request(g.request_id, **fields, **g.get("model", {}))
    return response
