"""Measures the CPU time of each step of a prediction, with and without optimisations.

    python benchmarks/costs.py [FILE.pb]

Each line is the minimum of ten rounds in one process, on one thread, in milliseconds.
benchmarks/serving.py measures the whole server.
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
from materials import write_photo
from PIL import Image

from helpers.data.decoding import decode_photo
from helpers.quiet import import_tensorflow

SHIPPED = ROOT / "checkpoints/frozen/dogs-cats-small/1.pb"
HEAD = (
    b'--edge\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
)


def milliseconds(function: Callable[..., object], *arguments, **options) -> float:
    """CPU time of one call with these arguments: the minimum of ten rounds."""
    function(*arguments, **options)
    started = time.perf_counter()
    function(*arguments, **options)
    calls = max(1, round(0.05 / (time.perf_counter() - started)))
    rounds = []
    for _ in range(10):
        before = time.process_time()
        for _ in range(calls):
            function(*arguments, **options)
        rounds.append((time.process_time() - before) / calls)
    return 1e3 * min(rounds)


def decoding(photo: bytes) -> dict[str, float]:
    def decode_all():
        image = Image.open(io.BytesIO(photo)).convert("RGB")
        return np.asarray(image.resize((128, 128), Image.Resampling.BILINEAR))

    return {
        "decode: all pixels, then resize": milliseconds(decode_all),
        "decode: at the scale needed": milliseconds(decode_photo, photo, 128),
    }


def forms(photo: bytes) -> dict[str, float]:
    from werkzeug.formparser import FormDataParser

    from webapp.requests.forms import PhotoForm

    body = HEAD + photo + b"\r\n--edge--\r\n"

    headers = ("multipart/form-data", len(body), {"boundary": "edge"})

    def parse_by(parser):
        parser().parse(io.BytesIO(body), *headers)

    return {
        "form: Werkzeug's parser": milliseconds(parse_by, FormDataParser),
        "form: by bytes.find": milliseconds(parse_by, PhotoForm),
    }


def inference(file: Path) -> dict[str, float]:
    from helpers.serving.frozen_model import FrozenModel

    found = {}
    for quick in (False, True):
        model = FrozenModel.load(file, threads=1, quick=quick)
        name = "bfloat16" if model.bfloat16 else "float32"
        size = model.image_size
        for batch in (1, 8):
            shape = (batch, size, size, 3)
            images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
            took = milliseconds(model.predict, images) / batch
            found[f"network: {name}, a photo of a batch of {batch}"] = took
        feed = {model.graph.get_tensor_by_name("images:0"): images[:1]}
        took = milliseconds(model.session.run, model.y_pred, feed)
        found[f"network: {name}, by Session.run"] = took
        call = model.session.make_callable(model.y_pred, list(feed))
        found[f"network: {name}, by make_callable"] = milliseconds(call, images[:1])
        model.close()
    took = milliseconds(as_frozen(file), images[:1])
    found[f"network: {name}, Relu not moved before MaxPool"] = took
    return found


def as_frozen(file: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The model's graph unchanged, in bfloat16 if the CPU has it: images to rows."""
    from helpers.serving.model_file import read_model
    from helpers.serving.open_session import open_session
    from helpers.serving.precision import has_bfloat16

    return open_session(*read_model(file), threads=1, bfloat16=has_bfloat16()).run


def requests(file: Path, photo: bytes) -> dict[str, float]:
    """CPU time of a request in Flask, without HTTP server and network."""
    from helpers.serving.library import Library
    from webapp.app import create_app

    with Library.load({"model": file}) as library:
        client = create_app(library).test_client()
        model = library.model().model
        answer = model.predict(decode_photo(photo, model.image_size)[None])
        model.predict = lambda images: answer  # type: ignore[method-assign]  # no network
        body = HEAD + photo + b"\r\n--edge--\r\n"
        form = {"data": body, "content_type": "multipart/form-data; boundary=edge"}
        as_form = milliseconds(client.post, "/predict", **form)
        as_body = milliseconds(client.post, "/predict", data=photo)
    return {
        "request: a form, without server and network": as_form,
        "request: the photo as the body, without server and network": as_body,
    }


def main(file: Path = SHIPPED) -> None:
    import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        photo = write_photo(Path(folder), 500, 374).read_bytes()
    costs = decoding(photo) | forms(photo) | inference(file) | requests(file, photo)
    for what, took in costs.items():
        print(f"{took:7.2f}  {what}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
