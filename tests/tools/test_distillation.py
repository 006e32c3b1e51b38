"""tools/distillation: packed photos, and weights that TensorFlow's graph takes.

PyTorch is no requirement of the project, so the networks themselves are trained and
compared where it is; here is what needs none.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from helpers.data.drawings import draw
from helpers.data.photos import Examples, examples_in
from helpers.training.network_session import NetworkSession
from helpers.training.networks import build, model_variables
from tools.distillation import photos

RUNS = Path(photos.__file__).parent / "runs.json"
FITTED = ("kernel", "bias", "gamma", "beta")
CARD = {"class_names": ["cat", "dog"], "image_size": 32, "seed": 9}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Sixty drawings as photos of two classes."""
    root = tmp_path_factory.mktemp("data")
    for kind in ("cat", "dog"):
        (root / kind).mkdir()
        for seed in range(30):
            draw(kind, seed, 150).save(root / kind / f"{seed}.png")
    return root


@pytest.fixture(scope="module")
def unpacked(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("packed")
    photos.pack(data, out)
    return photos.unpack(out)


def test_what_is_packed_comes_back_in_its_size_without_photos_for_tests(unpacked, data):
    images, labels, validation = unpacked
    expected = examples_in(data, size=photos.SIDE)
    wanted = {"train": ~validation, "validation": validation}
    assert len(labels) == len(expected.labels) - len(expected.of("test").labels)
    for split, rows in wanted.items():
        assert same_photos(expected.of(split), images[rows], labels[rows])


def same_photos(expected: Examples, images, labels) -> bool:
    """Whether they are the same, but for their order and the way of resizing."""
    if len(labels) != len(expected.labels):
        return False
    found = [
        np.abs(image.astype(int) - expected.images).mean(axis=(1, 2, 3))
        for image in images
    ]
    places = np.argmin(found, axis=1)
    return (
        len(set(places)) == len(labels)
        and np.max(np.min(found, axis=1)) < 3
        and np.array_equal(expected.labels[places], labels)
    )


def test_drawings_and_pictures_of_nothing_known_are_labelled():
    images, labels = photos.drawn(photos.CHUNK, photos.CHUNK)
    assert images.shape == (2 * photos.CHUNK, photos.SIDE, photos.SIDE, 3)
    assert sorted(set(labels)) == [-1, 0, 1]
    assert (labels == -1).sum() == photos.CHUNK


def test_the_student_is_the_resnet_of_the_course():
    student = json.loads(RUNS.read_text())["student"]
    graph = build("resnet", CARD | {"image_size": 128}).graph
    fitted = [v for v in model_variables(graph) if v.op.name.split("/")[-1] in FITTED]
    count = sum(math.prod(v.shape.as_list()) for v in fitted)
    assert count == student["parameters"]


def test_assigned_values_are_predicted_with_and_are_the_averages():
    session, other = (
        NetworkSession(build("resnet", CARD | {"seed": seed})) for seed in (1, 2)
    )
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    with session.network.graph.as_default():
        names = {v.op.name: v for v in model_variables(session.network.graph)}
    values = session.session.run(names)
    other.assign(values)
    expected = session.predict(images)
    np.testing.assert_allclose(other.predict(images), expected, atol=1e-6)
    other.fold_averages()
    np.testing.assert_allclose(other.predict(images), expected, atol=1e-6)
    session.close()
    other.close()


def test_a_missing_value_is_named(resnet):
    with pytest.raises(ValueError, match="no values for head/bias, head/kernel"):
        resnet.session.assign({})
