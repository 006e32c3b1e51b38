"""history.csv: written whole, and never with epochs that no checkpoint has."""

import math

import pytest

from helpers.training.history import Epoch, add_epoch, keep_epochs, read_history

FIRST = "epoch,rate,loss,accuracy,validation,photos_per_second\n"


def epoch(number, validation=0.5):
    return Epoch(number, 1e-3, 0.7, 0.5, validation, 100.0)


def epochs_in(folder):
    return [line["epoch"] for line in read_history(folder)]


def test_an_epoch_takes_the_place_of_itself_and_of_later_ones(tmp_path):
    for number in (1, 2, 3, 2):
        add_epoch(tmp_path, epoch(number))
    assert epochs_in(tmp_path) == [1, 2]


def test_an_epoch_is_nan_until_it_is_validated(tmp_path):
    add_epoch(tmp_path, epoch(1, math.nan))
    assert math.isnan(read_history(tmp_path)[0]["validation"])
    add_epoch(tmp_path, epoch(1, 0.25))
    assert read_history(tmp_path) == [epoch(1, 0.25)._asdict()]


def test_epochs_without_a_checkpoint_are_dropped(tmp_path):
    for number in (1, 2, 3):
        add_epoch(tmp_path, epoch(number))
    keep_epochs(tmp_path, 1)
    assert epochs_in(tmp_path) == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize(
    "rest", ["2,0.001,0.", "2,a,b,c,d,e\n", "\x00\xff", "", "2,,,,,\n"]
)
def test_a_line_that_is_not_whole_is_left_out(tmp_path, rest):
    (tmp_path / "history.csv").write_text(f"{FIRST}1,0.001,0.7,0.5,0.5,100\n{rest}")
    assert epochs_in(tmp_path) == [1]


def test_a_training_without_a_history_has_no_epochs(tmp_path):
    assert read_history(tmp_path) == []
