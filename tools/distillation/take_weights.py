"""Makes a finished checkpoint of the student's weights, calibrated and evaluated.

    python tools/distillation/take_weights.py OUT/student.npz DATA checkpoints/resnet

From there on it is any other training's: `python -m helpers freeze` freezes it.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from helpers.quiet import import_tensorflow

import_tensorflow()

import tensorflow as tf  # noqa: E402

from helpers.data.data_sets import find_data_set  # noqa: E402
from helpers.data.photos import drawn_examples, load_photos  # noqa: E402
from helpers.data.split_folders import SPLITS  # noqa: E402
from helpers.training.checkpoint_folder import FINISHED, CheckpointFolder  # noqa: E402
from helpers.training.evaluation import calibrate, evaluate  # noqa: E402
from helpers.training.input_pipeline import DRAWINGS  # noqa: E402
from helpers.training.network_session import NetworkSession  # noqa: E402
from helpers.training.networks import build  # noqa: E402
from helpers.training.runs import ASIRRA  # noqa: E402

SIZE = 128
COLUMNS = {"epoch": "epochs", "loss": "loss", "validation": "validation"}


def take(weights: Path, data: Path, out: Path) -> dict:
    """Write the checkpoint into folder `out`; returns its card."""
    report = json.loads(weights.with_suffix(".json").read_text())
    photos = load_photos(find_data_set(data), SIZE)
    held_out = {
        "photos": photos,
        "drawings": drawn_examples(DRAWINGS, seed=2, size=SIZE),
    }
    card = {
        "network": "resnet",
        "class_names": list(photos.class_names),
        "image_size": SIZE,
        "pixels": "0..1",
        "input": "x:0",
        "output": "y_pred:0",
        "seed": report["seed"],
        "data": f"{photos.source}, {report['drawings']:,} drawings, "
        f"{report['outliers']:,} pictures of nothing known",
        "splits": {name: len(photos.of(name).labels) for name in SPLITS},
        "epochs": report["history"][-1]["epochs"],
        "minutes": report["minutes"],
        "trained_with": f"PyTorch {report['torch']} on one {report['device']}, "
        "taught by a larger network",
        "train_command": "python tools/distillation/train.py PACKED OUT",
        "tensorflow": tf.__version__,
        "licence": ASIRRA,
        "history": {
            name: [line[key] for line in report["history"]]
            for name, key in COLUMNS.items()
        },
    }
    session = NetworkSession(build("resnet", card))
    session.assign(dict(np.load(weights)))
    card |= calibrate(session, held_out)
    card["held_out"] = evaluate(session, held_out, card["threshold"])

    def write(prefix: str) -> None:
        session.save(prefix, write_state=False)
        session.write_meta(prefix, card)

    out.mkdir(parents=True, exist_ok=True)
    CheckpointFolder(out).save(FINISHED, write)
    return card


if __name__ == "__main__":
    for name, result in take(*map(Path, sys.argv[1:4]))["held_out"].items():
        print(name, {key: result[key] for key in result if key != "reliability"})
