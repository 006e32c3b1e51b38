"""NetworkSession: predictions in parts, saving and restoring, training steps."""

import numpy as np
import pytest

from helpers.training.network_session import NetworkSession
from helpers.training.networks import build

CARD = {"class_names": ["cat", "dog"], "image_size": 32, "seed": 9}


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (300, 32, 32, 3), np.uint8)


def test_many_images_are_predicted_in_parts(small, images):
    probabilities = small.session.predict(images)
    assert probabilities.shape == (300, 2)
    some = small.session.predict(images[200:203])
    np.testing.assert_allclose(probabilities[200:203], some, atol=1e-6)


def test_a_restored_session_answers_as_the_saved_one(small, images):
    other = NetworkSession(build("small", CARD))
    expected = small.session.predict(images)
    assert not np.allclose(other.predict(images), expected)
    other.restore(small.prefix)
    assert np.array_equal(other.predict(images), expected)
    other.close()


def test_another_networks_checkpoint_is_refused(small, resnet):
    with pytest.raises(ValueError, match="damaged, or another network's"):
        small.session.restore(resnet.prefix)


def test_a_learning_rate_of_0_changes_nothing(small, images):
    before = small.session.predict(images)
    targets = np.eye(2)[[0, 1, 0, 1]]
    small.session.step(images[:4] / np.float32(255), targets, 0.0)
    assert np.array_equal(before, small.session.predict(images))
