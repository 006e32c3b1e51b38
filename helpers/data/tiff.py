"""Opens TIFF photos: the first page, with limits on its tags before they are parsed."""

import ctypes
import struct
from contextlib import suppress
from pathlib import Path

import PIL
from PIL import Image, ImageFile, TiffImagePlugin

from helpers.data.photo_formats import UnknownFormat

MAX_TAG_BYTES = 1 << 20  # of a tag whose numbers Pillow makes a tuple of

_COMPRESSIONS = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}  # none, fax, LZW, JPEG, Deflate …
_MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"}
_MODES |= {"I;16B"}
_ORIENTATION = 0x0112
# Tags that Pillow evaluates when it opens a file; the profile stays bytes.
_EVALUATED = {256, 257, 258, 259, 262, 266, 273, 277, 278, 284, 296, 320, 322, 323}
_EVALUATED |= {324, 338, 339, _ORIENTATION, 282, 283, 530}
_SAVE = "save the photo with 8 or 16 bits a sample, or as JPEG"


def _silence_libtiff() -> None:
    """Keep libtiff from printing its errors to standard error; Pillow raises them.

    Only the library that Pillow's wheel brings is found; another one prints.
    """
    package = Path(PIL.__file__).parent
    for folder in (package.with_name("pillow.libs"), package / ".dylibs"):
        for path in folder.glob("libtiff*"):
            with suppress(OSError, AttributeError):
                library = ctypes.CDLL(str(path))  # the one that is loaded
                library.TIFFSetErrorHandler(None)
                library.TIFFSetWarningHandler(None)


_silence_libtiff()


class TiffReader(TiffImagePlugin.TiffImageFile):
    """The first page of a TIFF file, not turned; `info["exif"]` has its orientation.

    Pillow's own class reads all pages and turns a copy of the whole picture.
    """

    pixel_bytes = 8.0

    def _setup(self) -> None:
        data = self.tag_v2._tagdata  # what was read of each tag, not yet parsed
        if any(len(data.get(tag, b"")) > MAX_TAG_BYTES for tag in _EVALUATED):
            raise ValueError("a tag has too many values")
        _check_compression(self.tag_v2)
        bits = self.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        _check_samples(self.tag_v2, bits)
        super()._setup()
        if self.mode not in _MODES:
            raise UnknownFormat(f"this TIFF file has {self.mode} colours: {_SAVE}")
        self._size = self._tile_size  # as stored; Pillow states it upright
        # libtiff may decode all rows into one strip, beside Pillow's picture.
        samples = max(len(bits), int(self.tag_v2.get(277, 1)))
        self.pixel_bytes = 4 + samples * max(bits) / 8
        orientation = self.tag_v2.get(_ORIENTATION)
        if isinstance(orientation, int) and 1 <= orientation <= 8:
            self.info["exif"] = b"II*\0\x08\0\0\0" + struct.pack(
                "<HHHIHHI", 1, _ORIENTATION, 3, 1, orientation, 0, 0
            )

    def load_prepare(self) -> None:
        if self._im is None:  # Pillow has a pixel limit of its own
            self.im = Image.core.new(self.mode, self._tile_size)
        ImageFile.ImageFile.load_prepare(self)

    def load_end(self) -> None:
        """Does nothing: the first page is all that is used, and is turned later."""


def _check_compression(tags: TiffImagePlugin.ImageFileDirectory_v2) -> None:
    number = tags.get(TiffImagePlugin.COMPRESSION, 1)
    if number not in _COMPRESSIONS:
        name = TiffImagePlugin.COMPRESSION_INFO.get(number, f"method {number}")
        raise UnknownFormat(
            f"this TIFF file is compressed with {name}: save it without "
            "compression or with LZW or Deflate, or as JPEG"
        )


def _check_samples(tags: TiffImagePlugin.ImageFileDirectory_v2, bits: tuple) -> None:
    """Refuse samples whose white is not known, and those that Pillow misreads."""
    formats = tags.get(TiffImagePlugin.SAMPLEFORMAT, (1,))
    if any(number == 3 for number in formats):
        raise UnknownFormat(f"this TIFF file has floating-point samples: {_SAVE}")
    if max(bits) > 16 or 8 < max(bits) < 16:
        raise UnknownFormat(f"this TIFF file has {max(bits)} bits a sample: {_SAVE}")
    if any(number == 2 for number in formats):
        raise UnknownFormat(f"this TIFF file has signed samples: {_SAVE}")
    inverted = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION, 0) == 0
    if inverted and max(bits) == 16:
        raise UnknownFormat(f"this TIFF file has 16 bits with 0 as white: {_SAVE}")
