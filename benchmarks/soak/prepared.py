"""The requests of the soak test, made before it starts, and what answers them."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from benchmarks.soak.exchange import get, post
from benchmarks.soak.photos import Photo

EDGE = "------------------------d74496d66958873e"  # as curl's
FORM = f"Content-Type: multipart/form-data; boundary={EDGE}"
JSON = "Content-Type: application/json"
BINARY = "Inference-Header-Content-Length: 0"
BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
PAGES = (
    *("/", "/models", "/v1/models", "/v2", "/openapi.json", "/static/page.js"),
    *("/readyz", "/v2/health/ready"),
)


class Prepared(NamedTuple):
    """A request, how often it is sent, and what its answer must be.

    Attributes:
      weight: how often it is sent, compared with the others.
      reader: the function of readers.py that reads the answer's numbers.
      photo: whose numbers they must be; with the name of the model.
    """

    kind: str
    data: bytes
    weight: float
    reader: str = ""
    photo: tuple[str, str] | None = None


def photo_requests(
    photo: Photo, model: str, share: float, explained: float
) -> Iterator[Prepared]:
    """Every way to ask a model about a photo.

    Args:
      share: how often this model is asked, compared with the others.
      explained: how often the answer is explained, compared with being asked for.
    """
    for kind, weight, reader, make in WAYS:
        if photo.is_large and kind not in FOR_LARGE:
            continue
        often = share * weight * photo.weight
        key = (photo.name, model)
        yield Prepared(kind, make(photo.data, model), often, reader, key)
    if not photo.is_large:
        data = post(f"/explain?model={model}", photo.data)
        often = share * explained * photo.weight
        yield Prepared("explain", data, often, "explain", (photo.name, model))


def page_requests(model: str) -> Iterator[Prepared]:
    """Pages and descriptions, as browsers and as programs ask for them."""
    described = (f"/v1/models/{model}/metadata", f"/v2/models/{model}/ready")
    for path in (*PAGES, f"/v1/models/{model}", *described):
        yield Prepared("page", get(path, BROWSER), 1)
        yield Prepared("page", get(path), 1)


def bad_requests(files: dict[str, bytes], model: str) -> Iterator[Prepared]:
    """What must be refused with a status of 4xx."""
    for data in files.values():
        photo = {"instances": [{"b64": base64.b64encode(data).decode()}]}
        yield Prepared("bad photo", post("/predict", data), 1)
        yield Prepared("bad photo", post("/predict", _form(data), FORM, BROWSER), 1)
        yield Prepared("bad photo", _v1(model, "predict", photo), 1)
    for body in (b"", b"{", b"[]", b'{"instances": []}', b"[" * 5000, b'{"a": 1e999}'):
        for path in (f"/v1/models/{model}:predict", f"/v2/models/{model}/infer"):
            yield Prepared("bad JSON", post(path, body, JSON), 1)
    yield Prepared("bad request", get("/there-is-no-such-page"), 1)
    yield Prepared("bad request", get("/predict"), 1)
    yield Prepared("bad request", post("/predict?model=none", b"x"), 1)
    yield Prepared("bad request", post("/predict", b"no form", FORM), 1)
    yield Prepared("bad request", b"NONSENSE\r\n\r\n", 1)
    twice = post("/predict", b"x", "Transfer-Encoding: chunked")
    yield Prepared("bad request", twice, 1)


def _form(photo: bytes, model: str = "") -> bytes:
    named = f'--{EDGE}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{model}'
    head = (
        f"{named}\r\n--{EDGE}\r\n"
        'Content-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    )
    return head.encode() + photo + f"\r\n--{EDGE}--\r\n".encode()


def _raw(photo: bytes, model: str) -> bytes:
    return post(f"/predict?model={model}", photo, "Content-Type: image/jpeg")


def _multipart(photo: bytes, model: str) -> bytes:
    return post("/predict", _form(photo, model), FORM)


def _page(photo: bytes, model: str) -> bytes:
    return post("/predict", _form(photo, model), FORM, BROWSER)


def _v1(model: str, verb: str, body: dict) -> bytes:
    return post(f"/v1/models/{model}:{verb}", json.dumps(body).encode(), JSON)


def _predict(photo: bytes, model: str) -> bytes:
    encoded = base64.b64encode(photo).decode()
    return _v1(model, "predict", {"instances": [{"b64": encoded}]})


def _classify(photo: bytes, model: str) -> bytes:
    encoded = base64.b64encode(photo).decode()
    return _v1(model, "classify", {"examples": [{"image": {"b64": encoded}}]})


def _infer(photo: bytes, model: str) -> bytes:
    sent = {"name": "photos", "datatype": "BYTES", "shape": [1]}
    sent["data"] = [base64.b64encode(photo).decode()]
    body = json.dumps({"inputs": [sent]}).encode()
    return post(f"/v2/models/{model}/infer", body, JSON)


def _infer_binary(photo: bytes, model: str) -> bytes:
    return post(f"/v2/models/{model}/infer", photo, BINARY)


# Kind, how often it is sent compared with the others, reader, and how it is made.
WAYS: tuple[tuple[str, float, str, Callable[[bytes, str], bytes]], ...] = (
    ("body", 30, "predict", _raw),
    ("form", 25, "predict", _multipart),
    ("page of an answer", 8, "page", _page),
    (":predict", 12, "predictions", _predict),
    (":classify", 6, "scores", _classify),
    ("/infer, JSON", 6, "outputs", _infer),
    ("/infer, binary", 10, "outputs", _infer_binary),
)
FOR_LARGE = ("body", "form", "/infer, binary")
