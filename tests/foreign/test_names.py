"""Names of classes are lines of text that are told from one another."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.foreign.names import LONGEST, MOST_NAMES, names_problem

PROBLEMS = {
    "number": (["cat", 5], "name 2 is 5, not a text"),
    "null": ([None], "name 1 is None, not a text"),
    "long": (["a" * 10**6], "name 1 has 1,000,000 characters: 500 are the most"),
    "many": (["a"] * 10**7, "10,000,000 names are too many: at most 100,000 are read"),
    "empty": (["cat", ""], "name 2 is empty: ''"),
    "spaces": (["  "], "name 1 is empty: '  '"),
    "unseen": (["\u200b"], r"name 1 is empty: '\u200b'"),
    "twice": (["a", "b", "a"], "'a' is there more than once (names 1 and 3)"),
    "space after": (["a", "a "], "'a' and 'a ' look the same (names 1 and 2)"),
    "normal forms": (
        ["Caf\xe9", "dog", "Cafe\u0301"],
        r"'Caf\xe9' and 'Cafe\u0301' look the same (names 1 and 3)",
    ),
    "zero width": (["cat", "c\u200bat"], r"'cat' and 'c\u200bat' look the same"),
    "lines": (["cat\ndog"], r"name 1 holds '\n', and a name is one line without tabs"),
    "mark inside": (["\ufeffcat"], r"name 1 holds '\ufeff', a byte order mark"),
    "surrogate": (["\ud83d"], r"name 1 holds '\ud83d', half of a surrogate pair"),
    "override": (["\u202etac"], r"name 1 holds '\u202e', which changes the order"),
}


@pytest.mark.parametrize(("names", "problem"), PROBLEMS.values(), ids=PROBLEMS)
def test_names_that_cannot_be_told_apart_or_printed_are_refused(names, problem):
    assert names_problem(names).startswith(problem)
    assert names_problem(names).isprintable()


@pytest.mark.parametrize(
    "names",
    [
        ["a", "A", "b"],
        ["polish", "Polish"],
        ["1", "\uff11", "①"],
        ["👩", "👩‍🚀"],
        ["x" * LONGEST, "-", "_", "&", "<script>"],
        [str(number) for number in range(MOST_NAMES)],
        [],
    ],
    ids=["case", "words", "digits", "emoji", "signs", "most", "none"],
)
def test_names_that_are_seen_to_differ_pass(names):
    assert names_problem(names) is None


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=()), max_size=6), max_size=5))
def test_names_that_pass_differ_in_every_normal_form_of_utf_8(names):
    if names_problem(names) is None:
        normal = {unicodedata.normalize("NFD", name).encode() for name in names}
        assert len(normal) == len(names)
