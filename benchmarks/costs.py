"""Where a photo's time goes, in core-milliseconds, and what each saving saves.

    python benchmarks/costs.py [FILE.pb]

Each line is the best of some rounds in one process, on one thread; wall-clock time of
the server's own part is in benchmarks/serving.py.
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


def milliseconds(function: Callable[[], object]) -> float:
    """Of processor time for one call, the best of ten rounds."""
    function()
    started = time.perf_counter()
    function()
    calls = max(1, round(0.05 / (time.perf_counter() - started)))
    rounds = []
    for _ in range(10):
        before = time.process_time()
        for _ in range(calls):
            function()
        rounds.append((time.process_time() - before) / calls)
    return 1e3 * min(rounds)


def costs(file: Path, photo: bytes) -> dict[str, float]:
    return {
        **decoding(photo),
        **forms(photo),
        **inference(file),
        **requests(file, photo),
    }


def decoding(photo: bytes) -> dict[str, float]:
    def whole():
        image = Image.open(io.BytesIO(photo)).convert("RGB")
        return np.asarray(image.resize((128, 128), Image.Resampling.BILINEAR))

    return {
        "decode: all pixels, then resize": milliseconds(whole),
        "decode: at the scale needed": milliseconds(lambda: decode_photo(photo, 128)),
    }


def forms(photo: bytes) -> dict[str, float]:
    from werkzeug.formparser import FormDataParser

    from webapp.forms import PhotoForm

    body = HEAD + photo + b"\r\n--edge--\r\n"

    def parsed_by(parser):
        told = ("multipart/form-data", len(body), {"boundary": "edge"})
        return milliseconds(lambda: parser().parse(io.BytesIO(body), *told))

    return {
        "form: Werkzeug's parser": parsed_by(FormDataParser),
        "form: by bytes.find": parsed_by(PhotoForm),
    }


def inference(file: Path) -> dict[str, float]:
    from helpers.serving.frozen_model import FrozenModel

    found = {}
    for quick in (False, True):
        model = FrozenModel.load(file, threads=1, quick=quick)
        name = "bfloat16" if model.bfloat16 else "float32"
        size = model.image_size
        for batch in (1, 8):
            images = np.random.default_rng(0).integers(
                0, 256, (batch, size, size, 3), np.uint8
            )
            found[f"network: {name}, a photo of a batch of {batch}"] = (
                milliseconds(lambda m=model, i=images: m.predict(i)) / batch
            )
        feed = {model.graph.get_tensor_by_name("images:0"): images[:1]}
        run = model.session.run
        found[f"network: {name}, by Session.run"] = milliseconds(
            lambda run=run, y=model.y_pred, feed=feed: run(y, feed)
        )
        call = model.session.make_callable(model.y_pred, list(feed))
        found[f"network: {name}, by make_callable"] = milliseconds(
            lambda call=call, images=images[:1]: call(images)
        )
        model.close()
    run = as_frozen(file)
    found[f"network: {name}, each Relu where the file has it"] = milliseconds(
        lambda: run(images[:1])
    )
    return found


def as_frozen(file: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The model in bfloat16, if the CPU has it, and else as the file has it."""
    from helpers.freezing.passes.optional.narrow_weights import widen
    from helpers.serving.frozen_model import read_graph_def
    from helpers.serving.model_spec import model_spec
    from helpers.serving.open_session import open_session
    from helpers.serving.precision import has_bfloat16

    graph_def = read_graph_def(file)
    widen(graph_def)
    card = model_spec(graph_def, file)
    return open_session(graph_def, card, threads=1, bfloat16=has_bfloat16()).run


def requests(file: Path, photo: bytes) -> dict[str, float]:
    """The app without a server, and of that what is neither photo nor network."""
    from helpers.serving.library import Library
    from webapp.app import create_app

    with Library.load({"model": file}) as library:
        client = create_app(library).test_client()
        model = library.model().model
        answer = model.predict(decode_photo(photo, model.image_size)[None])
        model.predict = lambda images: answer
        body = HEAD + photo + b"\r\n--edge--\r\n"
        form = {"data": body, "content_type": "multipart/form-data; boundary=edge"}
        return {
            "request: a form, without server and network": milliseconds(
                lambda: client.post("/predict", **form)
            ),
            "request: the photo as body, likewise": milliseconds(
                lambda: client.post("/predict", data=photo)
            ),
        }


def main(file: Path = SHIPPED) -> None:
    import_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        photo = write_photo(Path(folder), 500, 374).read_bytes()
    for what, took in costs(file, photo).items():
        print(f"{took:7.2f}  {what}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
