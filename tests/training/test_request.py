"""What a training run is asked for, and what it notes of it."""

import shlex
from pathlib import Path

import click
import pytest

from helpers.commands.train import train
from helpers.data.data_sets import find_data_set
from helpers.training.request import Request
from tests.data.made_files import make_folder

ASKED = Request("resnet", Path("my data"), Path("out"), 3, 2, True, 64, True)


@pytest.fixture
def request_for(pets):
    return Request("small", pets, pets.parent / "out", None, 1)


@pytest.fixture
def pets(tmp_path):
    make_folder(tmp_path / "pets" / "cats", range(4))
    make_folder(tmp_path / "pets" / "dogs", range(4, 8))
    return tmp_path / "pets"


def parsed(command):
    """The parameters that click reads from the words of a command."""
    words = shlex.split(command)
    assert words[:4] == ["python", "-m", "helpers", "train"]
    return train.make_context("train", words[4:]).params


@pytest.mark.parametrize("asked", [ASKED, ASKED._replace(epochs=None, drawings=False)])
def test_the_command_starts_the_same_training(asked):
    assert parsed(asked.command()) == asked._asdict()


def test_every_option_of_the_command_is_in_the_request():
    names = {
        option.name for option in train.params if isinstance(option, click.Parameter)
    }
    assert names == set(Request._fields)


def test_the_fingerprint_is_of_names_sizes_and_options(request_for, pets):
    before = request_for.fingerprint(find_data_set(pets))
    assert request_for.fingerprint(find_data_set(pets)) == before
    assert request_for._replace(seed=2).fingerprint(find_data_set(pets)) != before
    more_epochs = request_for._replace(epochs=9)
    assert more_epochs.fingerprint(find_data_set(pets)) == before
    (pets / "cats" / "0.jpg").write_bytes(b"x")
    assert request_for.fingerprint(find_data_set(pets)) != before
