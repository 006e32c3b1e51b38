"""What a training says of its data and of its results."""

import numpy as np
import pytest

from helpers.data.photos import Examples
from helpers.training.results import (
    confusion_table,
    describe_result,
    majority,
    notes_on,
)


def photos(labels, splits, names=("cat", "dog")):
    images = np.zeros((len(labels), 1, 1, 3), np.uint8)
    return Examples(images, np.array(labels), np.array(splits), names, "")


EVERY = ["train", "validation", "test"]


@pytest.mark.parametrize(
    ("shares", "text"),
    [
        ({"accuracy": 0.968}, "96.8% right"),
        ({"not_sure": 0.9}, "90.0% not sure"),
        ({"accuracy": 0.5, "not_sure": 0.02}, "50.0% right, 2.0% not sure"),
    ],
)
def test_a_result_is_described_by_the_shares_it_has(shares, text):
    line = describe_result("photos", {"count": 2422, **shares})
    assert line == f"2,422 photos: {text}"


def test_balanced_classes_need_no_note():
    assert notes_on(photos([0, 0, 0, 1, 1, 1], EVERY * 2)) == []


def test_imbalance_is_said_with_what_the_majority_would_get():
    imbalanced = photos([0] * 27 + [1] * 3, EVERY * 10)
    assert majority(imbalanced) == ("cat", 0.9)
    assert notes_on(imbalanced) == [
        "the classes are imbalanced: 27 cat, 3 dog; always answering cat would be "
        "right for 90.0%"
    ]


def test_a_class_without_photos_for_tests_is_said():
    notes = notes_on(
        photos([0, 0, 0, 1, 1, 1], [*EVERY, "train", "train", "validation"])
    )
    assert notes == ["no photo of dog is for test"]


def test_the_confusion_matrix_has_a_row_a_class():
    assert confusion_table(["cat", "dog"], [[8, 2], [0, 0]]).splitlines() == [
        "true class  answer cat  answer dog  right",
        "cat                  8           2  80.0%",
        "dog                  0           0      -",
    ]


def test_many_classes_have_a_line_each_with_their_confusion():
    names = [f"n{i:02}" for i in range(20)]
    counts = np.diag([4] * 20)
    counts[3, 7] = 12
    lines = confusion_table(names, counts.tolist()).splitlines()
    assert len(lines) == 21
    assert lines[4].split() == ["n03", "16", "25.0%", "n07"]
