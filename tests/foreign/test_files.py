"""Small files from outside: regular, bounded, in UTF-8."""

import os
import socket

import pytest

from helpers.foreign.files import read_bounded, read_text


def test_a_file_has_at_most_so_many_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_bounded(tmp_path / "a", 5) == b"12345"
    with pytest.raises(ValueError, match=r"/a has 5 bytes: at most 4 are read$"):
        read_bounded(tmp_path / "a", 4)


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "labels.txt")
    with pytest.raises(ValueError, match="is a pipe, not a regular file"):
        read_bounded(tmp_path / "labels.txt", 5)


def test_a_file_without_end_is_refused(tmp_path):
    (tmp_path / "labels.txt").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="is a device, not a regular file"):
        read_bounded(tmp_path / "labels.txt", 5)


def test_a_file_that_does_not_state_its_size_is_bounded():
    with pytest.raises(ValueError, match="has more bytes: at most 5 are read"):
        read_bounded("/proc/self/status", 5)


def test_a_folder_a_socket_and_a_looping_link_are_errors_of_the_system(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(tmp_path / "socket"))
        for name in ("", "loop", "socket"):
            with pytest.raises(OSError, match=str(tmp_path)):
                read_bounded(tmp_path / name, 5)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("Kätzchen".encode("utf-16"), "not text in UTF-8 (it begins as UTF-16 does)"),
        (
            "Kätzchen".encode("latin-1"),
            "not text in UTF-8 (byte 1 is 0xe4): save it so",
        ),
        ("cat".encode("utf-16-le"), r"holds '\x00', a control character"),
        (b"cat\x1b[31m", r"holds '\x1b', a control character"),
    ],
    ids=["UTF-16", "Latin-1", "UTF-16 without mark", "escape"],
)
def test_another_encoding_is_refused_and_not_guessed(tmp_path, data, problem):
    (tmp_path / "labels.txt").write_bytes(data)
    with pytest.raises(ValueError, match=str(tmp_path)) as error:
        read_text(tmp_path / "labels.txt", 100)
    assert problem in str(error.value)


def test_a_text_loses_its_byte_order_mark(tmp_path):
    (tmp_path / "a").write_bytes("\ufeffcat\n".encode())
    assert read_text(tmp_path / "a", 100) == "cat\n"
