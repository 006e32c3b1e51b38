"""Data set folders made here; decode_photo and hashlib are the oracles."""

import hashlib
import io
import shutil
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from helpers.data.decoding import decode_photo
from helpers.data.drawings import make_drawings
from helpers.data.photos import (
    SPLITS,
    Examples,
    NoPhotosError,
    UnreadablePhotos,
    batches,
    class_name,
    drawn_examples,
    examples_in,
    find_data_set,
    load_photos,
    split_of,
)

WANTED = "expected one folder of photos per class, for instance cat/ and dog/"


def photo(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((48, 48)).save(file, "JPEG")
    return file.getvalue()


def make_folder(folder, seeds):
    folder.mkdir(parents=True)
    for seed in seeds:
        (folder / f"{seed}.jpg").write_bytes(photo(seed))
    return folder


@pytest.fixture
def pets(tmp_path):
    """Thirty cats and twenty dogs."""
    make_folder(tmp_path / "pets" / "cats", range(30))
    make_folder(tmp_path / "pets" / "dogs", range(30, 50))
    return tmp_path / "pets"


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("cat", "cat"),
        ("cats", "cat"),
        ("Cat", "cat"),
        ("DOGS", "dog"),
        ("horses", "horse"),
        ("foxes", "fox"),
        ("finches", "finch"),
        ("zebras", "zebra"),
        ("grass", "grass"),
        ("glasses", "glass"),
        ("puppies", "puppies"),
        ("octopus", "octopus"),
        ("n01440764", "n01440764"),
    ],
)
def test_class_is_named_in_the_singular(folder, name):
    assert class_name(folder) == name


def test_data_set_has_every_photo_with_its_class(pets):
    data_set = find_data_set(pets)
    assert data_set.class_names == ("cat", "dog")
    assert data_set.root == pets
    assert len(data_set.paths) == 50
    for path, label in zip(data_set.paths, data_set.labels, strict=True):
        assert class_name(path.parent.name) == data_set.class_names[label]


def test_any_number_of_classes_is_found_in_alphabetical_order(tmp_path):
    for seed, name in enumerate(["Zebras", "ant", "Fox", "newt", "cats"]):
        make_folder(tmp_path / name, [seed])
    names = ("ant", "cat", "fox", "newt", "zebra")
    assert find_data_set(tmp_path).class_names == names


def test_folders_of_one_class_are_put_together(pets):
    make_folder(pets / "Cat", [100])
    data_set = find_data_set(pets)
    assert data_set.class_names == ("cat", "dog")
    assert data_set.labels.count(0) == 31


def test_only_data_set_below_a_folder_is_found(pets):
    assert find_data_set(pets.parent) == find_data_set(pets)


def test_samples_do_not_count(pets):
    before = find_data_set(pets.parent)
    make_folder(pets.parent / "samples" / "cat", [1])
    make_folder(pets.parent / "samples" / "dog", [2])
    assert find_data_set(pets.parent) == before


def test_other_files_do_not_count(pets):
    before = find_data_set(pets)
    for name in ["Thumbs.db", ".hidden.jpg", "README.md"]:
        (pets / "cats" / name).write_bytes(b"x")
    make_folder(pets / ".cache", [1])
    (pets / "empty").mkdir()
    (pets / "cats" / "folder.jpg").mkdir()
    assert find_data_set(pets) == before


@pytest.mark.parametrize(
    "name", ["0.JPG", "0.jpeg", "0.png", "0.webp", "0.gif", "0.bmp"]
)
def test_photos_of_every_format_count(name, pets):
    (pets / "cats" / name).write_bytes(b"x")
    assert pets / "cats" / name in find_data_set(pets).paths


def message_of(error, folder):
    with pytest.raises(error) as caught:
        find_data_set(folder)
    return str(caught.value)


def test_folder_without_photos_is_one_sentence(tmp_path):
    message = message_of(NoPhotosError, tmp_path)
    assert message == f"there are no photos in {tmp_path}: {WANTED}"


def test_missing_folder_is_one_sentence(tmp_path):
    message = message_of(ValueError, tmp_path / "dogz")
    assert message == f"there is no folder {tmp_path / 'dogz'}: {WANTED}"


def test_single_class_is_one_sentence(pets):
    shutil.rmtree(pets / "dogs")
    message = message_of(ValueError, pets)
    assert message == f"{pets} has one class only: {WANTED}"


def test_several_data_sets_are_one_sentence(pets):
    make_folder(pets.parent / "birds" / "owl", [1])
    make_folder(pets.parent / "birds" / "wren", [2])
    assert message_of(ValueError, pets.parent) == (
        f"{pets.parent} holds several data sets (birds, pets): name one of them"
    )


@pytest.mark.parametrize(
    ("content", "split"),
    [(b"dog", "train"), (b"newt", "validation"), (b"cat", "test")],
)
def test_split_of_content_never_moves(content, split):
    assert split_of(content) == split


def test_split_is_the_first_eight_bytes_of_the_hash_modulo_ten():
    for i in range(100):
        number = int(hashlib.sha256(bytes([i])).hexdigest()[:16], 16) % 10
        expected = ["train"] * 8 + ["validation", "test"]
        assert split_of(bytes([i])) == expected[number]


@pytest.mark.parametrize(
    ("split", "share"), [("train", 0.8), ("validation", 0.1), ("test", 0.1)]
)
def test_splits_are_eighty_ten_and_ten_percent(split, share):
    splits = [split_of(str(i).encode()) for i in range(10_000)]
    assert splits.count(split) / 10_000 == pytest.approx(share, abs=0.012)


def test_loaded_photos_are_what_decode_photo_gives(pets):
    examples = load_photos(find_data_set(pets))
    decoded = {
        decode_photo(path.read_bytes()).tobytes(): (class_name(path.parent.name), path)
        for path in pets.rglob("*.jpg")
    }
    assert examples.images.shape == (50, 128, 128, 3)
    for image, label, split in zip(*examples[:3], strict=True):
        name, path = decoded.pop(image.tobytes())
        assert examples.class_names[label] == name
        assert split_of(path.read_bytes()) == split


def test_arrays_have_the_types_of_the_graph(pets):
    examples = load_photos(find_data_set(pets), size=32)
    assert examples.images.shape == (50, 32, 32, 3)
    assert examples.images.dtype == np.uint8
    assert examples.labels.dtype == np.int64


def test_source_says_how_many_photos_of_each_class(pets):
    source = load_photos(find_data_set(pets), size=8).source
    assert source == f"50 photos in {pets.name} (30 cat, 20 dog)"


def test_renamed_photos_keep_split_and_place(pets):
    before = load_photos(find_data_set(pets), size=8)
    for i, path in enumerate(sorted(pets.rglob("*.jpg"))):
        path.rename(path.with_name(f"{(i * 7) % 50}_renamed.jpg"))
    after = load_photos(find_data_set(pets), size=8)
    np.testing.assert_array_equal(after.images, before.images)
    np.testing.assert_array_equal(after.splits, before.splits)


def test_limit_is_spread_over_the_classes(pets):
    examples = load_photos(find_data_set(pets), size=8, limit=11)
    assert np.bincount(examples.labels).tolist() == [6, 5]


def test_limit_takes_what_there_is_of_a_small_class(pets):
    examples = load_photos(find_data_set(pets), size=8, limit=45)
    assert np.bincount(examples.labels).tolist() == [25, 20]


def test_limit_takes_the_same_photos_each_time(pets):
    first, second = (load_photos(find_data_set(pets), 8, limit=10) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)


def test_limit_below_one_is_one_sentence(pets):
    with pytest.raises(ValueError, match=r"^limit is 0: expected at least 1$"):
        load_photos(find_data_set(pets), limit=0)


def test_unreadable_photos_are_listed_and_left_out(pets):
    good = load_photos(find_data_set(pets), size=8)
    for i in range(3):
        (pets / "cats" / f"broken {i}.jpg").write_bytes(bytes([i]))
    with pytest.warns(UnreadablePhotos) as caught:
        examples = load_photos(find_data_set(pets), size=8)
    lines = str(caught[0].message).splitlines()
    assert lines[0] == "files left out: 3"
    assert lines[1].startswith(f"  {pets}/cats/broken 0.jpg: this is not ")
    np.testing.assert_array_equal(examples.images, good.images)
    np.testing.assert_array_equal(examples.labels, good.labels)
    np.testing.assert_array_equal(examples.splits, good.splits)


def test_file_that_goes_away_is_listed_and_left_out(pets):
    data_set = find_data_set(pets)
    data_set.paths[0].unlink()
    with pytest.warns(UnreadablePhotos, match="No such file"):
        assert len(load_photos(data_set, size=8).labels) == 49


def test_many_unreadable_photos_are_not_all_listed(pets):
    for path in (pets / "cats").iterdir():
        path.write_bytes(b"no photo")
    with pytest.warns(UnreadablePhotos) as caught:
        load_photos(find_data_set(pets), size=8)
    lines = str(caught[0].message).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 10 more"


def test_data_set_of_unreadable_files_is_one_sentence(pets):
    for path in pets.rglob("*.jpg"):
        path.write_bytes(b"no photo")
    with pytest.warns(UnreadablePhotos), pytest.raises(NoPhotosError) as caught:
        load_photos(find_data_set(pets))
    assert str(caught.value) == f"not one photo in {pets} can be read: {WANTED}"


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
    examples = load_photos(find_data_set(pets), size=8)
    parts = [examples.of(split) for split in SPLITS]
    assert [set(part.splits) for part in parts] == [{split} for split in SPLITS]
    images = np.concatenate([part.images for part in parts])
    np.testing.assert_array_equal(images, examples.images)


def test_split_of_loaded_photos_is_no_copy(pets):
    examples = load_photos(find_data_set(pets), size=8)
    assert np.shares_memory(examples.of("train").images, examples.images)


def test_split_of_scattered_examples_is_right():
    splits = np.array(["test", "train", "test", "train"])
    numbers = np.arange(4)
    part = Examples(numbers, numbers, splits, ("a", "b"), "").of("test")
    assert part.images.tolist() == part.labels.tolist() == [0, 2]


def test_split_nobody_has_is_empty():
    numbers = np.arange(2)
    examples = Examples(numbers, numbers, np.array(["train"] * 2), ("a", "b"), "")
    assert len(examples.of("test").images) == 0


def test_unknown_split_is_one_sentence():
    examples = Examples(*(np.arange(0) for _ in range(3)), ("a", "b"), "")
    with pytest.raises(
        ValueError, match=r"^no split 'val': choose train, validation, test$"
    ):
        examples.of("val")


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


@pytest.fixture
def numbers():
    """A hundred examples that are told apart by one number."""
    images = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1)
    return Examples(images, np.arange(100), np.array(["train"] * 100), ("a", "b"), "")


def test_epoch_has_each_example_once_with_its_label(numbers):
    seen = []
    for images, labels in batches(numbers, batch_size=32, seed=0):
        np.testing.assert_array_equal(images.ravel(), labels)
        seen += labels.tolist()
    assert sorted(seen) == list(range(100))


def test_last_batch_has_the_rest(numbers):
    sizes = [len(labels) for _, labels in batches(numbers, batch_size=32, seed=0)]
    assert sizes == [32, 32, 32, 4]


def order(numbers, seed):
    return [label for _, labels in batches(numbers, 32, seed) for label in labels]


def test_seed_decides_the_order(numbers):
    assert order(numbers, 1) == order(numbers, 1)
    assert order(numbers, 1) != order(numbers, 2)
    assert order(numbers, 1) != list(range(100))
