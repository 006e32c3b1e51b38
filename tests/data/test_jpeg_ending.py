"""JPEGs without their end marker, or with less; the whole file is the oracle."""

import numpy as np
import pytest
from PIL import Image

from helpers.data.decoding import decode_photo
from helpers.data.jpeg_ending import END
from helpers.data.photo_formats import BrokenPhoto
from tests.data import made_pictures as made
from tests.data.made_pictures import RGB, by_name, saved

GREY = RGB.convert("L")
THUMBNAIL = made.segment(0xE1, b"Exif\0\0" + saved(GREY.resize((16, 12)), "JPEG"))
KINDS = {
    "baseline": saved(RGB, "JPEG"),
    "full colour": saved(RGB, "JPEG", subsampling=0, quality=95),
    "optimised": saved(RGB, "JPEG", optimize=True),
    "progressive": saved(RGB, "JPEG", progressive=True),
    "grey": saved(GREY, "JPEG"),
    "CMYK": saved(RGB.convert("CMYK"), "JPEG"),
    "restart markers": saved(RGB, "JPEG", restart_marker_rows=1),
    "a thumbnail": made.with_segments(saved(RGB, "JPEG"), THUMBNAIL),
    "odd size": saved(RGB.crop((0, 0, 61, 43)), "JPEG"),
    "black": saved(Image.new("RGB", (64, 64)), "JPEG"),
}


@pytest.mark.parametrize("data", by_name(KINDS))
@pytest.mark.parametrize("missing", [1, 2])
def test_a_missing_end_marker_changes_no_pixel(data, missing):
    assert data.endswith(END)
    np.testing.assert_array_equal(decode_photo(data[:-missing]), decode_photo(data))


@pytest.mark.parametrize("data", by_name(KINDS))
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_file_cut_earlier_is_refused(data, share):
    with pytest.raises(BrokenPhoto, match="damaged or cut short"):
        decode_photo(data[: int(len(data) * share)])


@pytest.mark.parametrize("missing", range(4, 12))
def test_a_few_bytes_more_are_refused(missing):
    with pytest.raises(BrokenPhoto):
        decode_photo(KINDS["full colour"][:-missing])


def test_a_progressive_file_without_its_last_scan_is_refused():
    data = KINDS["progressive"]
    with pytest.raises(BrokenPhoto):
        decode_photo(data[: data.rindex(b"\xff\xc4")])


def test_a_flood_of_segments_is_not_looked_at():
    comments = [made.segment(0xFE, b"")] * 2000
    with pytest.raises(BrokenPhoto):
        decode_photo(made.with_segments(KINDS["baseline"], *comments)[:-2])


def test_the_shared_file_is_decoded(shared):
    data = (shared / "http" / "08-noEOI.jpg").read_bytes()
    np.testing.assert_array_equal(decode_photo(data), decode_photo(data + END))
    with pytest.raises(BrokenPhoto):
        decode_photo(data[:-1])
