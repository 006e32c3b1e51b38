"""The drawings to try are those of helpers.data.drawings, as small JPEGs."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import webapp
from helpers.data.drawings import draw
from webapp.pages.drawings import DRAWINGS, SIDE

STATIC = Path(webapp.__file__).parent / "static"


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.kind)
def test_each_file_is_the_drawing_of_its_seed(drawing):
    data = (STATIC / drawing.file_name).read_bytes()
    stored = np.asarray(Image.open(BytesIO(data)), np.float32)
    drawn = np.asarray(draw(drawing.kind, drawing.seed, SIDE), np.float32)
    assert len(data) < 20_000
    assert np.abs(stored - drawn).mean() < 4
