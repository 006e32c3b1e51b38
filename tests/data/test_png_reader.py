"""PNGs with large or damaged chunks that no pixel depends on."""

import numpy as np
import pytest

from helpers.data.decoding import decode_photo
from tests.data import made_pictures as made
from tests.data.made_pictures import PNG, by_name


@pytest.mark.parametrize("chunk", by_name(made.IGNORED))
def test_a_chunk_that_no_pixel_depends_on_is_skipped(chunk):
    data = made.with_chunks(PNG, chunk)
    np.testing.assert_array_equal(decode_photo(data), decode_photo(PNG))


@pytest.mark.parametrize("chunk", by_name(made.IGNORED))
def test_a_chunk_after_the_pixels_is_skipped(chunk):
    data = PNG[:-12] + chunk + PNG[-12:]
    np.testing.assert_array_equal(decode_photo(data), decode_photo(PNG))


@pytest.mark.parametrize("name", ["comfy_ztxt.png", "itxt.png", "bigicc.png"])
def test_the_shared_files_are_decoded(shared, name):
    pixels = decode_photo((shared / "http" / name).read_bytes())
    assert pixels.std() > 0
