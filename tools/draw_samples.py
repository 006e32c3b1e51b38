"""Draws the pictures in data/samples: a grid for the README, and files to try the app.

Run `python tools/draw_samples.py [FOLDER]`; the result is the same every time.
"""

import io
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.data.drawings import draw  # noqa: E402
from helpers.whole_files import write_whole  # noqa: E402

SAMPLES = {
    "cat-1.png": ("cat", 134),
    "cat-2.png": ("cat", 136),
    "dog-1.png": ("dog", 211),
    "dog-2.png": ("dog", 197),
}
SAMPLE_SIZE = 512
CATS = (134, 234, 62, 148, 20, 6, 130, 222, 214, 104, 54, 12, 186, 150, 136, 226)
DOGS = (31, 211, 221, 99, 75, 147, 159, 133, 103, 197, 203, 73, 87, 47, 201, 223)
GRID_ROWS, GRID_COLUMNS, GRID_SIZE, GUTTER = 4, 8, 128, 6


def sample_pictures() -> dict[str, Image.Image]:
    """Every picture of data/samples by its file name."""
    samples = {name: draw(*sample, SAMPLE_SIZE) for name, sample in SAMPLES.items()}
    return {"drawings.png": grid(), **samples}


def grid() -> Image.Image:
    """A picture of many drawings, cats and dogs alternating as on a chessboard."""
    step = GRID_SIZE + GUTTER
    size = (GRID_COLUMNS * step + GUTTER, GRID_ROWS * step + GUTTER)
    sheet = Image.new("RGB", size, "white")
    cats, dogs = iter(CATS), iter(DOGS)
    for row in range(GRID_ROWS):
        for column in range(GRID_COLUMNS):
            is_cat = (row + column) % 2 == 0
            kind, seed = ("cat", next(cats)) if is_cat else ("dog", next(dogs))
            corner = (GUTTER + column * step, GUTTER + row * step)
            sheet.paste(draw(kind, seed, GRID_SIZE), corner)
    return sheet


def write_samples(folder: Path) -> None:
    """Write all pictures as PNG files, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in sample_pictures().items():
        write_whole(folder / name, _png(picture))


def _png(picture: Image.Image) -> bytes:
    """The picture as a PNG file with 256 colours, which are enough for drawings."""
    file = io.BytesIO()
    few = picture.quantize(256, kmeans=1, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "samples")
