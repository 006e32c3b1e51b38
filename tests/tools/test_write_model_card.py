"""checkpoints/MODEL_CARD.md agrees with the cards in the shipped models."""

import re
import shlex
import subprocess
import sys

from helpers.commands.train import train
from tools import write_model_card
from tools.write_model_card import PAGE


def test_the_page_is_current(tmp_path):
    command = [sys.executable, write_model_card.__file__, "--check"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_training_command_is_accepted_and_mixes_in_drawings():
    (found,) = re.findall(r"\| python -m helpers train (.*) \|", PAGE.read_text())
    asked = train.make_context("train", shlex.split(found)).params
    assert asked["drawings"]


def test_every_figure_of_the_page_exists():
    names = [part.split(")")[0] for part in PAGE.read_text().split("](")[1:]]
    figures = [name for name in names if name.endswith(".png")]
    assert figures
    assert all((PAGE.parent / name).stat().st_size > 1000 for name in figures)
