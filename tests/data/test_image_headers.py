"""Files that would need too many pixels, too much memory or too much time."""

import warnings

import pytest
from PIL import Image

from helpers.data import image_headers
from helpers.data.decoding import decode_photo
from helpers.data.photo_formats import PhotoTooLarge
from tests.data import made_pictures as made
from tests.data.made_files import message_of
from tests.data.made_pictures import JPEG, PNG, RGB, by_name, saved


@pytest.mark.parametrize(("data", "megapixels", "kind"), by_name(made.TOO_LARGE))
def test_too_many_pixels_are_refused(data, megapixels, kind):
    assert message_of(PhotoTooLarge, decode_photo, data) == (
        f"the picture has more than {megapixels} megapixels, the most for {kind}: "
        "send a smaller copy"
    )


@pytest.mark.parametrize("data", by_name(made.TOO_WIDE))
def test_too_long_a_side_is_refused(data):
    assert message_of(PhotoTooLarge, decode_photo, data) == (
        "the picture is more than 65535 pixels wide or high: send a smaller copy"
    )


@pytest.mark.parametrize("data", by_name(made.FILES))
def test_max_pixels_may_be_above_pillows_own_limit(data, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 160 * 120 - 1)  # it would warn
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert decode_photo(data, max_pixels=1_000_000).shape == (128, 128, 3)


@pytest.mark.parametrize("data", [JPEG, PNG, made.GIF, made.BMP])
def test_max_pixels_is_exact(data):
    decode_photo(data, max_pixels=160 * 120)
    with pytest.raises(PhotoTooLarge):
        decode_photo(data, max_pixels=160 * 120 - 1)


def test_baseline_jpeg_of_several_scans_counts_as_progressive():
    jpeg = made.with_size(saved(RGB, "JPEG", subsampling=0), 11_000, 4000)
    scan = jpeg.index(b"\xff\xda")  # of three colours, replaced by one of one colour
    data = jpeg[:scan] + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + jpeg[scan + 14 :]
    with pytest.raises(PhotoTooLarge, match="the most for progressive JPEG"):
        decode_photo(data)


SCANS = saved(Image.new("L", (1600, 1600)), "JPEG", progressive=True)
FLOODS = {
    "JPEG of EXIF": made.with_segments(
        JPEG, *[made.segment(0xE1, b"Exif\0\0" + bytes(50))] * 20_000
    ),
    "JPEG of comments": made.with_segments(JPEG, *[made.segment(0xFE, b"")] * 200_000),
    "JPEG of scans": SCANS[:-2] + SCANS[SCANS.rindex(b"\xff\xda") : -2] * 2000,
    "PNG of text": made.with_chunks(PNG, *[made.chunk(b"tEXt", b"a\0")] * 50_000),
    "GIF of comments": made.GIF[:109] + b"!\xfe\1a\0" * 200_000 + made.GIF[109:],
    "BMP of runs": made.bmp(4000, 4000, compression=1, pixels=b"\1\1" * 200_000),
}


@pytest.mark.parametrize("data", by_name(FLOODS))
def test_reading_ends_when_its_time_is_up(data, monkeypatch):
    monkeypatch.setattr(image_headers, "MAX_SECONDS", 0.02)
    message = message_of(PhotoTooLarge, decode_photo, data)
    assert message == "the file takes too long to read: send a smaller copy"


@pytest.mark.parametrize("data", by_name(made.FILES))
def test_size_is_read_from_the_header_of_every_format(data):
    assert image_headers.size_of_photo(data, 64_000_000) == (160, 120)


@pytest.mark.parametrize("data", by_name(made.DAMAGED | {"text": b"a text"}))
def test_size_of_a_damaged_file_is_no_error(data):
    assert len(image_headers.size_of_photo(data, 64_000_000)) == 2
