"""Opens HEIC photos with libheif; importing this module loads it.

libheif decodes a picture as a whole, so what that may cost is known from the header
before it begins: the sizes that the file states, its tiles, and its length.
"""

import io
import re
import struct

import pillow_heif
from PIL import Image, ImageFile
from pillow_heif import options

from helpers.data.photo_formats import PhotoTooLarge, UnknownFormat

MAX_SIDE = 65_535  # pixels: a longer one is refused whatever the other is
# Measured on one core, with noise: 0.1 s for each MB and 0.02 s for each megapixel.
MEGABYTES, MEGAPIXELS = 20.0, 100.0  # either takes about 2 s
_BANDS = 512  # rows that are reduced at once

# Only the picture itself is wanted. The sizes of all others are checked all the same.
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False

_SIZE_BOX = re.compile(rb"ispe\0{4}(.{4})(.{4})", re.S)
_ITEM = re.compile(rb"infe(?:\x02.{7}|\x03.{9})(?P<type>[a-zA-Z0-9 ]{4})", re.S)


class HeicReader(ImageFile.ImageFile):
    """The primary picture of a HEIC file; libheif turns it upright."""

    format = "HEIF"
    pixel_bytes = 5.2  # of memory for each pixel of 8-bit RGB, measured

    def _open(self) -> None:
        assert self.fp is not None
        found = pillow_heif.HeifFile(
            self.fp, convert_hdr_to_8bit=True, hdr_to_16bit=True, remove_stride=False
        )
        self._heif: pillow_heif.HeifImage | None = found[found.primary_index]
        _check_time(self._heif, self.fp.seek(0, io.SEEK_END))
        _check_tiles(self._heif)
        self._size, self._mode = self._heif.size, self._heif.mode
        info: dict = self._heif.info
        depth = 2 if info["bit_depth"] > 8 else 1
        samples = max(3, len(self._mode))
        self.pixel_bytes *= depth * samples / 3
        if "icc_profile" in info:
            self.info["icc_profile"] = info["icc_profile"]
        self._factor = 1

    def draft(
        self, mode: str | None, size: tuple[int, int] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Reduce the picture while it is loaded, to at least twice the size."""
        if self._heif is None or not size or self.mode not in ("L", "RGB", "RGBA"):
            return None
        width, height = self.size
        factor = min(width // (2 * size[0]), height // (2 * size[1]))
        if factor < 2:
            return None
        self._factor = factor
        self._size = -(-width // factor), -(-height // factor)
        return self.mode, (0, 0, width / factor, height / factor)

    def load(self) -> "Image.core.PixelAccess | None":
        if self._heif is not None:
            heif, self._heif = self._heif, None
            declared = heif.size
            view = memoryview(heif.data).cast("B")  # it stays in libheif's memory
            if heif.size != declared:
                raise ValueError("the picture has another size than it states")
            self.im = _reduced(view, heif, self._factor).im
        return Image.Image.load(self)


def _reduced(view: memoryview, heif: pillow_heif.HeifImage, factor: int) -> Image.Image:
    """The decoded picture, reduced in bands of rows: a copy would need much memory."""
    (width, height), mode, stride = heif.size, heif.mode, heif.stride
    if factor == 1:
        return Image.frombytes(mode, (width, height), view, "raw", mode, stride)
    reduced = Image.new(mode, (-(-width // factor), -(-height // factor)))
    rows = factor * max(1, _BANDS // factor)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        part = view[top * stride : (top + count) * stride]
        band = Image.frombytes(mode, (width, count), part, "raw", mode, stride)
        reduced.paste(band.reduce(factor), (0, top // factor))
    return reduced


def _check_time(heif: pillow_heif.HeifImage, length: int) -> None:
    megapixels = heif.size[0] * heif.size[1] / 1e6
    if length / 1e6 / MEGABYTES + megapixels / MEGAPIXELS > 1:
        raise PhotoTooLarge("the file takes too long to read: send a smaller copy")


def _check_tiles(heif: pillow_heif.HeifImage) -> None:
    """Refuse tiles that reach beyond the picture, which would be decoded in vain."""
    info: dict = heif.info
    tiling: dict[str, int] = info.get("tiling") or {}
    for count, length, whole in (
        ("num_columns", "tile_width", "image_width"),
        ("num_rows", "tile_height", "image_height"),
    ):
        known = {count, length, whole} <= tiling.keys()
        if known and (tiling[count] - 1) * tiling[length] >= tiling[whole]:
            raise ValueError("there are more tiles than the picture needs")


def heic_canvas(data: bytes) -> tuple[int, int]:
    """The largest width and height that the file states for any of its pictures.

    Raises:
      UnknownFormat: the file has no still picture, or none that HEVC encodes.
      ValueError: the file has no header, or is cut short.
    """
    boxes = _boxes(data)
    if b"meta" not in boxes and b"moov" in boxes:
        raise UnknownFormat(
            "this is a HEIC sequence without a still picture: save one as JPEG"
        )
    if b"meta" not in boxes or not _SIZE_BOX.search(data):
        raise ValueError("there is no header")
    types = {match["type"] for match in _ITEM.finditer(data)}
    if b"hvc1" not in types or b"iovl" in types:
        kinds = ", ".join(sorted(kind.decode() for kind in types)) or "none"
        raise UnknownFormat(
            f"this HEIF file has no HEVC picture that is understood (its items: "
            f"{kinds}): save the photo as JPEG"
        )
    sizes = [struct.unpack(">II", a + b) for a, b in _SIZE_BOX.findall(data)]
    return max(sizes, key=lambda size: (max(size) > MAX_SIDE, size[0] * size[1]))


def _boxes(data: bytes) -> set[bytes]:
    """The types of the outermost boxes, as far as the file goes.

    Raises:
      ValueError: the header or the pixels extend beyond the end of the file.
    """
    found: set[bytes] = set()
    place = 0
    while place + 8 <= len(data) and len(found) < 64:
        length, kind = struct.unpack_from(">I4s", data, place)
        found.add(kind)
        if length == 1 and place + 16 <= len(data):
            (length,) = struct.unpack_from(">Q", data, place + 8)
        if length < 8:  # 0: it extends to the end
            break
        if kind in (b"meta", b"mdat") and place + length > len(data):
            raise ValueError("the file is cut short")  # libheif leaves out its tiles
        place += length
    return found
