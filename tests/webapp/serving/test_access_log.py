"""Whatever is logged, a line of the log is one printable line."""

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.serving.access_log import JsonFormatter, TextFormatter

ANY = st.text(st.characters(exclude_categories=()), max_size=30)
STYLES = [JsonFormatter(), TextFormatter()]
HOSTILE = "a\r\n12:00:00 info b\x1b[2J\x9b31m\x07\u202egnp\u2028\ud800\x7f"


def record(message: str, error: Exception | None = None, **fields):
    info = (type(error), error, error.__traceback__) if error else None
    made = logging.LogRecord("a", logging.INFO, "a.py", 1, message, (), info)
    if fields:
        made.fields = fields
    return made


def name_of(style) -> str:
    return type(style).__name__


@pytest.mark.parametrize("style", STYLES, ids=name_of)
def test_a_message_cannot_break_a_line_or_move_the_cursor(style):
    for one in (record(HOSTILE), record("request", model=HOSTILE)):
        assert style.format(one).isprintable()


@pytest.mark.parametrize("style", STYLES, ids=name_of)
@settings(max_examples=20, deadline=None)
@given(ANY)
def test_any_message_is_one_printable_line(style, message):
    line = style.format(record(message))
    assert line.isprintable()
    line.encode()


@settings(max_examples=20, deadline=None)
@given(ANY, ANY)
def test_a_line_of_json_holds_the_message_as_it_was(message, model):
    line = json.loads(JsonFormatter().format(record(message, model=model)))
    assert (line["message"], line["model"]) == (message, model)


def test_letters_of_every_script_are_written_as_they_are():
    for style in STYLES:
        assert "Kätzchen 猫 🐈" in style.format(record("Kätzchen 猫 🐈"))


def test_a_trace_has_its_lines_each_printable():
    first, *lines = (
        TextFormatter().format(record("bug", ValueError(HOSTILE))).split("\n")
    )
    assert first.endswith(" info bug")
    assert lines[0].startswith("ValueError: a")
    assert all(line.isprintable() for line in lines)
    assert json.loads(JsonFormatter().format(record("bug", ValueError(HOSTILE))))
