"""Drawings, and the sample pictures that tools/draw_samples.py makes of them."""

import numpy as np
import pytest
from PIL import Image

from helpers.data.drawings import CLASS_NAMES, OTHER_KINDS, draw, make_drawings
from tests.data.made_files import message_of
from tools.draw_samples import ROOT, sample_pictures, write_samples

SAMPLES = ROOT / "data" / "samples"
ALL_KINDS = (*CLASS_NAMES, *OTHER_KINDS)


@pytest.fixture(scope="module")
def drawings():
    return make_drawings(800, seed=5, size=32)


def pixels(kind, seed, size=64):
    return np.asarray(draw(kind, seed, size))


def test_drawings_are_uint8_images_with_int64_labels():
    images, labels = make_drawings(6, size=96)
    assert (images.shape, images.dtype) == ((6, 96, 96, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((6,), np.int64)


def test_the_same_seed_draws_the_same_pixels():
    first, second = make_drawings(8, seed=3), make_drawings(8, seed=3)
    assert np.array_equal(first[0], second[0])
    assert np.array_equal(first[1], second[1])


@pytest.mark.parametrize("other", [4, -3])
def test_another_seed_draws_others(other):
    first, second = make_drawings(8, seed=3), make_drawings(8, seed=other)
    assert not np.array_equal(first[0], second[0])


def test_a_negative_seed_is_not_its_positive():
    assert not np.array_equal(pixels("cat", -7), pixels("cat", 7))


def test_no_two_drawings_of_a_set_are_equal(drawings):
    images, _ = drawings
    assert len({image.tobytes() for image in images}) == len(images)


@pytest.mark.parametrize("count", [0, 1, 7, 100])
def test_classes_are_balanced(count):
    _, labels = make_drawings(count, size=16)
    cats, dogs = np.bincount(labels, minlength=2)
    assert cats - dogs == count % 2


def test_classes_are_shuffled(drawings):
    _, labels = drawings
    changes = np.count_nonzero(np.diff(labels))
    assert 0.4 < changes / len(labels) < 0.6


def test_labels_say_what_is_drawn():
    """Cats differ from dogs on average as the cats and dogs of `draw` do."""
    cats, dogs = (
        np.mean([pixels(kind, seed, 16) for seed in range(150)], axis=0)
        for kind in CLASS_NAMES
    )
    images, labels = make_drawings(300, seed=6, size=16)
    difference = images[labels == 0].mean(axis=0) - images[labels == 1].mean(axis=0)
    assert np.corrcoef(difference.ravel(), (cats - dogs).ravel())[0, 1] > 0.4


def test_mean_colour_does_not_tell_the_class(drawings):
    images, labels = drawings
    colours = images.mean(axis=(1, 2))  # [N, 3]
    known, held_out = slice(0, 400), slice(400, 800)
    means = [colours[known][labels[known] == label].mean(axis=0) for label in (0, 1)]
    distances = [np.linalg.norm(colours[held_out] - mean, axis=1) for mean in means]
    assert np.mean(np.argmin(distances, axis=0) == labels[held_out]) < 0.6


def test_cat_and_dog_of_one_seed_are_in_the_same_place():
    corners = [[pixels(kind, seed)[0, 0] for seed in range(20)] for kind in CLASS_NAMES]
    assert np.all(np.equal(*corners), axis=1).sum() >= 15  # ears reach a few


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_kind_is_an_rgb_square_and_varies(kind):
    drawing = draw(kind, 1, 48)
    assert (drawing.mode, drawing.size) == ("RGB", (48, 48))
    assert len({pixels(kind, seed, 32).tobytes() for seed in range(10)}) == 10


def test_kinds_differ_on_the_same_seed():
    assert len({pixels(kind, 2).tobytes() for kind in ALL_KINDS}) == len(ALL_KINDS)


def test_there_are_eight_kinds_that_are_neither_cat_nor_dog():
    assert len(set(OTHER_KINDS) - set(CLASS_NAMES)) >= 8


def test_a_large_drawing_shows_the_same_picture():
    large = draw("dog", 11, 256).resize((32, 32), Image.Resampling.BOX)
    small = draw("dog", 11, 32)
    difference = np.asarray(large, int) - np.asarray(small, int)
    assert np.abs(difference).mean() < 8


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("cats", "did you mean 'cat'?"),
        ("Rabit", "did you mean 'rabbit'?"),
        ("zeppelin", "try 'cat'."),
    ],
)
def test_an_unknown_kind_is_refused_with_the_closest(kind, hint):
    kinds = ", ".join(ALL_KINDS)
    expected = f"there is no drawing of {kind!r}, {hint} Known kinds: {kinds}"
    assert message_of(ValueError, draw, kind, 0) == expected


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_without_pixels_is_refused(size):
    message = f"a drawing of {size} pixels a side cannot be made: ask for 1 or more"
    assert message_of(ValueError, draw, "cat", 0, size) == message


def test_a_negative_count_is_refused():
    message = "-3 drawings cannot be made: ask for 0 or more"
    assert message_of(ValueError, make_drawings, -3) == message


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


def test_samples_are_the_same_bytes_every_time(written, tmp_path):
    write_samples(tmp_path)
    first, second = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (written, tmp_path)
    )
    assert first == second
    assert first.keys() == sample_pictures().keys()


@pytest.mark.parametrize("name", sorted(sample_pictures()))
def test_samples_on_disk_are_what_the_tool_draws(name, written):
    kept, drawn = (
        np.asarray(Image.open(folder / name).convert("RGB"), int)
        for folder in (SAMPLES, written)
    )
    assert kept.shape == drawn.shape
    assert np.abs(kept - drawn).mean() < 1  # another CPU may round an edge otherwise


@pytest.mark.parametrize(
    ("pattern", "limit"), [("drawings.png", 250_000), ("???-?.png", 120_000)]
)
def test_samples_are_small_files(pattern, limit):
    sizes = [path.stat().st_size for path in SAMPLES.glob(pattern)]
    assert sizes
    assert max(sizes) < limit
