"""tools/layout.svg is current, and agrees with the imports."""

import xml.etree.ElementTree as ElementTree

import pytest

from tools import draw_layout
from tools.draw_layout import BOXES, FILES, bottom


def test_the_picture_is_current():
    assert draw_layout.main(["--check"]) == 0


def test_it_is_well_formed_and_names_each_drawn_import():
    titles = ElementTree.fromstring(draw_layout.drawing()).findall(".//{*}title")
    drawn = {tuple(title.text.split(" → ")) for title in titles}
    assert drawn == draw_layout.arrows()
    assert ("freezing", "data") in drawn
    assert ("training", "graphs") not in drawn  # training → serving implies it


@pytest.mark.parametrize("name", BOXES)
def test_no_box_overlaps_another(name):
    box = BOXES[name]
    for other_name, other in BOXES.items():
        beside = box.x + box.width < other.x or other.x + other.width < box.x
        below = bottom(name) < other.y or bottom(other_name) < box.y
        assert other is box or beside or below


def test_a_missing_file_is_an_error(monkeypatch):
    monkeypatch.setitem(FILES, "data", (("gone.py", ""),))
    with pytest.raises(ValueError, match=r"data/gone\.py is drawn, but does not exist"):
        draw_layout.drawing()
