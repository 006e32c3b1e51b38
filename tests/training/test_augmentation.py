"""Augmentation: random parameters, and the images that they give."""

import numpy as np
import pytest

from helpers.data.drawings import draw
from helpers.training.augmentation import Augmenter, random_augmentations


@pytest.fixture(scope="module")
def images():
    return np.stack([np.asarray(draw("cat", seed, 40)) for seed in range(64)])


@pytest.fixture(scope="module")
def augmenter():
    made = Augmenter(32)
    yield made
    made.close()


def test_augmented_images_are_floats_of_the_wanted_size(augmenter, images):
    augmented = augmenter(images[:16], np.random.default_rng(0))
    assert (augmented.shape, augmented.dtype) == ((16, 32, 32, 3), np.float32)
    assert augmented.min() >= 0
    assert augmented.max() <= 1


def test_the_same_seed_augments_alike(augmenter, images):
    first, again = (augmenter(images, np.random.default_rng([1, 2])) for _ in range(2))
    assert np.array_equal(first, again)


def test_copies_of_an_image_are_augmented_differently(augmenter, images):
    copies = np.repeat(images[:1], 16, axis=0)
    augmented = augmenter(copies, np.random.default_rng(0))
    assert len({image.tobytes() for image in augmented}) == 16


def test_the_mean_brightness_stays(augmenter, images):
    augmented = augmenter(images, np.random.default_rng(0))
    assert augmented.mean() == pytest.approx(images.mean() / 255, abs=0.1)


def parameters(strength=1.0):
    """Of the augmentation of 1000 images."""
    return random_augmentations(1000, 32, np.random.default_rng(0), strength)


def test_crops_lie_inside_the_image_and_half_of_them_are_flipped():
    boxes = parameters().boxes
    top, left, bottom, right = boxes.T
    assert boxes.min() >= 0
    assert boxes.max() <= 1 + 1e-6
    assert np.all(top < bottom)
    assert (left > right).mean() == pytest.approx(0.5, abs=0.06)


def test_crops_have_other_shapes():
    top, left, bottom, right = parameters().boxes.T
    shapes = np.abs(right - left) / (bottom - top)
    assert shapes.min() < 0.85
    assert shapes.max() > 1.18


def test_a_lower_strength_changes_images_less():
    full, weak = parameters(), parameters(0.5)
    for drawn, smallest in ((full, 0.49), (weak, 0.73)):
        assert (drawn.boxes[:, 2] - drawn.boxes[:, 0]).min() > smallest
    assert np.abs(weak.brightness).max() < np.abs(full.brightness).max()
    spread = [np.abs(drawn.colours - np.eye(3)).mean() for drawn in (weak, full)]
    assert spread[0] < spread[1]


def test_strength_0_may_only_flip():
    drawn = parameters(0.0)
    assert np.ptp(np.sort(drawn.boxes[:, [1, 3]], axis=1), axis=0).max() == 0
    assert drawn.colours == pytest.approx(np.tile(np.eye(3), (1000, 1, 1)), abs=1e-6)
    assert not drawn.brightness.any()
    assert not drawn.thumbnails.any()
