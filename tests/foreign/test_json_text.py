"""JSON from outside is bounded; Python's json is the oracle for all that passes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.foreign.json_text import (
    DESCRIPTION,
    KERAS,
    JsonProblem,
    json_object,
    parse_json,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf"]), max_size=8)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers(-(2**64), 2**64) | st.floats(0, 1),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
    ),
    max_leaves=10,
)
PROBLEMS = {
    "deep": (
        "[" * 33 + "]" * 33,
        "has lists or objects in one another more than 32 deep",
    ),
    "very deep": ("[" * 10**6, "has lists or objects in one another more than 32 deep"),
    "deep objects": (
        '{"a":' * 10**5 + "1" + "}" * 10**5,
        "has lists or objects in one another more than 32 deep",
    ),
    "key twice": ('{"a": 1, "a": 2}', "has the key 'a' twice: leave one"),
    "key twice inside": (
        '[{"\\u0061": 1, "a": 2}]',
        "has the key 'a' twice: leave one",
    ),
    "digits": (
        "9" * 41,
        f"has a number of 41 digits, {'9' * 41!r}: 40 are the most",
    ),
    "negative digits": ('{"a": -' + "1" * 9 * 10**5 + "}", "900,001 digits"),
    "surrogate": (
        '{"class_names": ["cat", "\\ud800"]}',
        r": class_names[1] holds '\ud800', half of a surrogate pair, which is no "
        "character",
    ),
    "key": (
        '{"a\\u0000": 1}',
        r": a\x00 is a key that holds '\x00', a control character",
    ),
    "nested": (
        '{"a": {"b": [1, {"c": "\\u202e"}]}}',
        r": a.b[1].c holds '\u202e', which changes the order of the text after it",
    ),
    "text": ('"\\u0007"', r": the text holds '\x07', a control character"),
    "bytes": (
        '"' + "a" * 4 * 10**6 + '"',
        "has 4,000,002 bytes of JSON: at most 4,000,000",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), PROBLEMS.values(), ids=PROBLEMS)
@pytest.mark.parametrize("encode", [str, str.encode], ids=["text", "bytes"])
def test_json_out_of_bounds_is_refused_with_its_place(text, sentence, encode):
    with pytest.raises(JsonProblem) as error:
        parse_json(encode(text), "net.json")
    assert str(error.value).startswith("net.json")
    assert sentence in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"{", "net.json is not a JSON object: Expecting property name"),
        (b"[1]", "net.json is not a JSON object: [1]"),
        (b"\xff\xfe{\0}\0", "it is not text in UTF-8 (it begins as UTF-16 does)"),
        (b'{"a": "caf\xe9"}', "it is not text in UTF-8 (byte 10 is 0xe9): save it so"),
        (b'"\xed\xa0\x80"', "is not text in UTF-8 (byte 1 is 0xed)"),
        (b"", "net.json is not a JSON object: Expecting value"),
    ],
    ids=["cut", "list", "UTF-16", "Latin-1", "surrogate", "empty"],
)
def test_what_is_no_object_is_named(text, sentence):
    with pytest.raises(ValueError, match=r"net\.json is not a JSON object") as error:
        json_object(text, "net.json")
    assert sentence in str(error.value)


def test_a_file_name_in_a_message_is_printable():
    with pytest.raises(ValueError, match=r"^a\\nb\.json is not JSON"):
        parse_json(b"{", "a\nb.json")


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert parse_json(b'\xef\xbb\xbf{"a": 1}', "net.json") == {"a": 1}


def test_what_keras_wrote_is_read_with_control_characters():
    text = json.dumps({"code": "\x00\x1b"})
    assert parse_json(text, "config.json", KERAS) == {"code": "\x00\x1b"}
    with pytest.raises(JsonProblem, match="code holds"):
        parse_json(text, "config.json", DESCRIPTION)


def test_no_bounds_let_half_a_surrogate_pair_pass():
    with pytest.raises(JsonProblem, match="is no character"):
        parse_json('"\\udfff"', "config.json", KERAS)


@settings(max_examples=25, deadline=None)
@given(VALUES)
def test_other_json_is_read_as_python_reads_it(value):
    text = json.dumps(value, ensure_ascii=False)
    assert parse_json(text.encode(), "it") == json.loads(text)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_a_value_error(data):
    try:
        found = parse_json(data, "it")
    except ValueError as error:
        sentence = str(error)
    else:
        sentence = "it"
        assert repr(json.loads(data)) == repr(found)
    assert sentence.isprintable()
