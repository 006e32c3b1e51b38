"""The photos that the benchmarks send, and the models that they publish."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from helpers.data.drawings import draw


def publish(model: Path, file: Path, version: int) -> None:
    """Add a version: copy the file, rename it, and delete the version before last."""
    place = model / f"{version}.pb"
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, place.with_suffix(".new"))
    place.with_suffix(".new").rename(place)
    (model / f"{version - 2}.pb").unlink(missing_ok=True)


def write_photo(folder: Path, width: int, height: int) -> Path:
    """Write a drawing with noise, so that its JPEG is as large as a photo; its path."""
    drawing = draw("dog", seed=3, size=512).resize((width, height))
    noise = np.random.default_rng(0).normal(0, 9, (height, width, 3))
    pixels = np.clip(np.asarray(drawing) + noise, 0, 255).astype(np.uint8)
    path = folder / f"{width}x{height}.jpg"
    Image.fromarray(pixels).save(path, quality=80)
    return path


def write_alexnet(folder: Path) -> Path:
    """Write a frozen AlexNet with its random initial weights, 233 MB; its path."""
    import tensorflow.compat.v1 as tf1

    from helpers.graphs.model_card import put_card
    from helpers.training.network_session import NetworkSession
    from helpers.training.networks import build

    card = {"class_names": ["cat", "dog"], "image_size": 227, "seed": 1}
    model = NetworkSession(build("alexnet", card))
    graph_def = tf1.graph_util.convert_variables_to_constants(
        model.session, model.network.graph.as_graph_def(), ["y_pred"]
    )
    model.close()
    put_card(graph_def, card)
    path = folder / "alexnet.pb"
    path.write_bytes(graph_def.SerializeToString())
    return path
