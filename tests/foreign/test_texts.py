"""Which characters a text from outside may hold, and how any value is printed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.foreign.texts import is_visible, printable, shown, text_problem

ANY = st.text(st.characters(exclude_categories=()), max_size=40)
BIDI = "which changes the order of the text after it"
VALUES = st.recursive(
    ANY | st.integers() | st.floats() | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(ANY, inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("\ud800", r"'\ud800', half of a surrogate pair", id="surrogate"),
        pytest.param("a\0b", r"'\x00', a control character", id="NUL"),
        pytest.param("\x1b[31m", r"'\x1b', a control character", id="escape"),
        pytest.param("\x9b31m", r"'\x9b', a control character", id="C1"),
        pytest.param("\x7f", r"'\x7f', a control character", id="delete"),
        pytest.param("gnp.\u202etxt", rf"'\u202e', {BIDI}", id="override"),
        pytest.param("\u2066cat", rf"'\u2066', {BIDI}", id="isolate"),
    ],
)
def test_a_character_that_no_text_needs_is_refused(text, problem):
    assert text_problem(text).startswith(f"holds {problem}")
    assert text_problem(text, is_name=True) == text_problem(text)


@pytest.mark.parametrize("text", ["two\nlines", "a\tb", "a\u2028b", "a\r"])
def test_a_name_is_one_line_and_a_text_may_have_several(text):
    assert text_problem(text) is None
    assert "a name is one line" in text_problem(text, is_name=True)


@pytest.mark.parametrize(
    "text", ["Kätzchen", "猫", "👨‍👩‍👧", "קאַץ", "قطة", "می‌خواهم", "a b"]
)
def test_names_of_every_script_pass(text):
    assert text_problem(text, is_name=True) is None
    assert is_visible(text)


@pytest.mark.parametrize("text", ["", " ", "\u3000", "\u200b", "\ufeff"])
def test_what_is_not_seen_is_not_visible(text):
    assert not is_visible(text)


@settings(max_examples=25, deadline=None)
@given(ANY)
def test_a_printed_text_is_one_line_of_utf_8(text):
    assert printable(text).encode().decode().isprintable()
    assert printable(printable(text)) == printable(text)


@settings(max_examples=25, deadline=None)
@given(VALUES)
def test_any_value_is_shown_on_one_short_line(value):
    assert shown(value).isprintable()
    assert len(shown(value)) <= 60


def test_a_value_nested_deep_is_shown():
    value = []
    for _ in range(20_000):
        value = [value]
    assert shown(value) == "[[[[...]]]]"


def test_a_number_that_python_does_not_write_is_shown():
    assert shown([10**5000]) == "[a number of 16,610 bits]"
