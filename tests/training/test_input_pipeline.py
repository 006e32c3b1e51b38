"""The input pipeline: which examples are loaded, and how they are fed in batches."""

import threading
from collections import Counter
from itertools import count, islice

import numpy as np
import pytest

from helpers.data.data_sets import find_data_set
from helpers.data.drawings import draw
from helpers.data.photo_index import IndexedPhoto, index_photos
from helpers.data.photos import drawn_examples
from helpers.training import input_pipeline, outliers
from helpers.training.augmentation import Augmenter
from helpers.training.input_pipeline import (
    Feed,
    Mixture,
    drawn_training_data,
    image_size_for,
    load_examples,
    prefetch,
)


@pytest.fixture(scope="module")
def train():
    """75 drawings of 32 pixels."""
    return drawn_examples(96, size=32).of("train")


@pytest.fixture(scope="module")
def feed(train):
    return Feed(train, 16, smoothing=0.0)


@pytest.fixture
def photos(tmp_path):
    """Makes a data set: a folder of drawings as PNG files for each kind."""

    def make(*kinds, each=12):
        for kind in kinds:
            (tmp_path / "pets" / kind).mkdir(parents=True)
            for seed in range(each):
                path = tmp_path / "pets" / kind / f"{seed}.png"
                draw(kind, seed, size=32).save(path)
        return find_data_set(tmp_path / "pets")

    return make


@pytest.fixture
def few(monkeypatch):
    """Thirty drawings instead of two thousand."""
    monkeypatch.setattr(input_pipeline, "DRAWINGS", 30)


def test_an_epoch_shows_every_example_once(feed, train):
    shown = np.concatenate([images for images, _ in feed.epoch([1, 0], 0, None)])
    seen = Counter(np.round(image * 255).astype(np.uint8).tobytes() for image in shown)
    assert seen == Counter(image.tobytes() for image in train.images)


def test_pictures_are_fed_as_floats_from_0_to_1(feed):
    images, _ = next(feed.epoch([1, 0], 0, None))
    assert images.dtype == np.float32
    assert 0 <= images.min() < 0.2 < 0.8 < images.max() <= 1


def test_the_same_seed_feeds_the_same_and_another_epoch_another_order(feed):
    first, again, later = (next(feed.epoch([1, e], 0, None))[0] for e in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, later)


def test_an_epoch_can_begin_in_the_middle(feed):
    whole = list(feed.epoch([1, 0], 0, None))
    rest = list(feed.epoch([1, 0], 3, None))
    assert len(rest) == len(whole) - 3
    assert np.array_equal(rest[0][0], whole[3][0])


def test_augmented_batches_in_the_middle_are_the_same_too(feed):
    augmenter = Augmenter(24)
    whole = list(feed.epoch([1, 0], 0, augmenter))
    (rest,) = feed.epoch([1, 0], feed.steps - 1, augmenter)
    augmenter.close()
    assert np.array_equal(rest[0], whole[-1][0])
    assert np.array_equal(rest[1], whole[-1][1])


def test_targets_are_one_hot(feed, train):
    targets = feed.targets(np.arange(8))
    assert np.array_equal(targets, np.eye(2)[train.labels[:8]])


def test_the_targets_of_an_outlier_are_uniform(train):
    unknown = train._replace(labels=np.full_like(train.labels, -1))
    targets = Feed(unknown, 16, smoothing=0.1).targets(np.arange(3))
    np.testing.assert_allclose(targets, np.full((3, 2), 0.5))


def test_smoothing_takes_a_little_from_the_right_class(train):
    targets = Feed(train, 16, smoothing=0.1).targets(np.arange(8))
    expected = np.where(np.eye(2)[train.labels[:8]], 0.95, 0.05)
    np.testing.assert_allclose(targets, expected, rtol=1e-6)


def test_prefetched_items_keep_their_order_and_are_made_in_another_thread():
    items = list(prefetch((number, threading.get_ident()) for number in range(20)))
    assert [number for number, _ in items] == list(range(20))
    assert threading.get_ident() not in {thread for _, thread in items}


def test_an_error_in_the_making_is_raised_where_the_items_are_used():
    def broken():
        yield 1
        raise OSError("the disk is gone")

    items = prefetch(broken())
    assert next(items) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(items)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    items = prefetch(count())
    assert list(islice(items, 5)) == [0, 1, 2, 3, 4]
    items.close()
    assert threading.active_count() == before


def test_drawings_alone_are_drawn_where_they_are_asked_for(few):
    examples = drawn_training_data(32, Mixture())
    assert examples.train.source == "30 drawings"
    assert list(examples.held_out) == ["drawings"]
    assert set(examples.train.splits) == {"train"}


def test_a_tenth_of_drawings_is_mixed_in_where_they_are_asked_for(photos, few):
    data_set = photos("cat", "dog", each=40)
    examples = load_examples(data_set, 32, Mixture(drawings=0.1), with_drawings=True)
    total = len(examples.train.labels)
    trained = (examples.held_out["photos"].splits == "train").sum()
    assert total - trained == pytest.approx(0.1 * total, abs=0.5)
    assert list(examples.held_out) == ["photos", "drawings"]


def test_nothing_is_drawn_unless_it_is_asked_for(photos, monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a drawing was made")

    data_set = photos("cat", "dog", each=40)
    monkeypatch.setattr(input_pipeline, "drawn_examples", refuse)
    monkeypatch.setattr(outliers, "draw", refuse)
    examples = load_examples(data_set, 32, Mixture(drawings=0.1, outliers=0.3))
    assert list(examples.held_out) == ["photos"]
    assert (examples.train.labels < 0).sum() > 10


def test_drawings_are_not_mixed_with_other_classes(photos):
    data_set = photos("cat", "dog", "rabbit", each=30)
    with pytest.raises(
        ValueError, match="the classes here are cat, dog, rabbit: leave"
    ):
        load_examples(data_set, 32, Mixture(), with_drawings=True)


def test_outliers_are_labelled_as_no_class(photos):
    data_set = photos("fish", "house", each=30)
    examples = load_examples(data_set, 32, Mixture(outliers=0.2))
    known = (examples.train.labels >= 0).sum()
    assert (examples.train.labels == -1).sum() == round(0.2 * known)


def test_what_is_examined_is_never_learned(photos):
    examples = load_examples(photos("fish", "house", each=30), 32, Mixture())
    trained = {image.tobytes() for image in examples.train.images}
    for split in ("validation", "test"):
        part = examples.held_out["photos"].of(split)
        assert len(part.labels)
        assert trained.isdisjoint(image.tobytes() for image in part.images)


def test_images_that_will_be_cropped_are_larger(photos):
    data_set = photos("fish", "house", each=30)
    examples = load_examples(data_set, 32, Mixture(augments=True))
    assert examples.train.images.shape[1] == 32 + input_pipeline.MARGIN
    assert examples.held_out["photos"].images.shape[1] == 32


def test_a_class_without_a_photo_to_train_on_is_an_error(photos, tmp_path):
    data_set = photos("cat", "dog", "fish", each=30)
    left = [number for number, label in enumerate(data_set.labels) if label < 2]
    split = {item.path: item.split for item in index_photos(data_set)}
    left.append(next(i for i, path in enumerate(data_set.paths) if split[path] == 1))
    few = data_set._replace(
        paths=[data_set.paths[i] for i in left],
        labels=[data_set.labels[i] for i in left],
    )
    few = few._replace(labels=[*few.labels[:-1], 2])
    with pytest.raises(ValueError, match="there are too few photos of fish in"):
        load_examples(few, 32, Mixture())


@pytest.mark.parametrize(
    ("sides", "largest", "smallest", "size"),
    [
        ([8, 20], 128, 32, 32),
        ([32, 33], 128, 32, 48),
        ([96], 128, 32, 96),
        ([97], 128, 32, 128),
        ([20, 4000], 128, 32, 128),
        ([20], 227, 227, 227),
        ([0], 128, 32, 128),
        ([], 128, 32, 128),
    ],
)
def test_images_are_no_larger_than_the_photos_need(sides, largest, smallest, size):
    photos = [IndexedPhoto(0, b"", None, 0, side) for side in sides]
    assert image_size_for(photos, largest, smallest) == size
