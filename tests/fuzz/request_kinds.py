"""Mutated requests: parts of the server alone, and the app without its server."""

import base64
import json
import zlib
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote_from_bytes

from waitress.parser import ParsingError
from werkzeug.exceptions import HTTPException

from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.json_mutations import mutate_json_text
from tests.fuzz.kinds import Finding, Kind
from webapp.requests.bodies import unpacked
from webapp.serving.body_budget import BodyBudget, BodyShare
from webapp.serving.chunked_bodies import ChunkReceiver
from webapp.serving.framing import check_head, check_start

MOST = 1000  # bytes of a body
HEADS = (
    b"POST /predict?model=x HTTP/1.1\r\nHost: localhost:5000\r\nContent-Length: 5",
    b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nX: y",
    b"POST / HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\nCookie: a=b",
)
HEAD_WORDS = (
    b"\r\n",
    b"\n",
    b"\r",
    b" ",
    b":",
    b"\t",
    b"\0",
    b"Host: y\r\n",
    b"HTTP/1.0",
)
HEAD_WORDS += (
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"%",
    b"\x85",
)
# 502: a network answers numbers of the request with infinity or NaN.
NOT_FINITE = b"that are not finite"
ALLOWED = (*range(200, 210), *range(300, 309), *range(400, 452), 503, 504)


class Heads(Kind):
    """The lines before a body, as they come from a client."""

    name = "head"
    share = 200
    refusals = (ParsingError,)

    def make(self, rng: Random) -> bytes:
        head = rng.choice(HEADS)
        return mutate_bytes(head, rng, others=HEADS, words=HEAD_WORDS)

    def run(self, case: bytes) -> None:
        check_start(case, 0, len(case))
        check_head(case)


CHUNKS = (
    b"5\r\nhello\r\n0\r\n\r\n",
    b"3e8\r\n" + bytes(1000) + b"\r\n0\r\n\r\n",
    b"1\r\na\r\n" * 50 + b"0\r\n\r\n",
)


class Chunks(Kind):
    """Chunked bodies, in pieces of any size."""

    name = "chunked"
    share = 100

    def make(self, rng: Random) -> list[bytes]:
        words = (b"\r\n", b"0\r\n\r\n", b"ffffffff\r\n", b";a=b", b"+", b"0x")
        body = mutate_bytes(rng.choice(CHUNKS), rng, words=words)
        size = rng.choice((1, 2, 7, 100, 10_000))
        if size < len(body) / 2000:
            size = 10_000
        return [body[start : start + size] for start in range(0, len(body), size)]

    def run(self, case: list[bytes]) -> bool:
        receiver = ChunkReceiver(MOST, BodyShare(BodyBudget(10**9)))
        for piece in case:
            used = receiver.received(piece)
            if not 0 <= used <= len(piece):
                raise Finding(f"{used} of {len(piece)} bytes were taken")
            if receiver.completed or receiver.error:
                break
        if len(receiver) > MOST + max(map(len, case), default=0):
            raise Finding(f"{len(receiver)} bytes are kept, at most {MOST} are allowed")
        return receiver.error is None and receiver.completed


PACKED = (
    ("deflate", zlib.compress(b"x" * 5000)),
    ("gzip", zlib.compress(b"x" * 500_000, wbits=31)),
)


class PackedBodies(Kind):
    """Bodies with a Content-Encoding."""

    name = "packed-body"
    share = 30
    refusals = (HTTPException,)

    def make(self, rng: Random) -> tuple[str, bytes]:
        name, body = rng.choice(PACKED)
        if rng.random() < 0.1:
            name = mutate_bytes(name.encode(), rng).decode("latin-1")
        return name, mutate_bytes(body, rng)

    def run(self, case: tuple[str, bytes]) -> None:
        name, body = case
        if len(unpacked(body, name, 100_000)) > 100_000:
            raise Finding("more bytes than the limit came out")


class AppKind(Kind):
    """What sends requests to the app, which serves a small graph of each kind."""

    def __init__(self, folder: Path) -> None:
        from helpers.serving.library import Library
        from tests.webapp.running_app import photo
        from tests.webapp.small_graphs import write_kinds
        from webapp.app import create_app

        super().__init__(folder)
        self.library = Library.load(write_kinds(folder / "made"))
        app = create_app(self.library)
        self.names = self.library.names
        self.client = app.test_client()
        self.photos = [photo("red"), photo("green", "JPEG")]

    def close(self) -> None:
        self.library.close()

    def run(self, case: dict[str, Any]) -> bool:
        with self.client.open(**case) as answer:
            text = answer.get_data()
            if answer.status_code not in ALLOWED and NOT_FINITE not in text:
                raise Finding(f"status {answer.status_code}: {text[:300]!r}")
            if b"Traceback (most" in text:
                raise Finding(f"a traceback in the answer: {text[:300]!r}")
            return answer.status_code < 400


ROUTES = ("/", "/models", "/predict", "/explain", "/metrics", "/healthz", "/readyz")
ROUTES += (
    "/openapi.json",
    "/v1/models",
    "/v2",
    "/v2/health/ready",
    "/static/camera.js",
)


class Forms(AppKind):
    """Multipart bodies."""

    name = "multipart"
    share = 60

    def make(self, rng: Random) -> dict[str, Any]:
        request = self.right(rng)
        words = (b"--x1y2", b"\r\n", b"--", b'"', b"filename*=UTF-8''%ff", b"\0", b"; ")
        return request | {"data": mutate_bytes(request["data"], rng, words=words)}

    def right(self, rng: Random) -> dict[str, Any]:
        """A request with a form as browsers send it."""
        photo, edge = rng.choice(self.photos), "x1y2"
        described = b'name="image"; filename="a.png"\r\nContent-Type: image/png'
        fields = [("top", b"3"), ("model", rng.choice(self.names).encode())]
        head = b"--%s\r\nContent-Disposition: form-data; " % edge.encode()
        body = head + described + b"\r\n\r\n" + photo + b"\r\n"
        for name, value in rng.sample(fields, rng.randrange(3)):
            body += head + f'name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
        body += f"--{edge}--\r\n".encode()
        return {
            "path": rng.choice(("/predict", "/explain")),
            "method": "POST",
            "data": body,
            "content_type": f"multipart/form-data; boundary={edge}",
            "headers": {"Accept": rng.choice(("text/html", "application/json"))},
        }


class Queries(AppKind):
    """Addresses and query strings of every route."""

    name = "query"
    share = 50

    def make(self, rng: Random) -> dict[str, Any]:
        name = rng.choice(self.names)
        path = rng.choice((*ROUTES, f"/v1/models/{name}", f"/v2/models/{name}/ready"))
        if rng.random() < 0.4:
            path = mutate_bytes(
                path.encode(), rng, words=(b"..", b"//", b"%00")
            ).decode("latin-1")
        query = f"model={name}&top=3&kind=x&fragment=1".encode()
        words = (b"%", b"%ff", b"&", b"=", b"model=", b"top=", b"+", b";", b"9" * 5000)
        return {
            "path": "/",
            "method": rng.choice(("GET", "POST", "HEAD", "OPTIONS", "PUT")),
            "environ_overrides": {
                "PATH_INFO": "/" + path.lstrip("/"),
                "QUERY_STRING": quote_from_bytes(
                    mutate_bytes(query, rng, words=words), safe="=&;+%/?"
                ),
            },
            "headers": {"Accept": rng.choice(("text/html", "application/json", "*/*"))},
        }


class Json(AppKind):
    """JSON bodies of both APIs."""

    name = "json"
    share = 80

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.requests = api_requests(self.photos[0])

    def make(self, rng: Random) -> dict[str, Any]:
        right = self.right(rng)
        path, body = right["path"], mutate_json_text(right["data"], rng)
        if rng.random() < 0.1:
            path = path.replace(path.split("/")[3], rng.choice(self.names))
        headers = {}
        if path.startswith("/v2") and rng.random() < 0.3:
            length = rng.choice((len(body), 0, -1, 10**30, "x", len(body) // 2))
            headers["Inference-Header-Content-Length"] = str(length)
            body += rng.randbytes(rng.randrange(40))
        return right | {"path": path, "data": body, "headers": headers}

    def right(self, rng: Random) -> dict[str, Any]:
        """A request that is answered with 200."""
        path, request = rng.choice(self.requests)
        return {"path": path, "method": "POST", "data": json.dumps(request).encode()}


def api_requests(photo: bytes) -> list[tuple[str, dict]]:
    """Right requests to the models of `small_graphs.KINDS`: an address and its JSON."""
    encoded = {"b64": base64.b64encode(photo).decode()}
    pixels = [[[0.1, 0.5, 0.9]] * 8] * 8
    both = {"ids": [1, 2, 3], "words": "a"}
    rows = {
        "many": [encoded, {"image": encoded}, pixels],
        "jpeg": [encoded],
        "embedding": [encoded, pixels],
        "sigmoid": [encoded],
        "price": [[1.0, 2.0], {"features": [1, 2]}],
        "two-ends": [both],
        "one": [[1.0, 2.0, 3.0]],
        "lookup": [1, {"ids": 2}],
    }
    found: list[tuple[str, dict]] = [
        (f"/v1/models/{name}:predict", {"instances": [value]})
        for name, values in rows.items()
        for value in values
    ]
    columns = {
        "price": {"features": [[1.0, 2.0], [3.0, 4.0]]},
        "two-ends": {"ids": [[1, 2, 3]], "words": ["a"]},
        "flags": {"mask": [[True, False]], "factor": 2.0},
    }
    found += [
        (f"/v1/models/{name}:predict", {"inputs": value, "signature_name": ""})
        for name, value in columns.items()
    ]
    classified = {"examples": [{"image": encoded}], "context": {}}
    found.append(("/v1/models/many:classify", classified))
    tensors = {
        "price": [("features", "FP32", [1, 2], [1, 2])],
        "lookup": [("ids", "INT64", [2], [1, 3])],
        "many": [("images", "BYTES", [1], [encoded["b64"]])],
        "two-ends": [
            ("ids", "INT32", [1, 3], [1, 2, 3]),
            ("words", "BYTES", [1], ["a"]),
        ],
        "flags": [
            ("mask", "BOOL", [1, 2], [True, False]),
            ("factor", "FP32", [], [2.0]),
        ],
    }
    fields = ("name", "datatype", "shape", "data")
    for name, given in tensors.items():
        inputs = [dict(zip(fields, one, strict=True)) for one in given]
        for more in ({"id": "1"}, {"parameters": {"binary_data_output": True}}):
            found.append((f"/v2/models/{name}/infer", {"inputs": inputs} | more))
    return found


HEADERS = {
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "en,de;q=0.5",
    "Authorization": "Bearer token",
    "Content-Encoding": "gzip",
    "Content-Type": "multipart/form-data; boundary=x1",
    "Cookie": "a=b; c=d",
    "Host": "localhost:5000",
    "If-Modified-Since": "Sat, 28 Nov 2026 11:00:00 GMT",
    "If-None-Match": 'W/"abc"',
    "Inference-Header-Content-Length": "12",
    "Origin": "http://localhost:5000",
    "Range": "bytes=0-5,7-",
    "Referer": "http://localhost/",
    "Sec-Fetch-Site": "same-origin",
    "X-Forwarded-For": "1.2.3.4",
    "X-Forwarded-Host": "example.org",
    "X-Forwarded-Prefix": "/a",
    "X-Forwarded-Proto": "https",
    "X-Request-ID": "abc-123",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


class HeaderValues(AppKind):
    """Headers that routes, the access log and the proxy settings read."""

    name = "header"
    share = 50

    def __init__(self, folder: Path) -> None:
        from webapp.proxy_headers import ProxyHeaders, TrustedProxies

        super().__init__(folder)
        app = self.client.application
        app.wsgi_app = ProxyHeaders(app.wsgi_app, "", TrustedProxies.parse("127.0.0.1"))

    def make(self, rng: Random) -> dict[str, Any]:
        names = rng.sample([*HEADERS], rng.randrange(1, 4))
        environ = {}
        for name in names:
            value = HEADERS[name].encode()
            words = (b",", b";", b"q=", b"=", b'"', b"*", b"%", b"\xff", b"9" * 5000)
            changed = mutate_bytes(value, rng, words=words).translate(None, b"\r\n\0")
            plain = name in ("Content-Type", "Content-Length")
            key = name.upper().replace("-", "_")
            environ[key if plain else f"HTTP_{key}"] = changed.decode("latin-1")
        path = rng.choice((*ROUTES, f"/v2/models/{rng.choice(self.names)}/infer"))
        is_post = "predict" in path or "infer" in path or "explain" in path
        return {
            "path": path,
            "method": "POST" if is_post else "GET",
            "environ_overrides": environ,
            "data": rng.choice(self.photos) if is_post else None,
        }
