"""Mutated photos: their bytes, and PNG chunks whose checksums are made anew."""

import io
import struct
import zlib
from pathlib import Path
from random import Random

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from helpers.data.decoding import MAX_PIXELS, PhotoError, decode_photo
from helpers.data.image_headers import open_photo, size_of_photo
from helpers.data.photo_formats import format_of
from tests.fuzz.byte_mutations import mutate_bytes
from tests.fuzz.kinds import Finding, Kind

pillow_heif.register_heif_opener()  # so that Pillow writes HEIC

PNG_START = b"\x89PNG\r\n\x1a\n"
WORDS = (b"\xff\xd8", b"\xff\xda", b"\xff\xc2", b"\xff\xdd", b"\xff\xd9", b"\xff\xe1")
WORDS += (b"IHDR", b"IDAT", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"tRNS", b"PLTE")
WORDS += (
    b"!\xf9\4",
    b",",
    b"VP8X",
    b"VP8L",
    b"ANMF",
    b"ICCP",
    b"ispe",
    b"iloc",
    b"grid",
)
WORDS += (b"\x0e\1", b"\x11\1", b"\x16\1", b"\x17\1", b"\x03\1", b"Exif\0\0", b"MM\0*")
COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits")
SIZES = (1, 8, 128, (3, 200))
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def small_photos() -> list[bytes]:
    """Files of every format and mode, of 48 x 32 pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    rgb = Image.fromarray(pixels).resize((48, 32), Image.Resampling.BICUBIC)
    modes = {mode: rgb.convert(mode) for mode in ("RGB", "L", "1", "P", "CMYK", "RGBA")}
    modes["I;16"] = modes["L"].convert("I;16")
    turned = Image.Exif()
    turned[0x0112] = 6
    rich = {"exif": turned.tobytes(), "icc_profile": PROFILE}
    several = {"save_all": True, "append_images": [modes["L"].convert("RGB")]}
    wanted: list[tuple[str, str, dict]] = [
        *(("JPEG", mode, {}) for mode in ("RGB", "L", "CMYK")),
        *(("PNG", mode, {}) for mode in ("RGB", "L", "1", "P", "RGBA", "I;16")),
        *(("TIFF", mode, {}) for mode in ("RGB", "L", "1", "P", "CMYK", "I;16")),
        *(("BMP", mode, {}) for mode in ("RGB", "P", "1")),
        *((kind, "RGB", rich) for kind in ("JPEG", "PNG", "WEBP", "TIFF", "HEIF")),
        *((kind, "RGB", several) for kind in ("PNG", "GIF", "WEBP", "TIFF", "HEIF")),
        *(("WEBP", mode, {"lossless": True}) for mode in ("RGB", "RGBA")),
        *(("JPEG", "RGB", {"progressive": True}), ("GIF", "P", {"transparency": 3})),
        *(("JPEG", "RGB", {"restart_marker_rows": 1}), ("HEIF", "RGBA", {})),
        *(("TIFF", "RGB", {"compression": one}) for one in COMPRESSIONS),
        *(
            ("TIFF", "1", {"compression": "group4"}),
            ("TIFF", "RGB", {"big_tiff": True}),
        ),
    ]
    return [_saved(modes[mode], kind, options) for kind, mode, options in wanted]


def _saved(image: Image.Image, kind: str, options: dict) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


class Photos(Kind):
    """Photos of every format, decoded to several sizes."""

    name = "photo"
    share = 340
    refusals = (PhotoError,)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seeds = small_photos()

    def make(self, rng: Random) -> bytes:
        seed = rng.choice(self.seeds)
        if seed.startswith(PNG_START) and rng.random() < 0.6:
            return mutate_png(seed, rng)
        return mutate_bytes(seed, rng, others=self.seeds, words=WORDS)

    def run(self, case: bytes) -> None:
        size = SIZES[len(case) % len(SIZES)]
        pixels = decode_photo(case, size)
        shape = (size, size) if isinstance(size, int) else size
        if pixels.shape != (*shape, 3) or pixels.dtype != "uint8":
            raise Finding(f"pixels of shape {pixels.shape} and type {pixels.dtype}")


class Headers(Photos):
    """The same, of which only the header is read."""

    name = "photo-header"
    share = 150

    def run(self, case: bytes) -> bool:
        width, height = size_of_photo(case, MAX_PIXELS)
        if width < 0 or height < 0:
            raise Finding(f"{width} x {height} pixels")
        return bool(width)


class Formats(Photos):
    """The same, opened as the format that they are said to be."""

    name = "photo-open"
    share = 30
    refusals = (Exception,)  # nearly any, as `open_photo` says

    def run(self, case: bytes) -> None:
        open_photo(format_of(case), case, MAX_PIXELS)

    def is_refusal(self, error: BaseException) -> bool:
        return isinstance(error, Exception) and not isinstance(error, MemoryError)


def mutate_png(data: bytes, rng: Random) -> bytes:
    """The PNG with one chunk's content or name changed, left out, doubled or moved."""
    chunks = png_chunks(data)
    if not chunks:
        return mutate_bytes(data, rng, words=WORDS)
    place = rng.randrange(len(chunks))
    name, content = chunks[place]
    chosen = rng.random()
    if chosen < 0.7:
        chunks[place] = name, mutate_bytes(content, rng, words=WORDS)
    elif chosen < 0.8:
        chunks[place] = (
            rng.choice((b"IDAT", b"iCCP", b"zTXt", b"eXIf", b"fdAT")),
            content,
        )
    elif chosen < 0.9:
        chunks.insert(rng.randrange(len(chunks)), chunks[place])
    else:
        del chunks[place]
    return PNG_START + b"".join(_chunk(*one) for one in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return (
        struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
    )


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """The names and contents of the chunks of a PNG, as far as it is whole."""
    found, place = [], len(PNG_START)
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        if place + 12 + length > len(data):
            break
        content = data[place + 8 : place + 8 + length]
        found.append((data[place + 4 : place + 8], content))
        place += 12 + length
    return found
