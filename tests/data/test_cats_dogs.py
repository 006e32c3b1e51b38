"""The data set of cats and dogs, from small zips that are made here."""

import hashlib
import os

import pytest

from helpers.data import cats_dogs
from helpers.data.archives import ZIP_LAYOUT
from helpers.data.cats_dogs import download_cats_dogs
from helpers.data.data_sets import find_data_set
from helpers.data.downloads import DownloadError
from helpers.locks import locked
from tests.data.file_server import Correct
from tests.data.made_files import make_zip, message_of, photo


@pytest.fixture
def pets_zip(tmp_path):
    """A zip with the folders of Microsoft's."""
    members = [(f"PetImages/Cat/{i}.jpg", photo(i)) for i in range(6)]
    members += [(f"PetImages/Dog/{i}.jpg", photo(10 + i)) for i in range(4)]
    members += [("PetImages/Dog/Thumbs.db", b"x"), ("MSR-LA - 3467.docx", b"x")]
    return make_zip(tmp_path / "pets.zip", members)


@pytest.fixture
def sha256(pets_zip):
    return hashlib.sha256(pets_zip.read_bytes()).hexdigest()


def test_zip_on_disk_becomes_the_data_set_and_stays(pets_zip, sha256, tmp_path, capsys):
    unpacked = download_cats_dogs(tmp_path / "data", str(pets_zip))
    assert unpacked.counts == {"cat": 6, "dog": 4}
    assert len(find_data_set(tmp_path / "data").paths) == 10
    assert pets_zip.exists()
    assert capsys.readouterr().err.startswith(f"SHA-256 of {pets_zip}: {sha256}\n")


def test_zip_at_an_address_becomes_the_data_set_and_is_removed(
    pets_zip, sha256, tmp_path, serve, capsys
):
    server = serve(Correct, pets_zip.read_bytes())
    download_cats_dogs(tmp_path / "data", server.url)
    assert os.listdir(tmp_path / "data") == ["cats-dogs"]
    assert len(find_data_set(tmp_path / "data").paths) == 10
    assert f"SHA-256 of {server.url}: {sha256}\n" in capsys.readouterr().err


def test_address_of_something_else_leaves_nothing(tmp_path, serve):
    with pytest.raises(DownloadError, match="File is not a zip file"):
        download_cats_dogs(tmp_path / "data", serve(Correct, photo(0)).url)
    assert os.listdir(tmp_path / "data") == []


@pytest.fixture
def default(pets_zip, sha256, serve, monkeypatch):
    """A small zip at the address that is used unless another is given."""
    content = pets_zip.read_bytes()
    server = serve(Correct, content)
    monkeypatch.setattr(cats_dogs, "CATS_DOGS_URL", server.url)
    monkeypatch.setattr(cats_dogs, "CATS_DOGS_BYTES", len(content))
    monkeypatch.setattr(cats_dogs, "CATS_DOGS_SHA256", sha256)
    return server


def test_default_archive_is_downloaded_unpacked_and_removed(default, tmp_path):
    unpacked = download_cats_dogs(tmp_path / "data")
    assert unpacked.counts == {"cat": 6, "dog": 4}
    skipped = [name for name, _ in unpacked.skipped]
    assert skipped == ["PetImages/Dog/Thumbs.db", "MSR-LA - 3467.docx"]
    assert os.listdir(tmp_path / "data") == ["cats-dogs"]


def test_default_archive_with_a_wrong_checksum_is_not_unpacked(
    default, tmp_path, monkeypatch
):
    monkeypatch.setattr(cats_dogs, "CATS_DOGS_SHA256", "0" * 64)
    with pytest.raises(DownloadError, match="the downloaded file's SHA-256 is"):
        download_cats_dogs(tmp_path / "data")
    assert os.listdir(tmp_path / "data") == []


def test_existing_data_set_is_not_downloaded_again(default, tmp_path):
    download_cats_dogs(tmp_path / "data")
    with pytest.raises(DownloadError, match="is there already and was left alone"):
        download_cats_dogs(tmp_path / "data")
    assert len(default.ranges) == 1


def test_missing_zip_is_one_sentence(tmp_path):
    message = message_of(DownloadError, download_cats_dogs, tmp_path, "missing.zip")
    assert message == f"there is no file missing.zip: {ZIP_LAYOUT}, or its http address"


def test_what_a_run_left_that_was_killed_after_unpacking_is_deleted(default, tmp_path):
    data = tmp_path / "data"
    download_cats_dogs(data)
    for name in ("cats-dogs.download", "cats-dogs.download.part"):
        (data / name).write_bytes(b"x")
    with pytest.raises(DownloadError, match="is there already and was left alone"):
        download_cats_dogs(data)
    assert os.listdir(data) == ["cats-dogs"]


def test_two_downloads_at_once_are_refused(default, tmp_path):
    with locked(tmp_path):
        message = message_of(DownloadError, download_cats_dogs, tmp_path)
    assert message == f"another download into {tmp_path} is running: wait until it ends"
    assert default.ranges == []
