"""What a file says before its pixels are read: its format, its size, its cost.

Pillow's readers are called one by one: `Image.open` has limits of its own, and
GIF and WebP allocate their canvas as they are opened.
"""

import io
import re
import struct
import time
import warnings

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    WebPImagePlugin,
)

FORMATS = ("JPEG", "PNG", "GIF", "WebP", "BMP")
MAX_SECONDS = 1.5  # of this thread's own time: a busy machine refuses no more
MAX_SIDE = 65_535  # pixels; JPEG and GIF cannot say more

_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF.{4}WEBP",
    "BMP": rb"BM",
    "a TIFF file": rb"II[*+]\0|MM\0[*+]",
    "a HEIC photo": rb".{4}ftyp(hei|hev|mif1|msf1)",
    "an AVIF picture": rb".{4}ftypavi[fs]",
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
_PIXEL_BYTES = 4  # at most, in Pillow's memory
_WEBP_PIXEL_BYTES = 20  # measured: libwebp has canvases of its own

# Said of a damaged animation, of which only the first frame is wanted.
warnings.filterwarnings("ignore", "Invalid APNG", module=r"PIL\.PngImagePlugin")
PngImagePlugin.MAX_TEXT_MEMORY = 8 << 20  # not 64 MiB of text beside the pixels


class PhotoError(ValueError):
    """The bytes are not a photo this project can use; the message says why."""


class EmptyPhoto(PhotoError):
    """There are no bytes at all."""


class PhotoTooLarge(PhotoError):
    """More bytes, pixels, memory or time than allowed."""


class UnknownFormat(PhotoError):
    """The bytes are none of FORMATS."""


class BrokenPhoto(PhotoError):
    """The format is known, but the file is cut short or damaged."""


def format_of(data: bytes) -> str:
    """One of FORMATS, by the first bytes alone.

    Raises:
      UnknownFormat: it is something else, named if it is well known.
    """
    name = next(
        (
            name
            for name, start in _SIGNATURES.items()
            if re.match(start, data, re.DOTALL)
        ),
        "not a known kind of picture",
    )
    if name in FORMATS:
        return name
    raise UnknownFormat(
        f"this is {name}; JPEG, PNG, GIF, WebP and BMP are understood: "
        "save the photo as JPEG"
    )


def open_photo(kind: str, data: bytes, max_pixels: int) -> Image.Image:
    """The first frame, its header read and accepted, its pixels not yet read.

    Raises:
      PhotoTooLarge: it would take more memory than max_pixels of RGB.
      Exception: nearly any, from Pillow: the file is damaged.
    """
    file = _TimedFile(data)
    if kind in _CANVASES:
        _check_size(_CANVASES[kind](file), kind, max_pixels)
        file.seek(0)
    image = _READERS[kind](file)
    _check_size(image.size, kind, max_pixels)
    if kind == "JPEG":
        needed = _coefficients(image, file)
        if needed:
            most = max_pixels * _PIXEL_BYTES / needed
            _check_size(image.size, "progressive JPEG", most)
        # bytes a read: thousands of scans fit into 64 KiB; one scan is read at once
        image.decodermaxblock = 2048 if needed else len(data)
    return image


class _TimedFile(io.BytesIO):
    """A file that can be read for MAX_SECONDS."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.reads = 0
        self.deadline = time.thread_time() + MAX_SECONDS

    def read(self, count: int = -1) -> bytes:
        self.reads += 1  # the clock costs more than a short read
        look = count > 1000 or self.reads % 64 == 0
        if look and time.thread_time() > self.deadline:
            raise PhotoTooLarge("the file takes too long to read: send a smaller copy")
        return super().read(count)


class _JpegReader(JpegImagePlugin.JpegImageFile):
    def _read_dpi_from_exif(self) -> None:
        """Not needed, slow, and it warns when the EXIF data is damaged."""


_READERS = {
    "JPEG": _JpegReader,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "WebP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
}


def _check_size(size: tuple[int, int], kind: str, max_pixels: float) -> None:
    if max(size) > MAX_SIDE:
        raise PhotoTooLarge(
            f"the picture is more than {MAX_SIDE} pixels wide or high: "
            "send a smaller copy"
        )
    if kind == "WebP":
        max_pixels *= _PIXEL_BYTES / _WEBP_PIXEL_BYTES
    if size[0] * size[1] > max_pixels:
        raise PhotoTooLarge(
            f"the picture has more than {max_pixels / 1e6:.3g} megapixels, "
            f"the most for {kind}: send a smaller copy"
        )


def _gif_canvas(file: io.BytesIO) -> tuple[int, int]:
    """Width and height, with what the first frame adds to them."""
    width, height, flags = struct.unpack("<6xHHBxx", file.read(13))
    if flags & 128:
        file.read(3 << (flags & 7) + 1)  # the palette
    while (mark := file.read(1)[0]) != ord(","):
        if mark == ord("!"):  # an extension: its kind, then blocks, the last empty
            file.read(1)
            while length := file.read(1)[0]:
                file.read(length)
    left, top, across, down = struct.unpack("<4H", file.read(8))
    return max(width, left + across), max(height, top + down)


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


_CANVASES = {"GIF": _gif_canvas, "WebP": _webp_canvas}


def _coefficients(image: JpegImagePlugin.JpegImageFile, file: io.BytesIO) -> float:
    """Bytes a pixel that libjpeg keeps: none if the first scan has all colours."""
    colours = image.layers
    scan = b"\xff\xda\0" + bytes((6 + 2 * colours, colours))
    start = file.tell() - 8 - 2 * colours
    if "progressive" not in image.info and file.getvalue().startswith(scan, start):
        return 0
    across, down = (max(layer[i] for layer in image.layer) for i in (1, 2))
    return 2 * sum(layer[1] * layer[2] for layer in image.layer) / (across * down)
