"""Recognises a JPEG that lacks only its end marker, with every pixel there.

libjpeg fills in what is missing of a picture's data without an error. So the data is
continued in two ways: if both give the same pixels, none depends on what is missing.
"""

import re
import struct
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from PIL import Image

END = b"\xff\xd9"
CONTINUED = (b"\x55" * 64, b"\xa6" * 64)  # any two kinds of data without a marker
MAX_COMPARED = 16_000_000  # pixels; a larger picture is compared at half its size
MAX_SEGMENTS = 1000  # a file with more is not looked at
MARKER = re.compile(rb"\xff[\x02-\xcf\xda-\xfe]")  # with a length after it
SCAN = 0xDA
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


class _Segment(NamedTuple):
    kind: int
    end: int  # its place in the file
    content: bytes


def with_end_marker(
    data: bytes, open_jpeg: Callable[[bytes], Image.Image]
) -> bytes | None:
    """The file with its end marker; None if more than that is missing.

    Args:
      open_jpeg: opens a JPEG without decoding it, and limits its size.
    Raises:
      Exception: nearly any, from Pillow: the file is damaged.
    """
    segments = [*islice(_segments(data), MAX_SEGMENTS)]
    scans = [segment for segment in segments if segment.kind == SCAN]
    if not scans or len(segments) == MAX_SEGMENTS:
        return None
    if data.find(END, scans[-1].end) >= 0 or not _wanted(segments) <= _given(scans):
        return None
    body = data.removesuffix(END[:1])
    first, second = (_pixels(open_jpeg(body + more + END)) for more in CONTINUED)
    return body + END if first == second else None


def _pixels(image: Image.Image) -> bytes:
    width, height = image.size
    if width * height > MAX_COMPARED:
        image.draft(image.mode, (width // 2, height // 2))
    return image.tobytes()


def _segments(data: bytes) -> Iterator[_Segment]:
    """The marker segments, those between scans included."""
    place = 2
    while (marker := MARKER.search(data, place)) and marker.end() + 2 <= len(data):
        (length,) = struct.unpack_from(">H", data, marker.end())
        place = marker.end() + length
        if place > len(data):
            return
        content = data[marker.end() + 2 : place]
        yield _Segment(data[marker.end() - 1], place, content)


def _wanted(segments: list[_Segment]) -> set[tuple[int, int]]:
    """Each of the 64 coefficients of each of the picture's components."""
    frame = next((one.content for one in segments if one.kind in FRAMES), b"")
    return {(component, place) for component in frame[6::3] for place in range(64)}


def _given(scans: list[_Segment]) -> set[tuple[int, int]]:
    """The coefficients that the scans give to their last bit."""
    found = set()
    for _, _, content in scans:
        *chosen, first, last, bits = content
        if bits & 15 == 0:  # no bit is left for a later scan
            places = range(first, last + 1)
            found |= {(one, place) for one in chosen[1::2] for place in places}
    return found
