"""SaveError: what the system and TensorFlow raise, as one sentence."""

import errno
import os

import pytest
import tensorflow as tf

from helpers.training.save_errors import SaveError, save_errors

AGAIN = "run the same command again: it resumes at the last checkpoint that is there"
ROOM = "make room there"
ELSEWHERE = "make it writable or choose another folder with --out"


def message_of(error, folder):
    with pytest.raises(SaveError) as caught, save_errors(folder):
        raise error
    return str(caught.value)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, ROOM),
        (errno.EDQUOT, ROOM),
        (errno.EFBIG, ROOM),
        (errno.EIO, ROOM),
        (errno.EROFS, ELSEWHERE),
        (errno.EACCES, ELSEWHERE),
        (errno.EMFILE, "allow more open files (ulimit -n)"),
    ],
    ids=errno.errorcode.get,
)
def test_the_cause_is_the_systems_and_has_its_advice(code, advice, tmp_path):
    text = os.strerror(code)
    wanted = f"{tmp_path} cannot be written to ({text}): {advice}, and {AGAIN}"
    assert message_of(OSError(code, text, "x"), tmp_path) == wanted
    graph = f"Graph execution error:\n\nnode\n/a/b.tempstate1; {text}\n\t [[node]]"
    for kind in (tf.errors.ResourceExhaustedError, tf.errors.UnknownError):
        assert message_of(kind(None, None, graph), tmp_path) == wanted


def test_another_error_of_tensorflow_is_one_line(tmp_path):
    error = tf.errors.InternalError(None, None, "it\nbroke")
    assert "cannot be written to (it broke): " in message_of(error, tmp_path)


def test_a_full_device_is_named_by_its_cause(tmp_path):
    (tmp_path / "part").symlink_to("/dev/full")
    with (
        pytest.raises(SaveError, match="No space left on device"),
        save_errors(tmp_path),
    ):
        (tmp_path / "part").write_bytes(b"x")
