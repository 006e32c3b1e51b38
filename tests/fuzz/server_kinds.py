"""Mutated requests as bytes, sent to the real server in a process of its own."""

import re
import socket
from contextlib import closing
from pathlib import Path
from random import Random
from select import select

import psutil

from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.kinds import Finding, Kind
from tests.fuzz.request_kinds import (
    ALLOWED,
    HEAD_WORDS,
    NOT_FINITE,
    Forms,
    Json,
    api_requests,
)

PATIENCE = 10.0  # seconds of wall time, for a machine with other work, too
UNFINISHED = 0.5  # seconds without an answer
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
HEAD = "{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}\r\n"


class RawRequests(Kind):
    """Bytes on a connection: heads, chunks, multipart bodies and JSON, then the end."""

    name = "http"
    share = 40
    seconds = 30.0  # the server's time is measured here

    def __init__(self, folder: Path) -> None:
        from tests.webapp.running_app import APP, Process, photo
        from tests.webapp.small_graphs import write_kinds

        super().__init__(folder)
        self.json = Json.__new__(Json)
        self.forms = Forms.__new__(Forms)
        paths = write_kinds(folder / "made")
        for maker in (self.json, self.forms):
            maker.names, maker.photos = [*paths], [photo("red"), photo("green", "JPEG")]
        self.json.requests = api_requests(self.json.photos[0])
        models = [f"--model={name}={path}" for name, path in paths.items()]
        self.process = Process(APP, *models, at_most=24 * 3600)
        self.port = self.process.port()
        self.before = self._rss_mib()
        self.said = 0

    def close(self) -> None:
        self.process.popen.kill()
        self.process.end()

    def make(self, rng: Random) -> bytes:
        maker, is_changed = rng.choice((self.json, self.forms)), rng.random() < 0.6
        case = maker.make(rng) if rng.random() < 0.4 else maker.right(rng)
        body = case["data"]
        named = {**case.get("headers", {}), "Content-Type": case.get("content_type")}
        lines = "".join(f"{key}: {value}\r\n" for key, value in named.items() if value)
        if rng.random() < 0.3:
            pieces = [body[:7], body[7:]]
            body = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces if p)
            body, lines = body + b"0\r\n\r\n", f"{lines}Transfer-Encoding: chunked\r\n"
        else:
            lines += f"Content-Length: {len(body)}\r\n"
        head = HEAD.format(case["method"], case["path"], lines).encode()
        if is_changed:
            head = mutate_bytes(head, rng, words=HEAD_WORDS)
        return head + body

    def run(self, case: bytes) -> bool:
        answer = self._answer(case)
        statuses = [int(one) for one in STATUS.findall(answer)]
        allowed = (*ALLOWED, 100, *([502] if NOT_FINITE in answer else []))
        if wrong := [one for one in statuses if one not in allowed]:
            raise Finding(f"status {wrong[0]}: {answer[:300]!r}")
        if b"Traceback (most" in answer:
            raise Finding("a traceback in the answer")
        said = self.process.messages()[self.said :]
        self.said += len(said)
        if "Traceback (most" in said:
            raise Finding(f"the server prints {said[-300:]!r}")
        if self.process.popen.poll() is not None:
            raise Finding(f"the server ended: {self.process.messages()[-300:]!r}")
        if self._rss_mib() - self.before > self.mib:
            raise Finding(f"the server has grown by more than {self.mib} MiB")
        return bool(statuses) and max(statuses) < 400

    def _rss_mib(self) -> float:
        return psutil.Process(self.process.popen.pid).memory_info().rss / 2**20

    def _answer(self, case: bytes) -> bytes:
        """All that the server sends until it closes the connection.

        What waits for more, of this request or for another, gets the end of the stream.
        """
        parts: list[bytes] = []
        with closing(socket.create_connection(("127.0.0.1", self.port))) as client:
            client.settimeout(PATIENCE)
            try:
                client.sendall(case)
                while True:
                    if not select([client], [], [], UNFINISHED)[0]:
                        client.shutdown(socket.SHUT_WR)
                    if not (part := client.recv(65536)):
                        break
                    parts.append(part)
            except TimeoutError as error:
                raise Finding(
                    f"after {PATIENCE:g} s only {b''.join(parts)[:100]!r} has come"
                ) from error
            except ConnectionError:  # it is allowed to close on what it refuses
                pass
        return b"".join(parts)
