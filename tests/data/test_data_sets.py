"""Folders of photos made here."""

import os
import shutil
from collections import Counter

import pytest

from helpers.data.data_sets import NoPhotosError, find_data_set
from tests.data.made_files import make_folder, message_of, photo

LAYOUT = "expected one folder of photos per class, for instance cat/ and dog/"


def make_flat(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        (folder / name).write_bytes(photo(seed))


def counts(data_set):
    """The number of photos of each class."""
    names = (data_set.class_names[label] for label in data_set.labels)
    return dict(Counter(names))


def left_out(data_set):
    """The reason for each file or folder, by its path from the data set."""
    return {
        str(path.relative_to(data_set.root)): reason
        for path, reason in data_set.left_out
    }


def test_data_set_has_every_photo_with_its_class(pets):
    data_set = find_data_set(pets)
    assert data_set.class_names == ("cats", "dogs")
    assert data_set.root == pets
    assert len(data_set.paths) == 50
    assert (data_set.left_out, data_set.notes) == ((), ())
    for path, label in zip(data_set.paths, data_set.labels, strict=True):
        assert path.parent.name == data_set.class_names[label]


@pytest.mark.parametrize(
    "names", [("Ananas", "Kiwis"), ("new", "news"), ("CATS", "cat"), ("a b", "кошка")]
)
def test_class_is_named_as_its_folder_is(tmp_path, names):
    for seed, name in enumerate(names):
        make_folder(tmp_path / name, [seed])
    assert find_data_set(tmp_path).class_names == names


def test_classes_that_differ_in_case_only_are_said_to_be_two(tmp_path):
    for seed, name in enumerate(("Cat", "cat")):
        make_folder(tmp_path / name, [seed])
    (note,) = find_data_set(tmp_path).notes
    assert note == "'Cat' and 'cat' are two classes, as their folders are"


def test_only_data_set_below_a_folder_is_found(pets):
    assert find_data_set(pets.parent) == find_data_set(pets)


def test_samples_beside_a_data_set_do_not_count(pets):
    before = find_data_set(pets.parent)
    make_folder(pets.parent / "samples" / "cat", [1])
    make_folder(pets.parent / "samples" / "dog", [2])
    assert find_data_set(pets.parent) == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Thumbs.db", "not named like a photo (.db)"),
        ("0.avif", "not named like a photo (.avif)"),
        ("README", "not named like a photo (without a suffix)"),
        (".hidden.jpg", "a hidden file"),
    ],
)
def test_other_file_is_named_with_its_reason(pets, name, reason):
    (pets / "cats" / name).write_bytes(b"x")
    data_set = find_data_set(pets)
    assert len(data_set.paths) == 50
    assert left_out(data_set) == {f"cats/{name}": reason}


def test_folders_that_are_no_classes_are_named(pets):
    (pets / "empty").mkdir()
    make_folder(pets / ".cache", [1])
    make_flat(pets, ["stray.jpg"])
    assert left_out(find_data_set(pets)) == {
        "empty": "a folder without photos is no class",
        ".cache": "a hidden folder",
        "stray.jpg": "in no class folder",
    }


def test_photos_of_every_format_count(pets):
    suffixes = ["JPG", "jpeg", "png", "webp", "gif", "bmp", "heic", "HEIF", "tiff"]
    for suffix in suffixes:
        (pets / "cats" / f"0.{suffix}").write_bytes(b"x")
    assert len(find_data_set(pets).paths) == 50 + len(suffixes)


def test_photos_in_folders_of_a_class_belong_to_it(tmp_path):
    make_folder(tmp_path / "cat", [1])
    make_folder(tmp_path / "cat" / "2019" / "may", [2, 3])
    make_folder(tmp_path / "dog", [4])
    assert counts(find_data_set(tmp_path)) == {"cat": 3, "dog": 1}


def test_classes_of_one_folder_each_are_classes(tmp_path):
    make_folder(tmp_path / "n01" / "images", [1])
    make_folder(tmp_path / "n02" / "images", [2])
    assert counts(find_data_set(tmp_path)) == {"n01": 1, "n02": 1}


def test_nested_folders_are_classes_where_that_is_asked_for(tmp_path):
    for seed, name in enumerate(("cat/2019", "cat/2020", "dog/2019", "dog/2020")):
        make_folder(tmp_path / name, [seed])
    with pytest.raises(ValueError, match=r"add --nested if each folder in it is a"):
        find_data_set(tmp_path)
    assert counts(find_data_set(tmp_path, nested=True)) == {"cat": 2, "dog": 2}


# Kaggle's flat layout


def test_flat_files_are_of_the_class_that_they_are_named_after(tmp_path):
    make_flat(tmp_path, ["cat.0.jpg", "cat.1.jpg", "dog.0.jpg", "IMG_1.jpg"])
    data_set = find_data_set(tmp_path)
    assert counts(data_set) == {"cat": 2, "dog": 1}
    assert left_out(data_set) == {"IMG_1.jpg": "its name states no class"}
    (note,) = data_set.notes
    assert note.endswith("are taken from file names: 2 cat, 1 dog")


@pytest.mark.parametrize("names", [["IMG_1.jpg", "DSC_2.jpg"], ["1.jpg", "2.1.jpg"]])
def test_flat_files_of_no_class_are_an_error_and_no_drawings(tmp_path, names):
    make_flat(tmp_path, names)
    assert message_of(ValueError, find_data_set, tmp_path) == (
        f"the 2 photos in {tmp_path} are of no class: {LAYOUT}, or names such as "
        "cat.0.jpg and dog.0.jpg"
    )


# Splits


def make_splits(root, *names):
    for number, name in enumerate(names):
        for seed, kind in enumerate(("cat", "dog")):
            seeds = range(100 * number + 10 * seed, 100 * number + 10 * seed + 3)
            make_folder(root / name / kind, seeds)


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        (("train", "val"), {("train",), ("validation", "test")}),
        (("Train", "valid", "test"), {("train",), ("validation",), ("test",)}),
        (("training", "validation"), {("train",), ("validation", "test")}),
        (("train", "test"), {("train", "validation"), ("test",)}),
    ],
)
def test_folders_of_splits_are_the_splits(tmp_path, names, allowed):
    make_splits(tmp_path, *names)
    data_set = find_data_set(tmp_path)
    assert counts(data_set) == {"cat": 3 * len(names), "dog": 3 * len(names)}
    assert set(data_set.allowed) == allowed
    for path, splits in zip(data_set.paths, data_set.allowed, strict=True):
        assert splits[0].startswith(path.parents[1].name.lower()[:3])
    assert "are the splits" in data_set.notes[0]


def test_a_class_that_is_not_trained_on_is_an_error(tmp_path):
    make_splits(tmp_path, "train", "val")
    make_folder(tmp_path / "val" / "cow", [1])
    assert message_of(ValueError, find_data_set, tmp_path) == (
        f"val/ in {tmp_path} has classes that are not trained on (cow): "
        "expected the folders of train/"
    )


def test_photos_for_tests_without_a_class_are_named(tmp_path):
    make_flat(tmp_path / "train", ["cat.0.jpg", "dog.0.jpg"])
    make_flat(tmp_path / "test1", ["1.jpg", "2.jpg"])
    data_set = find_data_set(tmp_path)
    assert counts(data_set) == {"cat": 1, "dog": 1}
    assert set(left_out(data_set)) == {"test1/1.jpg", "test1/2.jpg"}
    assert "test1/ has no photos of a class" in data_set.notes[0]


def test_folders_beside_those_of_the_splits_are_named(tmp_path):
    make_splits(tmp_path, "train", "val")
    make_folder(tmp_path / "unlabelled", [1])
    reasons = left_out(find_data_set(tmp_path))
    assert reasons == {"unlabelled/1.jpg": "beside the folders of the splits"}


def test_a_class_called_train_is_a_class(tmp_path):
    for seed, name in enumerate(("car", "plane", "train")):
        make_folder(tmp_path / name, [seed])
    assert find_data_set(tmp_path).class_names == ("car", "plane", "train")


# Errors


def test_folder_without_photos_is_one_sentence(tmp_path):
    message = message_of(NoPhotosError, find_data_set, tmp_path)
    assert message == f"there are no photos in {tmp_path}: {LAYOUT}"


def test_folder_of_other_files_says_which(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "0.avif").write_bytes(b"x")
    message = message_of(NoPhotosError, find_data_set, tmp_path)
    assert message == (
        f"there are no photos in {tmp_path} (other files: 1 .avif): {LAYOUT}"
    )


def test_missing_folder_is_one_sentence(tmp_path):
    message = message_of(ValueError, find_data_set, tmp_path / "dogz")
    assert message == f"there is no folder {tmp_path / 'dogz'}: {LAYOUT}"


def test_single_class_is_one_sentence(pets):
    shutil.rmtree(pets / "dogs")
    message = message_of(ValueError, find_data_set, pets)
    assert message == f"{pets} has one class only: {LAYOUT}"


def test_class_of_files_that_are_not_read_is_named(pets):
    for path in (pets / "dogs").iterdir():
        path.rename(path.with_suffix(".avif"))
    assert message_of(ValueError, find_data_set, pets) == (
        f"{pets} has one class only (left out: dogs: no photos "
        f"(other files: 20 .avif)): {LAYOUT}"
    )


def test_several_data_sets_are_one_sentence(pets):
    make_folder(pets.parent / "birds" / "owl", [1])
    make_folder(pets.parent / "birds" / "wren", [2])
    assert message_of(ValueError, find_data_set, pets.parent) == (
        f"{pets.parent} holds several data sets (birds, pets): name one of them, or "
        "add --nested if each folder in it is a class"
    )


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        (b"caf\xe9", r"holds '\xe9', half of a surrogate pair, which is no character"),
        (b"two\nlines", r"holds '\n', and a name is one line without tabs"),
        (b"\xe2\x80\xaetac", r"holds '\u202e', which changes the order of the text"),
    ],
    ids=["Latin-1", "line break", "override"],
)
def test_a_folder_whose_name_no_page_can_show_is_no_class(tmp_path, name, problem):
    make_folder(tmp_path / "dog", [1])
    make_folder(tmp_path / os.fsdecode(name), [2])
    with pytest.raises(ValueError, match="names the classes, and name") as error:
        find_data_set(tmp_path)
    assert problem in str(error.value)
    assert str(error.value).endswith(": rename its folders")
