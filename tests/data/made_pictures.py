"""Pictures, damaged files and hostile files that the tests of this package make."""

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

PARTS = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
RGB = Image.fromarray(PARTS).resize((160, 120), Image.Resampling.BICUBIC)
GRAY = RGB.convert("L")
RGBA = Image.merge("RGBA", (*RGB.split(), GRAY.rotate(180)))
PALETTE = RGB.quantize(32)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def chunk(name, data):
    crc = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + crc


def png(width, height, *, bits=8, kind=2, pixels=b""):
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def with_chunks(data, *chunks):
    return data[:33] + b"".join(chunks) + data[33:]


def gif(canvas, frame=(1, 1)):
    head = struct.pack("<HHBBB", *canvas, 0x80, 0, 0) + bytes(6)
    cleared = b"!\xf9\4\x08\0\0\0\0"  # Pillow would fill the frame to dispose of it
    image = b"," + struct.pack("<4HB", 0, 0, *frame, 0) + b"\2\2\x4c\1\0"
    return b"GIF89a" + head + cleared + image + b";"


def bmp(width, height, *, compression=0, pixels=b""):
    sizes = struct.pack("<IiiHHII", 40, width, height, 1, 8, compression, 0)
    colours = bytes(i // 4 for i in range(1024))
    return (
        b"BM" + struct.pack("<III", 0, 0, 1078) + sizes + bytes(16) + colours + pixels
    )


def webp(width, height):
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + sides + bytes(4)


def segment(marker, data):
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def with_segments(data, *segments):
    return data[:2] + b"".join(segments) + data[2:]


def with_size(jpeg, width, height):
    """The JPEG, its header saying another size."""
    at = next(
        i for i in range(len(jpeg)) if jpeg[i : i + 2] in (b"\xff\xc0", b"\xff\xc2")
    )
    return jpeg[: at + 5] + struct.pack(">HH", height, width) + jpeg[at + 9 :]


JPEG, PNG, GIF = saved(RGB, "JPEG"), saved(RGB, "PNG"), saved(PALETTE, "GIF")
WEBP, BMP = saved(RGB, "WEBP"), saved(RGB, "BMP")
FILES = {"JPEG": JPEG, "PNG": PNG, "GIF": GIF, "WebP": WEBP, "BMP": BMP}
PROGRESSIVE = saved(RGB, "JPEG", progressive=True, subsampling=0)
BIG = RGB.resize((1111, 700))
PICTURES = {
    "jpeg": JPEG,
    "jpeg, progressive": PROGRESSIVE,
    "jpeg, grayscale": saved(GRAY, "JPEG"),
    "jpeg, cmyk": saved(RGB.convert("CMYK"), "JPEG"),
    "jpeg, 4:4:4": saved(RGB, "JPEG", subsampling=0, quality=100),
    "jpeg, decoded at half size": saved(BIG, "JPEG", quality=90),
    "jpeg, restart markers": saved(RGB, "JPEG", restart_marker_rows=1),
    "jpeg, exif and profile": saved(RGB, "JPEG", exif=exif(6), icc_profile=SRGB),
    "jpeg, grayscale with a profile of colours": saved(GRAY, "JPEG", icc_profile=SRGB),
    "png": PNG,
    "png, large": saved(BIG, "PNG"),
    "png, rgba": saved(RGBA, "PNG"),
    "png, rgba, large": saved(RGBA.resize((1111, 700)), "PNG"),
    "png, rgba, tall": saved(RGBA.resize((300, 2600)), "PNG"),
    "png, grayscale": saved(GRAY, "PNG"),
    "png, grayscale and alpha": saved(RGBA.convert("LA"), "PNG"),
    "png, 16 bits": saved(GRAY.convert("I;16").point(lambda i: i * 256), "PNG"),
    "png, 1 bit": saved(GRAY.convert("1"), "PNG"),
    "png, palette": saved(PALETTE, "PNG"),
    "png, palette, one transparent": saved(PALETTE, "PNG", transparency=3),
    "png, palette, alphas": saved(PALETTE, "PNG", transparency=bytes(range(0, 256, 8))),
    "png, one colour transparent": saved(RGB, "PNG", transparency=(9, 9, 9)),
    "png, animated": saved(RGB, "PNG", save_all=True, append_images=[BIG]),
    "gif": GIF,
    "gif, transparent, large": saved(BIG.quantize(16), "GIF", transparency=3),
    "gif, animated": saved(PALETTE, "GIF", save_all=True, append_images=[GRAY]),
    "gif, the first frame in a corner": gif((90, 60), (1, 1)),
    "webp": WEBP,
    "webp, lossless": saved(RGB, "WEBP", lossless=True),
    "webp, alpha": saved(RGBA, "WEBP", exif=exif(8)),
    "webp, animated": saved(RGB, "WEBP", save_all=True, append_images=[GRAY]),
    "bmp": BMP,
    "bmp, palette": saved(PALETTE, "BMP"),
    "bmp, 1 bit": saved(GRAY.convert("1"), "BMP"),
    "bmp, run lengths": bmp(8, 2, compression=1, pixels=b"\x08\x50\0\0\x08\xf0\0\1"),
    "a single pixel": saved(RGB.crop((0, 0, 1, 1)), "PNG"),
    "one row": saved(RGB.resize((5000, 1)), "PNG"),
}
NOISE = random.Random(0).randbytes(5000)
DAMAGED = {
    **{f"{kind}: cut at half": data[: len(data) // 2] for kind, data in FILES.items()},
    "JPEG: noise": JPEG[:4] + NOISE,
    "JPEG: no frame": JPEG[:20] + b"\xff\xd9",
    "JPEG: twelve bits": JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
    "JPEG: no pixels": with_size(JPEG, 0, 0),
    "JPEG: two frames": JPEG.replace(
        b"\xff\xda", b"\xff\xc0\0\x0b\x08\0\1\0\1\1\1\x11\0\xff\xda"
    ),
    "PNG: noise": PNG[:8] + NOISE,
    "PNG: checksum": PNG.replace(PNG[29:33], bytes(4)),
    "PNG: no pixels": png(60_000, 1000),
    "PNG: of no size": png(0, 0),
    "PNG: profile of 16 MiB": with_chunks(
        PNG, chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1 << 24)))
    ),
    "PNG: text of 12 MB": with_chunks(
        PNG, *[chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_000_000)))] * 12
    ),
    "GIF: noise": GIF[:6] + NOISE,
    "GIF: no frames": GIF[:13] + b";",
    "GIF: of no size": gif((0, 0), (0, 0)),
    "WebP: noise": WEBP[:16] + NOISE,
    "WebP: no frames": webp(100, 100),
    "BMP: noise": BMP[:2] + NOISE,
    "BMP: no pixels": bmp(1000, 1000),
}
LARGE_SCANS = with_size(PROGRESSIVE, 11_000, 4000)
TOO_LARGE = {
    "JPEG of 65,500 x 65,500": (with_size(JPEG, 65_500, 65_500), "64", "JPEG"),
    "progressive JPEG of 44 megapixels": (LARGE_SCANS, "42.7", "progressive JPEG"),
    "PNG of 50,000 x 50,000": (png(50_000, 50_000), "64", "PNG"),
    "PNG that Pillow would warn of": (png(10_000, 10_000), "64", "PNG"),
    "GIF of 65,535 x 65,535": (gif((65_535, 65_535)), "64", "GIF"),
    "GIF whose frame is larger": (gif((1, 1), (13_000, 13_000)), "64", "GIF"),
    "WebP of 16,383 x 16,383": (webp(16_383, 16_383), "12.8", "WebP"),
    "BMP of 30,000 x 30,000": (bmp(30_000, 30_000), "64", "BMP"),
}
TOO_WIDE = {
    "PNG of 2^31-1 x 2^31-1": png(2**31 - 1, 2**31 - 1),
    "PNG of one row": png(64_000_000, 1),
    "BMP of height -2^31": bmp(1, -(2**31)),
}


def by_name(table):
    """The rows of a table as parameters that have the names as their ids."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), id=name)
        for name, row in table.items()
    ]
