"""The heading of the page, from the models' classes, inputs and outputs."""

from typing import NamedTuple

import pytest

from webapp.pages.questions import common_question, question


class Classes(NamedTuple):
    """A model of photos with these classes."""

    class_names: tuple[str, ...]
    takes_photos: bool = True


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("cat", "dog"), "cat or dog?"),
        (("iPhone", "n02 Dog", "x"), "iPhone, n02 Dog or x?"),
        (("a", "b", "c", "d"), "What is it?"),
        (("one alone",), "What is it?"),
        (("Staffordshire bullterrier", "Irish wolfhound"), "What is it?"),
    ],
)
def test_few_classes_are_the_question_in_their_own_spelling(names, text):
    assert question(Classes(names)) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("embedding", "Photos in, numbers out"),
        ("jpeg", "red or green?"),
        ("one", "a, b or c?"),
        ("price", "Numbers in, numbers out"),
        ("two-ends", "Numbers and texts in, numbers and texts out"),
    ],
)
def test_other_models_are_asked_with_what_they_take(kinds, name, text):
    assert question(kinds.model(name).model) == text


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["jpeg", "sigmoid"], "red or green?"),
        (["jpeg", "nchw"], "What is it?"),
        (["age", "embedding"], "Photos in, numbers out"),
        (["price", "two-ends"], "JSON in, JSON out"),
    ],
)
def test_several_models_have_a_question_that_fits_each(kinds, names, text):
    assert common_question(kinds.model(name).model for name in names) == text
