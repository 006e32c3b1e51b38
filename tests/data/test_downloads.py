"""Downloads from a real server that misbehaves."""

import hashlib

import numpy as np
import pytest

from helpers.data import downloads
from helpers.data.downloads import DownloadError, fetch
from tests.data import file_server
from tests.data.made_files import files_in, message_of, run_with_small_files

CONTENT = np.random.default_rng(0).bytes(100_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
EXPECTED = {"sha256": SHA256, "size": len(CONTENT)}
OR_LOCAL_ZIP = "or use a zip you have with --from"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(downloads, "RETRY_SECONDS", (0, 0))


@pytest.fixture
def server(serve, request):
    """A server with the handler that the test names, else a correct one."""
    handler = getattr(request, "param", "Correct")
    return serve(getattr(file_server, handler), CONTENT)


@pytest.fixture
def part(tmp_path):
    return tmp_path / "photos.zip.part"


def handlers(*names):
    return pytest.mark.parametrize("server", names, indirect=True)


@handlers("Correct", "BreaksOff", "IgnoresRange", "SendsAnotherPart", "BusyAtFirst")
def test_download_is_complete_and_leaves_no_other_file(server, path):
    assert fetch(server.url, path, **EXPECTED) == SHA256
    assert path.read_bytes() == CONTENT
    assert files_in(path.parent) == ["photos.zip"]


@handlers("BreaksOff")
def test_broken_connection_is_resumed_where_it_broke(server, path):
    fetch(server.url, path, **EXPECTED)
    ranges = [None, "bytes=30000-", "bytes=60000-", "bytes=90000-"]
    assert server.ranges == ranges


def test_earlier_run_is_resumed(server, path, part):
    part.write_bytes(CONTENT[:70_000])
    fetch(server.url, path, **EXPECTED)
    assert server.ranges == ["bytes=70000-"]
    assert path.read_bytes() == CONTENT


@handlers("IgnoresRange", "SendsAnotherPart")
def test_earlier_run_is_dropped_if_the_server_cannot_resume(server, path, part):
    part.write_bytes(CONTENT[:70_000])
    fetch(server.url, path, **EXPECTED)
    assert path.read_bytes() == CONTENT


def test_earlier_run_is_dropped_if_it_is_longer_than_the_file(server, path, part):
    part.write_bytes(CONTENT + b"more")
    fetch(server.url, path, **EXPECTED)
    assert path.read_bytes() == CONTENT


def test_earlier_run_is_dropped_without_a_checksum(server, path, part):
    part.write_bytes(b"of something else")
    assert fetch(server.url, path) == SHA256
    assert server.ranges == [None]


@pytest.mark.parametrize("name", ["photos.zip", "photos.zip.part"])
def test_complete_file_is_not_requested_again(name, server, path):
    path.with_name(name).write_bytes(CONTENT)
    fetch(server.url, path, **EXPECTED)
    assert server.ranges == []
    assert files_in(path.parent) == ["photos.zip"]


@handlers("AnnouncesNothing")
def test_length_may_be_unknown(server, path):
    fetch(server.url, path)
    assert path.read_bytes() == CONTENT + CONTENT


@handlers("NeverResumes")
def test_tries_are_bounded_and_leave_what_the_next_run_resumes(server, path, part):
    assert message_of(DownloadError, fetch, server.url, path, **EXPECTED) == (
        f"{server.url}: broke off after 30,000 of 100,000 bytes: "
        f"run the same command again to resume, {OR_LOCAL_ZIP}"
    )
    assert len(server.ranges) == 3
    assert part.read_bytes() == CONTENT[:30_000]


@handlers("SendsWrongBytes")
def test_wrong_bytes_are_refused_and_removed(server, path):
    wrong = hashlib.sha256(bytes(len(CONTENT))).hexdigest()
    assert message_of(DownloadError, fetch, server.url, path, **EXPECTED) == (
        f"the downloaded file's SHA-256 is {wrong}, expected {SHA256}: "
        f"the file was removed, run the same command again, {OR_LOCAL_ZIP}"
    )
    assert files_in(path.parent) == []


@handlers("AnnouncesTooMuch")
def test_another_length_than_expected_is_refused(server, path):
    assert message_of(DownloadError, fetch, server.url, path, **EXPECTED) == (
        f"{server.url} announces 200,000 bytes, 100,000 were expected: "
        f"check the address, {OR_LOCAL_ZIP}"
    )
    assert files_in(path.parent) == []


@handlers("AnnouncesTooMuch")
def test_fewer_bytes_than_announced_are_refused(server, path):
    with pytest.raises(DownloadError, match=r"bytes: run the same command again to st"):
        fetch(server.url, path)
    assert not path.exists()


@handlers("AnnouncesNothing")
def test_more_bytes_than_expected_are_refused(server, path):
    assert message_of(DownloadError, fetch, server.url, path, **EXPECTED) == (
        "the server sent more than 100,000 bytes: check the address"
    )
    assert files_in(path.parent) == []


@handlers("HasNothing")
def test_missing_file_is_requested_once(server, path):
    assert message_of(DownloadError, fetch, server.url, path, **EXPECTED) == (
        f"{server.url}: the server answers 404 Not Found: "
        f"check the address, {OR_LOCAL_ZIP}"
    )
    assert len(server.ranges) == 1


@handlers("RedirectsToAFile")
def test_redirect_to_a_file_is_refused(server, path):
    message = message_of(DownloadError, fetch, server.url, path)
    assert "not allowed" in message
    assert files_in(path.parent) == []


def test_server_that_is_not_there_is_one_sentence(server, path):
    server.shutdown()
    server.server_close()
    message = message_of(DownloadError, fetch, server.url, path)
    assert message.startswith(f"{server.url}: no connection (")
    assert "\n" not in message


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://localhost/a", "http:///"])
def test_only_http_is_fetched(url, path):
    assert message_of(DownloadError, fetch, url, path) == (
        f"{url} is not an http or https address: check the address"
    )


def test_full_disk_ends_a_download_with_a_sentence(server, path, part):
    code = "import helpers.data.downloads as d; d.fetch(sys.argv[1], Path(sys.argv[2]))"
    assert run_with_small_files(code, server.url, path) == (
        f"helpers.data.downloads.DownloadError: cannot write {part} (File too large): "
        "make room and run the same command again"
    )
    assert not path.exists()
