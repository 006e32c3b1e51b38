"""Log lines to a pipe that is full, that nobody can read, or that is no pipe."""

import io
import logging
import os
import sys

import pytest

from webapp.serving.log_output import LogOutput

FILL = 200_000  # bytes: more than a pipe holds


@pytest.fixture
def pipe():
    """The reading end, and a logger that writes to the other one."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        os.set_blocking(reading, False)
        yield reading, logger_to(stream)
    os.close(reading)


def logger_to(stream) -> logging.Logger:
    logger = logging.Logger("a log")
    logger.addHandler(LogOutput(stream))
    return logger


def read(reading: int) -> list[str]:
    return os.read(reading, FILL).decode().splitlines()


def test_lines_go_through_a_pipe(pipe):
    reading, logger = pipe
    logger.info("one %s", "line")
    assert read(reading) == ["one line"]


@pytest.mark.parametrize("length", [100, 10_000])
def test_a_full_pipe_drops_lines_and_says_how_many(pipe, length):
    reading, logger = pipe
    lines = FILL // length
    for number in range(lines):
        logger.info("%d %s", number, "x" * length)
    kept = read(reading)
    assert 0 < len(kept) < lines
    assert [line.split()[0] for line in kept] == [str(n) for n in range(len(kept))]
    logger.info("read again")
    said, last = read(reading)
    assert said.startswith(f"{lines - len(kept)} log lines were dropped: ")
    assert last == "read again"


def test_a_pipe_that_nobody_can_read_is_no_error(capsys):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        logger = logger_to(stream)
        for _ in range(3):
            logger.info("to nobody")
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_no_error(capsys):
    with open("/dev/full", "w") as stream:
        logger = logger_to(stream)
        logger.info("to no room")
        os.dup2(sys.__stderr__.fileno(), stream.fileno())
    assert capsys.readouterr().err == ""


def test_what_is_no_pipe_gets_every_line():
    stream = io.StringIO()
    for number in range(3):
        logger_to(stream).info("line %d", number)
    assert stream.getvalue() == "line 0\nline 1\nline 2\n"


def test_a_mistake_in_a_message_is_told(capsys):
    logger_to(io.StringIO()).info("%d", "no number")
    assert "TypeError" in capsys.readouterr().err
