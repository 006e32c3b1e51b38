"""Zips made here, valid and invalid."""

import os
import signal
import stat
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from helpers.data.archives import unpack
from helpers.data.data_sets import find_data_set
from helpers.data.decoding import PhotoError, decode_photo
from helpers.data.downloads import DownloadError
from tests.data.made_files import (
    CAT,
    DOG,
    PETS,
    files_in,
    make_zip,
    message_of,
    photo,
    run_with_small_files,
)

LAYOUT = "expected a zip with one folder of photos per class, for instance cat/, dog/"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "pets"


def unpack_with(member, data, folder):
    """Unpack a zip of a valid cat, a valid dog and this member."""
    return unpack(make_zip(folder.parent / "a.zip", [*PETS, (member, data)]), folder)


@pytest.mark.parametrize("cats", ["Cat", "PetImages/Cat", "a/b/c/Cat", r"Pets\Cat"])
def test_classes_are_named_as_their_folders_at_any_depth(cats, path, folder):
    make_zip(path, [(f"{cats}/0.jpg", CAT), ("Dogs/1.jpg", DOG)])
    assert unpack(path, folder) == ({"Cat": 1, "Dogs": 1}, [])
    assert files_in(folder) == ["Cat/0.jpg", "Dogs/1.jpg"]


@pytest.mark.parametrize("cats", ["cat", "cats", "Cat", "CATS"])
def test_classes_are_renamed_where_that_is_asked_for(cats, path, folder):
    make_zip(path, [(f"{cats}/0.jpg", CAT), ("Ananas/1.jpg", DOG)])
    unpacked = unpack(path, folder, {"cat": "cat", "cats": "cat"})
    assert unpacked.counts == {"Ananas": 1, "cat": 1}


def test_any_number_of_classes_is_unpacked(path, folder):
    names = ["cats", "dogs", "horses", "foxes", "Sea Lion"]
    make_zip(path, [(f"{name}/0.jpg", photo(i)) for i, name in enumerate(names)])
    classes = "Sea Lion", "cats", "dogs", "foxes", "horses"
    assert tuple(unpack(path, folder).counts) == classes
    assert find_data_set(folder).class_names == classes


def test_photos_of_one_name_are_all_kept(path, folder):
    cats = ["cat/0-2.jpg", "train/cat/0.jpg", "test/cat/0.JPG", "cat/0.jpg"]
    members = [(name, photo(i)) for i, name in enumerate(cats)]
    unpack(make_zip(path, [*members, ("dog/0.jpg", DOG)]), folder)
    written = {file.name.lower(): file.read_bytes() for file in folder.glob("cat/*")}
    assert sorted(written.values()) == sorted(data for _, data in members)


def special(mode=stat.S_IFREG, method=zipfile.ZIP_DEFLATED):
    member = zipfile.ZipInfo("cat/1.jpg")
    member.external_attr = (mode | 0o644) << 16
    member.compress_type = method
    return member


@pytest.mark.parametrize(
    "data", [CAT[:200], b"text", b""], ids=["cut", "text", "empty"]
)
def test_member_that_cannot_be_decoded_is_skipped_and_listed(data, folder):
    reason = message_of(PhotoError, decode_photo, data)
    unpacked = unpack_with("cat/bad.jpg", data, folder)
    assert unpacked == ({"cat": 1, "dog": 1}, [("cat/bad.jpg", reason)])
    assert files_in(folder) == ["cat/0.jpg", "dog/0.jpg"]


LINK, PIPE = special(stat.S_IFLNK), special(stat.S_IFIFO)
LZMA = special(method=zipfile.ZIP_LZMA)


@pytest.mark.parametrize(
    ("member", "data", "reason"),
    [
        pytest.param("Cat/Thumbs.db", b"x", "not named like a photo", id="thumbs"),
        pytest.param("readme[1].txt", b"x", "in no class folder", id="readme"),
        pytest.param("photo.jpg", CAT, "in no class folder", id="no folder"),
        pytest.param("__MACOSX/cat/._0.jpg", CAT, "hidden", id="macosx"),
        pytest.param("cat/.0.jpg", CAT, "hidden", id="hidden"),
        pytest.param(".cache/0.jpg", CAT, "hidden", id="hidden class"),
        pytest.param("../cat/0.jpg", CAT, "unsafe path", id="traversal"),
        pytest.param("cat/../../0.jpg", CAT, "unsafe path", id="deep traversal"),
        pytest.param("..\\cat\\0.jpg", CAT, "unsafe path", id="windows traversal"),
        pytest.param(" ../0.jpg", CAT, "unsafe path", id="spaced traversal"),
        pytest.param("/cat/0.jpg", CAT, "unsafe path", id="absolute"),
        pytest.param("C:\\cat\\0.jpg", CAT, "unsafe path", id="drive"),
        pytest.param(LINK, "/etc/passwd", "a link or a device", id="symlink"),
        pytest.param(PIPE, CAT, "a link or a device", id="pipe"),
        pytest.param(LZMA, CAT, "not compressed with Deflate", id="lzma"),
        pytest.param(f"cat/{'a' * 250}.jpg", CAT, "too long a name", id="long name"),
        pytest.param(f"{'a' * 250}/0.jpg", CAT, "too long a name", id="long class"),
        pytest.param("cat/1.jpg", bytes(20_000_001), "over 20 MB", id="large"),
    ],
)
def test_member_that_is_no_safe_photo_is_skipped_and_listed(
    member, data, reason, folder
):
    unpacked = unpack_with(member, data, folder)
    name = getattr(member, "filename", member)
    assert unpacked == ({"cat": 1, "dog": 1}, [(name, reason)])
    assert files_in(folder.parent) == ["a.zip", "pets/cat/0.jpg", "pets/dog/0.jpg"]


def test_listed_names_contain_no_control_characters(folder):
    unpacked = unpack_with("cat/\x1b[2J.txt", b"x", folder)
    listed = r"'cat/\x1b[2J.txt': not named like a photo"
    assert str(unpacked.skipped[0]) == listed


def flip_bit(path, place):
    """Change the lowest bit of one byte."""
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def test_damaged_member_is_skipped_and_listed(path, folder):
    make_zip(path, [*PETS, ("cat/1.jpg", CAT)], zipfile.ZIP_STORED)
    flip_bit(path, path.read_bytes().index(CAT) + len(CAT) // 2)
    reason = "damaged in the archive (Bad CRC-32 for file 'cat/0.jpg')"
    assert unpack(path, folder) == ({"cat": 1, "dog": 1}, [("cat/0.jpg", reason)])


def test_encrypted_member_is_skipped_and_listed(path, folder):
    make_zip(path, [*PETS, ("dog/1.jpg", DOG)])
    flip_bit(path, path.read_bytes().rindex(b"PK\x01\x02") + 8)
    assert unpack(path, folder).skipped == [("dog/1.jpg", "encrypted")]


def declare(path, members, size):
    """A zip whose directory declares this size for every member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
            archive.filelist[-1].file_size = size


def test_member_that_inflates_to_more_than_it_declares_needs_no_memory(path, folder):
    declare(path, [("cat/1.jpg", bytes(50_000_000))], 5000)
    with zipfile.ZipFile(path, "a") as archive:
        for name, data in PETS:
            archive.writestr(name, data)
    tracemalloc.start()
    unpacked = unpack(path, folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [name for name, _ in unpacked.skipped] == ["cat/1.jpg"]
    assert peak < 5_000_000


def test_archive_that_would_fill_the_disk_is_refused(path, folder):
    declare(path, [(f"cat/{i}.jpg", CAT) for i in range(1001)], 20_000_000)
    message = message_of(DownloadError, unpack, path, folder)
    assert message == f"{path} unpacks to more than 20 GB: take a smaller one"
    assert files_in(path.parent) == ["photos.zip"]


@pytest.mark.parametrize(
    ("members", "found"),
    [
        ([("cat/0.jpg", CAT), ("a/cat/1.jpg", DOG)], "photos of cat only"),
        ([("cat/0.jpg", CAT), ("dog/0.jpg", b"")], "photos of cat only"),
        ([("docs/a.txt", b"x")], "no photos"),
        ([], "no photos"),
    ],
    ids=["one", "broken", "documents", "empty"],
)
def test_archive_without_two_classes_is_refused(members, found, path, folder):
    message = message_of(DownloadError, unpack, make_zip(path, members), folder)
    assert message == f"{path} has {found}: {LAYOUT}"
    assert os.listdir(path.parent) == ["photos.zip"]


@pytest.mark.parametrize("kept", [slice(0), slice(-30)], ids=["empty", "cut"])
def test_file_that_is_no_whole_zip_is_refused(kept, path, folder):
    path.write_bytes(make_zip(path, PETS).read_bytes()[kept])
    message = message_of(DownloadError, unpack, path, folder)
    assert message == f"cannot read {path} (File is not a zip file): {LAYOUT}"
    assert os.listdir(path.parent) == ["photos.zip"]


def test_existing_folder_is_left_alone(path, folder):
    folder.mkdir()
    (folder / "mine.jpg").write_bytes(CAT)
    assert message_of(DownloadError, unpack, make_zip(path, PETS), folder) == (
        f"{folder} is there already and was left alone: remove or rename it first"
    )
    assert files_in(folder) == ["mine.jpg"]


def test_full_disk_leaves_nothing_half_written(path, folder):
    make_zip(path, [*PETS, ("dog/1.jpg", photo(5, 1000))])
    code = "import helpers.data.archives as a; a.unpack(*map(Path, sys.argv[1:]))"
    assert run_with_small_files(code, path, folder) == (
        f"helpers.data.downloads.DownloadError: cannot write {folder} (File too large):"
        " nothing was left behind, make room and run the same command again"
    )
    assert os.listdir(path.parent) == ["photos.zip"]


@pytest.fixture
def ctrl_c_soon():
    """A call that sends the signal of Ctrl-C a tenth of a second later."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_ctrl_c_leaves_nothing_half_written(path, ctrl_c_soon, folder):
    large, names = photo(5, 1000), ("cat", "dog")
    make_zip(path, [(f"{names[i % 2]}/{i}.jpg", large) for i in range(400)])
    ctrl_c_soon()
    with pytest.raises(KeyboardInterrupt):
        unpack(path, folder)
    assert os.listdir(path.parent) == ["photos.zip"]


def test_folder_of_a_killed_run_is_replaced(path, folder):
    left = folder.parent / ".pets.unpacking" / "cat"
    left.mkdir(parents=True)
    (left / "half.jpg").write_bytes(CAT[:100])
    unpack(make_zip(path, PETS), folder)
    assert files_in(path.parent) == ["pets/cat/0.jpg", "pets/dog/0.jpg", "photos.zip"]


def test_every_tenth_shared_photo_is_unpacked_unchanged(shared, path, folder):
    with zipfile.ZipFile(shared / "photos.zip") as photos:
        members = [(name, photos.read(name)) for name in photos.namelist()[::10]]
    assert unpack(make_zip(path, members), folder).skipped == []
    written = {file.name: file.read_bytes() for file in folder.rglob("*.jpg")}
    assert written == {Path(name).name: data for name, data in members}
