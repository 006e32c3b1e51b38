"""bfloat16 is used if the CPU has it and the probabilities agree."""

import numpy as np
import pytest

from helpers.serving import open_session
from helpers.serving.frozen_model import FrozenModel
from helpers.serving.precision import PROBES, agree, has_bfloat16, probe_images
from tests.serving.made_graphs import image_net, sigmoid, softmax, write_graph

needs_bfloat16 = pytest.mark.skipif(not has_bfloat16(), reason="no bfloat16 here")


@pytest.fixture
def expected(small):
    """The float32 probabilities of the probe images."""
    with FrozenModel.load(small.path) as exact:
        return exact.predict(probe_images(32))


def test_probes_are_always_the_same_and_all_different():
    images = probe_images(32)
    assert (images.shape, images.dtype) == ((PROBES, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(images, probe_images(32))
    assert len(np.unique(images.reshape(PROBES, -1), axis=0)) == PROBES


@pytest.mark.parametrize(("change", "agreed"), [(0.019, True), (0.021, False)])
def test_answers_agree_within_two_hundredths(change, agreed):
    some = np.full([PROBES, 1, 2], 0.5)
    others = some.copy()
    others[3, 0, 1] += change
    assert agree(some, others) is agreed


@needs_bfloat16
def test_a_model_runs_in_bfloat16_where_that_agrees(small, expected):
    with FrozenModel.load(small.path, quick=True) as model:
        assert model.bfloat16
        found = model.predict(probe_images(32))
    assert 0 < np.abs(found - expected).max() < 0.02


@needs_bfloat16
def test_a_model_that_does_not_agree_stays_exact(small, expected, monkeypatch):
    monkeypatch.setattr(open_session, "agree", lambda *_: False)
    with FrozenModel.load(small.path, quick=True) as model:
        assert not model.bfloat16
        np.testing.assert_array_equal(model.predict(probe_images(32)), expected)


@pytest.mark.parametrize(
    ("shape", "head", "stated"),
    [
        ((None, 8, 16, 3), softmax, {}),
        ((None, 3, 8, 8), softmax, {}),
        ((None, 8, 8, 3), sigmoid, {"output_is": "sigmoid", "class_names": ["a", "b"]}),
        ((1, 8, 8, 3), softmax, {}),
    ],
    ids=["wide", "channels first", "sigmoid", "one at a time"],
)
def test_graphs_of_other_kinds_agree_with_float32(
    tmp_path, monkeypatch, shape, head, stated
):
    monkeypatch.setattr(open_session, "has_bfloat16", lambda: True)
    path = write_graph(tmp_path / "net.pb", image_net(head, shape))
    stated = {"class_names": [*"abc"], "pixels": "0..1"} | stated
    with (
        FrozenModel.load(path, stated=stated, quick=True) as quick,
        FrozenModel.load(path, stated=stated) as exact,
    ):
        images = probe_images(exact.image_shape[:2], 4)
        assert agree(quick.predict(images), exact.predict(images))


def test_values_are_computed_exactly(tmp_path, monkeypatch):
    monkeypatch.setattr(open_session, "has_bfloat16", lambda: True)
    path = write_graph(tmp_path / "net.pb", image_net(lambda means: 1000 * means))
    stated = {"output_is": "values", "pixels": "0..1"}
    with FrozenModel.load(path, stated=stated, quick=True) as model:
        assert not model.bfloat16


def test_without_bfloat16_it_is_not_tried(small, monkeypatch):
    monkeypatch.setattr(open_session, "has_bfloat16", lambda: False)
    with FrozenModel.load(small.path, quick=True) as model:
        assert not model.bfloat16
