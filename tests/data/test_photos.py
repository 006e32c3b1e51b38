"""Data set folders made here; decode_photo and hashlib are the oracles."""

import hashlib
import tracemalloc
from collections import Counter

import numpy as np
import pytest

from helpers.data import photo_index, photos
from helpers.data.data_sets import LAYOUT, NoPhotosError, find_data_set
from helpers.data.decoding import decode_photo
from helpers.data.drawings import make_drawings
from helpers.data.photo_index import split_of
from helpers.data.photos import (
    Examples,
    UnreadablePhotos,
    batches,
    drawn_examples,
    examples_in,
    load_photos,
)
from helpers.data.split_folders import SPLITS
from tests.data.made_files import make_folder, message_of, photo


def load(folder, **options):
    """The photos of a folder, 8 x 8 pixels."""
    return load_photos(find_data_set(folder), size=8, **options)


def test_split_is_the_first_eight_bytes_of_the_hash_modulo_ten():
    for i in range(100):
        number = int(hashlib.sha256(bytes([i])).hexdigest()[:16], 16) % 10
        expected = ["train"] * 8 + ["validation", "test"]
        assert split_of(bytes([i])) == expected[number]


def test_loaded_photos_are_what_decode_photo_gives(pets):
    examples = load_photos(find_data_set(pets))
    decoded = {
        decode_photo(path.read_bytes()).tobytes(): (path.parent.name, path)
        for path in pets.rglob("*.jpg")
    }
    assert examples.images.shape == (50, 128, 128, 3)
    assert (examples.images.dtype, examples.labels.dtype) == (np.uint8, np.int64)
    for image, label, split in zip(*examples[:3], strict=True):
        name, path = decoded.pop(image.tobytes())
        assert examples.class_names[label] == name
        assert split_of(path.read_bytes()) == split


def test_source_says_how_many_photos_of_each_class(pets):
    assert load(pets).source == f"50 photos in {pets.name} (30 cats, 20 dogs)"


def test_renamed_photos_keep_split_and_place(pets):
    before = load(pets)
    for i, path in enumerate(sorted(pets.rglob("*.jpg"))):
        path.rename(path.with_name(f"{(i * 7) % 50}_renamed.jpg"))
    after = load(pets)
    np.testing.assert_array_equal(after.images, before.images)
    np.testing.assert_array_equal(after.splits, before.splits)


@pytest.mark.parametrize(("limit", "counts"), [(11, [6, 5]), (45, [25, 20])])
def test_limit_is_spread_over_the_classes(limit, counts, pets):
    assert np.bincount(load(pets, limit=limit).labels).tolist() == counts


def test_limit_takes_the_same_photos_each_time(pets):
    first, second = (load(pets, limit=10) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)


def test_limit_below_one_is_one_sentence(pets):
    message = message_of(ValueError, load, pets, limit=0)
    assert message == "limit is 0: expected at least 1"


def test_unreadable_photos_are_listed_and_left_out(pets):
    good = load(pets)
    for i in range(3):
        (pets / "cats" / f"broken {i}.jpg").write_bytes(bytes([i]))
    with pytest.warns(UnreadablePhotos) as caught:
        examples = load(pets)
    lines = str(caught[0].message).splitlines()
    assert lines[0] == "files left out: 3 (3 in cats)"
    assert lines[1].startswith(f"  {pets}/cats/broken 0.jpg: this is not ")
    for found, expected in zip(examples[:3], good[:3], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_file_that_is_deleted_meanwhile_is_listed_and_left_out(pets):
    data_set = find_data_set(pets)
    data_set.paths[0].unlink()
    with pytest.warns(UnreadablePhotos, match="No such file"):
        assert len(load_photos(data_set, size=8).labels) == 49


def spoil(folder):
    for path in folder.iterdir():
        path.write_bytes(b"no photo")


def test_many_unreadable_photos_are_not_all_listed_but_all_kept(pets):
    make_folder(pets / "ants", [60])
    spoil(pets / "cats")
    with pytest.warns(UnreadablePhotos) as caught:
        examples = load(pets)
    lines = str(caught[0].message).splitlines()
    assert len(lines) == 23
    assert lines[-2] == "  and 10 more"
    assert {item.path for item in examples.left_out} == set((pets / "cats").iterdir())


def test_class_without_a_readable_photo_is_left_out_and_named(pets):
    make_folder(pets / "ants", [60])
    dogs = load(pets).labels == 2
    spoil(pets / "cats")
    with pytest.warns(UnreadablePhotos, match="class left out: cats, none of its"):
        examples = load(pets)
    assert examples.class_names == ("ants", "dogs")
    assert (examples.labels == 1).sum() == dogs.sum() == 20


def test_each_file_is_read_once_for_its_hash_and_once_for_its_pixels(pets, monkeypatch):
    reads = Counter()

    def counted(path):
        reads[path] += 1
        return path.read_bytes()

    for module in (photo_index, photos):
        monkeypatch.setattr(module, "read_photo", counted)
    data_set = find_data_set(pets)
    index = photos.index_photos(data_set)
    load_photos(data_set, 8, photos=index)
    assert reads == dict.fromkeys(data_set.paths, 2)


def test_index_has_the_longer_side_of_each_photo(pets):
    (pets / "cats" / "0.jpg").write_bytes(photo(0, side=90))
    (pets / "cats" / "1.jpg").write_bytes(b"no photo")
    sides = Counter(item.side for item in photos.index_photos(find_data_set(pets)))
    assert sides == {48: 48, 90: 1, 0: 1}


@pytest.mark.parametrize("allowed", [("validation", "test"), ("train", "validation")])
def test_fewer_splits_share_all_photos(allowed):
    splits = Counter(
        split_of(bytes([i, j]), allowed) for i in range(40) for j in range(99)
    )
    assert set(splits) == set(allowed)
    share = splits["validation"] / splits.total()
    assert share == pytest.approx(0.5 if "test" in allowed else 0.1, abs=0.03)


@pytest.mark.parametrize("split", SPLITS)
def test_photo_of_a_splits_folder_is_in_that_split(split):
    assert {split_of(bytes([i]), (split,)) for i in range(50)} == {split}


def test_data_set_of_unreadable_files_is_one_sentence(pets):
    for path in pets.rglob("*.jpg"):
        path.write_bytes(b"no photo")
    with pytest.warns(UnreadablePhotos):
        message = message_of(NoPhotosError, load, pets)
    assert message == f"not one photo in {pets} can be read: {LAYOUT}"


def test_loading_takes_little_more_memory_than_the_pictures(pets):
    data_set = find_data_set(pets)
    (pets / "cats" / "0.jpg").write_bytes(b"no photo")
    tracemalloc.start()
    with pytest.warns(UnreadablePhotos):
        examples = load_photos(data_set, size=256)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.4 * examples.images.nbytes


def test_splits_are_disjoint_and_complete(pets):
    examples = load(pets)
    parts = [examples.of(split) for split in SPLITS]
    assert [set(part.splits) for part in parts] == [{split} for split in SPLITS]
    images = np.concatenate([part.images for part in parts])
    np.testing.assert_array_equal(images, examples.images)


def test_split_of_loaded_photos_is_no_copy(pets):
    examples = load(pets)
    assert np.shares_memory(examples.of("train").images, examples.images)


def numbered(splits):
    """Examples whose image and label are their number."""
    images = np.arange(len(splits), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Examples(images, np.arange(len(splits)), np.array(splits), ("a", "b"), "")


def test_split_of_scattered_examples_is_right():
    part = numbered(["test", "train", "test", "train"]).of("test")
    assert part.images.ravel().tolist() == part.labels.tolist() == [0, 2]


def test_split_without_examples_is_empty():
    assert len(numbered(["train", "train"]).of("test").images) == 0


def test_unknown_split_is_one_sentence():
    message = message_of(ValueError, numbered(["train"]).of, "val")
    assert message == "no split 'val': choose train, validation, test"


def test_drawn_examples_are_the_drawings_with_their_classes():
    examples = drawn_examples(40, seed=3, size=16)
    images, labels = make_drawings(40, seed=3, size=16)
    drawn = {
        image.tobytes(): label for image, label in zip(images, labels, strict=True)
    }
    assert examples.source == "40 drawings"
    assert examples.class_names == ("cat", "dog")
    for image, label, split in zip(*examples[:3], strict=True):
        assert drawn.pop(image.tobytes()) == label
        assert split_of(image.tobytes()) == split


def test_photos_come_before_drawings(pets):
    assert examples_in(pets.parent, size=8, limit=4).source.startswith("4 photos in ")


def test_folder_without_photos_gives_drawings(tmp_path):
    examples = examples_in(tmp_path, size=8, drawings=10)
    assert examples.source == "10 drawings"
    assert examples.images.shape == (10, 8, 8, 3)


def test_mistyped_folder_gives_no_drawings(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        examples_in(tmp_path / "dta")


EPOCH = numbered(["train"] * 100)


def test_epoch_has_each_example_once_with_its_label():
    seen = []
    for images, labels in batches(EPOCH, batch_size=32, seed=0):
        np.testing.assert_array_equal(images.ravel(), labels)
        seen += labels.tolist()
    assert sorted(seen) == list(range(100))


def test_last_batch_has_the_rest():
    sizes = [len(labels) for _, labels in batches(EPOCH, batch_size=32, seed=0)]
    assert sizes == [32, 32, 32, 4]


def order(seed):
    return [label for _, labels in batches(EPOCH, 32, seed) for label in labels]


def test_seed_decides_the_order():
    assert order(1) == order(1)
    assert order(1) != order(2)
    assert order(1) != list(range(100))
