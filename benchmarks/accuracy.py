"""Accuracy, calibration and latency of frozen models on the test split of the photos.

python benchmarks/accuracy.py DATA [FILE.pb …]     the shipped models by default
"""

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np
from costs import as_frozen

from helpers.quiet import import_tensorflow
from helpers.serving.precision import WITHIN

COLUMNS = ("count", "accuracy", "calibration_error", "not_sure")
WIDTHS = (28, 7, 10, 19, 10)


def main(data: Path, paths: list[Path]) -> None:
    import_tensorflow()
    from helpers.data.data_sets import find_data_set
    from helpers.data.photos import drawn_examples, load_photos
    from helpers.serving.frozen_model import FrozenModel
    from helpers.training.evaluation import evaluate

    photos = load_photos(find_data_set(data))
    held_out = {"photos": photos, "drawings": drawn_examples(2000, seed=2)}
    for path in paths or sorted(ROOT.glob("checkpoints/frozen/*/*.pb")):
        with FrozenModel.load(path) as model:
            threshold = model.card.get("threshold")
            print(f"{path}: {_milliseconds(model, photos):.1f} ms for one photo")
            print(_row("tested on", COLUMNS))
            for name, result in evaluate(model, held_out, threshold).items():
                print(_row(name, (result.get(column, "") for column in COLUMNS)))
            print(_agreement(model, path, photos.of("test").images))


def _agreement(model, path: Path, images) -> str:
    """How often bfloat16, which the web app computes in, agrees with float32."""
    with type(model).load(path, quick=True) as quick:
        if not quick.bfloat16:
            return "bfloat16 is not used"
        exact, corrected, rounded = (
            np.concatenate([predict(part) for part in np.array_split(images, 80)])
            for predict in (model.predict, quick.predict, as_frozen(path))
        )
    lines = []
    for how, found in (
        ("each filter's sum preserved", corrected),
        ("each weight rounded independently", rounded),
    ):
        same = (found.argmax(1) == exact.argmax(1)).mean()
        near = (abs(found - exact).max(1) <= WITHIN).mean()
        lines.append(
            f"bfloat16, {how}: {same:.2%} of the labels equal, "
            f"{near:.2%} of the probabilities within {WITHIN}"
        )
    return "\n".join(lines)


def _milliseconds(model, photos) -> float:
    """Median latency of a prediction for one photo."""
    times = []
    for image in photos.images[:300]:
        started = time.perf_counter()
        model.predict(image[None])
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def _row(name: str, cells) -> str:
    cells = zip((name, *map(str, cells)), WIDTHS, strict=True)
    return "  ".join(f"{cell:<{width}}" for cell, width in cells).rstrip()


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
