"""checkpoints/MODEL_CARD.md says what the cards in the shipped models say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "checkpoints" / "MODEL_CARD.md"


def test_the_page_is_what_the_cards_make_of_it():
    command = [sys.executable, ROOT / "tools" / "write_model_card.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_figure_of_the_page_is_there():
    names = [part.split(")")[0] for part in PAGE.read_text().split("](")[1:]]
    figures = [name for name in names if name.endswith(".png")]
    assert all((PAGE.parent / name).stat().st_size > 1000 for name in figures)
