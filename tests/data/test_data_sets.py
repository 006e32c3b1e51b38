"""Folders of photos made here."""

import shutil

import pytest

from helpers.data.data_sets import NoPhotosError, class_name, find_data_set
from tests.data.made_files import make_folder, message_of

LAYOUT = "expected one folder of photos per class, for instance cat/ and dog/"


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        ("cat cats Cat DOGS", "cat cat cat dog"),
        ("horses foxes finches zebras glasses", "horse fox finch zebra glass"),
        ("grass puppies octopus n01440764", "grass puppies octopus n01440764"),
    ],
)
def test_class_is_named_in_the_singular(folders, names):
    assert list(map(class_name, folders.split())) == names.split()


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


def test_folders_of_one_class_are_combined(pets):
    make_folder(pets / "Cat", [100])
    data_set = find_data_set(pets)
    assert data_set.class_names == ("cat", "dog")
    assert data_set.labels.count(0) == 31


def test_only_data_set_below_a_folder_is_found(pets):
    assert find_data_set(pets.parent) == find_data_set(pets)


def test_samples_and_other_files_do_not_count(pets):
    before = find_data_set(pets.parent)
    make_folder(pets.parent / "samples" / "cat", [1])
    make_folder(pets.parent / "samples" / "dog", [2])
    for name in ["Thumbs.db", ".hidden.jpg", "README.md"]:
        (pets / "cats" / name).write_bytes(b"x")
    make_folder(pets / ".cache", [1])
    (pets / "empty").mkdir()
    (pets / "cats" / "folder.jpg").mkdir()
    assert find_data_set(pets.parent) == before


def test_photos_of_every_format_count(pets):
    for name in ["0.JPG", "0.jpeg", "0.png", "0.webp", "0.gif", "0.bmp"]:
        (pets / "cats" / name).write_bytes(b"x")
        assert pets / "cats" / name in find_data_set(pets).paths


def test_folder_without_photos_is_one_sentence(tmp_path):
    message = message_of(NoPhotosError, find_data_set, tmp_path)
    assert message == f"there are no photos in {tmp_path}: {LAYOUT}"


def test_missing_folder_is_one_sentence(tmp_path):
    message = message_of(ValueError, find_data_set, tmp_path / "dogz")
    assert message == f"there is no folder {tmp_path / 'dogz'}: {LAYOUT}"


def test_single_class_is_one_sentence(pets):
    shutil.rmtree(pets / "dogs")
    message = message_of(ValueError, find_data_set, pets)
    assert message == f"{pets} has one class only: {LAYOUT}"


def test_several_data_sets_are_one_sentence(pets):
    make_folder(pets.parent / "birds" / "owl", [1])
    make_folder(pets.parent / "birds" / "wren", [2])
    assert message_of(ValueError, find_data_set, pets.parent) == (
        f"{pets.parent} holds several data sets (birds, pets): name one of them"
    )
