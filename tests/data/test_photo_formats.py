"""Formats are recognised by their first bytes."""

import pytest

from helpers.data.photo_formats import FORMATS, UnknownFormat, format_of
from tests.data.made_files import message_of
from tests.data.made_pictures import FILES, RGB, saved

FOREIGN = {
    "an AVIF picture": b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf",
    "a JPEG XL picture": b"\0\0\0\x0cJXL \r\n\x87\n",
    "a JPEG 2000 picture": b"\0\0\0\x0cjP  \r\n\x87\n",
    "a video": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2",
    "an ICO icon": saved(RGB, "ICO"),
    "a PPM picture": saved(RGB, "PPM"),
    "a Photoshop file": b"8BPS\0\1" + bytes(20),
    "a DICOM image": bytes(128) + b"DICM" + bytes(40),
    "an EPS file": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "a PDF document": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "an SVG drawing": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>',
    "a gzip archive": b"\x1f\x8b\x08\0" + bytes(20),
    "a ZIP archive": b"PK\3\4" + bytes(30),
    "a NumPy array": b"\x93NUMPY\1\0v\0{'descr'",
    "a Python pickle": b"\x80\4\x95\5\0\0\0\0\0\0\0K\1.",
    "a Git LFS pointer (`git lfs pull` gets the photo)": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 12345\n"
    ),
    "a text file": "just some text, кот\n".encode(),
    "not a known kind of picture": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0",
}


def test_formats_are_recognised():
    assert tuple(map(format_of, FILES.values())) == FORMATS


@pytest.mark.parametrize("name", FOREIGN)
def test_other_formats_are_refused_by_name(name):
    assert message_of(UnknownFormat, format_of, FOREIGN[name]) == (
        f"this is {name}; JPEG, PNG, GIF, WebP, BMP, HEIC and TIFF are understood: "
        "save the photo as JPEG"
    )


@pytest.mark.parametrize("brand", ["heic", "heix", "hevc", "heim", "mif1", "msf1"])
def test_brands_of_heic_are_recognised(brand):
    start = b"\0\0\0\x18ftyp" + brand.encode() + b"\0\0\0\0mif1heic"
    assert format_of(start) == "HEIC"


def test_shared_heic_photo_is_recognised(shared):
    assert format_of((shared / "edge" / "photo.heic").read_bytes()) == "HEIC"
