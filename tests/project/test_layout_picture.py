"""tools/layout.svg: drawn from the imports, and current."""

import xml.etree.ElementTree as ElementTree

import pytest

from tools import draw_layout
from tools.draw_layout import BOXES, STEPS, Box


def test_the_picture_is_current():
    assert draw_layout.main(["--check"]) == 0


def test_a_stale_picture_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(draw_layout, "PICTURE", tmp_path / "layout.svg")
    assert draw_layout.main(["--check"]) == 1
    assert "tools/layout.svg is stale" in capsys.readouterr().out
    assert draw_layout.main([]) == draw_layout.main(["--check"]) == 0


def test_it_is_well_formed_and_names_each_drawn_import():
    titles = ElementTree.fromstring(draw_layout.drawing()).findall(".//{*}title")
    drawn = {tuple(title.text.split(" → ")) for title in titles}
    assert drawn == draw_layout.arrows()
    assert ("serving", "data") in drawn
    assert ("training", "graphs") not in drawn  # it follows from training → serving


def test_every_step_is_at_a_drawn_file():
    assert all(file in dict(BOXES[name].files) for name, file in STEPS)


@pytest.mark.parametrize("name", BOXES)
def test_no_box_overlaps_another(name):
    box = BOXES[name]
    for other in BOXES.values():
        apart = box.right < other.x or other.right < box.x
        assert other is box or apart or box.bottom < other.y or other.bottom < box.y


def test_a_file_that_is_gone_is_an_error(monkeypatch, capsys):
    gone = Box(0, 0, 99, "data/", "", (("gone.py", ""),))
    monkeypatch.setitem(BOXES, "data", gone)
    assert draw_layout.main(["--check"]) == 1
    assert (
        "helpers/data/gone.py is drawn, but does not exist" in capsys.readouterr().err
    )
