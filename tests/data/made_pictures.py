"""Pictures, damaged files and hostile files that the tests of this package make."""

import io
import random
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()  # so that Pillow writes HEIC, and is the oracle

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


def tiff(*entries, data=b"", order="<", start=8):
    """A TIFF of one directory; an entry is tag, type, count and value or offset.

    `data` follows the directory.
    """
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    packed = b"".join(struct.pack(order + "HHII", *entry) for entry in sorted(entries))
    count = struct.pack(order + "H", len(entries))
    return mark + struct.pack(order + "I", start) + count + packed + bytes(4) + data


def gray_tiff(width, height, *more, data=b""):
    """An uncompressed grayscale TIFF of one strip, with more or other entries."""
    entries = {256: (256, 4, 1, width), 257: (257, 4, 1, height), 258: (258, 3, 1, 8)}
    entries |= {262: (262, 3, 1, 1), 273: (273, 4, 1, 8), 277: (277, 3, 1, 1)}
    entries |= {entry[0]: entry for entry in more}
    return tiff(*entries.values(), data=data)


def with_heic_sizes(data, width, height):
    """The HEIC file, each of its pictures stated to have this size."""
    stated = struct.pack(">II", width, height)
    parts = data.split(b"ispe\0\0\0\0")
    return b"ispe\0\0\0\0".join([parts[0], *(stated + part[8:] for part in parts[1:])])


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
HEIC, TIFF = saved(RGB, "HEIF", quality=90), saved(RGB, "TIFF")
FILES = {"JPEG": JPEG, "PNG": PNG, "GIF": GIF, "WebP": WEBP, "BMP": BMP}
FILES |= {"HEIC": HEIC, "TIFF": TIFF}
PROGRESSIVE = saved(RGB, "JPEG", progressive=True, subsampling=0)
BIG = RGB.resize((1111, 700))
GRAY_16 = GRAY.convert("I;16").point(lambda i: i * 256)
DEEP = np.asarray(RGB).astype("<u2") * 256


def deep_tiff():
    """A TIFF with 16 bits a sample, uncompressed, RGB."""
    bits, pixels = struct.pack("<3H", 16, 16, 16), DEEP.tobytes()
    height, width, _ = DEEP.shape
    place = 8 + 2 + 9 * 12 + 4
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, place)]
    entries += [(259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, place + 6)]
    entries += [(277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(pixels))]
    return tiff(*entries, data=bits + pixels)


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
    "png, 16 bits": saved(GRAY_16, "PNG"),
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
    "heic": HEIC,
    "heic, reduced while it is decoded": saved(BIG, "HEIF", quality=90),
    "heic, rgba": saved(RGBA, "HEIF", quality=90),
    "heic, rgba, reduced": saved(RGBA.resize((1111, 700)), "HEIF", quality=90),
    "heic, grayscale": saved(GRAY, "HEIF", quality=90),
    "heic, turned, with a profile": saved(
        RGB, "HEIF", quality=90, exif=exif(6), icc_profile=SRGB
    ),
    "heic, in tiles": saved(BIG, "HEIF", quality=90, tile_size=256),
    "heic, several pictures": saved(
        RGB, "HEIF", quality=90, save_all=True, append_images=[GRAY, BIG]
    ),
    "tiff": TIFF,
    "tiff, lzw": saved(RGB, "TIFF", compression="tiff_lzw"),
    "tiff, deflate, large": saved(BIG, "TIFF", compression="tiff_adobe_deflate"),
    "tiff, jpeg": saved(RGB, "TIFF", compression="jpeg", quality=95),
    "tiff, packbits, palette": saved(PALETTE, "TIFF", compression="packbits"),
    "tiff, fax": saved(GRAY.convert("1"), "TIFF", compression="group4"),
    "tiff, cmyk": saved(RGB.convert("CMYK"), "TIFF"),
    "tiff, rgba": saved(RGBA, "TIFF"),
    "tiff, grayscale, 16 bits": saved(GRAY_16, "TIFF"),
    "tiff, rgb, 16 bits": deep_tiff(),
    "tiff, big": saved(RGB, "TIFF", big_tiff=True),
    "tiff, turned, with a profile": saved(
        RGB, "TIFF", exif=exif(6), icc_profile=SRGB, compression="tiff_lzw"
    ),
    "tiff, several pages": saved(
        RGB, "TIFF", save_all=True, append_images=[GRAY, PALETTE]
    ),
    "a single pixel": saved(RGB.crop((0, 0, 1, 1)), "PNG"),
    "one row": saved(RGB.resize((5000, 1)), "PNG"),
}
MIBS = zlib.compress(bytes(16 << 20))
IGNORED = {  # chunks over Pillow's limits, or damaged, that no pixel depends on
    "profile of 16 MiB": chunk(b"iCCP", b"x\0\0" + MIBS),
    "no profile": chunk(b"iCCP", b""),
    "profile packed in an unknown way": chunk(b"iCCP", b"x\0\7" + MIBS),
    "text of 16 MiB": chunk(b"zTXt", b"workflow\0\0" + MIBS),
    "international text of 16 MiB": chunk(b"iTXt", b"prompt\0\1\0\0\0" + MIBS),
    "texts of 12 MB": chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_000_000))) * 12,
    "plain texts of 12 MB": chunk(b"tEXt", b"x\0" + bytes(1_000_000)) * 12,
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
    "GIF: noise": GIF[:6] + NOISE,
    "GIF: no frames": GIF[:13] + b";",
    "GIF: of no size": gif((0, 0), (0, 0)),
    "WebP: noise": WEBP[:16] + NOISE,
    "WebP: no frames": webp(100, 100),
    "BMP: noise": BMP[:2] + NOISE,
    "BMP: no pixels": bmp(1000, 1000),
    "HEIC: noise": HEIC[:24] + NOISE,
    "HEIC: a larger picture than it states": with_heic_sizes(
        saved(BIG, "HEIF", quality=90), 160, 120
    ),
    "HEIC: tiles cut short": saved(BIG, "HEIF", quality=90, tile_size=256)[:-2000],
    "HEIC: of no size": with_heic_sizes(HEIC, 0, 0),
    "TIFF: noise": TIFF[:8] + NOISE,
    "TIFF: no directory": TIFF[:8],
    "TIFF: a directory outside": tiff(start=1 << 30),
    "TIFF: a directory that is its own": tiff((256, 4, 1, 9), start=2),
    "TIFF: no size": tiff((258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8)),
    "TIFF: of no size": gray_tiff(0, 0),
    "TIFF: no pixels": gray_tiff(1000, 1000),
    "TIFF: strips outside": gray_tiff(100, 100, (273, 4, 1, 1 << 31)),
    "TIFF: a strip of a wrong size": gray_tiff(
        100, 100, (259, 3, 1, 5), (279, 4, 1, 0xFFFFFFFF), data=bytes(99)
    ),
    "TIFF: values outside": gray_tiff(100, 100, (273, 4, 1 << 29, 8)),
    "TIFF: a million strips": gray_tiff(
        4000, 4000, (273, 4, 1 << 20, 200), (278, 3, 1, 1), data=bytes(1 << 23)
    ),
}
OVERLAPPING_TAGS = gray_tiff(  # 400 tags of 4 MiB each, in a file of 5 MiB
    100,
    100,
    *((tag, 7, 4 << 20, 8) for tag in range(40_000, 40_400)),
    data=bytes(5 << 20),
)
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
    "HEIC of 10,000 x 9,000": (with_heic_sizes(HEIC, 10_000, 9000), "49.2", "HEIC"),
    "TIFF of 30,000 x 30,000": (gray_tiff(30_000, 30_000), "51.2", "TIFF"),
}
TOO_WIDE = {
    "PNG of 2^31-1 x 2^31-1": png(2**31 - 1, 2**31 - 1),
    "PNG of one row": png(64_000_000, 1),
    "BMP of height -2^31": bmp(1, -(2**31)),
    "TIFF of 2^32-1 x 2^32-1": gray_tiff(2**32 - 1, 2**32 - 1),
    "HEIC of 2^31 x 1": with_heic_sizes(HEIC, 2**31, 1),
}


def by_name(table):
    """The rows of a table as parameters that have the names as their ids."""
    return [
        pytest.param(*(row if isinstance(row, tuple) else (row,)), id=name)
        for name, row in table.items()
    ]
