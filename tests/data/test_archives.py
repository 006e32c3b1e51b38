"""Downloads against a real server that misbehaves; zips made here, good and bad."""

import hashlib
import io
import os
import signal
import stat
import subprocess
import sys
import threading
import tracemalloc
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.data import archives, downloads
from helpers.data.archives import DownloadError, unpack
from helpers.data.decoding import PhotoError, decode_photo
from helpers.data.downloads import download_cats_dogs, fetch
from helpers.data.photos import find_data_set

CONTENT = np.random.default_rng(0).bytes(100_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
WANTED = "expected a zip with one folder of photos per class, for instance cat/, dog/"
OTHERWISE = "or use a zip you have with --from"


class Honest(BaseHTTPRequestHandler):
    """Serves `server.content`, whole or from where it is asked."""

    def do_GET(self):
        self.server.ranges.append(self.headers["Range"])
        self.answer(int((self.headers["Range"] or "bytes=0-")[6:-1]))

    def answer(self, start):
        content = self.server.content
        if start >= len(content):
            return self.send_error(416)
        headers = {"Content-Length": len(content) - start}
        if start:
            end = len(content) - 1
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        self.begin(206 if start else 200, headers)
        self.send(content[start:])

    def begin(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()

    def send(self, content):
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


class BreaksOff(Honest):
    """Sends 30,000 bytes a connection."""

    def send(self, content):
        self.wfile.write(content[:30_000])


class NeverResumes(BreaksOff):
    """Breaks off, and starts from the first byte each time."""

    def answer(self, start):
        super().answer(0)


class IgnoresRange(Honest):
    def answer(self, start):
        super().answer(0)


class SendsAnotherPart(Honest):
    """Sends an earlier part than the one asked for."""

    def answer(self, start):
        super().answer(max(0, start - 10))


class AnnouncesTooMuch(Honest):
    def begin(self, status, headers):
        super().begin(status, headers | {"Content-Length": 200_000})


class AnnouncesNothing(Honest):
    """No length, and more bytes than there should be."""

    def answer(self, start):
        self.begin(200, {})
        self.send(CONTENT + CONTENT)


class ServesWrongBytes(Honest):
    def send(self, content):
        super().send(bytes(len(content)))


class BusyAtFirst(Honest):
    def answer(self, start):
        if len(self.server.ranges) < 3:
            return self.send_error(503)
        return super().answer(start)


class HasNothing(Honest):
    def answer(self, start):
        self.send_error(404)


class RedirectsToAFile(Honest):
    def answer(self, start):
        self.begin(302, {"Location": "file:///etc/passwd"})


@pytest.fixture
def serve():
    servers = []

    def start(handler, content=CONTENT):
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.content, server.ranges = content, []
        server.url = f"http://127.0.0.1:{server.server_port}/photos.zip"
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(downloads, "RETRY_SECONDS", (0, 0))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "photos.zip"


@pytest.fixture
def part(tmp_path):
    return tmp_path / "photos.zip.part"


def fetch_content(server, path):
    return fetch(server.url, path, sha256=SHA256, bytes_expected=len(CONTENT))


def message_of(server, path):
    with pytest.raises(DownloadError) as caught:
        fetch_content(server, path)
    return str(caught.value)


def files_in(folder):
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize(
    "handler",
    [Honest, BreaksOff, IgnoresRange, SendsAnotherPart, BusyAtFirst],
    ids=lambda handler: handler.__name__,
)
def test_download_arrives_whole_and_alone(handler, serve, path):
    assert fetch_content(serve(handler), path) == SHA256
    assert path.read_bytes() == CONTENT
    assert files_in(path.parent) == ["photos.zip"]


def test_broken_connection_is_resumed_where_it_broke(serve, path):
    server = serve(BreaksOff)
    fetch_content(server, path)
    asked = [None, "bytes=30000-", "bytes=60000-", "bytes=90000-"]
    assert server.ranges == asked


def test_earlier_run_is_resumed(serve, path, part):
    part.write_bytes(CONTENT[:70_000])
    server = serve(Honest)
    fetch_content(server, path)
    assert server.ranges == ["bytes=70000-"]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("handler", [IgnoresRange, SendsAnotherPart])
def test_earlier_run_is_dropped_if_the_server_cannot_resume(handler, serve, path, part):
    part.write_bytes(CONTENT[:70_000])
    fetch_content(serve(handler), path)
    assert path.read_bytes() == CONTENT


def test_earlier_run_is_dropped_if_it_is_longer_than_the_file(serve, path, part):
    part.write_bytes(CONTENT + b"more")
    fetch_content(serve(Honest), path)
    assert path.read_bytes() == CONTENT


def test_earlier_run_is_dropped_without_a_checksum(serve, path, part):
    part.write_bytes(b"of something else")
    server = serve(Honest)
    assert fetch(server.url, path) == SHA256
    assert server.ranges == [None]


def test_complete_download_asks_for_nothing(serve, path):
    path.write_bytes(CONTENT)
    server = serve(Honest)
    fetch_content(server, path)
    assert server.ranges == []


def test_complete_part_asks_for_nothing(serve, path, part):
    part.write_bytes(CONTENT)
    server = serve(Honest)
    fetch_content(server, path)
    assert server.ranges == []
    assert files_in(path.parent) == ["photos.zip"]


def test_length_that_is_not_known_is_no_hindrance(serve, path):
    fetch(serve(AnnouncesNothing).url, path)
    assert path.read_bytes() == CONTENT + CONTENT


def test_tries_are_bounded_and_the_message_says_how_to_resume(serve, path):
    server = serve(NeverResumes)
    assert message_of(server, path) == (
        f"{server.url}: broke off after 30,000 of 100,000 bytes: "
        f"run the same command again to resume, {OTHERWISE}"
    )
    assert len(server.ranges) == 3


def test_same_command_again_resumes_what_broke_off(serve, path):
    message_of(serve(NeverResumes), path)
    server = serve(Honest)
    fetch_content(server, path)
    assert server.ranges == ["bytes=30000-"]
    assert path.read_bytes() == CONTENT


def test_wrong_bytes_are_refused_and_removed(serve, path):
    wrong = hashlib.sha256(bytes(len(CONTENT))).hexdigest()
    assert message_of(serve(ServesWrongBytes), path) == (
        f"what came has SHA-256 {wrong}, not {SHA256}, and was removed: "
        f"run the same command again, {OTHERWISE}"
    )
    assert files_in(path.parent) == []


def test_server_that_announces_another_length_is_refused(serve, path):
    server = serve(AnnouncesTooMuch)
    assert message_of(server, path) == (
        f"{server.url} announces 200,000 bytes, 100,000 were expected: "
        f"check the address, {OTHERWISE}"
    )
    assert files_in(path.parent) == []


def test_server_that_lies_about_an_unknown_length_is_refused(serve, path):
    with pytest.raises(DownloadError, match=r"bytes: run the same command again to st"):
        fetch(serve(AnnouncesTooMuch).url, path)
    assert not path.exists()


def test_server_that_sends_too_much_is_refused(serve, path):
    message = "more than 100,000 bytes came: check the address"
    assert message_of(serve(AnnouncesNothing), path) == message
    assert files_in(path.parent) == []


def test_missing_file_is_not_asked_for_twice(serve, path):
    server = serve(HasNothing)
    assert message_of(server, path) == (
        f"{server.url}: the server answers 404 Not Found: check it, {OTHERWISE}"
    )
    assert len(server.ranges) == 1


def test_redirect_to_a_file_is_refused(serve, path):
    assert "not allowed" in message_of(serve(RedirectsToAFile), path)
    assert files_in(path.parent) == []


def test_server_that_is_not_there_is_one_sentence(serve, path):
    server = serve(Honest)
    server.shutdown()
    server.server_close()
    message = message_of(server, path)
    assert message.startswith(f"{server.url}: no connection (")
    assert "\n" not in message


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://localhost/a", "http:///"])
def test_only_http_is_fetched(url, path):
    with pytest.raises(DownloadError) as caught:
        fetch(url, path)
    assert str(caught.value) == f"{url} is no http or https address: check it"


def run_with_small_files(code, *arguments):
    """A Python that cannot write a file over 10,000 bytes, as on a full disk."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10000,) * 2)"
    start = "import sys; from pathlib import Path; from helpers.data.downloads import *"
    command = [sys.executable, "-c", f"{start}; {limit}; {code}", *map(str, arguments)]
    root = Path(archives.__file__).parents[2]
    run = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=60)
    return run.stderr.splitlines()[-1]


def test_full_disk_ends_a_download_with_a_sentence(serve, path, part):
    code = "fetch(sys.argv[1], Path(sys.argv[2]))"
    assert run_with_small_files(code, serve(Honest).url, path) == (
        f"helpers.data.archives.DownloadError: cannot write {part} (File too large): "
        "make room and run the same command again"
    )
    assert not path.exists()


def photo(seed, side=48):
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((side, side)).save(file, "JPEG")
    return file.getvalue()


CAT, DOG = photo(1), photo(2)


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "pets"


def unpack_with(member, data, folder):
    """What is unpacked of an archive with a good cat, a good dog and this."""
    good = [("cat/good.jpg", CAT), ("dog/good.jpg", DOG)]
    return unpack(make_zip(folder.parent / "a.zip", [*good, (member, data)]), folder)


@pytest.mark.parametrize(
    "cats", ["cat", "cats", "Cat", "CATS", "PetImages/Cat", "a/b/c/cats"]
)
def test_class_folder_is_known_under_its_usual_names(cats, path, folder):
    make_zip(path, [(f"{cats}/0.jpg", CAT), ("Dogs/1.jpg", DOG)])
    assert unpack(path, folder) == ({"cat": 1, "dog": 1}, [])
    assert files_in(folder) == ["cat/0.jpg", "dog/1.jpg"]


def test_backslashes_separate_folders(path, folder):
    unpack(
        make_zip(path, [("Pets\\Cat\\0.jpg", CAT), ("Pets\\Dog\\0.jpg", DOG)]), folder
    )
    assert files_in(folder) == ["cat/0.jpg", "dog/0.jpg"]


def test_any_number_of_classes_is_unpacked(path, folder):
    names = ["cats", "dogs", "horses", "foxes", "Sea Lion"]
    make_zip(path, [(f"{name}/0.jpg", photo(i)) for i, name in enumerate(names)])
    assert list(unpack(path, folder).counts) == [
        "cat",
        "dog",
        "fox",
        "horse",
        "sea lion",
    ]
    assert find_data_set(folder).class_names == (
        "cat",
        "dog",
        "fox",
        "horse",
        "sea lion",
    )


def test_photos_keep_their_bytes(path, folder):
    unpack(make_zip(path, [("cat/0.jpg", CAT), ("dog/0.jpg", DOG)]), folder)
    assert (folder / "cat/0.jpg").read_bytes() == CAT
    assert (folder / "dog/0.jpg").read_bytes() == DOG


def test_photos_of_one_name_are_all_kept(path, folder):
    cats = ["cat/0-2.jpg", "train/Cat/0.jpg", "test/cats/0.JPG", "cats/0.jpg"]
    members = [(name, photo(i)) for i, name in enumerate(cats)]
    unpack(make_zip(path, [*members, ("dog/0.jpg", DOG)]), folder)
    written = {file.name.lower(): file.read_bytes() for file in folder.glob("cat/*")}
    assert sorted(written.values()) == sorted(data for _, data in members)


def special(name, mode=stat.S_IFREG, method=zipfile.ZIP_DEFLATED):
    member = zipfile.ZipInfo(name)
    member.external_attr = (mode | 0o644) << 16
    member.compress_type = method
    return member


def refusal(data):
    """What decode_photo says."""
    with pytest.raises(PhotoError) as caught:
        decode_photo(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "data", [CAT[:200], b"text", b""], ids=["cut", "text", "empty"]
)
def test_member_that_cannot_be_decoded_is_skipped_and_listed(data, folder):
    unpacked = unpack_with("cat/bad.jpg", data, folder)
    assert unpacked == ({"cat": 1, "dog": 1}, [("cat/bad.jpg", refusal(data))])
    assert files_in(folder) == ["cat/good.jpg", "dog/good.jpg"]


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
        pytest.param(
            special("cat/0.jpg", stat.S_IFLNK),
            "/etc/passwd",
            "a link or a device",
            id="symlink",
        ),
        pytest.param(
            special("cat/0.jpg", stat.S_IFIFO), CAT, "a link or a device", id="pipe"
        ),
        pytest.param(
            special("cat/0.jpg", method=zipfile.ZIP_LZMA),
            CAT,
            "not compressed with Deflate",
            id="lzma",
        ),
        pytest.param(f"cat/{'a' * 250}.jpg", CAT, "too long a name", id="long name"),
        pytest.param(f"{'a' * 250}/0.jpg", CAT, "too long a name", id="long class"),
        pytest.param("cat/0.jpg", bytes(20_000_001), "over 20 MB", id="large"),
    ],
)
def test_member_that_is_no_safe_photo_is_skipped_and_listed(
    member, data, reason, folder
):
    unpacked = unpack_with(member, data, folder)
    name = getattr(member, "filename", member)
    assert unpacked == ({"cat": 1, "dog": 1}, [(name, reason)])
    assert files_in(folder.parent) == [
        "a.zip",
        "pets/cat/good.jpg",
        "pets/dog/good.jpg",
    ]


def test_listed_names_cannot_drive_a_terminal(folder):
    unpacked = unpack_with("cat/\x1b[2J.txt", b"x", folder)
    listed = r"'cat/\x1b[2J.txt': not named like a photo"
    assert str(unpacked.skipped[0]) == listed


def spoiled(path, spoil):
    """The archive with one of its bytes changed."""
    data = bytearray(path.read_bytes())
    spoil(data)
    path.write_bytes(data)
    return path


def test_damaged_member_is_skipped_and_listed(path, folder):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in [("cat/0.jpg", CAT), ("dog/0.jpg", DOG), ("cat/1.jpg", CAT)]:
            archive.writestr(name, data)
    place = path.read_bytes().index(CAT) + len(CAT) // 2
    spoiled(path, lambda data: data.__setitem__(place, data[place] ^ 1))
    reason = "damaged in the archive (Bad CRC-32 for file 'cat/0.jpg')"
    assert unpack(path, folder) == ({"cat": 1, "dog": 1}, [("cat/0.jpg", reason)])


def test_encrypted_member_is_skipped_and_listed(path, folder):
    make_zip(path, [("cat/0.jpg", CAT), ("dog/0.jpg", DOG), ("dog/1.jpg", DOG)])
    flags = path.read_bytes().rindex(b"PK\x01\x02") + 8
    spoiled(path, lambda data: data.__setitem__(flags, data[flags] | 1))
    assert unpack(path, folder).skipped == [("dog/1.jpg", "encrypted")]


def declare(path, members, size):
    """An archive whose directory claims the size for every member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
            archive.filelist[-1].file_size = size
    return path


def test_member_that_inflates_to_more_than_it_declares_costs_no_memory(path, folder):
    declare(path, [("cat/0.jpg", bytes(50_000_000))], 5000)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("cat/1.jpg", CAT)
        archive.writestr("dog/1.jpg", DOG)
    tracemalloc.start()
    unpacked = unpack(path, folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [name for name, _ in unpacked.skipped] == ["cat/0.jpg"]
    assert peak < 5_000_000


def test_archive_that_would_fill_the_disk_is_refused(path, folder):
    declare(path, [(f"cat/{i}.jpg", CAT) for i in range(1001)], 20_000_000)
    with pytest.raises(DownloadError) as caught:
        unpack(path, folder)
    assert str(caught.value) == f"{path} unpacks to more than 20 GB: take a smaller one"
    assert files_in(path.parent) == ["photos.zip"]


@pytest.mark.parametrize(
    ("members", "found"),
    [
        pytest.param(
            [("cat/0.jpg", CAT), ("cats/1.jpg", DOG)], "photos of cat only", id="one"
        ),
        pytest.param(
            [("cat/0.jpg", CAT), ("dog/0.jpg", b"")], "photos of cat only", id="broken"
        ),
        pytest.param([("docs/a.txt", b"x")], "no photos", id="documents"),
        pytest.param([], "no photos", id="empty"),
    ],
)
def test_archive_without_two_classes_is_refused(members, found, path, folder):
    with pytest.raises(DownloadError) as caught:
        unpack(make_zip(path, members), folder)
    assert str(caught.value) == f"{path} has {found}: {WANTED}"
    assert os.listdir(path.parent) == ["photos.zip"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "File is not a zip file"), (CAT, "File is not a zip file")],
    ids=["empty", "photo"],
)
def test_file_that_is_no_zip_is_refused(content, problem, path, folder):
    path.write_bytes(content)
    with pytest.raises(DownloadError) as caught:
        unpack(path, folder)
    assert str(caught.value) == f"cannot read {path} ({problem}): {WANTED}"


def test_zip_that_is_cut_short_is_refused(path, folder):
    make_zip(path, [("cat/0.jpg", CAT), ("dog/0.jpg", DOG)])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DownloadError, match="not a zip file"):
        unpack(path, folder)
    assert os.listdir(path.parent) == ["photos.zip"]


def test_data_set_that_is_there_is_left_alone(path, folder):
    folder.mkdir()
    (folder / "mine.jpg").write_bytes(CAT)
    with pytest.raises(DownloadError) as caught:
        unpack(make_zip(path, [("cat/0.jpg", CAT), ("dog/0.jpg", DOG)]), folder)
    assert str(caught.value) == (
        f"{folder} is there already and was left alone: remove or rename it first"
    )
    assert files_in(folder) == ["mine.jpg"]


def test_full_disk_leaves_nothing_half_written(path, folder):
    large = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(large).save(file, "JPEG")
    make_zip(
        path, [("cat/0.jpg", CAT), ("dog/0.jpg", DOG), ("dog/1.jpg", file.getvalue())]
    )
    code = "unpack(Path(sys.argv[1]), Path(sys.argv[2]))"
    assert run_with_small_files(code, path, folder) == (
        f"helpers.data.archives.DownloadError: cannot write {folder} (File too large): "
        "nothing was left behind, make room and run the same command again"
    )
    assert os.listdir(path.parent) == ["photos.zip"]


@pytest.fixture
def ctrl_c_soon():
    """A call that presses Ctrl-C a tenth of a second later."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.1)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def long_zip(path):
    large = photo(5, 1000)
    return make_zip(
        path, [(f"{'cat' if i % 2 else 'dog'}/{i}.jpg", large) for i in range(400)]
    )


def test_ctrl_c_leaves_nothing_half_written(long_zip, ctrl_c_soon, folder):
    ctrl_c_soon()
    with pytest.raises(KeyboardInterrupt):
        unpack(long_zip, folder)
    assert os.listdir(long_zip.parent) == ["photos.zip"]


def test_what_a_killed_run_left_is_not_taken_over(path, folder):
    left = folder.parent / ".pets.unpacking" / "cat"
    left.mkdir(parents=True)
    (left / "half.jpg").write_bytes(CAT[:100])
    unpack(make_zip(path, [("cat/0.jpg", CAT), ("dog/0.jpg", DOG)]), folder)
    assert files_in(path.parent) == ["pets/cat/0.jpg", "pets/dog/0.jpg", "photos.zip"]


@pytest.fixture
def pets_zip(tmp_path):
    """Laid out like Microsoft's."""
    members = [(f"PetImages/Cat/{i}.jpg", photo(i)) for i in range(6)]
    members += [(f"PetImages/Dog/{i}.jpg", photo(10 + i)) for i in range(4)]
    members += [("PetImages/Dog/Thumbs.db", b"x"), ("MSR-LA - 3467.docx", b"x")]
    return make_zip(tmp_path / "pets.zip", members)


def test_zip_on_disk_becomes_the_data_set_and_stays(pets_zip, tmp_path, capsys):
    unpacked = download_cats_dogs(tmp_path / "data", str(pets_zip))
    assert unpacked.counts == {"cat": 6, "dog": 4}
    assert len(find_data_set(tmp_path / "data").paths) == 10
    assert pets_zip.exists()
    sha256 = hashlib.sha256(pets_zip.read_bytes()).hexdigest()
    assert capsys.readouterr().err.startswith(f"SHA-256 of {pets_zip}: {sha256}\n")


def test_zip_at_an_address_becomes_the_data_set_and_goes(
    pets_zip, tmp_path, serve, capsys
):
    server = serve(Honest, pets_zip.read_bytes())
    download_cats_dogs(tmp_path / "data", server.url)
    assert os.listdir(tmp_path / "data") == ["cats-dogs"]
    assert len(find_data_set(tmp_path / "data").paths) == 10
    sha256 = hashlib.sha256(pets_zip.read_bytes()).hexdigest()
    assert f"SHA-256 of {server.url}: {sha256}\n" in capsys.readouterr().err


def test_address_of_something_else_leaves_nothing(tmp_path, serve):
    with pytest.raises(DownloadError, match="File is not a zip file"):
        download_cats_dogs(tmp_path / "data", serve(Honest).url)
    assert os.listdir(tmp_path / "data") == []


@pytest.fixture
def microsoft(pets_zip, serve, monkeypatch):
    """The archive that is downloaded unless another is named: here, a small one."""

    def start(handler):
        content = pets_zip.read_bytes()
        server = serve(handler, content)
        sha256 = hashlib.sha256(content).hexdigest()
        monkeypatch.setattr(downloads, "CATS_DOGS_URL", server.url)
        monkeypatch.setattr(downloads, "CATS_DOGS_BYTES", len(content))
        monkeypatch.setattr(downloads, "CATS_DOGS_SHA256", sha256)
        return server

    return start


def test_known_archive_is_downloaded_unpacked_and_removed(microsoft, tmp_path):
    microsoft(Honest)
    unpacked = download_cats_dogs(tmp_path / "data")
    assert unpacked.counts == {"cat": 6, "dog": 4}
    assert [name for name, _ in unpacked.skipped] == [
        "PetImages/Dog/Thumbs.db",
        "MSR-LA - 3467.docx",
    ]
    assert os.listdir(tmp_path / "data") == ["cats-dogs"]


def test_known_archive_is_not_unpacked_with_a_wrong_checksum(microsoft, tmp_path):
    microsoft(ServesWrongBytes)
    with pytest.raises(DownloadError, match="what came has SHA-256"):
        download_cats_dogs(tmp_path / "data")
    assert os.listdir(tmp_path / "data") == []


def test_data_set_that_is_there_is_not_downloaded_again(microsoft, tmp_path):
    server = microsoft(Honest)
    download_cats_dogs(tmp_path / "data")
    with pytest.raises(DownloadError, match="is there already and was left alone"):
        download_cats_dogs(tmp_path / "data")
    assert len(server.ranges) == 1


def test_zip_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(DownloadError) as caught:
        download_cats_dogs(tmp_path, "missing.zip")
    assert str(caught.value) == (
        f"there is no file missing.zip: {WANTED}, or its http address"
    )


def test_every_tenth_shared_photo_is_unpacked_as_it_is(shared, path, folder):
    with zipfile.ZipFile(shared / "photos.zip") as photos:
        members = [(name, photos.read(name)) for name in photos.namelist()[::10]]
    assert unpack(make_zip(path, members), folder).skipped == []
    written = {file.name: file.read_bytes() for file in folder.rglob("*.jpg")}
    assert written == {Path(name).name: data for name, data in members}


def test_every_bad_shared_file_is_a_photo_or_listed(shared, path, folder):
    bad = [
        (f"cat/{file.name}", file.read_bytes()) for file in (shared / "bad").iterdir()
    ]
    unpacked = unpack(
        make_zip(path, [*bad, ("dog/0.jpg", DOG), ("cat/0.jpg", CAT)]), folder
    )
    assert sum(unpacked.counts.values()) + len(unpacked.skipped) == len(bad) + 2
