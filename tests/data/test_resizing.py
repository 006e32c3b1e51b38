"""Centre crop, letterbox and sizes that are not square; Pillow is the oracle."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from helpers.data.decoding import decode_photo

SIZES = [(100, 60), (60, 100), (64, 64), (301, 40), (37, 500), (8, 5), (1, 1)]
TARGETS = [(32, 32), (24, 48), (48, 24)]  # height and width


def picture(size) -> Image.Image:
    grid = np.random.default_rng(1).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(grid).resize(size, Image.Resampling.BICUBIC)


def saved(image, kind="PNG", turned=1) -> bytes:
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = turned
    image.save(file, kind, exif=exif, quality=95)
    return file.getvalue()


def far(found, wanted) -> float:
    """The mean difference of two pictures of 0 to 255."""
    return np.abs(found.astype(int) - np.asarray(wanted).astype(int)).mean()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("target", TARGETS)
def test_stretching_is_pillows_resize(size, target):
    found = decode_photo(saved(picture(size)), target)
    wanted = picture(size).resize(target[::-1], Image.Resampling.BILINEAR)
    assert found.shape == (*target, 3)
    assert far(found, wanted) < 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_centre_crop_is_pillows_fit(size, target, kind):
    data = saved(picture(size), kind)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    wanted = ImageOps.fit(image, target[::-1], Image.Resampling.BILINEAR)
    found = decode_photo(data, target, resize="centre-crop")
    assert found.shape == (*target, 3)
    assert far(found, wanted) < 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("target", TARGETS)
def test_a_letterbox_is_pillows_pad(size, target):
    found = decode_photo(saved(picture(size)), target, resize="letterbox")
    wanted = ImageOps.pad(picture(size), target[::-1], Image.Resampling.BILINEAR)
    assert found.shape == (*target, 3)
    assert far(found, wanted) < 1


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("resize", ["stretch", "centre-crop", "letterbox", "limit"])
def test_a_turned_photo_is_resized_as_it_is_seen(turned, resize):
    data = saved(picture((90, 50)), turned=turned)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    wanted = decode_photo(saved(upright), (24, 48), resize=resize)
    found = decode_photo(data, (24, 48), resize=resize)
    assert found.shape == wanted.shape
    assert far(found, wanted) < 3


def test_a_limit_leaves_small_photos_as_they_are():
    image = picture((100, 60))
    found = decode_photo(saved(image), (1024, 1024), resize="limit")
    np.testing.assert_array_equal(found, np.asarray(image))
