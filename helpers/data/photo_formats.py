"""Recognises a picture's format by its first bytes; the errors of decoding."""

import re

FORMATS = ("JPEG", "PNG", "GIF", "WebP", "BMP", "HEIC", "TIFF")
FORMATS_TEXT = f"{', '.join(FORMATS[:-1])} and {FORMATS[-1]}"

_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "an AVIF picture": rb".{4}ftyp(avi[fs]|mi[af][1f](.{4}){1,20}?avi[fs])",
    "HEIC": rb".{4}ftyp(hei|hev|mif1|msf1)",
    "a JPEG XL picture": rb"\xff\x0a|.{4}JXL ",
    "a JPEG 2000 picture": rb"\xff\x4f\xff\x51|.{4}jP  ",
    "a video": rb".{4}ftyp|RIFF.{4}AVI |\x1aE\xdf\xa3",
    "an ICO icon": rb"\0\0[\1\2]\0",
    "a PPM picture": rb"P[1-7]\s",
    "a Photoshop file": rb"8BPS",
    "a DICOM image": rb".{128}DICM",
    "an EPS file": rb"%!PS|\xc5\xd0\xd3\xc6",
    "a PDF document": rb"%PDF",
    "an SVG drawing": rb"[^\0]{,2000}<svg[\s>]",
    "a gzip archive": rb"\x1f\x8b",
    "a ZIP archive": rb"PK[\3\5]",
    "a NumPy array": rb"\x93NUMPY",
    "a Python pickle": rb"\x80[\2-\5]",
    "a Git LFS pointer (`git lfs pull` gets the photo)": rb"version https://git-lfs",
    "a text file": rb"[\t\n\r -~]{4}[\t\n\r -~\x80-\xff]{,200}(\Z|(?<=.{200}))",
}


class PhotoError(ValueError):
    """The bytes are not a usable photo; the message is a sentence for the user."""


class EmptyPhoto(PhotoError):
    """There are no bytes."""


class PhotoTooLarge(PhotoError):
    """Decoding would exceed a limit on bytes, pixels, memory or time."""


class UnknownFormat(PhotoError):
    """The bytes are in none of FORMATS."""


class BrokenPhoto(PhotoError):
    """The format is one of FORMATS, but the file is truncated or damaged."""


def format_of(data: bytes) -> str:
    """The format of a file, one of FORMATS.

    Raises:
      UnknownFormat: the file has another format; the message names it if known.
    """
    matching = (n for n, start in _SIGNATURES.items() if re.match(start, data, re.S))
    name = next(matching, "not a known kind of picture")
    if name in FORMATS:
        return name
    raise UnknownFormat(
        f"this is {name}; {FORMATS_TEXT} are understood: save the photo as JPEG"
    )
