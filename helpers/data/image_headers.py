"""Opens a photo and checks its size and decoding cost before pixels are allocated.

Pillow's readers are called directly: `Image.open` has its own pixel limit, and the
GIF and WebP readers allocate the canvas as soon as they open a file.
"""

import io
import struct
import time
import warnings
from collections.abc import Callable
from types import ModuleType

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    WebPImagePlugin,
)

from helpers.data.photo_formats import (
    PhotoTooLarge,
    UnknownFormat,
    format_of,
)
from helpers.data.png_reader import PngReader
from helpers.data.tiff import TiffReader

MAX_SECONDS = 1.5  # of this thread's CPU time, so that other load does not count
MAX_SIDE = 65_535  # pixels: the largest width and height of JPEG and GIF

_PIXEL_BYTES = 4  # at most, in Pillow's memory
_CANVAS_BYTES = {  # of a pixel of the stated canvas, where it is more; measured
    "WebP": 20,  # libwebp allocates canvases of its own
    "HEIC": 5.2,  # libheif decodes the whole picture
}

# Pillow warns of a damaged animation, but only the first frame is decoded.
warnings.filterwarnings("ignore", "Invalid APNG", module=r"PIL\.PngImagePlugin")
# Pillow warns of damaged tags; the reader refuses what it needs and cannot use.
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")


def open_photo(kind: str, data: bytes, max_pixels: int) -> Image.Image:
    """The photo as a Pillow image, its header read and its pixels not yet decoded.

    Args:
      kind: the format, from `format_of`.
      max_pixels: the limit for RGB; formats that need more memory per pixel have
        proportionally lower ones.
    Raises:
      PhotoTooLarge: the photo exceeds the limit.
      Exception: nearly any, from Pillow: the file is damaged.
    """
    file = _TimedFile(data)
    if kind in _CANVAS_READERS:
        _check_size(_CANVAS_READERS[kind](file), kind, max_pixels)
        file.seek(0)
    image = _READERS[kind](file)
    _check_size(image.size, kind, max_pixels, getattr(image, "pixel_bytes", None))
    if isinstance(image, _JpegReader):
        needed = _coefficient_bytes(image, file)
        if needed:
            _check_size(image.size, "progressive JPEG", max_pixels, needed)
        # Bytes in each read. Thousands of scans fit into Pillow's 64 KiB, so a
        # progressive file is read in small pieces for _TimedFile to stop it.
        image.decodermaxblock = 2048 if needed else len(data)
    return image


def size_of_photo(data: bytes, max_pixels: int) -> tuple[int, int]:
    """Width and height as stored, from the header; (0, 0) if it cannot be opened."""
    try:
        kind = format_of(data)
        if kind in _CANVAS_READERS:  # opening the file would allocate it
            return _CANVAS_READERS[kind](io.BytesIO(data))
        return open_photo(kind, data, max_pixels).size
    except Exception:  # Pillow's parsers raise nearly anything; decoding reports it
        return 0, 0


class _TimedFile(io.BytesIO):
    """Bytes that can be read for MAX_SECONDS; later reads raise PhotoTooLarge."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0
        self.deadline = time.thread_time() + MAX_SECONDS

    def read(self, count: int | None = -1, /) -> bytes:
        self.reads += 1  # reading the clock costs more than a short read
        check = (count or 0) > 1000 or self.reads % 64 == 0
        if check and time.thread_time() > self.deadline:
            raise PhotoTooLarge("the file takes too long to read: send a smaller copy")
        return super().read(count)


class _JpegReader(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Skips Pillow's slow parser, which warns of damaged EXIF data."""


def _heic_reader(file: io.BytesIO) -> ImageFile.ImageFile:
    return _heic_module().HeicReader(file)


def _heic_module() -> ModuleType:
    try:
        from helpers.data import heic  # loads libheif, so only if it is needed
    except ImportError as error:
        raise UnknownFormat(
            "this is a HEIC photo, and the package pillow-heif, which reads it, is not "
            "installed here: install it, or save the photo as JPEG"
        ) from error
    return heic


_READERS: dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]] = {
    "JPEG": _JpegReader,
    "PNG": PngReader,
    "GIF": GifImagePlugin.GifImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "HEIC": _heic_reader,
    "TIFF": TiffReader,
}


def _check_size(
    size: tuple[int, int],
    kind: str,
    max_pixels: float,
    pixel_bytes: float | None = None,
) -> None:
    if max(size) > MAX_SIDE:
        raise PhotoTooLarge(
            f"the picture is more than {MAX_SIDE} pixels wide or high: "
            "send a smaller copy"
        )
    needed = pixel_bytes or _CANVAS_BYTES.get(kind, _PIXEL_BYTES)
    max_pixels *= min(1, _PIXEL_BYTES / needed)
    if size[0] * size[1] > max_pixels:
        raise PhotoTooLarge(
            f"the picture has more than {max_pixels / 1e6:.3g} megapixels, "
            f"the most for {kind}: send a smaller copy"
        )


def _gif_canvas(file: io.BytesIO) -> tuple[int, int]:
    """Width and height of the canvas, extended to contain the first frame."""
    width, height, flags = struct.unpack("<6xHHBxx", file.read(13))
    if flags & 128:
        file.read(3 << (flags & 7) + 1)  # the palette
    while (mark := file.read(1)[0]) != ord(","):
        if mark == ord("!"):  # an extension: its type, then blocks until an empty one
            file.read(1)
            while length := file.read(1)[0]:
                file.read(length)
    left, top, frame_width, frame_height = struct.unpack("<4H", file.read(8))
    return max(width, left + frame_width), max(height, top + frame_height)


def _webp_canvas(file: io.BytesIO) -> tuple[int, int]:
    head = file.read(30)
    if head[12:16] == b"VP8X":
        width, height = head[24:27], head[27:30]
        return int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<26xHH", head)
    return width & 0x3FFF, height & 0x3FFF


def _heic_canvas(file: io.BytesIO) -> tuple[int, int]:
    return _heic_module().heic_canvas(file.getvalue())


_CANVAS_READERS = {"GIF": _gif_canvas, "WebP": _webp_canvas, "HEIC": _heic_canvas}


def _coefficient_bytes(image: _JpegReader, file: io.BytesIO) -> float:
    """Bytes of coefficients that libjpeg buffers per pixel.

    It buffers none for a baseline JPEG whose first scan has all colours.
    """
    colours = image.layers
    scan = b"\xff\xda\0" + bytes((6 + 2 * colours, colours))
    start = file.tell() - 8 - 2 * colours
    if "progressive" not in image.info and file.getvalue().startswith(scan, start):
        return 0
    across, down = (max(layer[i] for layer in image.layer) for i in (1, 2))
    return 2 * sum(layer[1] * layer[2] for layer in image.layer) / (across * down)
