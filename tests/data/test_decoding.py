"""Pillow's full decode is the oracle; time and memory are measured in processes."""

import csv
import io
import json
import random
import struct
import subprocess
import sys
import tempfile
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFilter, ImageOps

from helpers.data.decoding import MAX_PIXELS, decode_photo
from helpers.data.photo_formats import (
    BrokenPhoto,
    EmptyPhoto,
    PhotoError,
    PhotoTooLarge,
    UnknownFormat,
)
from tests.data import made_pictures as made
from tests.data.made_files import ROOT, message_of
from tests.data.made_pictures import JPEG, PNG, RGB, by_name, saved

SECONDS, MIB = 2, 300  # limits for one file


def plainly(data):
    """The oracle: every step at full size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) // 256).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    profile = image.info.get("icc_profile")
    image = image.convert("RGB")
    if profile:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        image = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    return np.asarray(image.resize((128, 128), Image.Resampling.BILINEAR))


def difference(pixels, others):
    """Mean over all samples, in 0 ... 255."""
    return np.abs(pixels.astype(int) - others).mean()


@pytest.mark.parametrize("data", by_name(made.PICTURES))
def test_every_kind_of_picture_comes_out_like_a_full_decode(data):
    pixels = decode_photo(data)
    assert (pixels.shape, pixels.dtype) == ((128, 128, 3), np.uint8)
    assert pixels.flags.c_contiguous
    assert difference(pixels, plainly(data)) < 0.6


@pytest.mark.parametrize("width", [300, 500, 520, 700, 1100, 2000, 3000])
def test_scaled_jpeg_stays_near_a_full_decode(width):
    grain = RGB.resize((width, width * 3 // 4), Image.Resampling.BICUBIC)
    data = saved(grain.filter(ImageFilter.SHARPEN), "JPEG", quality=90)
    assert difference(decode_photo(data), plainly(data)) < 0.4  # measured: 0 to 0.36


def test_jpeg_that_needs_no_scaling_is_the_full_decode():
    np.testing.assert_array_equal(decode_photo(JPEG), plainly(JPEG))


def test_reducing_in_bands_is_pillows_reducing_gap():
    image = RGB.resize((1999, 1301))
    oracle = image.resize((128, 128), Image.Resampling.BILINEAR, reducing_gap=2.0)
    np.testing.assert_array_equal(decode_photo(saved(image, "PNG")), oracle)


def test_size_is_the_side_of_the_square():
    assert decode_photo(PNG, 224).shape == (224, 224, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation, kind):
    data = saved(RGB, kind, exif=made.exif(orientation), lossless=True)
    assert np.abs(decode_photo(data).astype(int) - plainly(data)).max() <= 1


@pytest.mark.parametrize("order", "<>")
def test_exif_is_read_in_both_byte_orders(order):
    start = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    entry = struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, 3, 0, 0)
    data = made.with_segments(JPEG, made.segment(0xE1, b"Exif\0\0" + start + entry))
    assert difference(decode_photo(data), decode_photo(JPEG)[::-1, ::-1]) < 0.1


def test_exif_after_the_pixels_of_a_png_is_read():
    turned = PNG[:-12] + made.chunk(b"eXIf", made.exif(3)[6:]) + PNG[-12:]
    np.testing.assert_array_equal(decode_photo(turned), decode_photo(PNG)[::-1, ::-1])


TIFF = b"Exif\0\0II*\0\x08\0\0\0"


def orientation_entry(kind, value):
    return TIFF + struct.pack("<HHHIII", 1, 0x0112, kind, 1, value, 0)


BAD_EXIF = {
    "nothing": b"Exif\0\0",
    "no byte order": b"Exif\0\0XX*\0\x08\0\0\0",
    "offset outside": b"Exif\0\0II*\0\xff\xff\xff\x7f",
    "cut short": TIFF + b"\x09\0\x12\1",
    "a directory that is its own next": TIFF + b"\0\0\x08\0\0\0",
    "65,535 entries": TIFF + b"\xff\xff" + b"\x0f\1\2\0\xff\xff\xff\x7f\0\0\0\0" * 5000,
    "orientation of a wrong type": orientation_entry(5, 1 << 30),
    "orientation 9": orientation_entry(3, 9),
    "orientation 65535": orientation_entry(3, 65_535),
}


@pytest.mark.parametrize("data", by_name(BAD_EXIF))
def test_damaged_exif_is_left_out_in_silence(data):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = decode_photo(made.with_segments(JPEG, made.segment(0xE1, data)))
    np.testing.assert_array_equal(pixels, decode_photo(JPEG))


def test_profile_gives_the_colours():
    renamed = made.SRGB.replace(b"rXYZ", b"----").replace(b"bXYZ", b"rXYZ")
    swapped = renamed.replace(b"----", b"bXYZ")
    blue, green, red = reversed(RGB.split())
    data = saved(Image.merge("RGB", (blue, green, red)), "PNG", icc_profile=swapped)
    assert difference(decode_photo(data), decode_photo(PNG)) < 1


BAD_PROFILES = {
    "noise": random.Random(0).randbytes(3000),
    "cut short": made.SRGB[:300],
    "too long": made.SRGB + bytes(1 << 20),
    "of another colour space": made.SRGB.replace(b"RGB XYZ ", b"CMYKLab "),
    "of many tags": made.SRGB[:128] + b"\0\xff\xff\xff" + made.SRGB[132:],
}


@pytest.mark.parametrize("profile", by_name(BAD_PROFILES))
def test_damaged_profile_is_left_out(profile):
    data = saved(RGB, "JPEG", icc_profile=profile)
    np.testing.assert_array_equal(decode_photo(data), decode_photo(JPEG))


def test_only_the_first_picture_of_a_file_counts():
    both = saved(RGB, "MPO", save_all=True, append_images=[made.GRAY])
    np.testing.assert_array_equal(decode_photo(both), decode_photo(JPEG))


def test_bytes_after_the_picture_do_no_harm():
    longer = JPEG + bytes(20_000)
    np.testing.assert_array_equal(decode_photo(longer), decode_photo(JPEG))


def test_empty_file_is_refused():
    message = message_of(EmptyPhoto, decode_photo, b"")
    assert message == "the file is empty: choose a photo with something in it"


def test_file_of_too_many_bytes_is_refused():
    data = JPEG + bytes(2_000_000)
    assert message_of(PhotoTooLarge, decode_photo, data, max_bytes=1_500_000) == (
        "the file has 2.0 MB, at most 1.5 MB are allowed: send a smaller copy"
    )


def test_text_is_an_unknown_format():
    message = message_of(UnknownFormat, decode_photo, b"some text")
    assert message.lower().startswith("this is a text file")


ODD_TIFFS = {
    "floating-point samples": saved(made.GRAY.convert("F"), "TIFF"),
    "32 bits a sample": saved(made.GRAY.convert("I"), "TIFF"),
    "LAB colours": saved(
        ImageCms.profileToProfile(
            RGB,
            ImageCms.createProfile("sRGB"),
            ImageCms.createProfile("LAB"),
            outputMode="LAB",
        ),
        "TIFF",
    ),
    "12 bits a sample": made.gray_tiff(8, 8, (258, 3, 1, 12), data=bytes(96)),
    "signed samples": made.gray_tiff(8, 8, (339, 3, 1, 2), data=bytes(64)),
}


@pytest.mark.parametrize("what", ODD_TIFFS)
def test_tiff_whose_white_is_not_known_is_refused_by_its_kind(what):
    message = message_of(UnknownFormat, decode_photo, ODD_TIFFS[what])
    assert message.startswith(f"this TIFF file has {what}: save the photo with 8")


def test_tiff_of_an_odd_compression_is_refused_by_its_name():
    data = made.gray_tiff(8, 8, (259, 3, 1, 34925), data=bytes(64))
    message = message_of(UnknownFormat, decode_photo, data)
    assert message.startswith("this TIFF file is compressed with lzma: save it without")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_a_tiff_is_applied(orientation):
    data = saved(RGB, "TIFF", tiffinfo={0x0112: orientation})
    assert np.abs(decode_photo(data).astype(int) - plainly(data)).max() <= 1


def test_heic_sequence_without_a_still_picture_is_refused_as_such():
    data = b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc\0\0\0\x08moov"
    message = message_of(UnknownFormat, decode_photo, data)
    assert message.startswith("this is a HEIC sequence without a still picture")


def test_heif_that_another_codec_encodes_is_refused_by_its_kind():
    data = made.HEIC.replace(b"hvc1", b"jpeg")
    message = message_of(UnknownFormat, decode_photo, data)
    assert "has no HEVC picture that is understood (its items: jpeg" in message


def test_heic_of_too_many_bytes_to_decode_in_time_is_refused():
    data = made.HEIC + struct.pack(">I", 21_000_000) + b"free" + bytes(21_000_000 - 8)
    message = message_of(PhotoTooLarge, decode_photo, data, max_bytes=30_000_000)
    assert message == "the file takes too long to read: send a smaller copy"


def test_heic_of_tiles_beyond_its_picture_is_refused():
    tiles = saved(made.BIG, "HEIF", tile_size=256)
    grid = tiles.index(struct.pack(">HH", 1111, 700))
    data = tiles[:grid] + struct.pack(">HH", 64, 64) + tiles[grid + 4 :]
    with pytest.raises(PhotoError):
        decode_photo(data)


def test_libheif_is_loaded_for_heic_photos_only():
    code = """if True:
        import sys
        from helpers.data.decoding import decode_photo
        for kind in sys.argv[1:]:
            decode_photo(open(kind, "rb").read())
            print("pillow_heif" in sys.modules)
        """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, name) for name in ("photo.jpg", "photo.heic")]
        for path, data in zip(paths, (JPEG, made.HEIC), strict=True):
            path.write_bytes(data)
        run = subprocess.run(
            [sys.executable, "-c", code, *paths], cwd=ROOT, capture_output=True
        )
    assert run.stdout.split() == [b"False", b"True"]


@pytest.mark.parametrize("name", made.DAMAGED)
def test_damaged_file_is_refused_by_kind(name):
    assert message_of(BrokenPhoto, decode_photo, made.DAMAGED[name]) == (
        f"this {name.split(':')[0]} file is damaged or cut short: "
        "open it in a picture viewer and save it again"
    )


@pytest.mark.parametrize("data", by_name(made.PICTURES))
def test_any_damage_gives_a_picture_or_a_photo_error(data):
    chance = random.Random(len(data))
    for _ in range(25):
        end = chance.choice((None, chance.randrange(12, len(data))))
        damaged = bytearray(data[:end])
        for _ in range(chance.choice((0, 1, 2, 8))):
            reach = chance.choice((12, 60, len(damaged)))  # headers more often
            damaged[chance.randrange(min(reach, len(damaged)))] = chance.randrange(256)
        with suppress(PhotoError):
            pixels = decode_photo(bytes(damaged), max_pixels=9_000_000)
            assert pixels.shape == (128, 128, 3)


def test_threads_decode_alike():
    alone = [decode_photo(data) for data in made.PICTURES.values()]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(3):
            together = list(threads.map(decode_photo, made.PICTURES.values()))
            np.testing.assert_array_equal(together, alone)


def test_every_edge_file_gives_its_picture(shared):
    for path in (shared / "edge").iterdir():
        if path.suffix not in (".ico", ".ppm", ".csv"):
            data = path.read_bytes()
            assert difference(decode_photo(data), plainly(data)) < 0.8, path.name


SIDE = int(MAX_PIXELS**0.5)
MEASURE = """
import json, os, sys, traceback
from pathlib import Path
from helpers.data.decoding import PhotoError, decode_photo

def measured(path):
    answers, answer = os.pipe()
    if not (child := os.fork()):  # so that each file has its own peak
        try:
            decode_photo(path.read_bytes())
            said = "a picture"
        except PhotoError as error:
            said = f"{type(error).__name__}: {error}"
        except BaseException:
            said = traceback.format_exc()
        os.write(answer, said.encode())
        os._exit(0)
    os.close(answer)
    with os.fdopen(answers) as file:
        said = file.read()
    usage = os.wait4(child, 0)[2]
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return said, usage.ru_utime + usage.ru_stime, peak

folder = Path(sys.argv[1])
least = measured(folder / "least")[2]
for path in sorted(folder.iterdir()):
    said, seconds, peak = measured(path)
    print(json.dumps((path.name, said, seconds, peak - least)))
"""


class Measured(NamedTuple):
    """The result of decoding one file in its own process, and what it took."""

    said: str
    seconds: float
    mib: float


def measured(files):
    """Measured by name, and everything that was printed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in {**files, "least": PNG}.items():
            Path(folder, name).write_bytes(data)
        command = [sys.executable, "-W", "always", "-c", MEASURE, folder]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return {name: Measured(*row) for name, *row in rows}, run.stderr.decode()


def large_png(bits, kind, samples, *chunks):
    """A PNG at the limit, made without ever holding its pixels."""
    rows = bytes(1 + SIDE * samples * bits // 8) * 100
    packer = zlib.compressobj(1)
    pixels = b"".join(packer.compress(rows) for _ in range(SIDE // 100))
    data = made.png(SIDE, SIDE, bits=bits, kind=kind, pixels=pixels + packer.flush())
    return made.with_chunks(data, *chunks)


def at_the_limits():
    gray = Image.new("L", (SIDE, SIDE), 99)
    colours = made.chunk(b"PLTE", bytes(768))
    alphas = made.chunk(b"tRNS", bytes(range(256)))
    return {
        "jpeg": saved(gray, "JPEG"),
        "jpeg, progressive, grayscale": saved(gray, "JPEG", progressive=True),
        "jpeg, progressive, 4:4:4": saved(
            Image.new("RGB", (6500, 6500)), "JPEG", progressive=True, subsampling=0
        ),
        "png, rgb": large_png(8, 2, 3),
        "png, rgba, 16 bits": large_png(16, 6, 4),
        "png, grayscale, 16 bits": large_png(16, 0, 1),
        "png, grayscale and alpha": large_png(8, 4, 2),
        "png, palette with alphas": large_png(8, 3, 1, colours, alphas),
        "gif, transparent": saved(gray, "GIF", transparency=99),
        "bmp, 1 bit": saved(gray.convert("1"), "BMP"),
        "heic": saved(
            Image.new("RGB", (8064, 6048), "teal"),
            "HEIF",
            tile_size=512,
            enc_params={"preset": "ultrafast"},
        ),
        "tiff, lzw, one strip": saved(
            Image.new("RGB", (6040, 6040), "teal"),
            "TIFF",
            compression="tiff_lzw",
            tiffinfo={278: 6040},
        ),
        "tiff, 16 bits": saved(
            Image.new("I;16", (SIDE, 5200), 9999), "TIFF", compression="tiff_lzw"
        ),
        "webp, alpha": saved(made.RGBA.resize((3570, 3580)), "WEBP", method=0),
    }


def test_invalid_animation_shows_its_first_picture_in_silence():
    data = made.with_chunks(PNG, made.chunk(b"acTL", bytes(8)))
    files, printed = measured({"invalid": data})
    assert (files["invalid"].said, printed) == ("a picture", "")


def check_limits(files):
    for name, file in files.items():
        assert file.seconds < SECONDS, name
        assert file.mib < MIB, name


@pytest.mark.ci
def test_pictures_at_the_limits_stay_within_time_and_memory():
    files, _ = measured(at_the_limits())
    assert {file.said for file in files.values()} == {"a picture"}
    check_limits(files)


def test_hostile_files_allocate_next_to_nothing():
    too_large = {name: data for name, (data, *_) in made.TOO_LARGE.items()}
    ignored = {name: made.with_chunks(PNG, made.IGNORED[name]) for name in made.IGNORED}
    more = made.TOO_WIDE | made.DAMAGED | ignored | {"tags": made.OVERLAPPING_TAGS}
    files, printed = measured(too_large | more)
    assert max(file.mib for file in files.values()) < 60  # measured: 0
    assert printed == ""


@pytest.fixture(scope="module")
def bad(shared):
    folder = shared / "bad"
    return measured({path.name: path.read_bytes() for path in folder.iterdir()})


def test_bad_files_are_answered_within_time_and_memory_and_print_nothing(bad):
    files, printed = bad
    kinds = "a picture", "EmptyPhoto", "PhotoTooLarge", "UnknownFormat", "BrokenPhoto"
    for name, file in files.items():
        assert file.said.startswith(kinds), name
    check_limits(files)
    assert printed == ""


def test_bad_files_are_answered_as_their_manifest_expects(bad, shared):
    with (shared / "bad" / "manifest.csv").open(newline="") as file:
        expected = {row["file"]: row["expected"] for row in csv.DictReader(file)}
    for name, file in bad[0].items():
        if expected.get(name) == "reject":
            assert file.said != "a picture", name
        if expected.get(name) == "valid picture (cat)":
            assert file.said == "a picture", name
